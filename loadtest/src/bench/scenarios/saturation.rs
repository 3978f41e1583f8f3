//! As many changes as the server takes: what a delivery costs when changes may share a frame.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scenario, called, end, everybody};
use crate::{
    bench::{Outcome, Running, subject::compare},
    pace::Pace,
    peers::Peer,
};

pub const SCENARIO: Scenario = Scenario { name: "saturation", title: "As many changes as the server takes", run };

const CPU: &str = "server CPU, µs per delivery";

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(2_000, 500), bench.pick(3, 2), bench.pick(5, 2));
    let peers = [Peer::Nchan, Peer::Nats, Peer::KernelLimit { every_ms: 0 }, Peer::KernelLimit { every_ms: 100 }];
    let (mut subjects, payload) = everybody(bench, &[], &peers, viewers).await?;
    let rows = compare(&mut subjects, rounds, Pace::AsAnswered, Duration::from_secs(seconds)).await?;
    end(subjects).await?;
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city whose {} homes change as fast as 16 writers are answered (peers: 4 writers, at most 32 changes ahead of \
             their viewers), with the defaults of Posada: 10 frames a second, the last value of each home. Payload of one change {payload} bytes. \
             A price that was overwritten before its frame left is no delivery. {rounds} rounds of {seconds} s in turn, medians.",
            bench.homes
        ),
        rows,
        pictures: vec![CPU, "deliveries a second"],
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        let nchan = if *outlet == "raw" { 1.0 / 15.0 } else { 1.0 / 8.0 };
        outcome.ratio(CPU, &called(outlet), Peer::Nchan.name(), nchan)?;
        outcome.ratio(CPU, &called(outlet), Peer::Nats.name(), 1.0 / 5.0)?;
    }
    Ok(outcome)
}
