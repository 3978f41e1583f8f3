//! One community at ten times its quota: how much later a quiet one knows.

use anyhow::Result;

use super::{Bench, OURS, Scenario, ours};
use crate::{
    bench::{Outcome, Running, Wanted},
    host::Host,
    noisy::{self, ENDED, RATIO},
};

pub const SCENARIO: Scenario = Scenario { name: "noisy", title: "A community at ten times its quota", run };

/// Places of one community.
const PLACES: usize = 200;

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let scenario = noisy::Noisy {
        viewers: 100,
        rate: 20.0,
        seconds: bench.pick(5, 2),
        rounds: bench.pick(5, 2),
        loud: "loud".to_owned(),
        places: PLACES,
        host: Host::of_the_demo(40, 4),
        max_ratio: None,
    };
    let quota =
        [("live.tenant_connections", PLACES.to_string()), ("live.tenant_snapshots_per_s", "100".to_owned()), ("live.tenant_bytes_per_s", "2000000".to_owned())];
    bench.posada.prepare(OURS, &[&["tenant", "create", "loud", "--name", "Loud", "--public-map", "--open"]]).await?;
    let server = bench.posada.start(&bench.cores, OURS, &quota).await?;
    let report = noisy::run(&server.target, &scenario).await?;
    server.stop().await?;
    let mut outcome = ours(
        report,
        format!(
            "A quiet community: {} viewers, {} changes a second. Beside it in every second round a loud one: {} connections for {PLACES} places, views \
             that never stand still (100 a second are its share), changes as fast as they are answered. {} pairs of rounds of {} s in turn, medians. \
             The loud one's viewers share the load test's core with the quiet one's.",
            scenario.viewers,
            scenario.rate,
            10 * PLACES,
            scenario.rounds,
            scenario.seconds
        ),
    );
    outcome.bound(RATIO, "Posada", Wanted::AtMost(1.2))?;
    outcome.bound(ENDED, "Posada", Wanted::AtMost(0.0))?;
    Ok(outcome)
}
