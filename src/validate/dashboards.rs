//! Dashboards and rules ask only for metrics that exist: the names in their expressions against those that this build describes.

use std::collections::BTreeSet;

use serde_json::Value;

/// The dashboard of this build, and its rules.
pub const SHIPPED: [(&str, &str); 3] = [
    ("posada.json", include_str!("../../dashboards/posada.json")),
    ("rules/recorded.yml", include_str!("../../dashboards/rules/recorded.yml")),
    ("rules/alerts.yml", include_str!("../../dashboards/rules/alerts.yml")),
];

pub(super) fn validate(name: &str, text: &str, known: &BTreeSet<&'static str>) -> Vec<String> {
    match asked_for(name, text) {
        Err(error) => vec![format!("{name} is not JSON: {error}")],
        Ok(asked) => asked
            .into_iter()
            .filter(|metric| !known.contains(metric.as_str()))
            .map(|metric| format!("{name} asks for {metric}, which nobody measures"))
            .collect(),
    }
}

/// The metrics in all expressions of a dashboard (JSON), or anywhere in a file of rules (YAML); the series of a histogram count as the
/// histogram. What rules record for each other has a colon in its name, and is none of ours.
pub fn asked_for(name: &str, text: &str) -> serde_json::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    if name.ends_with(".json") {
        collect(&serde_json::from_str(text)?, &mut names);
    } else {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.for_each(|line| names.extend(in_expression(line)));
    }
    Ok(names)
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| match (field.as_str(), value) {
            ("expr", Value::String(expression)) => names.extend(in_expression(expression)),
            (_, value) => collect(value, names),
        }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

fn in_expression(expression: &str) -> impl Iterator<Item = String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.starts_with("posada_") || word.starts_with("process_")).map(|word| {
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| word.strip_suffix(suffix));
        histogram.unwrap_or(word).to_owned()
    })
}
