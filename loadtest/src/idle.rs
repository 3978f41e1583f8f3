//! *idle*: viewers who look at the world while nothing happens.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Viewer},
    http::{Usage, own_cpu_seconds},
    report::Report,
};

#[derive(Args)]
pub struct Idle {
    /// Open connections
    #[arg(long, default_value_t = 500)]
    pub viewers: usize,
    /// Seconds to stay
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Fails when an idle connection costs more of the server's memory than this, in kB
    #[arg(long)]
    pub max_kb_per_connection: Option<f64>,
}

pub async fn run(target: &Target, scenario: &Idle) -> Result<Report> {
    let look = Look { bbox: [-60.0, -180.0, 75.0, 180.0], zoom: 2, layers: &["cities"], single: false, follow: false };
    let mut fleet = Fleet::start(&target.way(1, None)?, Viewer::new(look, &Arc::new(Changes::new(0))))?;
    let patience = Duration::from_secs(120);
    // One viewer first: what the first look at the world costs is not a connection's cost.
    fleet.open(1, 0, patience).await?;
    let before = Usage::read(target).await?;
    fleet.open(scenario.viewers, 0, patience).await?;
    let connected = Usage::read(target).await?;
    tokio::time::sleep(Duration::from_secs(scenario.seconds)).await;
    let (after, tally) = (Usage::read(target).await?, fleet.take_all().await?);
    fleet.end().await?;

    let mut report = Report::new("idle");
    let count = scenario.viewers as f64;
    report.figure("viewers", count);
    report.figure("connections that ended", tally.ended as f64);
    report.figure("memory per connection, kB", (after.resident_bytes - before.resident_bytes) / 1024.0 / count);
    report.figure("server CPU to connect and look, ms each", (connected.cpu_seconds - before.cpu_seconds) * 1000.0 / count);
    report.figure("server CPU while idle, cores", (after.cpu_seconds - connected.cpu_seconds) / scenario.seconds.max(1) as f64);
    report.figure("load test CPU, s", own_cpu_seconds());
    report.limit("memory per connection, kB", scenario.max_kb_per_connection);
    Ok(report)
}
