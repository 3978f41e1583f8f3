//! Looks at everything a server needs, without changing anything, and says what to do.
//!
//! Called by `posada doctor`. An embedded Postgres that does not run is started for the look and stopped again; one that does not
//! exist yet is not made.

mod machine;
mod postgres;

use serde::Serialize;

use crate::{
    config::{Config, Flags, Loaded},
    database::{Database, Purpose, data_of},
    embedded_postgres::{Binaries, major_of},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fine,
    /// It works; this would make it better.
    Advice,
    /// It does not work, or not for long.
    Wrong,
}

/// What was looked at, what was there, and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub what: &'static str,
    pub verdict: Verdict,
    pub found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    fn fine(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Fine, found: found.into(), advice: None }
    }

    fn advice(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Advice, found: found.into(), advice: Some(advice.into()) }
    }

    fn wrong(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Wrong, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Everything, in the order in which a start would meet it.
pub async fn examine(flags: &Flags) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match Loaded::from_process(flags) {
        Ok(loaded) => {
            findings.push(Finding::fine("configuration", format!("{} keys differ from the default", loaded.places.len())));
            loaded.config
        }
        Err(error) => {
            let faults = error.0.iter().map(|fault| format!("{}: {}", fault.place, fault.problem)).collect::<Vec<_>>().join("; ");
            findings.push(Finding::wrong("configuration", faults, "mend these first; the rest was looked at with the defaults"));
            Config::default()
        }
    };
    findings.extend(machine::examine(&config));
    findings.extend(database(&config).await);
    findings
}

async fn database(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.database.url.is_none() {
        let data = data_of(&config.data_dir());
        let major = major_of(&data);
        match Binaries::find(config.database.binaries.as_deref(), major.as_deref(), &data) {
            Ok(binaries) => findings.push(Finding::fine("postgres programs", format!("PostgreSQL {} in {}", binaries.major, binaries.dir.display()))),
            Err(error) => {
                findings.push(Finding::wrong("postgres programs", error.to_string(), "then run doctor again"));
                return findings;
            }
        }
        if major.is_none() {
            findings.push(Finding::fine("database", format!("none in {} yet; the first start makes it", data.display())));
            return findings;
        }
    }
    match Database::open(config, Purpose::Command).await {
        Ok(database) => {
            findings.push(Finding::fine("database", database.place()));
            findings.extend(postgres::examine(config, &database).await);
            database.stop().await;
        }
        Err(error) => findings.push(Finding::wrong("database", format!("{:#}", anyhow::Error::from(error)), "nothing works without it")),
    }
    findings
}
