//! Hosts' connections: each says hello with its own token, listens to its own stream, acknowledges what comes, and tells whose click it was.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::fleet::{Next, Tally, Watch};

/// A request that a host's socket got.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub nth: usize,
    pub at: Instant,
}

pub struct Hosts {
    /// One for each connection, in the order they open.
    tokens: Vec<String>,
    opened: AtomicUsize,
    /// By guest.
    tell: Vec<mpsc::UnboundedSender<Arrival>>,
}

impl Hosts {
    pub fn new(tokens: Vec<String>, tell: Vec<mpsc::UnboundedSender<Arrival>>) -> Self {
        Self { tokens, opened: AtomicUsize::new(0), tell }
    }

    /// `click 3 17 …`: the seventeenth of guest three.
    fn tell(&self, frame: &Value, at: Instant) -> Option<()> {
        let mut words = frame["body"]["stay"]["message"].as_str()?.strip_prefix("click ")?.split(' ');
        let (guest, nth) = (words.next()?.parse::<usize>().ok()?, words.next()?.parse().ok()?);
        // Whoever asked may have gone: the run is over.
        let _ = self.tell.get(guest)?.send(Arrival { nth, at });
        Some(())
    }
}

impl Watch for Hosts {
    type Memory = ();

    fn opening(&self, (): &()) -> Vec<Vec<u8>> {
        let token = &self.tokens[self.opened.fetch_add(1, Relaxed) % self.tokens.len()];
        let hello = json!({"t": "hello", "client": "loadtest", "version": 1, "token": token});
        vec![hello.to_string().into_bytes(), br#"{"t":"subscribe","stream":"member:self"}"#.to_vec()]
    }

    fn heard(&self, (): &mut (), payload: &[u8], at: Instant, tally: &mut Tally) -> Next {
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) => frame,
            Err(error) => return Next::Fail(format!("not a frame: {error}")),
        };
        match frame["t"].as_str() {
            Some("caught_up") => Next::Ready,
            Some("event") => {
                if frame["kind"] == "stay_requested" && self.tell(&frame, at).is_some() {
                    tally.deliveries += 1;
                }
                Next::Say(json!({"t": "ack", "stream": "member:self", "seq": frame["seq"]}).to_string().into_bytes())
            }
            Some("ping") => Next::Say(br#"{"t":"pong"}"#.to_vec()),
            Some("error") if frame["temporary"] == true => Next::Later(std::time::Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))),
            Some("error") => Next::Fail(format!("the server refused: {}", frame["detail"])),
            _ => Next::Go,
        }
    }
}
