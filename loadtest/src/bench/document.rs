//! `docs/benchmarks.md`, and the raw figures beside it: made from what was measured, never by hand.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Ran, Target, Wanted, machine::Machine, plot};

/// One scenario as Markdown, which reads well in a terminal too.
pub fn table(ran: &Ran) -> String {
    let mut text = format!("\n## {}\n\n{}\n\n", ran.title, ran.outcome.about);
    let figures = ran.outcome.rows.first().map(|(_, figures)| figures.keys().copied().collect::<Vec<_>>()).unwrap_or_default();
    let names: Vec<&str> = ran.outcome.rows.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(text, "| | {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(names.len()));
    for figure in figures {
        let values: Vec<String> = ran.outcome.rows.iter().map(|(_, row)| row.get(figure).map_or_else(|| "–".to_owned(), |value| number(*value))).collect();
        let _ = writeln!(text, "| {figure} | {} |", values.join(" | "));
    }
    if !ran.outcome.targets.is_empty() {
        let _ = writeln!(text, "\n| target | wanted | measured | |\n| --- | ---: | ---: | --- |");
        for target in &ran.outcome.targets {
            let _ = writeln!(text, "| {} | {} | {} | {} |", target.what, wanted(target), number(target.measured), verdict(target));
        }
    }
    text
}

fn wanted(target: &Target) -> String {
    match target.wanted {
        Wanted::AtMost(most) => format!("≤ {}", number(most)),
        Wanted::AtLeast(least) => format!("≥ {}", number(least)),
    }
}

fn verdict(target: &Target) -> &'static str {
    if target.held() { "held" } else { "**not held**" }
}

/// Three digits that mean something.
pub fn number(value: f64) -> String {
    let whole = |value: f64| {
        let digits = format!("{value:.0}");
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}")
    };
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => whole(value),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Everything that was measured, as JSON.
pub fn raw(machine: &Machine, ran: &[Ran]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&json!({"machine": machine, "scenarios": ran}))?)
}

/// Writes the document, the raw figures and the pictures.
pub fn write(out: &Path, machine: &Machine, ran: &[Ran], failed: &[&str]) -> Result<()> {
    let beside = out.join("benchmarks");
    fs::create_dir_all(&beside).with_context(|| format!("{} cannot be made", beside.display()))?;
    fs::write(beside.join("results.json"), raw(machine, ran)? + "\n")?;
    let mut text = head(machine, ran);
    if !failed.is_empty() {
        let _ = writeln!(text, "\n**Not measured**, because the scenario failed: {}.", failed.join(", "));
    }
    for one in ran {
        text.push_str(&table(one));
        for figure in &one.outcome.pictures {
            let bars: Vec<(String, f64)> = one.outcome.rows.iter().filter_map(|(name, figures)| Some((name.clone(), *figures.get(figure)?))).collect();
            let file = format!("{}-{}.svg", one.name, slug(figure));
            fs::write(beside.join(&file), plot::bars(&format!("{}: {figure}", one.title), figure, &bars))?;
            let _ = write!(text, "\n![{}: {figure}](benchmarks/{file})\n", one.title);
        }
    }
    if beside.join("cargo-bench.txt").exists() {
        text.push_str("\n## Inside the server\n\nWhat single operations take, by `cargo bench`: [cargo-bench.txt](benchmarks/cargo-bench.txt).\n");
    }
    fs::write(out.join("benchmarks.md"), text)?;
    Ok(())
}

