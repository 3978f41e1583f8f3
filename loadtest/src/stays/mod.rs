//! *stays*: from a guest's click to the host's socket, beside a bare commit of the same row.
//!
//! Hosts are connected and listen to their own stream; guests ask them for nights. With `--database-url` every request is followed by a plain insert of
//! the very row it made, on a connection with nothing around it: what Postgres and its disk take by themselves on this machine at this moment. The
//! ratio of the two is what all the rest costs: HTTP, who asks, rules, key, event, hand-over, frame. Leaves people, homes and requests behind: for a
//! server that is there to be measured.

mod bare;
mod listener;
pub mod people;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    Target,
    fleet::Fleet,
    http::{Http, Usage, own_cpu_seconds},
    report::Report,
};
use bare::Bare;
use listener::{Arrival, Hosts};
use people::People;

pub const P99: &str = "click to host's socket p99, ms";
pub const RATIO: &str = "click to host's socket / bare commit, p50";

/// Before each click and each bare commit: what the last one set off (the host's acknowledgement, the guest's news of it) has ended.
const QUIET: Duration = Duration::from_millis(20);

/// Nobody waits longer than this for a frame.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Stays {
    /// Hosts' connections
    #[arg(long, default_value_t = 500)]
    pub hosts: usize,
    /// Hosts who are asked: each has an account, a home and one connection. The other connections share as many accounts
    #[arg(long, default_value_t = 20)]
    pub asked: usize,
    /// Requests that count
    #[arg(long, default_value_t = 500)]
    pub requests: usize,
    /// Guests who ask side by side, each again when the host has heard
    #[arg(long, default_value_t = 1)]
    pub guests: usize,
    /// The server's Postgres, as posada_app: for the bare commit beside
    #[arg(long)]
    pub database_url: Option<String>,
    /// The community, for the bare commit
    #[arg(long, default_value = "demo")]
    pub tenant: String,
    /// Fails when the median is more than so many times that of a bare commit
    #[arg(long)]
    pub max_ratio: Option<f64>,
    /// Fails when the 99th percentile is above this, in ms
    #[arg(long)]
    pub max_p99_ms: Option<f64>,
}

pub async fn run(target: &Target, scenario: &Stays) -> Result<Report> {
    ensure!(scenario.asked > 0 && scenario.guests > 0 && scenario.hosts >= scenario.asked, "somebody has to ask, and to be asked");
    let people = People::come(&target.url, scenario).await?;
    let (tell, heard) = (0..scenario.guests).map(|_| mpsc::unbounded_channel()).unzip::<_, _, Vec<_>, Vec<_>>();
    let mut fleet = Fleet::start(&target.way(1, None)?, Hosts::new(people.tokens(scenario.hosts), tell))?;
    fleet.open(scenario.hosts, 0, Duration::from_secs(300)).await?;

    let mut lanes = Vec::new();
    for (number, (guest, arrivals)) in people.guests.into_iter().zip(heard).enumerate() {
        let bare = match &scenario.database_url {
            Some(url) => Some(Bare::connect(url, &scenario.tenant).await?),
            None => None,
        };
        lanes.push(Lane { number, guest, arrivals, bare, homes: people.homes.clone(), asked: 0, all: scenario.guests });
    }
    let share = |count: usize| count.div_ceil(scenario.guests);
    // Statements are prepared and pages are warm on every connection of the server before it counts.
    try_join_all(lanes.iter_mut().map(|lane| lane.ask(share(200)))).await?;
    let (before, own_before, begun) = (Usage::read(target).await?, own_cpu_seconds(), Instant::now());
    let rounds = try_join_all(lanes.iter_mut().map(|lane| lane.ask(share(scenario.requests)))).await?;
    let (took, after, own) = (begun.elapsed().as_secs_f64(), Usage::read(target).await?, own_cpu_seconds() - own_before);
    for lane in lanes {
        lane.end().await?;
    }
    let tally = fleet.take_all().await?;
    fleet.end().await?;
    ensure!(tally.failures.is_empty(), "hosts' connections failed: {:?}", tally.failures);

    let mut times = rounds.into_iter().fold(Times::default(), Times::and);
    let count = times.socket.len() as f64;
    let mut report = Report::new("stays");
    report.figure("hosts connected", scenario.hosts as f64);
    report.figure("requests", count);
    report.figure("requests a second", count / took);
    report.figure("click to host's socket p50, ms", quantile(&mut times.socket, 0.5));
    report.figure(P99, quantile(&mut times.socket, 0.99));
    report.figure("click to answer p50, ms", quantile(&mut times.answer, 0.5));
    report.figure("server CPU per request, ms", (after.cpu_seconds - before.cpu_seconds) * 1000.0 / count);
    report.figure("load test CPU, s", own);
    if scenario.database_url.is_some() {
        let bare = quantile(&mut times.bare, 0.5);
        report.figure("bare commit p50, ms", bare);
        report.figure("bare commit p99, ms", quantile(&mut times.bare, 0.99));
        report.figure(RATIO, quantile(&mut times.socket, 0.5) / bare);
        report.limit(RATIO, scenario.max_ratio);
    }
    report.limit(P99, scenario.max_p99_ms);
    Ok(report)
}

