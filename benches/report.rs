//! What a measurement says: figures with their units, the targets they were to reach, and those that were missed.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use serde::Serialize;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub scenario: &'static str,
    pub figures: BTreeMap<String, f64>,
    pub targets: BTreeMap<String, Target>,
    pub broken_limits: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    pub fn new(scenario: &'static str) -> Self {
        Self { scenario, ..Self::default() }
    }

    pub fn figure(&mut self, name: impl Into<String>, value: f64) {
        self.figures.insert(name.into(), value);
    }

    /// A figure that has to reach something.
    pub fn aimed(&mut self, name: impl Into<String>, value: f64, target: Target) {
        let name = name.into();
        let (held, limit) = match target {
            Target::AtMost(most) => (value <= most, format!("over {most}")),
            Target::AtLeast(least) => (value >= least, format!("under {least}")),
        };
        if !held {
            self.broken_limits.push(format!("{name} is {value:.3}, {limit}"));
        }
        self.targets.insert(name.clone(), target);
        self.figure(name, value);
    }

    pub fn print(&self) {
        println!("{}", self.scenario);
        for (name, value) in &self.figures {
            let target = match self.targets.get(name) {
                Some(Target::AtMost(most)) => format!("at most {most}"),
                Some(Target::AtLeast(least)) => format!("at least {least}"),
                None => String::new(),
            };
            println!("  {name:<58} {value:>14.3}  {target}");
        }
        for broken in &self.broken_limits {
            println!("  NOT REACHED: {broken}");
        }
    }

    /// All reports of a run as a JSON array.
    pub fn write(reports: &[Self], file: &Path) -> anyhow::Result<()> {
        fs::write(file, serde_json::to_vec_pretty(reports)?).with_context(|| format!("writing {}", file.display()))
    }
}

/// The value below which a share of the samples lies; 0 for none.
pub fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or_default()
}
