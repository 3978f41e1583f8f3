//! A server restarts under its viewers: how evenly they come back, and what they miss.

use anyhow::Result;

use super::{Bench, OURS, Scenario, ours};
use crate::{
    bench::{Outcome, Running, Wanted},
    host::Host,
    restart::{self, GAPS, LOST, PEAK, RESUMED},
};

pub const SCENARIO: Scenario = Scenario { name: "restart", title: "A restart under its viewers", run };

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (viewers, drain_per_s) = (bench.pick(10_000, 1_000), bench.pick(2_000.0, 250.0));
    let scenario = restart::Restart {
        viewers,
        followers: bench.pick(50, 10),
        rate: 10.0,
        seconds: bench.pick(4, 2),
        drain_per_s,
        again: None,
        host: Host::of_the_demo(40, 4),
        max_peak: None,
        min_resumed: None,
    };
    let settings = [("live.drain_per_s", drain_per_s.to_string())];
    let server = bench.posada.start(&bench.cores, OURS, &settings).await?;
    let (target, listen) = (server.target.clone(), server.listens());
    let again = || async {
        server.stop().await?;
        bench.posada.start_at(&bench.cores, OURS, &settings, &listen).await
    };
    let (report, server) = restart::run(&target, &scenario, again).await?;
    server.stop().await?;
    let mut outcome = ours(
        report,
        format!(
            "{viewers} viewers of one city, {} followers of its events, {} changes a second. The server gets a SIGTERM and starts again on its data; \
             `live.drain_per_s` is {drain_per_s}. Viewers come back when they were told to.",
            scenario.followers, scenario.rate
        ),
    );
    outcome.bound(PEAK, "Posada", Wanted::AtMost(2.0))?;
    outcome.bound(RESUMED, "Posada", Wanted::AtLeast(0.95))?;
    outcome.bound(LOST, "Posada", Wanted::AtMost(0.0))?;
    outcome.bound(GAPS, "Posada", Wanted::AtMost(0.0))?;
    Ok(outcome)
}
