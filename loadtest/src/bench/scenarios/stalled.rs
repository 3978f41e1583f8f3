//! Some viewers stop reading: how much later the others know, and what it costs.

use anyhow::Result;

use super::{Bench, Scenario, called};
use crate::{
    bench::{Outcome, Running, Wanted},
    host::Host,
    stalled::{self, AFTERWARDS, MEMORY, RATIO, TOLD},
};

pub const SCENARIO: Scenario = Scenario { name: "stalled", title: "Viewers who stop reading", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let viewers = bench.pick(1_000, 500);
    let scenario = stalled::Stalled {
        viewers,
        stalled: viewers / 10,
        rate: 100.0,
        seconds: bench.pick(20, 3),
        rounds: bench.pick(3, 1),
        host: Host::of_the_demo(bench.homes, 8),
        max_ratio: None,
        max_memory_ratio: None,
    };
    let mut outcome = Outcome {
        about: format!(
            "{viewers} viewers of one city in which {} prices change a second; in every second round {} of them read nothing. {} pairs of rounds of {} s in turn, \
             medians.",
            scenario.rate, scenario.stalled, scenario.rounds, scenario.seconds
        ),
        ..Outcome::default()
    };
    for outlet in &bench.outlets {
        let settings = if bench.outlets.len() > 1 { vec![("live.outlet", (*outlet).to_owned())] } else { Vec::new() };
        let server = bench.posada.start(&bench.cores, outlet, &settings).await?;
        let report = stalled::run(&server.target, &scenario).await?;
        server.stop().await?;
        outcome.rows.push((called(outlet), report.figures.into_iter().collect()));
        outcome.bound(RATIO, &called(outlet), Wanted::AtMost(1.2))?;
        outcome.bound(MEMORY, &called(outlet), Wanted::AtMost(1.1))?;
        // As many as were made: the kernel took all of it, and the server felt no stall.
        outcome.bound(TOLD, &called(outlet), Wanted::AtMost(0.9))?;
        outcome.bound(AFTERWARDS, &called(outlet), Wanted::AtLeast(1.0))?;
    }
    Ok(outcome)
}
