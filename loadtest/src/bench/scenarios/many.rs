//! 10,000 viewers of one city: how soon the last one knows.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};

use super::{Bench, Scenario, called};
use crate::{
    bench::{
        Outcome, Running, Wanted,
        subject::{Figures, Subject, medians},
    },
    pace::Pace,
    peers::Peer,
};

pub const SCENARIO: Scenario = Scenario { name: "many", title: "10,000 viewers", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, rounds, seconds) = (bench.pick(10_000, 2_000), bench.pick(3, 2), bench.pick(6, 3));
    let (pace, lasting) = (Pace::PerSecond(4.0), Duration::from_secs(seconds));
    let mut seen: Vec<(String, Vec<Figures>)> = Vec::new();
    let mut payload = 0;
    for _ in 0..rounds {
        // One after the other, each with its viewers: who is not the system's own user may not have so many files open at once.
        let (mut round, mut template) = (Vec::new(), None);
        for outlet in &bench.outlets {
            let mut posada = Subject::posada(bench, &called(outlet), outlet, &[], viewers).await?;
            template = posada.warm_up().await?.or(template);
            round.push(once(posada, pace, lasting).await?);
        }
        let template = Arc::new(template.context("no Posada was measured")?);
        payload = template.length();
        let mut nchan = Subject::peer(bench, Peer::Nchan, &template, viewers).await?;
        nchan.warm_up().await?;
        round.push(once(nchan, pace, lasting).await?);
        if seen.is_empty() {
            seen = round.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
        }
        seen.iter_mut().zip(round).for_each(|((_, all), (_, figures))| all.push(figures));
    }
    let rows = seen.iter().map(|(name, all)| (name.clone(), medians(all))).collect();
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

/// One round of somebody who then goes.
async fn once(mut subject: Subject, pace: Pace, lasting: Duration) -> Result<(String, Figures)> {
    let figures = subject.round(pace, lasting).await.with_context(|| subject.name.clone())?;
    let name = subject.name.clone();
    subject.end().await?;
    Ok((name, figures))
}
