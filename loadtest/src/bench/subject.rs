//! One of those who are compared: a server, its viewers, and those who make the changes. All subjects do the same work in the same way.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{Bench, posada};
use crate::{
    fleet::{Changes, Fleet, Listener, Look, Tally, Viewer, Way, quantile_ms},
    host::{Host, Street},
    http::own_cpu_seconds,
    pace::{Made, Pace, drive},
    peers::{Peer, Running, Template, Writer},
    report::median,
};

/// What a round showed, by name; medians of rounds have the same shape.
pub type Figures = BTreeMap<&'static str, f64>;

/// Changes that all rounds of one subject may come to.
const ROOM: usize = 1_000_000;
/// Changes that may be under way to viewers while a peer is given as many as it takes.
const AHEAD: u64 = 32;

pub struct Subject {
    pub name: String,
    body: Body,
    viewers: usize,
    changes: Arc<Changes>,
}

enum Body {
    Posada { server: posada::Server, fleet: Fleet<Viewer>, street: Box<Street>, sample: Arc<OnceLock<Vec<u8>>> },
    Peer { running: Running, fleet: Fleet<Listener>, writers: Vec<Writer> },
}

/// Readings before and after a round.
#[derive(Clone, Copy)]
struct Reading {
    server: f64,
    postgres: f64,
    own: f64,
    resident: f64,
}

impl Subject {
    /// A Posada with viewers of the street whose homes change.
    pub async fn posada(bench: &Bench, name: &str, outlet: &str, settings: &[(&str, String)], viewers: usize) -> Result<Self> {
        let mut settings = settings.to_vec();
        if bench.outlets.len() > 1 {
            settings.push(("live.outlet", outlet.to_owned()));
        }
        let server = bench.posada.start(&bench.cores, outlet, &settings).await?;
        let street = Street::find(&server.target.url, &Host::of_the_demo(bench.homes, 16)).await?;
        let changes = Arc::new(Changes::new(ROOM));
        let viewer = Viewer::new(Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: false }, &changes);
        let sample = Arc::clone(&viewer.sample);
        let mut fleet = Fleet::start(&server.target.way(1, None)?, viewer)?;
        fleet.open(viewers, 0, Duration::from_secs(120)).await.context(name.to_owned())?;
        Ok(Self { name: name.to_owned(), body: Body::Posada { server, fleet, street: Box::new(street), sample }, viewers, changes })
    }

    /// A peer whose viewers get the same payload.
    pub async fn peer(bench: &Bench, peer: Peer, template: &Arc<Template>, viewers: usize) -> Result<Self> {
        let running = peer.start(&bench.cores, &bench.below).await?;
        let changes = Arc::new(Changes::new(ROOM));
        let listener = Listener { opening: peer.opening(), ready_at_once: peer != Peer::Nats, changes: Arc::clone(&changes) };
        let way = Way { address: running.address, wire: peer.wire(), threads: 1, at_once: 128, narrow: false };
        let mut fleet = Fleet::start(&way, listener)?;
        fleet.open(viewers, 0, Duration::from_secs(120)).await.context(peer.name())?;
        let writers = running.writers(4, template).await?;
        Ok(Self { name: peer.name().to_owned(), body: Body::Peer { running, fleet, writers }, viewers, changes })
    }

    /// A round that is not counted: caches fill, and Posada's own frame becomes the payload for the others.
    pub async fn warm_up(&mut self) -> Result<Option<Template>> {
        self.round(Pace::PerSecond(10.0), Duration::from_millis(1500)).await?;
        match &self.body {
            Body::Posada { sample, .. } => Ok(Some(Template::of(sample.get().context("no viewer saw a change")?)?)),
            Body::Peer { .. } => Ok(None),
        }
    }

    /// Changes at a pace for a time, until the last has arrived, and what that took.
    pub async fn round(&mut self, pace: Pace, lasting: Duration) -> Result<Figures> {
        let meanwhile = self.take().await?;
        ensure!(meanwhile.failures.is_empty() && meanwhile.ended == 0, "{}: between rounds {} ended; {:?}", self.name, meanwhile.ended, meanwhile.failures);
        let delivered = self.delivered();
        let before = self.read().await?;
        let (viewers, changes) = (self.viewers as u64, Arc::clone(&self.changes));
        let made = match &mut self.body {
            Body::Posada { street, .. } => street.change(pace, lasting, &changes).await?,
            Body::Peer { fleet, writers, .. } => {
                let first = changes.taken();
                let may = || (changes.taken() - first).saturating_sub((fleet.delivered() - delivered) / viewers) < AHEAD;
                drive(writers, pace, lasting, &changes, may).await?
            }
        };
        self.settle(delivered + made.changes as u64 * viewers).await;
        let (after, tally) = (self.read().await?, self.take().await?);
        ensure!(tally.deliveries > 0, "{}: no change reached any viewer; {:?}", self.name, tally.failures);
        ensure!(tally.failures.is_empty(), "{}: {:?}", self.name, tally.failures);
        Ok(self.figures(&made, &tally, before, after))
    }

    /// Waits until everything has arrived, or nothing comes any more.
    async fn settle(&self, expected: u64) {
        let (until, mut last, mut since) = (Instant::now() + Duration::from_secs(20), self.delivered(), Instant::now());
        while last < expected && Instant::now() < until && since.elapsed() < Duration::from_millis(600) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = self.delivered();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
    }

    fn figures(&self, made: &Made, tally: &Tally, before: Reading, after: Reading) -> Figures {
        let (took, millions) = (made.took.as_secs_f64(), tally.deliveries as f64 / 1e6);
        Figures::from([
            ("changes a second", made.changes as f64 / took),
            ("deliveries a second", tally.deliveries as f64 / took),
            ("delivered, of all", tally.deliveries as f64 / (made.changes * self.viewers) as f64),
            ("frames a second", tally.frames as f64 / took),
            ("bytes per viewer and second", tally.bytes as f64 / self.viewers as f64 / took),
            ("server CPU, µs per delivery", (after.server - before.server) / millions),
            ("server CPU, cores", (after.server - before.server) / took),
            ("Postgres CPU, µs per delivery", (after.postgres - before.postgres) / millions),
            ("load test CPU, µs per delivery", (after.own - before.own) / millions),
            ("server memory, MB", after.resident / 1e6),
            ("latency p50, ms", quantile_ms(&tally.latency, 0.5)),
            ("latency p95, ms", quantile_ms(&tally.latency, 0.95)),
            ("latency p99, ms", quantile_ms(&tally.latency, 0.99)),
            ("latency p99.9, ms", quantile_ms(&tally.latency, 0.999)),
            ("staleness p50, ms", quantile_ms(&tally.staleness, 0.5)),
            ("staleness p99, ms", quantile_ms(&tally.staleness, 0.99)),
            ("staleness p99.9, ms", quantile_ms(&tally.staleness, 0.999)),
        ])
    }

    async fn read(&self) -> Result<Reading> {
        let own = own_cpu_seconds();
        Ok(match &self.body {
            Body::Posada { server, .. } => {
                let usage = server.usage().await?;
                Reading { server: usage.cpu_seconds, postgres: server.postgres_cpu_seconds(), own, resident: usage.resident_bytes }
            }
            Body::Peer { running, .. } => Reading { server: running.started.cpu_seconds(), postgres: 0.0, own, resident: running.started.resident_bytes() },
        })
    }

    async fn take(&self) -> Result<Tally> {
        match &self.body {
            Body::Posada { fleet, .. } => fleet.take_all().await,
            Body::Peer { fleet, .. } => fleet.take_all().await,
        }
    }

    fn delivered(&self) -> u64 {
        match &self.body {
            Body::Posada { fleet, .. } => fleet.delivered(),
            Body::Peer { fleet, .. } => fleet.delivered(),
        }
    }

    pub async fn end(self) -> Result<()> {
        match self.body {
            Body::Posada { server, fleet, mut street, .. } => {
                street.restore().await?;
                fleet.end().await?;
                server.stop().await
            }
            Body::Peer { running, fleet, .. } => {
                fleet.end().await?;
                tokio::task::spawn_blocking(move || running.started.stop(Duration::from_secs(20))).await??;
                Ok(())
            }
        }
    }
}

