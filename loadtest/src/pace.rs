//! When changes are made: on schedule, or as fast as they are taken.
//!
//! Called by every scenario with changes, for Posada and its peers alike, so that all are driven by the same hand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio::time::{Instant as Moment, sleep, sleep_until};

use crate::fleet::{Change, Changes};

/// How fast changes are made.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many a second, each at its moment; a change counts from that moment, also when nobody was free to send it.
    PerSecond(f64),
    /// Each writer sends the next one when the last was answered.
    AsAnswered,
}

/// Somebody who can make one change at a time.
pub trait Write {
    /// Makes a change that is this writer's n-th of a run, and returns when it has been answered.
    fn write(&mut self, nth: usize, change: Change) -> impl Future<Output = Result<()>>;
}

/// Changes that were made, and how long that took.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    pub changes: usize,
    pub took: Duration,
}

/// Lets writers make changes for a time. While `may` says no, writers that go as they are answered hold back: a server that answers before
/// it has delivered would only be filled up.
pub async fn drive<W: Write>(writers: &mut [W], pace: Pace, lasting: Duration, changes: &Arc<Changes>, may: impl Fn() -> bool) -> Result<Made> {
    let (begun, count, may) = (Instant::now(), writers.len(), &may);
    let writing = writers.iter_mut().enumerate().map(|(number, writer)| async move {
        let mut made = 0_usize;
        loop {
            let due = match pace {
                Pace::PerSecond(rate) => begun + Duration::from_secs_f64((number + made * count) as f64 / rate),
                Pace::AsAnswered => {
                    while !may() && begun.elapsed() < lasting {
                        sleep(Duration::from_millis(1)).await;
                    }
                    Instant::now()
                }
            };
            if due.duration_since(begun) >= lasting {
                return anyhow::Ok(made);
            }
            sleep_until(Moment::from_std(due)).await;
            let change = changes.next().context("more changes than this run has room for: make it shorter")?;
            changes.sent(change, due);
            writer.write(made, change).await?;
            changes.answered(change);
            made += 1;
        }
    });
    let made = try_join_all(writing).await?.iter().sum();
    Ok(Made { changes: made, took: begun.elapsed() })
}
