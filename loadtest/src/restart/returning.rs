//! Viewers who note when they were asked to come back, when they came, and when they were welcome again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::fleet::{Next, Tally, Viewer, Watch};

pub struct Returning {
    pub viewer: Viewer,
    pub moments: Arc<Moments>,
}

/// Moments of one restart, of all viewers.
#[derive(Default)]
pub struct Moments(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    /// Goodbyes that named a time.
    told: usize,
    due: Vec<Instant>,
    /// Handshakes that were answered.
    came: Vec<Instant>,
    /// Who was welcome again, with what it asked for.
    back: Vec<Instant>,
}

impl Moments {
    fn note(&self, what: impl FnOnce(&mut Noted)) {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What came before does not count.
    pub fn forget(&self) {
        self.note(|noted| *noted = Noted::default());
    }

    /// Goodbyes; when they asked their viewers to come back, when these came, and when they were welcome.
    pub fn taken(&self) -> (usize, [Vec<Instant>; 3]) {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (noted.told, [noted.due.clone(), noted.came.clone(), noted.back.clone()])
    }

    /// Waits until so many were welcome again.
    pub async fn all_back(&self, viewers: usize, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        loop {
            let back = self.0.lock().unwrap_or_else(PoisonError::into_inner).back.len();
            if back >= viewers {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{back} of {viewers} are back after {patience:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// When a goodbye asks to come back, where it is one that says so.
fn comes_back_after(payload: &[u8]) -> Option<Duration> {
    let frame: Value = serde_json::from_slice(payload).ok()?;
    frame["reconnect_after_ms"].as_u64().map(Duration::from_millis)
}

impl Watch for Returning {
    type Memory = <Viewer as Watch>::Memory;

    fn opening(&self, memory: &Self::Memory) -> Vec<Vec<u8>> {
        self.moments.note(|noted| noted.came.push(Instant::now()));
        self.viewer.opening(memory)
    }

    fn heard(&self, memory: &mut Self::Memory, payload: &[u8], at: Instant, tally: &mut Tally) -> Next {
        if payload.starts_with(br#"{"t":"goaway""#)
            && let Some(after) = comes_back_after(payload)
        {
            self.moments.note(|noted| {
                noted.told += 1;
                noted.due.push(at + after);
            });
        } else if payload.starts_with(br#"{"t":"welcome""#) {
            self.moments.note(|noted| noted.back.push(at));
        }
        self.viewer.heard(memory, payload, at, tally)
    }

    fn ended(&self, memory: &mut Self::Memory, code: Option<u16>) -> Option<Duration> {
        self.viewer.ended(memory, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_names_its_time() {
        assert_eq!(comes_back_after(br#"{"t":"goaway","reason":"drain","reconnect_after_ms":1250}"#), Some(Duration::from_millis(1250)));
        assert_eq!(comes_back_after(br#"{"t":"goaway","reason":"drain"}"#), None);
        assert_eq!(comes_back_after(br#"{"t":"goaway""#), None);
    }
}
