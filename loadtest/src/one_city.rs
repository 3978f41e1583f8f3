//! *one city*: viewers of one city whose homes change at a set rate.
//!
//! Staleness is from the answer to the write (it has committed) to the frame in a viewer's hands; a frame may be there first, then it is 0.
//! Latency is from the moment the write was due to the frame in a viewer's hands, so that a server which takes its time to answer is not
//! the quicker one for it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Tally, Viewer, quantile_ms},
    host::{Host, Street},
    http::{Usage, own_cpu_seconds},
    pace::{Made, Pace},
    report::Report,
};

#[derive(Args)]
pub struct OneCity {
    /// Viewers of the city
    #[arg(long, default_value_t = 200)]
    pub viewers: usize,
    /// Changes a second; 0: as many as the server answers
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// Seconds of changes
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    #[command(flatten)]
    pub host: Host,
    /// Fails when the 99th percentile of staleness is above this, in ms
    #[arg(long)]
    pub max_staleness_p99_ms: Option<f64>,
}

/// The most changes a second there is room to follow.
const FASTEST: usize = 20_000;

pub async fn run(target: &Target, scenario: &OneCity) -> Result<Report> {
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let lasting = Duration::from_secs(scenario.seconds);
    let changes = Arc::new(Changes::new(FASTEST * (scenario.seconds as usize + 1)));
    let look = Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: false };
    let mut fleet = Fleet::start(&target.way(1, scenario.host.tenant.as_deref())?, Viewer::new(look, &changes))?;
    fleet.open(scenario.viewers, 0, Duration::from_secs(60)).await?;

    fleet.take().await?;
    let (before, own_before) = (Usage::read(target).await?, own_cpu_seconds());
    let pace = if scenario.rate > 0.0 { Pace::PerSecond(scenario.rate) } else { Pace::AsAnswered };
    let made = street.change(pace, lasting, &changes).await?;
    tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
    let (after, own_after, tally) = (Usage::read(target).await?, own_cpu_seconds(), fleet.take_all().await?);
    street.restore().await?;
    fleet.end().await?;
    if tally.deliveries == 0 {
        bail!("no change reached any viewer; {:?}", tally.failures);
    }
    let mut report = Report::new("one city");
    figures(&mut report, scenario.viewers, &made, &tally);
    let millions = tally.deliveries as f64 / 1e6;
    report.figure("server CPU s per million deliveries", (after.cpu_seconds - before.cpu_seconds) / millions);
    report.figure("load test CPU s per million deliveries", (own_after - own_before) / millions);
    report.limit("staleness p99, ms", scenario.max_staleness_p99_ms);
    Ok(report)
}

/// What every scenario of changes and viewers says.
fn figures(report: &mut Report, viewers: usize, made: &Made, tally: &Tally) {
    let took = made.took.as_secs_f64();
    report.figure("viewers", viewers as f64);
    report.figure("changes a second", made.changes as f64 / took);
    report.figure("deliveries a second", tally.deliveries as f64 / took);
    report.figure("frames a second", tally.frames as f64 / took);
    report.figure("changes delivered, of all", tally.deliveries as f64 / (made.changes * viewers) as f64);
    report.figure("bytes per viewer and second", tally.bytes as f64 / viewers as f64 / took);
    report.figure("connections that ended", tally.ended as f64);
    for (name, quantile) in [("staleness p50, ms", 0.5), ("staleness p99, ms", 0.99), ("staleness p99.9, ms", 0.999)] {
        report.figure(name, quantile_ms(&tally.staleness, quantile));
    }
    for (name, quantile) in [("latency p50, ms", 0.5), ("latency p99, ms", 0.99), ("latency p99.9, ms", 0.999)] {
        report.figure(name, quantile_ms(&tally.latency, quantile));
    }
}
