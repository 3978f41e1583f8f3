//! 10,000 viewers of one city: how soon the last one knows.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scenario, called, end, everybody};
use crate::{
    bench::{Outcome, Running, Wanted, subject::compare},
    pace::Pace,
    peers::Peer,
};

pub const SCENARIO: Scenario = Scenario { name: "many", title: "10,000 viewers", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(10_000, 2_000), bench.pick(3, 2), bench.pick(6, 3));
    let (mut subjects, payload) = everybody(bench, &[], &[Peer::Nchan], viewers).await?;
    let rows = compare(&mut subjects, rounds, Pace::PerSecond(4.0), Duration::from_secs(seconds)).await?;
    end(subjects).await?;
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city in which 4 prices change a second, with the defaults of Posada. Payload {payload} bytes. Posada's latency \
             includes the write to Postgres. {rounds} rounds of {seconds} s in turn, medians."
        ),
        rows,
        pictures: vec!["latency p99, ms"],
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        outcome.ratio("latency p99, ms", &called(outlet), Peer::Nchan.name(), 1.0)?;
        outcome.bound("latency p95, ms", &called(outlet), Wanted::AtMost(1_000.0))?;
    }
    Ok(outcome)
}
