//! An import into a city that many look at: what it costs them, and what they cost it.

use anyhow::Result;

use super::{Bench, OURS, Scenario, ours};
use crate::{
    bench::{Outcome, Running, Wanted},
    host::Host,
    import::{self, DIFFERENT, MISSING, ROWS, STALENESS},
};

pub const SCENARIO: Scenario = Scenario { name: "import", title: "An import under watch", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let server = bench.posada.start(&bench.cores, OURS, &[]).await?;
    let scenario = import::Import {
        rows: bench.pick(50_000, 5_000),
        viewers: bench.pick(500, 100),
        mappers: bench.pick(100, 20),
        rate: 20.0,
        posada: bench.posada.call(OURS),
        into: "demo".to_owned(),
        host: Host::of_the_demo(40, 4),
        max_staleness_p99_ms: None,
        min_rows_per_s: None,
    };
    let report = import::run(&server.target, &scenario).await?;
    server.stop().await?;
    let mut outcome = ours(
        report,
        format!(
            "{} homes come into a city by `posada import homes`, first with nobody looking, then with {} viewers of a street in which {} prices \
             change a second, and {} viewers of the whole city, whose maps are compared with the server's. The import shares its core with Postgres \
             and the load test.",
            scenario.rows, scenario.viewers, scenario.rate, scenario.mappers
        ),
    );
    outcome.bound(ROWS, "Posada", Wanted::AtLeast(10_000.0))?;
    outcome.bound(STALENESS, "Posada", Wanted::AtMost(1_000.0))?;
    outcome.bound(MISSING, "Posada", Wanted::AtMost(0.0))?;
    outcome.bound(DIFFERENT, "Posada", Wanted::AtMost(0.0))?;
    Ok(outcome)
}
