//! 200,000 deliveries a second: who holds them, and how late.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scenario, called, end, everybody};
use crate::{
    bench::{Outcome, Running, Wanted, subject::compare},
    pace::Pace,
    peers::Peer,
};

pub const SCENARIO: Scenario = Scenario { name: "held", title: "200,000 deliveries a second", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(2_000, 500), bench.pick(3, 2), bench.pick(6, 2));
    let rate = 100.0;
    let settings = [("live.near_hz", "20".to_owned())];
    let (mut subjects, payload) = everybody(bench, &settings, &[Peer::Nchan], viewers).await?;
    let rows = compare(&mut subjects, rounds, Pace::PerSecond(rate), Duration::from_secs(seconds)).await?;
    end(subjects).await?;
    let deliveries = rate * viewers as f64;
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city in which {rate} prices change a second: {deliveries} deliveries a second. `live.near_hz` is 20. Payload of one \
             change {payload} bytes. A change counts from the moment it was due, so that who falls behind is late. {rounds} rounds of {seconds} s in \
             turn, medians."
        ),
        rows,
        pictures: vec!["latency p99, ms", "server CPU, cores"],
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        outcome.bound("latency p99, ms", &called(outlet), Wanted::AtMost(120.0))?;
        outcome.bound("delivered, of all", &called(outlet), Wanted::AtLeast(0.999))?;
    }
    outcome.bound("latency p99, ms", Peer::Nchan.name(), Wanted::AtLeast(120.0))?;
    Ok(outcome)
}