/// Rounds of all subjects in turn (A B C A B C …), and the median of each figure: what disturbs the machine disturbs all alike.
pub async fn compare(subjects: &mut [Subject], rounds: usize, pace: Pace, lasting: Duration) -> Result<Vec<(String, Figures)>> {
    let mut seen: Vec<Vec<Figures>> = vec![Vec::new(); subjects.len()];
    for round in 0..rounds {
        for (subject, seen) in subjects.iter_mut().zip(&mut seen) {
            seen.push(subject.round(pace, lasting).await.with_context(|| format!("{}, round {}", subject.name, round + 1))?);
        }
    }
    Ok(subjects.iter().zip(seen).map(|(subject, seen)| (subject.name.clone(), medians(&seen))).collect())
}

/// The median of each figure over some rounds.
pub fn medians(rounds: &[Figures]) -> Figures {
    let names = rounds.first().into_iter().flat_map(|figures| figures.keys());
    names.map(|name| (*name, median(rounds.iter().filter_map(|figures| figures.get(name).copied()).collect()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_of_the_rounds() {
        let rounds = |values: &[f64]| values.iter().map(|value| Figures::from([("x", *value)])).collect::<Vec<_>>();
        assert_eq!(medians(&rounds(&[9.0, 1.0, 2.0])), Figures::from([("x", 2.0)]));
        assert_eq!(medians(&rounds(&[4.0, 1.0, 2.0, 100.0])), Figures::from([("x", 3.0)]));
        assert_eq!(medians(&[]), Figures::new());
    }
}
