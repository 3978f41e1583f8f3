//! *one city*: viewers of one city whose homes change at a set rate.
//!
//! A change is a new price, one minor unit up; each is unlike every other, so a viewer knows from the price which change it is looking at.
//! Staleness is from the answer to the write (it has committed) to the frame in a viewer's hands; a frame may be there first, then it is 0.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{
    Target,
    http::{Http, Usage, own_cpu_seconds},
    report::{Report, percentile},
    viewer::Viewer,
};

#[derive(Args)]
pub struct OneCity {
    /// Viewers of the city
    #[arg(long, default_value_t = 200)]
    pub viewers: usize,
    /// Changes a second
    #[arg(long, default_value_t = 20)]
    pub rate: u32,
    /// Seconds of changes
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// A host with homes in one city, who makes the changes
    #[arg(long, default_value = "host@posada.example")]
    pub email: String,
    /// The host's password
    #[arg(long, default_value = "come as you are", env = "POSADA_LOADTEST_PASSWORD")]
    pub password: String,
    /// Fails when the 99th percentile of staleness is above this, in ms
    #[arg(long)]
    pub max_staleness_p99_ms: Option<f64>,
}

/// When the write of a price was answered, by home and price.
type Written = Arc<Mutex<HashMap<(String, u64), Instant>>>;
/// What a viewer saw: home, price, when.
type Sightings = Vec<(String, u64, Instant)>;

pub async fn run(target: &Target, scenario: &OneCity) -> Result<Report> {
    let mut host = Http::connect(&target.url).await?;
    host.sign_in(&scenario.email, &scenario.password).await?;
    let mut homes = homes_of_one_city(&mut host).await?;
    let bbox = around(&homes);
    let ids: Arc<Vec<String>> = Arc::new(homes.iter().filter_map(|h| h["id"].as_str().map(str::to_owned)).collect());

    let looking = stream::iter(0..scenario.viewers).map(|_| Viewer::look(&target.url, bbox, 16, &["homes"], true));
    let viewers: Vec<Viewer> = looking.buffer_unordered(32).try_collect().await?;
    let (stop, stopped) = watch::channel(false);
    let watching: Vec<_> = viewers.into_iter().map(|viewer| tokio::spawn(watch(viewer, ids.clone(), stopped.clone()))).collect();

    let written = Written::default();
    let (before, own_before, started) = (Usage::read(&target.metrics).await?, own_cpu_seconds(), Instant::now());
    let mut ticks = interval(Duration::from_secs_f64(1.0 / f64::from(scenario.rate.max(1))));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut writes = 0_usize;
    while started.elapsed() < Duration::from_secs(scenario.seconds) {
        ticks.tick().await;
        let count = homes.len();
        change_price(&mut host, &mut homes[writes % count], &written).await?;
        writes += 1;
    }
    let took = started.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await; // what is under way arrives
    let after = Usage::read(&target.metrics).await?;
    stop.send(true)?;

    let (mut frames, mut bytes, mut staleness) = (0_u64, 0_u64, Vec::new());
    let written = std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
    for viewer in watching {
        let seen = viewer.await??;
        frames += seen.frames;
        bytes += seen.bytes;
        staleness.extend(
            seen.sightings
                .iter()
                .filter_map(|(home, price, at)| Some(at.saturating_duration_since(*written.get(&(home.clone(), *price))?).as_secs_f64() * 1000.0)),
        );
    }
    staleness.sort_by(f64::total_cmp);
    if staleness.is_empty() {
        bail!("no change reached any viewer");
    }

    let mut report = Report::new("one city");
    let deliveries = staleness.len() as f64;
    report.figure("viewers", scenario.viewers as f64);
    report.figure("changes a second", writes as f64 / took);
    report.figure("deliveries a second", deliveries / took);
    report.figure("frames a second", frames as f64 / took);
    report.figure("changes delivered, of all", deliveries / (writes * scenario.viewers) as f64);
    report.figure("bytes per viewer and second", bytes as f64 / scenario.viewers as f64 / took);
    report.figure("server CPU s per million deliveries", (after.cpu_seconds - before.cpu_seconds) * 1e6 / deliveries);
    report.figure("load test CPU s per million deliveries", (own_cpu_seconds() - own_before) * 1e6 / deliveries);
    report.figure("staleness p50, ms", percentile(&staleness, 0.5));
    report.figure("staleness p99, ms", percentile(&staleness, 0.99));
    report.figure("staleness p99.9, ms", percentile(&staleness, 0.999));
    report.limit("staleness p99, ms", scenario.max_staleness_p99_ms);
    Ok(report)
}

