//! *restart*: a server that is asked to end under its viewers, and starts again.
//!
//! Some change homes, many look, and a few follow the city's events. The server gets a SIGTERM and says goodbye; everyone comes back when it
//! told them to. What is counted: how evenly they come, who had to be told everything anew, and whether any event was lost or came twice.
//! Who starts the server again is handed in: the bench, or a command of yours.

mod command;
mod follower;
mod moments;
mod returning;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Tally, Viewer, Way, quantile_ms},
    host::{Host, Street},
    http::Http,
    pace::Pace,
    report::Report,
};
pub use command::by_command;
use follower::Follower;
use moments::peak_per_second;
use returning::{Moments, Returning};

#[derive(Args)]
pub struct Restart {
    /// Viewers of one city
    #[arg(long, default_value_t = 10_000)]
    pub viewers: usize,
    /// Connections that follow the city's events
    #[arg(long, default_value_t = 50)]
    pub followers: usize,
    /// Changes a second, before and after
    #[arg(long, default_value_t = 10.0)]
    pub rate: f64,
    /// Seconds of changes before, and again after everyone is back
    #[arg(long, default_value_t = 4)]
    pub seconds: u64,
    /// Reconnects a second that the server spreads its clients to (its live.drain_per_s)
    #[arg(long, default_value_t = 2_000.0)]
    pub drain_per_s: f64,
    /// Starts the server again at the same address, when --pid has ended: a command for sh; it is ended with the load test
    #[arg(long, value_name = "COMMAND")]
    pub again: Option<String>,
    #[command(flatten)]
    pub host: Host,
    /// Fails when more come back in one second than so many times --drain-per-s
    #[arg(long)]
    pub max_peak: Option<f64>,
    /// Fails when a smaller share of the views goes on without a snapshot
    #[arg(long)]
    pub min_resumed: Option<f64>,
}

pub const PEAK: &str = "reconnects in the busiest second / set rate";
pub const RESUMED: &str = "views that went on without a snapshot, of all";
pub const LOST: &str = "events lost";
pub const GAPS: &str = "gaps and doubles in events";

/// How the failure of a connection begins that met no server: between the end and the start that is no surprise.
const NOBODY: &str = "cannot connect";
const PATIENCE: Duration = Duration::from_secs(180);
/// Connections that come at once in the beginning; later everyone comes when told.
const BATCH: usize = 500;

/// Ends and starts the server by `again`, which returns what holds the new one, and counts who comes back how.
pub async fn run<S, F: Future<Output = Result<S>>>(target: &Target, scenario: &Restart, again: impl FnOnce() -> F) -> Result<(Report, S)> {
    ensure!(scenario.followers > 0, "somebody has to follow the events");
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let changes = Arc::new(Changes::new((scenario.rate.ceil() as usize + 1) * (2 * scenario.seconds as usize + 4)));
    let way = Way { at_once: scenario.viewers.max(BATCH), ..target.way(1, None)? };
    let look = Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: true };
    let moments = Arc::new(Moments::default());
    let mut viewers = Fleet::start(&way, Returning { viewer: Viewer::new(look, &changes), moments: Arc::clone(&moments) })?;
    for begun in (0..scenario.viewers).step_by(BATCH) {
        viewers.open(BATCH.min(scenario.viewers - begun), 0, PATIENCE).await?;
    }
    let mut host = Http::connect(&target.url).await?;
    let token = host.sign_in(&scenario.host.email, &scenario.host.password).await?;
    let mut followers = Fleet::start(&way, Follower { token, stream: format!("city:{}", street.city) })?;
    followers.open(scenario.followers, 0, PATIENCE).await?;

    let (pace, lasting) = (Pace::PerSecond(scenario.rate), Duration::from_secs(scenario.seconds));
    let made_before = street.change(pace, lasting, &changes).await?.changes;
    let before = viewers.take_all().await?;
    moments.forget();
    let ended = Instant::now();
    let server = again().await.context("the server was not started again")?;
    let served = ended.elapsed();
    // Changes while they come back: whoever comes later is told of them when it resumes.
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let made_between = street.change(pace, Duration::from_secs(2), &changes).await?.changes;
    moments.all_back(scenario.viewers, PATIENCE).await.context("not all viewers came back")?;
    viewers.ready(scenario.viewers, PATIENCE).await?;
    followers.ready(scenario.followers, PATIENCE).await?;
    tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
    let back = viewers.take_all().await?;
    let made_after = street.change(pace, lasting, &changes).await?.changes;
    tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
    let after = viewers.take_all().await?;
    let events = Events::of(&followers, made_before + made_between + made_after).await?;
    street.restore().await?;
    for tally in [&before, &back, &after] {
        let failed = tally.failures.keys().filter(|why| !why.starts_with(NOBODY)).collect::<Vec<_>>();
        ensure!(failed.is_empty(), "viewers failed: {failed:?}");
    }
    viewers.end().await?;
    followers.end().await?;

    let mut report = Report::new("restart");
    report.figure("viewers", scenario.viewers as f64);
    report.figure("from SIGTERM to serving again, s", served.as_secs_f64());
    moments.say(&mut report, ended, scenario);
    resumes(&mut report, &back);
    events.say(&mut report);
    report.figure("staleness p99 before, ms", quantile_ms(&before.staleness, 0.99));
    report.figure("staleness p99 after, ms", quantile_ms(&after.staleness, 0.99));
    report.figure("changes delivered after, of all", after.deliveries as f64 / (made_after * scenario.viewers) as f64);
    report.limit(PEAK, scenario.max_peak);
    report.at_least(RESUMED, scenario.min_resumed.unwrap_or(0.0));
    report.limit(LOST, Some(0.0));
    report.limit(GAPS, Some(0.0));
    Ok((report, server))
}

