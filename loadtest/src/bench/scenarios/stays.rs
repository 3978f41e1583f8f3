//! From a guest's click to the host's socket, beside a bare commit of the same row.

use anyhow::Result;

use super::{Bench, OURS, Scenario, ours};
use crate::{
    bench::{Outcome, Running, Wanted},
    stays::{self, P99, RATIO},
};

pub const SCENARIO: Scenario = Scenario { name: "stays", title: "A request for a stay reaches its host", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let server = bench.posada.start(&bench.cores, OURS, &[]).await?;
    server.keep_postgres_beside(&bench.cores);
    let scenario = stays::Stays {
        hosts: bench.pick(10_000, 500),
        asked: bench.pick(50, 10),
        requests: bench.pick(1_000, 200),
        guests: 1,
        database_url: Some(server.database_url.clone()),
        tenant: "demo".to_owned(),
        max_ratio: None,
        max_p99_ms: None,
    };
    let report = stays::run(&server.target, &scenario).await?;
    server.stop().await?;
    let mut outcome = ours(
        report,
        format!(
            "{} hosts are connected; {} of them are asked for nights, {} times in all, one request after the other. After each request the row that it made is \
             inserted once more, alone in its transaction, on a connection of its own with one round trip: the bare commit. The first includes HTTP, the session, \
             the rules, the idempotency key, the event in the host's stream, and its way to the host's socket. Postgres has the server's core; before each of the two \
             it has been quiet for 20 ms.",
            scenario.hosts, scenario.asked, scenario.requests
        ),
    );
    outcome.bound(RATIO, "Posada", Wanted::AtMost(1.5))?;
    outcome.bound(P99, "Posada", Wanted::AtMost(250.0))?;
    Ok(outcome)
}