/// The host's priced, active homes in the city of the first one, at most 40.
async fn homes_of_one_city(host: &mut Http) -> Result<Vec<Value>> {
    let page = host.get("/api/v1/me/homes?limit=100").await?;
    let usable = |home: &&Value| home["status"] == "active" && home["price"].is_object();
    let all: Vec<&Value> = page["items"].as_array().context("no list of homes")?.iter().filter(usable).collect();
    let city = all.first().context("this host has no active home with a price")?["city"]["id"].clone();
    // Close together, so that a view shows them one by one.
    let at = |home: &Value| (home["position"]["lat"].as_f64().unwrap_or_default(), home["position"]["lng"].as_f64().unwrap_or_default());
    let first = all.first().map(|home| at(home)).unwrap_or_default();
    let close = |home: &&&Value| home["city"]["id"] == city && (at(home).0 - first.0).abs() < 0.02 && (at(home).1 - first.1).abs() < 0.03;
    Ok(all.iter().filter(close).take(40).map(|home| (*home).clone()).collect())
}

/// A box around some homes' public positions.
fn around(homes: &[Value]) -> [f64; 4] {
    let at = |home: &Value, axis: &str| home["position"][axis].as_f64().unwrap_or_default();
    let most = |axis: &str| homes.iter().map(|h| at(h, axis)).fold(f64::MIN, f64::max) + 0.002;
    let least = |axis: &str| homes.iter().map(|h| at(h, axis)).fold(f64::MAX, f64::min) - 0.002;
    [least("lat"), least("lng"), most("lat"), most("lng")]
}

async fn change_price(host: &mut Http, home: &mut Value, written: &Written) -> Result<()> {
    let id = home["id"].as_str().context("a home without an id")?.to_owned();
    let amount = home["price"]["amount"].as_u64().context("a price without an amount")? + 1;
    let body = json!({"price": {"amount": amount, "currency": home["price"]["currency"]}});
    let version = format!("\"{}\"", home["version"]);
    *home = host.send("PATCH", &format!("/api/v1/homes/{id}"), &[("If-Match", &version)], Some(&body)).await?;
    written.lock().unwrap_or_else(PoisonError::into_inner).insert((id, amount), Instant::now());
    Ok(())
}

#[derive(Default)]
struct Seen {
    frames: u64,
    bytes: u64,
    sightings: Sightings,
}

async fn watch(mut viewer: Viewer, ids: Arc<Vec<String>>, mut stopped: watch::Receiver<bool>) -> Result<Seen> {
    let mut seen = Seen::default();
    loop {
        let text = tokio::select! {
            frame = viewer.next() => frame?,
            _ = stopped.wait_for(|stop| *stop) => return Ok(seen),
        };
        let now = Instant::now();
        seen.frames += 1;
        seen.bytes += text.len() as u64;
        for id in ids.iter() {
            if let Some(price) = price_after(&text, id) {
                seen.sightings.push((id.clone(), price, now));
            }
        }
    }
}

/// The price that a frame tells of a home. Found in the text, not by parsing: the viewers' own cost must stay small beside the server's.
fn price_after(text: &str, id: &str) -> Option<u64> {
    let item = &text[text.find(id)? + id.len()..];
    let item = &item[..item.find("\"id\":").unwrap_or(item.len())];
    let amount = &item[item.find("\"amount\":")? + 9..];
    amount[..amount.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_belongs_to_its_own_home() {
        let frame = r#"{"t":"delta","tiles":[{"k":"15/1/1","put":[{"id":"a","x":1},{"id":"b","price":{"amount":12,"currency":"EUR"}}]}]}"#;
        assert_eq!(price_after(frame, "\"a\""), None);
        assert_eq!(price_after(frame, "\"b\""), Some(12));
        assert_eq!(price_after(frame, "\"c\""), None);
    }
}
