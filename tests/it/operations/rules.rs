//! The alert rules as they are shipped: they parse, each fires when it should and is silent when it should, and each says what to do.

use std::{collections::BTreeSet, fs};

use crate::harness::prometheus::{promtool, shipped};

/// The value after `key` on each line that has it.
fn values(text: &str, key: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)).map(|value| value.trim().trim_matches('"').to_owned()).collect()
}

fn alerts() -> String {
    fs::read_to_string(shipped().join("rules/alerts.yml")).unwrap()
}

/// The cases of `dashboards/rules/tests`, each with all that belongs to it.
fn cases() -> Vec<String> {
    let files = fs::read_dir(shipped().join("rules/tests")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.flat_map(|text| text.split("\n  - name: ").skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn promtool_takes_the_rules_and_their_cases() {
    promtool(&["check", "rules", "rules/recorded.yml", "rules/alerts.yml"]).unwrap();
    promtool(&["check", "config", "--syntax-only", "prometheus.yml"]).unwrap();
    let cases = fs::read_dir(shipped().join("rules/tests")).unwrap().map(|file| file.unwrap().path().display().to_string());
    let cases: Vec<String> = cases.collect();
    let args: Vec<&str> = ["test", "rules"].into_iter().chain(cases.iter().map(String::as_str)).collect();
    promtool(&args).unwrap();
}

#[test]
fn every_alert_has_a_case_that_fires_and_one_that_does_not() {
    let (alerts, cases) = (values(&alerts(), "alert: "), cases());
    assert!(alerts.len() > 15, "{alerts:?}");
    for alert in alerts {
        let of: Vec<&String> = cases.iter().filter(|case| case.contains(&format!("alertname=\"{alert}\",alertstate=\"firing\""))).collect();
        assert!(of.iter().any(|case| case.contains("exp_samples: [{")), "{alert} has no case in which it fires");
        assert!(of.iter().any(|case| case.contains("exp_samples: []")), "{alert} has no case in which it is silent");
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let text = alerts();
    let runbooks = fs::read_to_string(shipped().join("../docs/runbooks.md")).unwrap();
    let chapters: BTreeSet<String> = runbooks.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
    let names = values(&text, "alert: ");
    for name in &names {
        assert!(chapters.contains(&name.to_lowercase()), "docs/runbooks.md has no chapter {name}");
    }
    let anchors: Vec<String> = values(&text, "runbook: ").iter().map(|to| to.trim_start_matches("docs/runbooks.md#").to_owned()).collect();
    assert_eq!(anchors, names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>());
    for key in ["summary: ", "action: ", "labels: { severity: "] {
        assert_eq!(values(&text, key).len(), names.len(), "{key}");
    }
}
