//! The reference of all keys, made from the structs, and the configuration in use with the place of each key.

use std::fmt::Write;

use super::{
    Loaded,
    keys::{Key, Kind, sections},
};

/// `docs/configuration.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Made by `posada config reference`; a test keeps it current. Three sources, the later wins:\n\n\
         1. a file: `--config FILE`, else `POSADA_CONFIG`, else `posada.toml` in the current directory;\n\
         2. the environment: `POSADA_` and the key, a dot becomes two underscores (`http.listen` is `POSADA_HTTP__LISTEN`); `DATABASE_URL` is `database.url`;\n\
         3. flags: `--set http.listen=127.0.0.1:8081`, and short ones such as `--listen` (`posada serve --help`).\n\n\
         A key that does not exist or a value that does not fit stops the start and is named with its place. `posada config show` prints what is in use and where it comes from.\n\n\
         ```toml\n# posada.toml\n[http]\nlisten = \"127.0.0.1:8081\"\n[metrics]\nlisten = \"127.0.0.1:9465\"\n```\n",
    );
    for section in sections() {
        if section.name.is_empty() {
            text.push_str("\n## Above all sections\n\n");
        } else {
            let _ = write!(text, "\n## `[{}]`\n\n{}\n\n", section.name, section.meaning);
        }
        text.push_str("| key | is | default | meaning |\n| --- | --- | --- | --- |\n");
        for key in section.keys {
            let default = if key.default.is_null() { "none".to_owned() } else { format!("`{}`", key.default) };
            let _ = writeln!(text, "| `{}` | {} | {default} | {} |", key.path, kind(&key), key.meaning);
        }
    }
    text
}

fn kind(key: &Key) -> String {
    match &key.kind {
        Kind::Text => "text".to_owned(),
        Kind::OneOf(choices) => choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "),
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer { min: Some(min), max: Some(max) } => format!("whole number, {min} to {max}"),
        Kind::Integer { .. } => "whole number".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::List => "list of texts".to_owned(),
    }
}

/// Key, value and place of every key; secrets hidden.
pub fn show(loaded: &Loaded) -> Vec<(String, String, String)> {
    let values = serde_json::to_value(&loaded.config).unwrap_or_default();
    let value_of = |key: &Key| {
        let value = key.path.split('.').fold(&values, |at, step| &at[step]);
        if key.secret && !value.is_null() { "(hidden)".to_owned() } else { value.to_string() }
    };
    sections()
        .into_iter()
        .flat_map(|section| section.keys)
        .map(|key| {
            let place = loaded.places.get(&key.path).cloned().unwrap_or_else(|| "default".to_owned());
            let value = value_of(&key);
            (key.path, value, place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_docs_is_current() {
        let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap_or_default();
        assert!(written.trim_end() == reference().trim_end(), "write it anew: cargo run -- config reference > docs/configuration.md");
    }

    #[test]
    fn every_key_says_what_it_means() {
        let silent: Vec<String> = sections().into_iter().flat_map(|s| s.keys).filter(|key| key.meaning.is_empty()).map(|key| key.path).collect();
        assert_eq!(silent, Vec::<String>::new());
    }
}
