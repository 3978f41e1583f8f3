//! On what was measured, and with which versions.

use std::{fs, process::Command};

use anyhow::Result;
use serde::Serialize;

use super::Bench;

#[derive(Debug, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gb: f64,
    pub kernel: String,
    pub posada: String,
    pub peers: Vec<String>,
    /// Whether server and load test had cores of their own.
    pub apart: bool,
    /// Load of the machine when the bench began: above 1 it was not alone.
    pub load: f64,
    pub at: String,
}

impl Machine {
    pub fn look(bench: &Bench) -> Result<Self> {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let field = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
            line.map(|(_, value)| value.trim().to_owned()).unwrap_or_else(|| "unknown".to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or_default();
        Ok(Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: read("/proc/cpuinfo").lines().filter(|line| line.starts_with("processor")).count(),
            memory_gb: memory / 1024.0 / 1024.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            posada: bench.posada.version()?,
            peers: ["nginx", "libnginx-mod-nchan", "nats-server", "postgresql"].iter().map(|name| package(name)).collect(),
            apart: bench.cores.apart,
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default(),
            at: Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output().map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned())?,
        })
    }

    pub fn in_words(&self) -> String {
        let apart = if self.apart { "server on the first core, load test and Postgres on the others" } else { "one core for everything" };
        format!(
            "{}: {} × {}, {:.0} GB, Linux {}; {}; {}; {apart}; load {:.1} at the start",
            self.at,
            self.cores,
            self.processor,
            self.memory_gb,
            self.kernel,
            self.posada,
            self.peers.join(", "),
            self.load
        )
    }
}

/// A Debian package with its version.
fn package(name: &str) -> String {
    let said = Command::new("dpkg-query").args(["-W", "-f", "${Version}", name]).output();
    match said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()) {
        Ok(version) if !version.is_empty() => format!("{name} {version}"),
        _ => format!("{name} of unknown version"),
    }
}
