//! 100,000 views of many places: what a view costs, and how soon it knows.

use anyhow::Result;

use super::{Bench, OURS, Scenario, ours};
use crate::{
    bench::{Outcome, Running, Wanted},
    host::Host,
    world::{self, ENDED, PER_VIEW, STALENESS, VIEWS_OPEN},
};

pub const SCENARIO: Scenario = Scenario { name: "world", title: "100,000 views all over the world", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let scenario = world::World {
        connections: bench.pick(12_500, 500),
        cities: 24,
        rate: bench.pick(5.0, 20.0),
        seconds: bench.pick(15, 4),
        wandering: bench.pick(2, 10),
        host: Host::of_the_demo(1, 8),
        max_staleness_p99_ms: None,
        max_kb_per_view: None,
    };
    let server = bench.posada.start(&bench.cores, OURS, &[]).await?;
    let report = world::run(&server.target, &scenario).await?;
    server.stop().await?;
    let mut outcome = ours(
        report,
        format!(
            "{} connections with eight views each: the world, a continent, two countries, four cities from above to a street. {} prices change a \
             second in {} cities in turn; {} connections of a hundred look elsewhere every two seconds.",
            scenario.connections, scenario.rate, scenario.cities, scenario.wandering
        ),
    );
    outcome.bound(VIEWS_OPEN, "Posada", Wanted::AtLeast(bench.pick(100_000.0, 4_000.0)))?;
    outcome.bound(PER_VIEW, "Posada", Wanted::AtMost(12.0))?;
    outcome.bound(STALENESS, "Posada", Wanted::AtMost(1_000.0))?;
    outcome.bound(ENDED, "Posada", Wanted::AtMost(0.0))?;
    Ok(outcome)
}
