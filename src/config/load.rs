//! Reads the sources in order (file, environment, flags; the later wins) and says of each fault where it is, what is there and what would be right.

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use thiserror::Error;
use toml::de::{DeTable, DeValue};

use super::{
    Config,
    keys::{Key, Kind, keys},
};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config FILE`; else `POSADA_CONFIG`, else `posada.toml` if it is there.
    pub file: Option<PathBuf>,
    /// Key, value, and the flag as it was written.
    pub set: Vec<(String, String, String)>,
}

/// A configuration that is right, and where each key that is not a default comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub places: BTreeMap<String, String>,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `posada.toml:3`, `POSADA_HTTP__LISTEN`, `--listen`.
    pub place: String,
    pub problem: String,
}

/// Everything that is wrong, not only the first thing.
#[derive(Debug, Error)]
pub struct ConfigError(pub Vec<Fault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not right")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {}: {}", fault.place, fault.problem))
    }
}

struct Setting {
    place: String,
    path: String,
    value: Value,
    /// From the environment or a flag: a text that stands for another type.
    is_text: bool,
}

/// Reads and checks. The environment is an argument, so that tests need not change their own.
pub fn load(flags: &Flags, variables: impl Iterator<Item = (String, String)>) -> Result<Loaded, ConfigError> {
    let keys = keys();
    let variables: BTreeMap<String, String> = variables.collect();
    let mut faults = Vec::new();
    let mut settings = from_file(flags, &variables, &mut faults);
    settings.extend(from_environment(&keys, &variables, &mut faults));
    settings.extend(flags.set.iter().map(|(path, value, flag)| Setting {
        place: flag.clone(),
        path: path.clone(),
        value: Value::String(value.clone()),
        is_text: true,
    }));

    let mut tree = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut places = BTreeMap::new();
    for setting in settings {
        match apply(&tree, &keys, &setting) {
            Ok(next) => {
                tree = next;
                places.insert(setting.path, setting.place);
            }
            Err(problem) => faults.push(Fault { place: setting.place, problem }),
        }
    }
    let config: Config = serde_json::from_value(tree).unwrap_or_default();
    faults.extend(together(&config, &places));
    if faults.is_empty() { Ok(Loaded { config, places }) } else { Err(ConfigError(faults)) }
}

impl Loaded {
    pub fn from_process(flags: &Flags) -> Result<Self, ConfigError> {
        load(flags, env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))))
    }
}

/// The tree with the setting in it, if that is still a configuration.
fn apply(tree: &Value, keys: &[Key], setting: &Setting) -> Result<Value, String> {
    let Some(key) = keys.iter().find(|key| key.path == setting.path) else {
        return Err(unknown(&setting.path, keys.iter().map(|key| key.path.clone())));
    };
    let shown = if key.secret { "(hidden)".to_owned() } else { setting.value.to_string() };
    let wrong = |why: &str| format!("{} = {shown}: {why}; expected {}", key.path, key.expected());
    let value = match &setting.value {
        Value::String(text) if setting.is_text => from_text(key, text).ok_or_else(|| wrong("this is something else"))?,
        value => value.clone(),
    };
    if let (Kind::Integer { min, max }, Some(number)) = (&key.kind, value.as_i64())
        && (min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max))
    {
        return Err(wrong("out of bounds"));
    }
    let mut next = tree.clone();
    let place = key.path.split('.').fold(&mut next, |at, step| &mut at[step]);
    *place = value;
    match serde_json::from_value::<Config>(next.clone()) {
        Ok(_) => Ok(next),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

fn from_text(key: &Key, text: &str) -> Option<Value> {
    match key.kind {
        Kind::Text | Kind::OneOf(_) if text.is_empty() && key.default.is_null() => Some(Value::Null),
        Kind::Text | Kind::OneOf(_) => Some(text.into()),
        Kind::Bool => text.parse::<bool>().ok().map(Value::from),
        Kind::Integer { .. } => text.replace('_', "").parse::<i64>().ok().map(Value::from),
        Kind::Number => text.parse::<f64>().ok().map(Value::from),
        Kind::List => Some(text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()),
    }
}

fn from_file(flags: &Flags, variables: &BTreeMap<String, String>, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let named = flags.file.clone().or_else(|| variables.get("POSADA_CONFIG").map(PathBuf::from));
    let (path, must_be) = named.map_or_else(|| (PathBuf::from("posada.toml"), false), |path| (path, true));
    match fs::read_to_string(&path) {
        Ok(text) => in_file(&path, &text, faults),
        Err(error) if must_be || error.kind() != std::io::ErrorKind::NotFound => {
            faults.push(Fault { place: path.display().to_string(), problem: format!("cannot be read: {error}") });
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

fn in_file(path: &Path, text: &str, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let line = |offset: usize| text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1;
    let place = |offset: usize| format!("{}:{}", path.display(), line(offset));
    let parsed = DeTable::parse(text).and_then(|table| Ok((table, text.parse::<toml::Table>()?)));
    let (table, values) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            faults.push(Fault { place: place(error.span().map_or(0, |span| span.start)), problem: format!("not TOML: {}", error.message()) });
            return Vec::new();
        }
    };
    let mut settings = Vec::new();
    let mut leaves: Vec<(String, usize)> = Vec::new();
    collect("", table.get_ref(), &mut leaves);
    for (path, offset) in leaves {
        let value = path.split('.').try_fold(toml::Value::Table(values.clone()), |at, step| at.get(step).cloned());
        let value = value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_default();
        settings.push(Setting { place: place(offset), path, value, is_text: false });
    }
    settings
}

/// Keys with the offset at which they stand.
fn collect(prefix: &str, table: &DeTable<'_>, leaves: &mut Vec<(String, usize)>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) => collect(&path, inner, leaves),
            _ => leaves.push((path, key.span().start)),
        }
    }
}

fn from_environment(keys: &[Key], variables: &BTreeMap<String, String>, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let setting = |name: &str, path: &str, value: &str| Setting { place: name.to_owned(), path: path.to_owned(), value: value.into(), is_text: true };
    let mut settings = Vec::new();
    if let Some(url) = variables.get("DATABASE_URL") {
        settings.push(setting("DATABASE_URL", "database.url", url));
    }
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("POSADA_") && *name != "POSADA_CONFIG") {
        match keys.iter().find(|key| key.variable() == *name) {
            Some(key) => settings.push(setting(name, &key.path, value)),
            None => {
                let problem = unknown(name, keys.iter().map(Key::variable).chain(["POSADA_CONFIG".to_owned()]));
                faults.push(Fault { place: "environment".to_owned(), problem });
            }
        }
    }
    settings
}

fn unknown(name: &str, known: impl Iterator<Item = String>) -> String {
    let nearest = known.map(|known| (strsim::jaro_winkler(name, &known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, known)) if likeness > 0.8 => format!("there is no {name}; did you mean {known}?"),
        _ => format!("there is no {name}; `posada config reference` lists what there is"),
    }
}

/// What is wrong only together, with the place of each key.
fn together(config: &Config, places: &BTreeMap<String, String>) -> Vec<Fault> {
    let place = |key: &str| places.get(key).cloned().unwrap_or_else(|| key.to_owned());
    config.faults().into_iter().map(|(key, problem)| Fault { place: place(key), problem }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: Option<&str>, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let dir = std::env::temp_dir().join(format!("posada-config-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("posada.toml");
        fs::write(&path, file.unwrap_or_default()).unwrap();
        let set = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned(), format!("--set {key}={value}"))).collect();
        let loaded = load(&Flags { file: Some(path), set }, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fs::remove_dir_all(dir).unwrap();
        loaded
    }

    fn faults(file: Option<&str>, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> String {
        with(file, variables, flags).unwrap_err().to_string()
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "[http]\nlisten = \"127.0.0.1:1001\"\nworkers = 3\n[database]\npool_size = 7\n";
        let variables = [("POSADA_HTTP__LISTEN", "127.0.0.1:1002"), ("POSADA_DATABASE__POOL_SIZE", "8"), ("POSADA_DATA_DIR", "/data"), ("HOME", "/x")];
        let loaded = with(Some(file), &variables, &[("http.listen", "127.0.0.1:1003")]).unwrap();
        assert_eq!(loaded.config.http.listen.port(), 1003);
        assert_eq!((loaded.config.http.workers, loaded.config.database.pool_size), (3, 8));
        assert_eq!(loaded.config.data_dir, Some("/data".into()));
        assert_eq!(loaded.places["database.pool_size"], "POSADA_DATABASE__POOL_SIZE");
        assert!(loaded.places["http.workers"].ends_with("posada.toml:3"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let text = faults(Some("[http]\n\nlisen = \"127.0.0.1:1\"\n"), &[], &[]);
        assert!(text.contains("posada.toml:3") && text.contains("did you mean http.listen?"), "{text}");
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_one() {
        let text = faults(None, &[("POSADA_HTTP_LISTEN", "127.0.0.1:1")], &[]);
        assert!(text.contains("there is no POSADA_HTTP_LISTEN; did you mean POSADA_HTTP__LISTEN?"), "{text}");
    }

    #[test]
    fn a_wrong_value_is_shown_with_what_would_be_right() {
        let text =
            faults(Some("[http]\nlisten = 8080\n"), &[("POSADA_DEMO__ON_FIRST_START", "perhaps")], &[("database.pool_size", "0"), ("log.format", "xml")]);
        assert!(text.contains("posada.toml:2: http.listen = 8080") && text.contains("such as \"127.0.0.1:8080\""), "{text}");
        assert!(text.contains("POSADA_DEMO__ON_FIRST_START: demo.on_first_start = \"perhaps\"") && text.contains("true or false"), "{text}");
        assert!(text.contains("database.pool_size = \"0\": out of bounds; expected a whole number from 1 to 1000"), "{text}");
        assert!(text.contains("one of auto, json, pretty"), "{text}");
    }

    #[test]
    fn limits_of_the_edge_have_bounds() {
        let text = faults(
            Some("[http]\nhead_seconds = 0\nbody_seconds = 301\n"),
            &[("POSADA_HTTP__BACKLOG", "65536"), ("POSADA_HTTP__CONNECTIONS_PER_WORKER", "many")],
            &[("http.keep_alive_seconds", "-1")],
        );
        assert!(text.contains("posada.toml:2: http.head_seconds = 0: out of bounds; expected a whole number from 1 to 300"), "{text}");
        assert!(text.contains("posada.toml:3: http.body_seconds = 301: out of bounds"), "{text}");
        assert!(text.contains("POSADA_HTTP__BACKLOG: http.backlog = \"65536\": out of bounds; expected a whole number from 1 to 65535"), "{text}");
        assert!(text.contains("http.connections_per_worker = \"many\": this is something else; expected a whole number from 1 to 1000000"), "{text}");
        assert!(text.contains("http.keep_alive_seconds = \"-1\": out of bounds"), "{text}");
        let set = with(Some("[http]\nbacklog = 65535\n"), &[("POSADA_HTTP__BODY_SECONDS", "1")], &[]).unwrap().config.http;
        assert_eq!((set.backlog, set.body_seconds, set.head_seconds), (65_535, 1, 10));
    }

    #[test]
    fn what_is_not_toml_is_named_with_its_line() {
        assert!(faults(Some("[http]\nlisten = = 1\n"), &[], &[]).contains("posada.toml:2: not TOML"));
    }

    #[test]
    fn two_listeners_on_one_address_are_refused() {
        assert!(faults(None, &[("POSADA_METRICS__LISTEN", "127.0.0.1:8080")], &[]).contains("POSADA_METRICS__LISTEN: http.listen and metrics.listen are both"));
    }

    #[test]
    fn a_secret_is_not_repeated_in_an_error() {
        let text = faults(Some("[database]\nurl = 5\n"), &[], &[]);
        assert!(text.contains("(hidden)") && !text.contains("= 5"), "{text}");
    }

    #[test]
    fn a_file_that_was_named_and_is_not_there_stops_the_start() {
        let flags = Flags { file: Some("/nowhere/posada.toml".into()), set: Vec::new() };
        assert!(load(&flags, std::iter::empty()).unwrap_err().to_string().contains("/nowhere/posada.toml: cannot be read"));
    }
}
