//! The write path, measured: approvals that are written many at once against one transaction each, and imports.
//!
//! `cargo bench --bench writes` prints a table, with `-- --json` what `loadtest --json` prints. Each way does the same work on the same Postgres in
//! turns, so that their ratio means something on a noisy machine; it fails (exit code 1) when a limit that was set is not held.

mod approvals;
mod ground;
mod import;
#[path = "../../tests/it/harness/watch.rs"]
mod watch;

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Parser, Subcommand};
use serde::Serialize;

#[derive(Parser)]
struct Cli {
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// Said by `cargo bench`
    #[arg(long, hide = true, global = true)]
    bench: bool,
    #[command(subcommand)]
    measured: Option<Measured>,
}

#[derive(Subcommand)]
enum Measured {
    /// Approvals waiting at once: written many at once, and one transaction each
    Approvals(approvals::Approvals),
    /// A made-up file of listings, taken in
    Import(import::Import),
}

/// Figures with their units, and the limits that were to be held: the shape of every report of the load test.
#[derive(Debug, Serialize)]
struct Report {
    scenario: &'static str,
    figures: BTreeMap<&'static str, f64>,
    broken_limits: Vec<String>,
}

impl Report {
    fn new(scenario: &'static str) -> Self {
        Self { scenario, figures: BTreeMap::new(), broken_limits: Vec::new() }
    }

    fn figure(&mut self, name: &'static str, value: f64) {
        self.figures.insert(name, value);
    }

    fn at_least(&mut self, name: &'static str, least: Option<f64>) {
        if let (Some(least), Some(value)) = (least, self.figures.get(name))
            && *value < least
        {
            self.broken_limits.push(format!("{name} is {value:.3}, under the limit of {least}"));
        }
    }

    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        println!("{}", self.scenario);
        for (name, value) in &self.figures {
            println!("  {name:<44} {value:>14.3}");
        }
        for broken in &self.broken_limits {
            println!("  NOT HELD: {broken}");
        }
        Ok(())
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let reports = runtime.block_on(async {
        Ok::<_, anyhow::Error>(match &cli.measured {
            Some(Measured::Approvals(order)) => vec![approvals::run(order).await?],
            Some(Measured::Import(order)) => vec![import::run(order).await?],
            None => vec![approvals::run(&approvals::Approvals::default()).await?, import::run(&import::Import::default()).await?],
        })
    })?;
    for report in &reports {
        report.print(cli.json)?;
    }
    Ok(if reports.iter().all(|report| report.broken_limits.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The middle of some figures.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