fn slug(figure: &str) -> String {
    let words = figure.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

fn head(machine: &Machine, ran: &[Ran]) -> String {
    let (targets, held) = ran.iter().flat_map(|one| &one.outcome.targets).fold((0, 0), |(all, held), t| (all + 1, held + usize::from(t.held())));
    let mut text = format!(
        "# Benchmarks\n\nMade by `make bench` on {}. Raw figures: [results.json](benchmarks/results.json). How and why we measure so: \
         [ADR 0052](adr/0052-how-we-measure.md).\n\n\
         Everything here was measured in one run on one machine, ourselves and the others with the same viewers, payload and writers, in turn. Compare \
         ratios, not figures: another machine has other figures.\n\n\
         | | |\n| --- | --- |\n| machine | {} × {}, {:.0} GB |\n| kernel | Linux {} |\n| Posada | {} |\n| beside it | {} |\n| cores | {} |\n| load at the start | {} |\n\n",
        machine.at,
        machine.cores,
        machine.processor,
        machine.memory_gb,
        machine.kernel,
        machine.posada,
        machine.peers.join(", "),
        if machine.apart { "the server has the first to itself; load test and Postgres share the others" } else { "one for everything: ratios say little" },
        if machine.load > 1.0 { format!("{:.1}: the machine was not alone, latencies say little", machine.load) } else { format!("{:.1}", machine.load) },
    );
    let _ = writeln!(text, "**{held} of {targets} targets are held.**\n\n| scenario | target | wanted | measured | |\n| --- | --- | ---: | ---: | --- |");
    for one in ran {
        for target in &one.outcome.targets {
            let _ = writeln!(text, "| {} | {} | {} | {} | {} |", one.title, target.what, wanted(target), number(target.measured), verdict(target));
        }
    }
    text.push_str(
        "\nWords: a *delivery* is one change that reached one viewer. *Latency* is from the moment a change was due to the change in a viewer's hands, \
         writing it included. *Staleness* is from the answer to the write, so after its commit; 0 where the viewer had it first. *CPU* is the server's \
         own process as the kernel accounts for it; Postgres and the load test stand beside it.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Outcome;

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let said: Vec<String> = [0.0, 0.1254, 1.649, 44.44, 999.6, 1_234_567.8, -4321.0].map(number).into();
        assert_eq!(said, ["0", "0.125", "1.65", "44.4", "1,000", "1,234,568", "-4,321"]);
    }

    #[test]
    fn a_file_is_named_after_its_figure() {
        assert_eq!(slug("server CPU, µs per delivery"), "server-cpu-s-per-delivery");
    }

    #[test]
    fn the_document_says_what_is_held_and_shows_every_picture() {
        let out = std::env::temp_dir().join(format!("posada-document-{}", std::process::id()));
        let machine = Machine {
            processor: "a processor".to_owned(),
            cores: 2,
            memory_gb: 4.0,
            kernel: "6".to_owned(),
            posada: "posada 0".to_owned(),
            peers: vec!["nginx 1".to_owned()],
            apart: true,
            load: 3.0,
            at: "now".to_owned(),
        };
        let rows = [("Posada", 2.0), ("nchan", 4.0)].map(|(name, cost)| (name.to_owned(), [("cost, µs", cost)].into()));
        let mut outcome = Outcome { about: "What was done.".to_owned(), rows: rows.into(), pictures: vec!["cost, µs"], ..Outcome::default() };
        outcome.ratio("cost, µs", "Posada", "nchan", 0.6).expect("both were measured");
        outcome.bound("cost, µs", "Posada", Wanted::AtMost(1.0)).expect("it was measured");
        assert!(outcome.ratio("cost, µs", "Posada", "nobody", 0.6).is_err(), "what was not measured is no target that is held");
        write(&out, &machine, &[Ran { name: "one", title: "One", took_seconds: 1.0, outcome }], &["other"]).expect("written");
        let text = fs::read_to_string(out.join("benchmarks.md")).expect("the document");
        for part in [
            "**1 of 2 targets are held.**",
            "| ≤ 0.600 | 0.500 | held |",
            "| ≤ 1.00 | 2.00 | **not held** |",
            "not alone",
            "the scenario failed: other.",
            "(benchmarks/one-cost-s.svg)",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(out.join("benchmarks/one-cost-s.svg").exists());
        let raw: serde_json::Value = serde_json::from_str(&fs::read_to_string(out.join("benchmarks/results.json")).expect("raw")).expect("JSON");
        assert_eq!((&raw["scenarios"][0]["rows"][1][1]["cost, µs"], &raw["machine"]["cores"]), (&json!(4.0), &json!(2)));
        fs::remove_dir_all(out).expect("gone");
    }

    #[test]
    fn a_target_says_whether_it_is_held() {
        let target = |wanted, measured| Target { what: String::new(), wanted, measured };
        assert!(target(Wanted::AtMost(0.9), 0.9).held() && !target(Wanted::AtMost(0.9), 0.91).held());
        assert!(target(Wanted::AtLeast(5.0), 5.0).held() && !target(Wanted::AtLeast(5.0), f64::NAN).held());
    }
}
