//! 5,000 viewers of one city that moves all the time: how old what they see is.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scenario, called, end, everybody};
use crate::{
    bench::{Outcome, Running, Wanted, subject::compare},
    pace::Pace,
};

pub const SCENARIO: Scenario = Scenario { name: "moving", title: "5,000 viewers of a moving city", run };

const STALENESS: &str = "staleness p99, ms";

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(5_000, 1_000), bench.pick(3, 2), bench.pick(6, 2));
    let (rate, settings) = (20.0, [("live.near_hz", "20".to_owned())]);
    let (mut subjects, payload) = everybody(bench, &settings, &[], viewers).await?;
    let rows = compare(&mut subjects, rounds, Pace::PerSecond(rate), Duration::from_secs(seconds)).await?;
    end(subjects).await?;
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city in which {rate} prices change a second; `live.near_hz` is 20, so that a change waits at most 50 ms for its tick. Staleness \
             runs from the answer to the write, which comes after the commit, to the change in a viewer's hands. Payload {payload} bytes. {rounds} rounds of {seconds} s \
             in turn, medians."
        ),
        rows,
        pictures: vec![STALENESS],
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        outcome.bound(STALENESS, &called(outlet), Wanted::AtMost(100.0))?;
    }
    Ok(outcome)
}
