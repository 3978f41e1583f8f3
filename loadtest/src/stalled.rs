//! *stalled*: viewers of one city of whom some stop reading.
//!
//! Rounds without and with the stall take turns, so that whatever else the machine does falls on both alike; the figure is the ratio of the
//! medians. Who stalls has a narrow connection, so that the kernel takes less for it before its server feels the stall; it was felt when
//! fewer changes of the stall are told afterwards than were made (the last of each home is enough). After each stall they read again, and have to see every change that is made then: a silent gap is a failure.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Tally, Viewer, Way, quantile_ms},
    host::{Host, Street},
    http::Usage,
    pace::Pace,
    report::{Report, median},
};

#[derive(Args)]
pub struct Stalled {
    /// Viewers of the city, those who stall among them
    #[arg(long, default_value_t = 1_000)]
    pub viewers: usize,
    /// Viewers who stop reading in every second round
    #[arg(long, default_value_t = 100)]
    pub stalled: usize,
    /// Changes a second
    #[arg(long, default_value_t = 100.0)]
    pub rate: f64,
    /// Seconds of each round; a server lets go of who stalls for long (live.let_go_ms)
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Pairs of rounds, without and with the stall
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    #[command(flatten)]
    pub host: Host,
    /// Fails when the others' p99 with the stall is above so many times that without
    #[arg(long)]
    pub max_ratio: Option<f64>,
    /// Fails when the server's memory after the last stall is above so many times that before the first
    #[arg(long)]
    pub max_memory_ratio: Option<f64>,
}

/// Seconds of changes after a stall, all of which who stalled has to see.
const AFTER: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// What the rounds came to.
#[derive(Default)]
struct Seen {
    without: Vec<f64>,
    with: Vec<f64>,
    /// Changes that were made beside who stalled.
    missed: u64,
    /// What they came to know of it when they read again, and how.
    again: Tally,
    after: u64,
    after_of: u64,
}

pub async fn run(target: &Target, scenario: &Stalled) -> Result<Report> {
    ensure!(scenario.stalled > 0 && scenario.stalled < scenario.viewers, "some stall, and some others look");
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let seconds = (2 * scenario.seconds + 2 * AFTER.as_secs() + 1) as usize * (scenario.rounds + 1);
    let changes = Arc::new(Changes::new((scenario.rate.ceil() as usize + 1) * seconds));
    let look = Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: true };
    let mut others = Fleet::start(&target.way(1, None)?, Viewer::new(look.clone(), &changes))?;
    let mut some = Fleet::start(&Way { narrow: true, ..target.way(1, None)? }, Viewer::new(look, &changes))?;
    others.open(scenario.viewers - scenario.stalled, 0, PATIENCE).await?;
    some.open(scenario.stalled, 0, PATIENCE).await?;

    let (mut seen, pace, lasting) = (Seen::default(), Pace::PerSecond(scenario.rate), Duration::from_secs(scenario.seconds));
    // Not counted: statements are prepared, caches fill.
    street.change(pace, AFTER, &changes).await?;
    let mut memory = Vec::new();
    for _ in 0..scenario.rounds {
        others.take().await?;
        street.change(pace, lasting, &changes).await?;
        seen.without.push(p99(&others).await?);
        memory.push(Usage::read(target).await?.resident_bytes);

        some.stall(0, true)?;
        some.take().await?;
        let made = street.change(pace, lasting, &changes).await?;
        seen.with.push(p99(&others).await?);
        memory.push(Usage::read(target).await?.resident_bytes);
        seen.missed += (made.changes * scenario.stalled) as u64;

        some.stall(0, false)?;
        tokio::time::sleep(Duration::from_secs(1)).await; // they read what lies there, and are told the rest
        some.ready(scenario.stalled, PATIENCE).await?;
        seen.again.add(&some.take_all().await?);
        let made = street.change(pace, AFTER, &changes).await?;
        tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
        seen.after += some.take_all().await?.deliveries;
        seen.after_of += (made.changes * scenario.stalled) as u64;
    }
    street.restore().await?;
    let (rest, failures) = (others.take_all().await?, &seen.again.failures);
    ensure!(rest.failures.is_empty() && failures.is_empty(), "viewers failed: {:?}; who stalled: {failures:?}", rest.failures);
    others.end().await?;
    some.end().await?;
    Ok(report(scenario, seen, &memory))
}

/// What is under way arrives, then the 99th percentile of how late it was.
async fn p99(others: &Fleet<Viewer>) -> Result<f64> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tally = others.take_all().await?;
    ensure!(tally.deliveries > 0, "no change reached any viewer: {:?}", tally.failures);
    Ok(quantile_ms(&tally.staleness, 0.99))
}

fn report(scenario: &Stalled, seen: Seen, memory: &[f64]) -> Report {
    let mut report = Report::new("stalled");
    let (without, with) = (median(seen.without), median(seen.with));
    report.figure("viewers who read", (scenario.viewers - scenario.stalled) as f64);
    report.figure("viewers who stall", scenario.stalled as f64);
    report.figure("staleness p99 without the stall, ms", without);
    report.figure("staleness p99 with the stall, ms", with);
    report.figure(RATIO, with / without.max(0.001));
    if let (Some(first), Some(last)) = (memory.first(), memory.last()) {
        report.figure("server memory before the first stall, MB", first / 1e6);
        report.figure(MEMORY, last / first);
    }
    report.figure(TOLD, seen.again.deliveries as f64 / seen.missed as f64);
    report.figure(
        "reading again: snapshots each stall",
        seen.again.counted.get("snapshots").copied().unwrap_or_default() as f64 / (scenario.rounds * scenario.stalled) as f64,
    );
    report.figure("reading again: connections that were let go", seen.again.ended as f64);
    report.figure(AFTERWARDS, seen.after as f64 / seen.after_of as f64);
    report.limit(RATIO, scenario.max_ratio);
    report.limit(MEMORY, scenario.max_memory_ratio);
    report.at_least(AFTERWARDS, 1.0);
    report
}

pub const RATIO: &str = "staleness p99 with / without the stall";
pub const MEMORY: &str = "server memory after the last / before the first stall";
pub const TOLD: &str = "reading again: changes of the stall told, of all";
pub const AFTERWARDS: &str = "reading again: new changes seen, of all";
