//! The configuration: file, environment and flags, read once at the start and checked before anything runs.
//!
//! Sections are plain structs in [`sections`]; their doc comments are the reference in `docs/configuration.md`. Whoever needs a new
//! key adds a field there, nothing else: names, types and defaults are taken from the struct.

mod keys;
mod load;
mod reference;
mod sections;

use std::path::{Path, PathBuf};

pub use load::{ConfigError, Fault, Flags, Loaded, load};
pub use reference::{reference, show};
pub use sections::{Config, Database, Demo, Health, Http, Log, LogFormat, Metrics, Shutdown, Tenancy};

impl Config {
    /// Where the embedded database and everything else that lasts is kept.
    pub fn data_dir(&self) -> PathBuf {
        match &self.data_dir {
            Some(dir) => dir.clone(),
            None if rustix::process::geteuid().is_root() => PathBuf::from("/var/lib/posada"),
            None => Path::new(".posada").to_owned(),
        }
    }

    /// What no key alone can have wrong: key, and what is wrong with it.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.http.listen == self.metrics.listen && self.http.listen.port() != 0 {
            faults.push(("metrics.listen", format!("http.listen and metrics.listen are both {}; they must differ", self.http.listen)));
        }
        if self.database.owner_url.is_some() && self.database.url.is_none() {
            faults.push(("database.owner_url", "it says nothing without database.url; set that as well".to_owned()));
        }
        if let Some(url) = &self.http.public_url
            && (!(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/'))
        {
            faults.push(("http.public_url", format!("{url:?}: expected scheme and host without a slash at the end, such as https://posada.example")));
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.filter).is_err() {
            let expected = "expected a level (error, warn, info, debug, trace) or levels per module, such as info,posada=debug";
            faults.push(("log.filter", format!("{:?}: {expected}", self.log.filter)));
        }
        for (key, hz) in [("live.near_hz", self.live.near_hz), ("live.middle_hz", self.live.middle_hz), ("live.far_hz", self.live.far_hz)] {
            if !(0.1..=1000.0).contains(&hz) {
                faults.push((key, format!("{hz}: expected 0.1 to 1000 times a second")));
            }
        }
        faults
    }
}
