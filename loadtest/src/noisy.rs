//! *noisy*: one community at ten times its quota, beside another one that only wants to see its own changes.
//!
//! Rounds with and without the noise take turns, so that whatever else the machine does falls on both alike; the figure is the ratio of
//! the medians. The noise: ten times the connections there are places for, coming back as soon as they are let, views that never stand
//! still, and changes as fast as they are answered. The noisy one's people must stay connected.
//!
//! The server's limits are the quota, so set them low enough to be reached:
//! `posada serve --set live.tenant_connections=200 --set live.tenant_snapshots_per_s=100 --set live.tenant_bytes_per_s=2000000`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Next, Tally, Viewer, Watch, quantile_ms},
    host::{Host, Street},
    http::Http,
    pace::Pace,
    report::{Report, median},
};

#[derive(Args)]
pub struct Noisy {
    /// Viewers of the quiet community
    #[arg(long, default_value_t = 100)]
    pub viewers: usize,
    /// Its changes a second
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// Seconds of each round
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Pairs of rounds, without and with the noise
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Slug of the noisy community: open to sign up, its map public (`posada tenant create loud --name Loud --public-map --open`)
    #[arg(long, default_value = "loud")]
    pub loud: String,
    /// Places there are for its connections (live.tenant_connections); ten times as many come
    #[arg(long, default_value_t = 200)]
    pub places: usize,
    #[command(flatten)]
    pub host: Host,
    /// Fails when the quiet one's p99 with the noise is above so many times that without
    #[arg(long)]
    pub max_ratio: Option<f64>,
}

pub const RATIO: &str = "staleness p99 beside the noise / without";
pub const ENDED: &str = "noise: connections that ended";
const REFUSED: &str = "noise: views refused for now";
const TOLD: &str = "noise: told of less";

/// Viewers that look elsewhere as soon as they see something.
struct Restless {
    bbox: [f64; 4],
    turns: Arc<AtomicU64>,
}

impl Watch for Restless {
    type Memory = ();

    fn opening(&self, (): &()) -> Vec<Vec<u8>> {
        vec![json!({"t": "hello", "client": "loadtest", "version": 1}).to_string().into_bytes(), self.view()]
    }

    fn ready_at_once(&self) -> bool {
        true
    }

    fn heard(&self, (): &mut (), payload: &[u8], _: Instant, tally: &mut Tally) -> Next {
        if payload.starts_with(br#"{"t":"ping""#) {
            return Next::Say(br#"{"t":"pong"}"#.to_vec());
        }
        if payload.starts_with(br#"{"t":"error""#) {
            tally.count(REFUSED);
            return Next::Go;
        }
        if payload.starts_with(br#"{"t":"qos""#) {
            tally.count(TOLD);
            return Next::Go;
        }
        let moved = payload.starts_with(br#"{"t":"snapshot""#) || payload.starts_with(br#"{"t":"delta""#);
        if moved { Next::Say(self.view()) } else { Next::Go }
    }
}

impl Restless {
    /// Somewhere else each time, by some metres.
    fn view(&self) -> Vec<u8> {
        let step = (self.turns.fetch_add(1, Relaxed) % 100) as f64 * 0.000_1;
        let [south, west, north, east] = self.bbox;
        json!({"t": "view", "id": "map", "bbox": [south - step, west - step, north + step, east + step], "zoom": 15, "layers": ["homes"]})
            .to_string()
            .into_bytes()
    }
}

pub async fn run(target: &Target, scenario: &Noisy) -> Result<Report> {
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let loud = Host { tenant: Some(scenario.loud.clone()), homes: None, ..scenario.host.clone() };
    settle(&target.url, &loud).await?;
    let mut its_street = Street::find(&target.url, &loud).await?;
    let lasting = Duration::from_secs(scenario.seconds);
    let most = 20_000 * scenario.rounds * (scenario.seconds as usize + 1);
    let (changes, its_changes) = (Arc::new(Changes::new(most)), Arc::new(Changes::new(10 * most)));
    let look = Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: false };
    let mut quiet = Fleet::start(&target.way(1, scenario.host.tenant.as_deref())?, Viewer::new(look, &changes))?;
    quiet.open(scenario.viewers, 0, Duration::from_secs(60)).await?;

    let (mut without, mut with, mut noise, mut views) = (Vec::new(), Vec::new(), Tally::default(), 0);
    let pace = Pace::PerSecond(scenario.rate);
    for _ in 0..scenario.rounds {
        quiet.take().await?;
        street.change(pace, lasting, &changes).await?;
        without.push(p99(&quiet).await?);

        let turns = Arc::new(AtomicU64::new(0));
        let mut crowd = Fleet::start(&target.way(1, Some(&scenario.loud))?, Restless { bbox: its_street.bbox, turns: Arc::clone(&turns) })?;
        // Those that find a place are there before the round begins; the others go on asking.
        crowd.begin(10 * scenario.places, 0)?;
        crowd.ready(scenario.places, Duration::from_secs(30)).await?;
        quiet.take().await?;
        tokio::try_join!(street.change(pace, lasting, &changes), its_street.change(Pace::AsAnswered, lasting, &its_changes))?;
        with.push(p99(&quiet).await?);
        views += turns.load(Relaxed);
        noise.add(&crowd.take_all().await?);
        crowd.end().await?;
    }
    street.restore().await?;
    its_street.restore().await?;
    let rest = quiet.take_all().await?;
    quiet.end().await?;
    ensure!(rest.ended == 0, "viewers of the quiet community were disconnected: {:?}", rest.failures);

    let mut report = Report::new("noisy");
    let (without, with) = (median(without), median(with));
    report.figure("staleness p99 without the noise, ms", without);
    report.figure("staleness p99 beside the noise, ms", with);
    report.figure(RATIO, with / without.max(0.001));
    report.figure("noise: connections refused for now", noise.refused as f64);
    report.figure("noise: views asked for", views as f64);
    for what in [REFUSED, TOLD] {
        report.figure(what, noise.counted.get(what).copied().unwrap_or_default() as f64);
    }
    report.figure(ENDED, noise.ended as f64);
    report.limit(RATIO, scenario.max_ratio);
    report.limit(ENDED, Some(0.0));
    Ok(report)
}

/// What is under way arrives, then the 99th percentile of how late it was.
async fn p99(quiet: &Fleet<Viewer>) -> Result<f64> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tally = quiet.take_all().await?;
    ensure!(tally.deliveries > 0, "no change reached any viewer: {:?}", tally.failures);
    Ok(quantile_ms(&tally.staleness, 0.99))
}

/// The noisy community's host: signed up, with a home, if that was not done before.
async fn settle(url: &str, host: &Host) -> Result<()> {
    let mut http = Http::connect(url).await?.in_tenant(host.tenant.as_deref());
    if http.sign_in(&host.email, &host.password).await.is_err() {
        let account = json!({"email": host.email, "password": host.password, "name": "Loud", "home_city": 3_128_760, "roles": ["host"]});
        http.send("POST", "/api/v1/accounts", &[], Some(&account)).await?;
        http.sign_in(&host.email, &host.password).await?;
    }
    if http.get("/api/v1/me/homes?limit=1").await?["items"].as_array().is_none_or(Vec::is_empty) {
        let home = json!({"kind": "apartment", "offer": "entire_place", "title": "Loud", "description": "", "guests": 2,
            "price": {"amount": 5000, "currency": "EUR"}, "position": {"lat": 41.40, "lng": 2.17}, "city": 3_128_760});
        http.send("POST", "/api/v1/homes", &[], Some(&home)).await?;
    }
    Ok(())
}
