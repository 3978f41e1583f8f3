//! Who follows a stream of events, comes back to where it was, and notices whatever is missing or double.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fleet::{Next, Tally, Watch};

/// An event whose number does not follow the one before.
pub const GAP: &str = "gaps";

pub struct Follower {
    pub token: String,
    pub stream: String,
}

/// How far a follower has come.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    seq: Option<u64>,
    events: u64,
    again: Option<Duration>,
}

impl Heard {
    pub fn events(&self) -> u64 {
        self.events
    }
}

impl Watch for Follower {
    type Memory = Heard;

    fn opening(&self, held: &Heard) -> Vec<Vec<u8>> {
        let mut hello = json!({"t": "hello", "client": "loadtest", "version": 1, "token": self.token});
        if let Some(seq) = held.seq {
            hello["resume"] = json!([{"stream": self.stream, "since": seq}]);
            return vec![hello.to_string().into_bytes()];
        }
        vec![hello.to_string().into_bytes(), json!({"t": "subscribe", "stream": self.stream}).to_string().into_bytes()]
    }

    fn heard(&self, held: &mut Heard, payload: &[u8], _: Instant, tally: &mut Tally) -> Next {
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) => frame,
            Err(error) => return Next::Fail(format!("not a frame: {error}")),
        };
        match frame["t"].as_str() {
            Some("caught_up") => {
                held.seq = held.seq.or(frame["seq"].as_u64());
                Next::Ready
            }
            Some("event") => {
                let Some(seq) = frame["seq"].as_u64() else { return Next::Fail("an event without a number".to_owned()) };
                if held.seq.is_some_and(|last| seq != last + 1) {
                    tally.count(GAP);
                }
                held.seq = Some(seq);
                held.events += 1;
                Next::Go
            }
            Some("welcome") if frame["resumed"].as_array().is_some_and(|items| items.iter().any(|item| item["as"] == "resumed")) => Next::Ready,
            Some("reset") => {
                tally.count(GAP);
                Next::Go
            }
            Some("goaway") => {
                held.again = frame["reconnect_after_ms"].as_u64().map(Duration::from_millis);
                Next::Go
            }
            Some("ping") => Next::Say(br#"{"t":"pong"}"#.to_vec()),
            Some("error") if frame["temporary"] == true => Next::Later(Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))),
            Some("error") => Next::Fail(format!("the server refused: {}", frame["detail"])),
            _ => Next::Go,
        }
    }

    fn ended(&self, held: &mut Heard, code: Option<u16>) -> Option<Duration> {
        Some(held.again.take().unwrap_or(Duration::from_millis(500))).filter(|_| code.is_none_or(|code| code < 4500))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_comes_back_to_where_it_was_and_notices_gaps_and_doubles() {
        let follower = Follower { token: "t".to_owned(), stream: "city:1".to_owned() };
        let (mut held, mut tally) = (Heard::default(), Tally::default());
        let mut hear = |text: &str, held: &mut Heard| {
            follower.heard(held, text.as_bytes(), Instant::now(), &mut tally);
            tally.counted.get(GAP).copied().unwrap_or_default()
        };
        assert_eq!(hear(r#"{"t":"caught_up","stream":"city:1","seq":7}"#, &mut held), 0);
        assert_eq!(hear(r#"{"t":"event","stream":"city:1","seq":8}"#, &mut held), 0);
        let hello: Value = serde_json::from_slice(&follower.opening(&held)[0]).expect("json");
        assert_eq!(hello["resume"], json!([{"stream": "city:1", "since": 8}]));
        assert_eq!(hear(r#"{"t":"event","stream":"city:1","seq":8}"#, &mut held), 1, "a double");
        assert_eq!(hear(r#"{"t":"event","stream":"city:1","seq":10}"#, &mut held), 2, "a gap");
        assert_eq!(held.events(), 3);
    }
}
