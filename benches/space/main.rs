//! The map core, measured where Postgres takes part: beside PostGIS on the same places and views in one run, and from Postgres to a
//! ready city.
//!
//! `cargo bench --bench space` runs both and prints tables; `-- postgis` or `-- start` runs one, `--json FILE` writes the reports as well.
//! Each measurement has a Postgres of its own, gone at the end. Fails (exit code 1) when a target is not reached and `--strict` is said.

mod places;
mod postgis;
#[path = "../report.rs"]
mod report;
mod start;
#[path = "../../tests/it/harness/watch.rs"]
#[allow(dead_code, unreachable_pub, clippy::unwrap_used)]
mod watch;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use report::Report;

#[derive(Parser)]
struct Cli {
    /// Write the reports to a file as JSON
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Fail when a target is not reached
    #[arg(long, global = true)]
    strict: bool,
    /// Said by `cargo bench`
    #[arg(long, hide = true, global = true)]
    bench: bool,
    #[command(subcommand)]
    measured: Option<Measured>,
}

#[derive(Subcommand)]
enum Measured {
    /// The same views of the same places, from the live map and from PostGIS in turns
    Postgis(postgis::Order),
    /// A city from Postgres to its first view
    Start(start::Order),
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    // The live core lives in an actix system.
    let system = actix::System::new();
    let measure = async |measured: &Measured| match measured {
        Measured::Postgis(order) => postgis::run(order).await,
        Measured::Start(order) => start::run(order).await,
    };
    let chosen = match cli.measured {
        Some(one) => vec![one],
        None => vec![Measured::Start(start::Order::default()), Measured::Postgis(postgis::Order::default())],
    };
    let mut reports = Vec::new();
    for one in &chosen {
        let report = system.block_on(measure(one))?;
        report.print();
        reports.push(report);
    }
    if let Some(file) = &cli.json {
        Report::write(&reports, file)?;
    }
    let held = reports.iter().all(|report| report.broken_limits.is_empty());
    Ok(if held || !cli.strict { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
