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
}
