//! Hears many times a second what others took away: within a tick of its commit nobody here is believed to be who they no longer are.
//!
//! Started by the schedule. While the database does not answer nothing is heard, and soon nothing that
//! was kept about anybody is believed.

use std::time::{Duration, Instant};

use actors::{Live, Revoked};
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::{
    health::Heartbeat,
    store::{
        Store,
        heard::{CannotHear, Ear},
    },
};

/// A database that takes longer than this for nothing is asked again on another connection.
const ANSWER: Duration = Duration::from_secs(2);
/// Who has heard nothing for this long does not go on believing what is kept about people.
const DEAF: Duration = Duration::from_secs(10);

/// Hears every `every`, until aborted. `alive` beats with each look, whatever comes of it: a server that no longer looks is not ready.
pub fn hear(mut ear: Ear, store: Store, live: Live, every: Duration, alive: Heartbeat) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        let mut last = Instant::now();
        loop {
            clock.tick().await;
            alive.beat();
            let heard = tokio::time::timeout(ANSWER, ear.listen(&store)).await;
            let why: Option<String> = match heard {
                Ok(Ok(new)) => {
                    metrics::counter!("posada_revocations_heard_total").increment(new as u64);
                    None
                }
                Ok(Err(CannotHear::Missed)) => {
                    tracing::warn!("revocations may have been missed; every live connection is asked to come back and be checked");
                    live.revoke(Revoked::Recheck(None), Instant::now());
                    None
                }
                Ok(Err(CannotHear::Store(error))) => Some(error.to_string()),
                Err(_) => Some(format!("no answer within {} s", ANSWER.as_secs())),
            };
            // Said once, not ten times a second.
            match (failing, &why) {
                (false, Some(why)) => tracing::warn!(why, "revocations of other servers are not heard until the database answers"),
                (true, None) => tracing::info!("revocations of other servers are heard again"),
                _ => {}
            }
            failing = why.is_some();
            if !failing {
                last = Instant::now();
            } else if last.elapsed() > DEAF {
                store.forget_principals();
            }
        }
    })
}
