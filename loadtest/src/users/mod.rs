//! *users*: how many people a server bears who follow one published script, and how much it answers when they do not stop to think.
//!
//! Run by itself against one server, or by the bench against the product and its baseline (`posada serve --plain`) in turn. Asks by HTTP only, for
//! the baseline has no sockets. Leaves people and declined requests behind: for a server that is there to be measured, with the demo in it.

mod crowd;
mod lookups;
pub mod script;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    Target,
    http::{Usage, own_cpu_seconds},
    report::Report,
};
use crowd::Crowd;
use lookups::Lookups;

/// Users who send as fast as they are answered.
const SATURATING: usize = 64;

#[derive(Args, Clone, Debug)]
pub struct Users {
    /// 95 of 100 answers come within this, in ms, or the users are too many
    #[arg(long, default_value_t = 50.0)]
    pub p95_ms: f64,
    /// How long a user thinks between two requests, on average, in ms
    #[arg(long, default_value_t = 1000)]
    pub think_ms: u64,
    /// Seconds that each number of users is looked at
    #[arg(long, default_value_t = 4)]
    pub seconds: u64,
    /// No more users than this are tried
    #[arg(long, default_value_t = 8000)]
    pub most: usize,
    /// Sessions, shared by the users in turn: a sign-in costs the server some 20 ms of a core, on purpose
    #[arg(long, default_value_t = 256)]
    pub sessions: usize,
    /// Where users' choices come from
    #[arg(long, default_value_t = 93)]
    pub seed: u64,
}

pub const BORNE: &str = "users within the limit";
pub const ANSWERS: &str = "answers a second, as fast as answered";
pub const HITS: &str = "cache hits, %";

/// A crowd at one server, for as many rounds as wanted.
pub struct Scene<'a> {
    target: &'a Target,
    settings: &'a Users,
    crowd: Crowd,
}

impl<'a> Scene<'a> {
    pub async fn open(target: &'a Target, settings: &'a Users) -> Result<Self> {
        ensure!(settings.most > 0 && settings.seconds > 0, "somebody has to look for a while");
        Ok(Self { target, settings, crowd: Crowd::gather(&target.url, settings.sessions, settings.seed).await? })
    }

    /// How many users it bears, then how much it answers to users who do not think.
    pub async fn round(&mut self) -> Result<Vec<(&'static str, f64)>> {
        let (think, lasting) = (Duration::from_millis(self.settings.think_ms), Duration::from_secs(self.settings.seconds));
        let before = Lookups::read(self.target).await?;
        let borne = self.crowd.bears(self.settings.p95_ms, think, lasting, self.settings.most).await?;
        let hits = Lookups::read(self.target).await?.hits_since(before);
        let (used, own) = (Usage::read(self.target).await?.cpu_seconds, own_cpu_seconds());
        let saturated = self.crowd.look(SATURATING, Duration::ZERO, lasting).await?;
        // The part that does not count is served too.
        let looked = lasting.as_secs_f64() * 4.0 / 3.0;
        Ok(vec![
            (BORNE, borne.users as f64),
            ("their answers a second", borne.seen.a_second()),
            ("their p50, ms", borne.seen.quantile_ms(0.5)),
            ("their p95, ms", borne.seen.quantile_ms(0.95)),
            (ANSWERS, saturated.a_second()),
            ("saturated: p95, ms", saturated.quantile_ms(0.95)),
            ("saturated: server CPU, cores", (Usage::read(self.target).await?.cpu_seconds - used) / looked),
            ("saturated: load test CPU, cores", (own_cpu_seconds() - own) / looked),
            ("failures", (borne.seen.failures + saturated.failures) as f64),
            (HITS, hits),
        ])
    }
}

pub async fn run(target: &Target, settings: &Users) -> Result<Report> {
    let mut report = Report::new("users");
    for (name, value) in Scene::open(target, settings).await?.round().await? {
        report.figure(name, value);
    }
    Ok(report)
}
