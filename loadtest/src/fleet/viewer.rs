//! Who listens: viewers of a Posada's map, and plain listeners of a peer that gets the same payloads.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use memchr::memmem;
use serde_json::{Value, json};

use super::{Changes, Next, Tally, Watch};

/// What a viewer looks at, and as who.
#[derive(Clone, Debug)]
pub struct Look {
    /// `[south, west, north, east]`, degrees.
    pub bbox: [f64; 4],
    pub zoom: u8,
    pub layers: &'static [&'static str],
    /// Things have to come one by one: a view that shows clusters cannot tell one home's price.
    pub single: bool,
    /// Keep up with scopes, epochs and ticks: a connection that is cut comes back with `since`, and a gap between deltas is a failure.
    pub follow: bool,
}

/// Viewers of a Posada: they say hello, ask for one view, and count the changes in it.
pub struct Viewer {
    pub look: Look,
    pub changes: Arc<Changes>,
    /// Where the first delta of one change goes: peers are given the same payload.
    pub sample: Arc<OnceLock<Vec<u8>>>,
}

impl Viewer {
    pub fn new(look: Look, changes: &Arc<Changes>) -> Self {
        Self { look, changes: Arc::clone(changes), sample: Arc::default() }
    }
}

/// What a viewer holds of its view. Empty unless it follows.
#[derive(Clone, Debug, Default)]
pub struct Held {
    scopes: Vec<Scope>,
    /// When to come back, as the server's `goaway` said.
    again: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    name: String,
    epoch: String,
    tick: u64,
}

impl Watch for Viewer {
    type Memory = Held;

    fn opening(&self, held: &Held) -> Vec<Vec<u8>> {
        let since: serde_json::Map<String, Value> =
            held.scopes.iter().map(|scope| (scope.name.clone(), json!({"epoch": scope.epoch, "tick": scope.tick}))).collect();
        let Look { bbox, zoom, layers, .. } = &self.look;
        let mut hello = json!({"t": "hello", "client": "loadtest", "version": 1});
        let mut view = json!({"t": "view", "id": "map", "bbox": bbox, "zoom": zoom, "layers": layers});
        if since.is_empty() {
            return vec![hello.to_string().into_bytes(), view.to_string().into_bytes()];
        }
        view["view"] = "map".into();
        view["since"] = since.into();
        if let Some(view) = view.as_object_mut() {
            view.retain(|key, _| key != "t" && key != "id");
        }
        hello["resume"] = json!([view]);
        vec![hello.to_string().into_bytes()]
    }

    fn heard(&self, held: &mut Held, payload: &[u8], at: Instant, tally: &mut Tally) -> Next {
        // Every frame begins with its kind; the frequent one comes first.
        if payload.starts_with(br#"{"t":"delta""#) {
            tally.count("deltas");
            if self.changes.look(payload, at, tally) == 1 {
                self.sample.get_or_init(|| payload.to_vec());
            }
            return if self.look.follow { held.delta(payload, tally) } else { Next::Go };
        }
        if payload.starts_with(br#"{"t":"snapshot""#) {
            return self.snapshot(held, payload, tally);
        }
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) => frame,
            Err(error) => return Next::Fail(format!("not a frame: {error}")),
        };
        match frame["t"].as_str() {
            Some("welcome") => self.welcome(&frame, tally),
            Some("goaway") => {
                tally.count("goaways");
                held.again = frame["reconnect_after_ms"].as_u64().map(Duration::from_millis);
                Next::Go
            }
            Some("qos") => {
                tally.count("told of less");
                Next::Go
            }
            Some("reset") => {
                tally.count("resets");
                held.scopes.retain(|scope| frame["scope"] != scope.name.as_str());
                Next::Go
            }
            Some("error") if frame["temporary"] == true => Next::Later(Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))),
            Some("error") => Next::Fail(format!("the server refused: {}", frame["detail"])),
            _ => Next::Go,
        }
    }

    fn ended(&self, held: &mut Held, code: Option<u16>) -> Option<Duration> {
        let came_back = held.again.take();
        // A server that leaves says when to come back; one that was killed says nothing.
        self.look.follow.then(|| came_back.unwrap_or(Duration::from_millis(500))).filter(|_| code.is_none_or(|code| code < 4500))
    }
}

impl Viewer {
    fn welcome(&self, frame: &Value, tally: &mut Tally) -> Next {
        let mut next = Next::Go;
        for item in frame["resumed"].as_array().into_iter().flatten() {
            match item["as"].as_str() {
                // What was missed comes as a delta, or nothing was: the view is there.
                Some("resumed") => {
                    tally.count("resumed");
                    next = Next::Ready;
                }
                Some("snapshot") => tally.count("resumed by snapshot"),
                _ => tally.count("resumed by reset"),
            }
        }
        next
    }

