//! The keys, read off the structs: path, type, bounds, default, meaning.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;

/// One key of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// `http.listen`.
    pub(super) path: String,
    pub(super) meaning: String,
    pub(super) kind: Kind,
    /// Null where there is none.
    pub(super) default: Value,
    pub(super) secret: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    OneOf(Vec<String>),
    Bool,
    Integer {
        min: Option<i64>,
        max: Option<i64>,
    },
    Number,
    /// Of texts; in the environment separated by commas.
    List,
}

impl Key {
    /// `POSADA_HTTP__LISTEN`.
    pub(super) fn variable(&self) -> String {
        format!("POSADA_{}", self.path.replace('.', "__").to_uppercase())
    }

    /// What would be right, in words.
    pub(super) fn expected(&self) -> String {
        let kind = match &self.kind {
            Kind::Text => "a text".to_owned(),
            Kind::OneOf(choices) => format!("one of {}", choices.join(", ")),
            Kind::Bool => "true or false".to_owned(),
            Kind::Integer { min: Some(min), max: Some(max) } => format!("a whole number from {min} to {max}"),
            Kind::Integer { min: Some(min), max: None } => format!("a whole number from {min}"),
            Kind::Integer { .. } => "a whole number".to_owned(),
            Kind::Number => "a number".to_owned(),
            Kind::List => "a list of texts".to_owned(),
        };
        match &self.default {
            Value::Null => kind,
            Value::String(text) if text.is_empty() => kind,
            default => format!("{kind}, such as {default}"),
        }
    }
}

pub(super) struct Section {
    pub(super) name: String,
    pub(super) meaning: String,
    pub(super) keys: Vec<Key>,
}

/// All sections in the order of the struct; the first, without a name, holds the keys that stand above all sections.
pub(super) fn sections() -> Vec<Section> {
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let schema = generator.into_root_schema_for::<Config>().to_value();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut sections = vec![Section { name: String::new(), meaning: String::new(), keys: Vec::new() }];
    for (name, property) in properties(&schema) {
        let default = defaults.get(name).cloned().unwrap_or_default();
        if property.get("properties").is_none() {
            sections[0].keys.push(key(name.clone(), property, default));
            continue;
        }
        let keys =
            properties(property).map(|(key_name, property)| key(format!("{name}.{key_name}"), property, default.get(key_name).cloned().unwrap_or_default()));
        sections.push(Section { name: name.clone(), meaning: text(property, "description"), keys: keys.collect() });
    }
    sections
}

pub(super) fn keys() -> Vec<Key> {
    sections().into_iter().flat_map(|section| section.keys).collect()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn text(schema: &Value, field: &str) -> String {
    schema.get(field).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

fn key(path: String, schema: &Value, default: Value) -> Key {
    let kind = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().find_map(Value::as_str).unwrap_or("string"),
        Some(Value::String(kind)) => kind,
        _ => "string",
    };
    let choices: Vec<String> = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(|c| c.as_str().map(str::to_owned)).collect();
    let kind = match kind {
        "boolean" => Kind::Bool,
        "integer" => Kind::Integer { min: schema.get("minimum").and_then(Value::as_i64), max: schema.get("maximum").and_then(Value::as_i64) },
        "number" => Kind::Number,
        "array" => Kind::List,
        _ if !choices.is_empty() => Kind::OneOf(choices),
        _ => Kind::Text,
    };
    Key { path, meaning: text(schema, "description"), kind, default, secret: schema.get("secret").is_some() }
}