/// One guest who asks, and hears what reached the hosts.
struct Lane {
    number: usize,
    guest: Http,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    bare: Option<Bare>,
    homes: Vec<String>,
    asked: usize,
    all: usize,
}

/// How long things took, in ms.
#[derive(Default)]
struct Times {
    socket: Vec<f64>,
    answer: Vec<f64>,
    bare: Vec<f64>,
}

impl Times {
    fn and(mut self, other: Self) -> Self {
        self.socket.extend(other.socket);
        self.answer.extend(other.answer);
        self.bare.extend(other.bare);
        self
    }
}

impl Lane {
    /// Asks so many times, one after the other; between them a bare commit of the row.
    async fn ask(&mut self, times: usize) -> Result<Times> {
        let mut took = Times::default();
        for _ in 0..times {
            let nth = self.asked;
            self.asked += 1;
            let home = &self.homes[(nth * self.all + self.number) % self.homes.len()];
            let click = format!("click {} {nth} ", self.number);
            let body = json!({"arrive": day(30 + nth % 300), "leave": day(32 + nth % 300), "guests": 1, "message": format!("{click}May we stay with you?")});
            let path = format!("/api/v1/homes/{home}/stays");
            tokio::time::sleep(QUIET).await;
            let sent = Instant::now();
            let answer = async {
                let stay = self.guest.send("POST", &path, &[], Some(&body)).await?;
                anyhow::Ok((stay, Instant::now()))
            };
            let heard = async { timeout(PATIENCE, self.arrivals.recv()).await.context("the host heard nothing")?.context("no host listens") };
            let ((stay, answered), arrival): ((Value, Instant), Arrival) = tokio::try_join!(answer, heard)?;
            if arrival.nth != nth {
                bail!("click {nth} was followed by click {} at the host", arrival.nth);
            }
            took.socket.push(ms(arrival.at.duration_since(sent)));
            took.answer.push(ms(answered.duration_since(sent)));
            if let Some(bare) = &mut self.bare {
                tokio::time::sleep(QUIET).await;
                took.bare.push(ms(bare.commit(&stay).await?));
            }
        }
        Ok(took)
    }

    async fn end(self) -> Result<()> {
        match self.bare {
            Some(bare) => bare.end().await,
            None => Ok(()),
        }
    }
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

/// A day so far from now, as a date.
fn day(from_now: usize) -> String {
    (time::OffsetDateTime::now_utc().date() + time::Duration::days(from_now as i64)).to_string()
}

/// A quantile of some figures, by the nearest rank; 0 of none.
fn quantile(values: &mut [f64], quantile: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * quantile).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}