    fn snapshot(&self, held: &mut Held, payload: &[u8], tally: &mut Tally) -> Next {
        tally.count("snapshots");
        if self.look.single && memmem::find(head(payload), br#""mode":"clusters""#).is_some() {
            return Next::Fail(
                "over 500 homes are in this view, so it shows clusters, which do not tell one home's price: take a host elsewhere, or a fresh demo".to_owned(),
            );
        }
        if self.look.follow
            && let Some(now) = Scope::read(payload)
        {
            held.scopes.retain(|scope| scope.name != now.name);
            held.scopes.push(now);
        }
        let tail = &payload[payload.len().saturating_sub(64)..];
        if memmem::find(tail, br#""more":true"#).is_some() { Next::Go } else { Next::Ready }
    }
}

impl Held {
    /// A delta follows the tick that is held, or something was lost.
    fn delta(&mut self, payload: &[u8], tally: &mut Tally) -> Next {
        let (Some(now), Some(prev)) = (Scope::read(payload), number(head(payload), br#""prev":"#)) else {
            return Next::Fail("a delta without scope, epoch or ticks".to_owned());
        };
        match self.scopes.iter_mut().find(|scope| scope.name == now.name) {
            Some(scope) if scope.epoch == now.epoch && scope.tick == prev => {
                scope.tick = now.tick;
                Next::Go
            }
            scope => {
                tally.count("gaps");
                Next::Fail(format!("a silent gap: a delta after {prev} came to {scope:?}"))
            }
        }
    }
}

impl Scope {
    fn read(payload: &[u8]) -> Option<Self> {
        let head = head(payload);
        Some(Self { name: word(head, br#""scope":""#)?, epoch: word(head, br#""epoch":""#)?, tick: number(head, br#""tick":"#)? })
    }
}

/// What a frame says before its tiles.
fn head(payload: &[u8]) -> &[u8] {
    &payload[..memmem::find(payload, br#""tiles":"#).unwrap_or(payload.len())]
}

fn word(head: &[u8], key: &[u8]) -> Option<String> {
    let rest = &head[memmem::find(head, key)? + key.len()..];
    String::from_utf8(rest[..memchr::memchr(b'"', rest)?].to_vec()).ok()
}

fn number(head: &[u8], key: &[u8]) -> Option<u64> {
    let rest = &head[memmem::find(head, key)? + key.len()..];
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// Who hears the same payloads from a peer: no view, no hello, only what its protocol needs to be told.
pub struct Listener {
    /// Raw lines for NATS, nothing for others.
    pub opening: Vec<Vec<u8>>,
    pub ready_at_once: bool,
    pub changes: Arc<Changes>,
}

impl Watch for Listener {
    type Memory = ();

    fn opening(&self, (): &()) -> Vec<Vec<u8>> {
        self.opening.clone()
    }

    fn ready_at_once(&self) -> bool {
        self.ready_at_once
    }

    fn heard(&self, (): &mut (), payload: &[u8], at: Instant, tally: &mut Tally) -> Next {
        self.changes.look(payload, at, tally);
        Next::Go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer() -> Viewer {
        let look = Look { bbox: [41.0, 2.0, 42.0, 3.0], zoom: 16, layers: &["homes"], single: true, follow: true };
        Viewer::new(look, &Arc::new(Changes::new(1)))
    }

    fn hear(viewer: &Viewer, held: &mut Held, text: &str) -> Next {
        viewer.heard(held, text.as_bytes(), Instant::now(), &mut Tally::default())
    }

    #[test]
    fn a_viewer_comes_back_with_what_it_holds() {
        let (viewer, mut held) = (viewer(), Held::default());
        assert_eq!(viewer.opening(&held).len(), 2, "nothing is held yet: a hello and a view");
        let snapshot = r#"{"t":"snapshot","view":"map","scope":"city:1","epoch":"e","tick":7,"mode":"entities","tiles":[],"more":false}"#;
        assert!(matches!(hear(&viewer, &mut held, snapshot), Next::Ready));
        assert!(matches!(hear(&viewer, &mut held, r#"{"t":"delta","view":"map","scope":"city:1","epoch":"e","prev":7,"tick":9,"tiles":[]}"#), Next::Go));
        let hello: Value = serde_json::from_slice(&viewer.opening(&held)[0]).expect("json");
        assert_eq!(hello["resume"][0]["since"], json!({"city:1": {"epoch": "e", "tick": 9}}));
        assert!(matches!(hear(&viewer, &mut held, r#"{"t":"delta","view":"map","scope":"city:1","epoch":"e","prev":8,"tick":10,"tiles":[]}"#), Next::Fail(_)));
    }

    #[test]
    fn a_viewer_waits_for_the_last_part_refuses_clusters_and_comes_back_when_told() {
        let (viewer, mut held) = (viewer(), Held::default());
        let part = r#"{"t":"snapshot","scope":"city:1","epoch":"e","tick":7,"mode":"entities","tiles":[],"more":true}"#;
        assert!(matches!(hear(&viewer, &mut held, part), Next::Go));
        let clusters = r#"{"t":"snapshot","scope":"city:1","epoch":"e","tick":7,"mode":"clusters","tiles":[],"more":false}"#;
        assert!(matches!(hear(&viewer, &mut held, clusters), Next::Fail(_)));
        assert!(matches!(hear(&viewer, &mut held, r#"{"t":"goaway","reason":"restart","reconnect_after_ms":250}"#), Next::Go));
        assert_eq!(viewer.ended(&mut held, Some(1012)), Some(Duration::from_millis(250)));
        assert_eq!(viewer.ended(&mut held, Some(4501)), None, "who was sent away for good stays away");
    }
}
