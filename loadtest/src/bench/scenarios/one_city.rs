//! One city, each change by itself: what one delivery costs.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scenario, called, end, everybody};
use crate::{
    bench::{Outcome, Running, subject::compare},
    pace::Pace,
    peers::Peer,
};

pub const SCENARIO: Scenario = Scenario { name: "one-city", title: "One city, every change by itself", run };

const CPU: &str = "server CPU, µs per delivery";

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(2_000, 1_000), bench.pick(5, 2), bench.pick(5, 2));
    let settings = [("live.near_hz", "40".to_owned())];
    let peers = [Peer::Nchan, Peer::Nats, Peer::KernelLimit { every_ms: 0 }];
    let (mut subjects, payload) = everybody(bench, &settings, &peers, viewers).await?;
    let rows = compare(&mut subjects, rounds, Pace::PerSecond(20.0), Duration::from_secs(seconds)).await?;
    end(subjects).await?;
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city in which 20 prices change a second; `live.near_hz` is 40, so that no two changes share a frame. \
             Payload {payload} bytes, the same for all. Posada's CPU includes taking the writes (HTTP, validation, its side of Postgres); the \
             peers' includes being handed the finished message. {rounds} rounds of {seconds} s in turn, medians."
        ),
        rows,
        pictures: vec![CPU, "latency p99, ms"],
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        let posada = called(outlet);
        // The raw outlet, the default, is there to cost less, so more is asked of it.
        let (nchan, kernel) = if *outlet == "raw" { (0.75, 1.35) } else { (0.9, 1.65) };
        outcome.ratio(CPU, &posada, Peer::Nchan.name(), nchan)?;
        outcome.ratio(CPU, &posada, Peer::Nats.name(), 0.5)?;
        outcome.ratio(CPU, &posada, Peer::KernelLimit { every_ms: 0 }.name(), kernel)?;
    }
    Ok(outcome)
}
