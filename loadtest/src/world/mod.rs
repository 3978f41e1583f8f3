//! *world*: people who look at many places at once, some of whom wander, while things change all over.
//!
//! Every connection has eight views: the world, a continent, two countries, and four cities from above down to a street. Homes of many cities
//! change in turn. What is counted: what a view and a connection cost, and how soon a view of a city knows of a change in it.

mod places;
mod wanderer;

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    Target,
    fleet::{Changes, Fleet, Way, quantile_ms},
    host::{Host, Street},
    http::{Usage, own_cpu_seconds},
    pace::Pace,
    report::Report,
};
use places::Place;
use wanderer::{MOVED, VIEWS, Wanderer};

#[derive(Args)]
pub struct World {
    /// Connections, of eight views each
    #[arg(long, default_value_t = 1_000)]
    pub connections: usize,
    /// Cities in which something changes: those with the most homes
    #[arg(long, default_value_t = 24)]
    pub cities: usize,
    /// Changes a second, in all cities together
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// Seconds of changes
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Connections of a hundred that look elsewhere every two seconds
    #[arg(long, default_value_t = 10)]
    pub wandering: usize,
    #[command(flatten)]
    pub host: Host,
    /// Fails when the 99th percentile of staleness is above this, in ms
    #[arg(long)]
    pub max_staleness_p99_ms: Option<f64>,
    /// Fails when a view costs more of the server's memory than this, in kB
    #[arg(long)]
    pub max_kb_per_view: Option<f64>,
}

pub const VIEWS_OPEN: &str = "views";
pub const PER_VIEW: &str = "server memory per view, kB";
pub const STALENESS: &str = "staleness p99, ms";
pub const ENDED: &str = "connections that ended";

const PATIENCE: Duration = Duration::from_secs(300);

pub async fn run(target: &Target, scenario: &World) -> Result<Report> {
    let (places, homes) = places::settle(&target.url, &scenario.host, scenario.cities).await?;
    let mut street = Street::of(&target.url, &scenario.host, &homes).await?;
    let changes = Arc::new(Changes::new((scenario.rate.ceil() as usize + 1) * (scenario.seconds as usize + 3)));
    let way = Way { at_once: 32, ..target.way(1, None)? };
    let warm = places.len();
    let mut fleet = Fleet::start(&way, Wanderer::new(places, scenario.wandering, &changes))?;
    // One for each city first: what the first look at a city costs is not a view's cost.
    fleet.open(warm, 0, PATIENCE).await?;
    street.change(Pace::PerSecond(scenario.rate), Duration::from_secs(2), &changes).await?;
    let (before, own_before) = (Usage::read(target).await?, own_cpu_seconds());
    fleet.open(scenario.connections, 0, PATIENCE).await?;
    let open = Usage::read(target).await?;

    fleet.take().await?;
    let made = street.change(Pace::PerSecond(scenario.rate), Duration::from_secs(scenario.seconds), &changes).await?;
    tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
    let (after, own, tally) = (Usage::read(target).await?, own_cpu_seconds() - own_before, fleet.take_all().await?);
    street.restore().await?;
    fleet.end().await?;
    ensure!(tally.failures.is_empty(), "viewers failed: {:?}", tally.failures);
    ensure!(tally.deliveries > 0, "no change reached any view");

    let mut report = Report::new("world");
    let (connections, views, took) = (scenario.connections as f64, (scenario.connections * VIEWS) as f64, made.took.as_secs_f64());
    report.figure("connections", connections);
    report.figure(VIEWS_OPEN, views);
    report.figure("server memory per connection, kB", (open.resident_bytes - before.resident_bytes) / 1024.0 / connections);
    report.figure(PER_VIEW, (open.resident_bytes - before.resident_bytes) / 1024.0 / views);
    report.figure("server CPU to open a view, ms", (open.cpu_seconds - before.cpu_seconds) * 1000.0 / views);
    report.figure("changes a second", made.changes as f64 / took);
    report.figure("deliveries a second", tally.deliveries as f64 / took);
    report.figure("bytes per connection and second", tally.bytes as f64 / connections / took);
    report.figure("looks elsewhere a second", tally.counted.get(MOVED).copied().unwrap_or_default() as f64 / took);
    report.figure("server CPU while it changes, cores", (after.cpu_seconds - open.cpu_seconds) / took);
    report.figure("load test CPU, s", own);
    report.figure(ENDED, tally.ended as f64);
    for (name, quantile) in [("staleness p50, ms", 0.5), (STALENESS, 0.99), ("staleness p99.9, ms", 0.999)] {
        report.figure(name, quantile_ms(&tally.staleness, quantile));
    }
    report.limit(STALENESS, scenario.max_staleness_p99_ms);
    report.limit(PER_VIEW, scenario.max_kb_per_view);
    Ok(report)
}

impl Place {
    /// A view of so many kilometres to each side.
    fn around(&self, km: f64) -> [f64; 4] {
        let (lat, lng) = (km / 111.0, km / 111.0 / self.lat.to_radians().cos().max(0.1));
        [(self.lat - lat).max(-85.0), (self.lng - lng).max(-180.0), (self.lat + lat).min(85.0), (self.lng + lng).min(180.0)]
    }
}
