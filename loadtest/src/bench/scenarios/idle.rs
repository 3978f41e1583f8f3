//! Viewers who look while nothing happens: what a connection costs in memory.

use anyhow::Result;

use super::{Bench, Scenario, called};
use crate::{
    bench::{Outcome, Running, Wanted, subject::Figures},
    idle,
};

pub const SCENARIO: Scenario = Scenario { name: "idle", title: "Idle connections", run };

const MEMORY: &str = "memory per connection, kB";

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let viewers = bench.pick(10_000, 2_000);
    let mut outcome = Outcome { pictures: vec![MEMORY], ..Outcome::default() };
    outcome.about =
        format!("{viewers} viewers look at the world while nothing changes: resident memory of the server's process over what it was before they came.");
    for outlet in &bench.outlets {
        let settings = if bench.outlets.len() > 1 { vec![("live.outlet", (*outlet).to_owned())] } else { Vec::new() };
        let server = bench.posada.start(&bench.cores, outlet, &settings).await?;
        let report = idle::run(&server.target, &idle::Idle { viewers, seconds: 3, max_kb_per_connection: None }).await?;
        server.stop().await?;
        outcome.rows.push((called(outlet), report.figures.into_iter().collect::<Figures>()));
        outcome.bound(MEMORY, &called(outlet), Wanted::AtMost(if *outlet == "raw" { 4.0 } else { 12.0 }))?;
    }
    Ok(outcome)
}
