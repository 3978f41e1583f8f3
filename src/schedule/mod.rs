//! Time as a caller: what has to happen because a moment has come.
//!
//! Started by `app`, ended with it. Gives the same commands as the other edges; an order that fails is given again at the next turn.

mod revocations;

use std::time::{Duration, Instant};

use actors::RelayHandle;
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

pub use revocations::hear as hear_revocations;

use crate::{
    commands::expire_stays,
    store::{Store, StoreError},
};

/// How often requests are looked at whose time may be over.
const EXPIRE_EVERY: Duration = Duration::from_secs(5);
/// How often old answers to idempotency keys, and sessions that ended long ago, are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Starts the schedule on the current runtime. Abort the handle to end it.
pub fn start(store: Store, relay: RelayHandle) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut expire = every(EXPIRE_EVERY);
        let mut forget = every(FORGET_EVERY);
        loop {
            tokio::select! {
                _ = expire.tick() => task("expire_stays", async {
                    Ok(expire_stays::run(&store, &relay, store.now()).await? as u64)
                }).await,
                _ = forget.tick() => {
                    task("forget_old_answers", store.forget_old_answers()).await;
                    task("forget_dead_sessions", store.forget_dead_sessions()).await;
                    task("forget_revocations", store.forget_revocations()).await;
                },
            }
        }
    })
}

/// Does one task, and says how it went: what it did is how many things it ended or forgot.
async fn task(name: &'static str, work: impl Future<Output = Result<u64, StoreError>>) {
    let begun = Instant::now();
    let outcome = match work.await {
        Ok(done) => {
            if done > 0 {
                tracing::info!(task = name, done, "a task is done");
            }
            let now = OffsetDateTime::now_utc().unix_timestamp();
            metrics::gauge!("posada_schedule_last_done_timestamp_seconds", "task" => name).set(now as f64);
            "done"
        }
        Err(error) => {
            tracing::warn!(task = name, error = &error as &dyn std::error::Error, "a task will be tried again");
            "failed"
        }
    };
    metrics::histogram!("posada_schedule_seconds", "task" => name, "outcome" => outcome).record(begun.elapsed().as_secs_f64());
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
