//! `posada serve`: starts, says where it is, and ends with the first SIGTERM or Ctrl-C; a second one hurries.

use std::{pin::pin, time::Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use super::{
    Exit,
    output::say,
    session::{Interrupted, interrupted},
};
use crate::{config::Config, demo, running::Running, telemetry};

pub(super) fn run(config: Config) -> anyhow::Result<Exit> {
    telemetry::init_logs(&config.log);
    raise_descriptors();
    let begun = Instant::now();
    actix_web::rt::System::new().block_on(async move {
        let mut asked_to_end = pin!(interrupted()?);
        let running = tokio::select! {
            started = Running::start(config) => started?,
            () = &mut asked_to_end => return Err(Interrupted.into()),
        };
        let took = begun.elapsed();
        tracing::info!(address = %running.address(), metrics = %running.metrics_address(), milliseconds = took.as_millis() as u64, "ready");
        say(format!("Posada is ready after {:.1} s: http://{}", took.as_secs_f64(), running.address()));
        say(format!("  metrics  http://{}/metrics", running.metrics_address()));
        say(format!("  data     {}", running.database().place()));
        if running.has_demo() {
            say(format!("  demo     fills while you look; sign in as {} or {}, password: {}", demo::HOST, demo::GUEST, demo::PASSWORD));
        }
        say("  Ctrl-C stops it.");
        asked_to_end.await;
        tracing::info!("stopping; a second signal hurries");
        running.stop(interrupted()?).await;
        tracing::info!("stopped");
        Ok(Exit::Done)
    })
}

/// Every open map is a file descriptor: take as many as we may have.
fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of file descriptors stays as it is");
    }
}
