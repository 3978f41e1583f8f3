//! The table of what is measured. Another scenario is another module and another row.

mod held;
mod idle;
mod import;
mod many;
mod moving;
mod noisy;
mod one_city;
mod restart;
mod saturation;
mod stalled;
mod stays;
mod users;
mod world;

use std::sync::Arc;

use anyhow::{Context, Result};

use super::{Bench, Outcome, Scenario, subject::Subject};
use crate::{peers::Peer, report::Report};

pub const SCENARIOS: &[Scenario] = &[
    one_city::SCENARIO,
    saturation::SCENARIO,
    held::SCENARIO,
    moving::SCENARIO,
    many::SCENARIO,
    idle::SCENARIO,
    stalled::SCENARIO,
    noisy::SCENARIO,
    restart::SCENARIO,
    world::SCENARIO,
    stays::SCENARIO,
    import::SCENARIO,
    users::SCENARIO,
];

/// What a Posada is called in tables, by its outlet.
fn called(outlet: &str) -> String {
    format!("Posada, {outlet} outlet")
}

/// The data that scenarios without peers share. The import is the last of them: it fills a city.
const OURS: &str = "ours";

/// What one Posada showed, where nobody else is beside it.
fn ours(report: Report, about: String) -> Outcome {
    Outcome { about, rows: vec![("Posada".to_owned(), report.figures.into_iter().collect())], ..Outcome::default() }
}

/// Posada with each of its outlets and the peers, with as many viewers each, warmed up. Posada's own frame is the payload for all.
async fn everybody(bench: &Bench, settings: &[(&str, String)], peers: &[Peer], viewers: usize) -> Result<(Vec<Subject>, usize)> {
    let (mut subjects, mut template) = (Vec::new(), None);
    for outlet in &bench.outlets {
        let mut posada = Subject::posada(bench, &called(outlet), outlet, settings, viewers).await?;
        template = posada.warm_up().await?.or(template);
        subjects.push(posada);
    }
    let template = Arc::new(template.context("no Posada was measured")?);
    for peer in peers {
        let mut subject = Subject::peer(bench, *peer, &template, viewers).await?;
        subject.warm_up().await?;
        subjects.push(subject);
    }
    Ok((subjects, template.length()))
}

async fn end(subjects: Vec<Subject>) -> Result<()> {
    for subject in subjects {
        subject.end().await?;
    }
    Ok(())
}
