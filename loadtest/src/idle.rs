//! *idle*: viewers who look at the world while nothing happens.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Target,
    http::{Usage, own_cpu_seconds},
    report::Report,
    viewer::Viewer,
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
    // One viewer first: what the first look at the world costs is not a connection's cost.
    let first = Viewer::look(&target.url, [-60.0, -180.0, 75.0, 180.0], 2, &["cities"], false).await?;
    let before = Usage::read(&target.metrics).await?;
    let connecting = stream::iter(0..scenario.viewers).map(|_| Viewer::look(&target.url, [-60.0, -180.0, 75.0, 180.0], 2, &["cities"], false));
    let viewers: Vec<Viewer> = connecting.buffer_unordered(32).try_collect().await?;
    let connected = Usage::read(&target.metrics).await?;
    tokio::time::sleep(Duration::from_secs(scenario.seconds)).await;
    let after = Usage::read(&target.metrics).await?;

    let mut report = Report::new("idle");
    let count = viewers.len() as f64;
    report.figure("viewers", count);
    report.figure("memory per connection, kB", (after.resident_bytes - before.resident_bytes) / 1024.0 / count);
    report.figure("server CPU to connect and look, ms each", (connected.cpu_seconds - before.cpu_seconds) * 1000.0 / count);
    report.figure("server CPU while idle, cores", (after.cpu_seconds - connected.cpu_seconds) / scenario.seconds.max(1) as f64);
    report.figure("load test CPU, s", own_cpu_seconds());
    report.limit("memory per connection, kB", scenario.max_kb_per_connection);
    drop((first, viewers));
    Ok(report)
}
