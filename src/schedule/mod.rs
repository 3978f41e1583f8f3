//! Time as a caller: what has to happen because a moment has come.
//!
//! Started by `app`, ended with it. Gives the same commands as the other edges; an order that fails is given again at the next turn.

mod revocations;

use std::time::Duration;

use actors::RelayHandle;
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

pub use revocations::hear as hear_revocations;

use crate::{commands::expire_stays, store::Store};

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
                _ = expire.tick() => match expire_stays::run(&store, &relay, OffsetDateTime::now_utc()).await {
                    Ok(0) => {}
                    Ok(ended) => tracing::info!(ended, "requests expired"),
                    Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "expiring requests will be tried again"),
                },
                _ = forget.tick() => {
                    if let Err(error) = store.forget_old_answers().await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "forgetting old answers will be tried again");
                    }
                    if let Err(error) = store.forget_dead_sessions().await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "forgetting dead sessions will be tried again");
                    }
                    if let Err(error) = store.forget_revocations().await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "forgetting old revocations will be tried again");
                    }
                },
            }
        }
    })
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
