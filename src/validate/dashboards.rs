//! Dashboards ask only for metrics that exist: the names in their expressions against those that this build describes.

use std::collections::BTreeSet;

use serde_json::Value;

/// The dashboards of this build.
pub const SHIPPED: [(&str, &str); 1] = [("posada.json", include_str!("../../dashboards/posada.json"))];

pub(super) fn validate(name: &str, text: &str, known: &BTreeSet<&'static str>) -> Vec<String> {
    match serde_json::from_str::<Value>(text) {
        Err(error) => vec![format!("{name} is not JSON: {error}")],
        Ok(document) => asked_for(&document)
            .into_iter()
            .filter(|metric| !known.contains(metric.as_str()))
            .map(|metric| format!("{name} asks for {metric}, which nobody measures"))
            .collect(),
    }
}

/// The metrics in all expressions of a dashboard; the series of a histogram count as the histogram.
pub fn asked_for(document: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(document, &mut names);
    names
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