/// How views came back, by the server's own word in `welcome`.
fn resumes(report: &mut Report, back: &Tally) {
    let count = |what: &str| back.counted.get(what).copied().unwrap_or_default() as f64;
    let (resumed, snapshot, reset) = (count("resumed"), count("resumed by snapshot"), count("resumed by reset"));
    report.figure(RESUMED, resumed / (resumed + snapshot + reset).max(1.0));
    report.figure("views that came back by snapshot", snapshot);
    report.figure("views that came back by reset", reset);
    report.figure("asked to come later", back.refused as f64);
    let knocked: u64 = back.failures.iter().filter(|(why, _)| why.starts_with(NOBODY)).map(|(_, times)| times).sum();
    report.figure("came while nobody was there", knocked as f64);
}

/// What the followers heard, beside what was made.
struct Events {
    wanted: u64,
    heard: u64,
    gaps: u64,
}

impl Events {
    /// Waits until every follower has heard everything, or time is up.
    async fn of(followers: &Fleet<Follower>, made: usize) -> Result<Self> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let heard: Vec<u64> = followers.memories(0).await?.iter().map(follower::Heard::events).collect();
            if heard.iter().all(|heard| *heard >= made as u64) || Instant::now() > until {
                let tally = followers.take_all().await?;
                let gaps = tally.counted.get(follower::GAP).copied().unwrap_or_default();
                return Ok(Self { wanted: (made * heard.len()) as u64, heard: heard.iter().sum(), gaps });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn say(&self, report: &mut Report) {
        report.figure("events wanted by all followers", self.wanted as f64);
        report.figure(LOST, self.wanted.saturating_sub(self.heard) as f64);
        report.figure(GAPS, self.gaps as f64);
    }
}

impl Moments {
    fn say(&self, report: &mut Report, ended: Instant, scenario: &Restart) {
        let (told, [due, came, back]) = self.taken();
        let since = |moment: Option<&Instant>| moment.map_or(0.0, |moment| moment.saturating_duration_since(ended).as_secs_f64());
        report.figure("goodbyes", told as f64);
        report.figure("the last one is asked to come back after, s", since(due.iter().max()));
        report.figure("asked to come back in the busiest second / set rate", peak_per_second(due) as f64 / scenario.drain_per_s);
        report.figure(PEAK, peak_per_second(came) as f64 / scenario.drain_per_s);
        report.figure("all are back after, s", since(back.iter().max()));
    }
}
