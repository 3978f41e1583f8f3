//! Who looks at eight places, and perhaps wanders: what is said and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use memchr::memmem;
use serde_json::{Value, json};

use super::Place;
use crate::fleet::{Changes, Next, Tally, Watch};

/// Views of one connection: as many as a server lets it have by default.
pub const VIEWS: usize = 8;
pub const MOVED: &str = "looks elsewhere";

/// Who wanders looks elsewhere after this, when something is heard.
const STAYS: Duration = Duration::from_secs(2);
/// The first view of a city; the ones before are of the world, a continent and countries.
const CITIES: usize = 4;
/// Zoom, and kilometres to each side, of the views around places.
const AROUND: [(u8, f64); VIEWS - 1] = [(4, 2_000.0), (6, 500.0), (7, 300.0), (12, 8.0), (13, 4.0), (14, 2.0), (15, 1.0)];

pub struct Wanderer {
    places: Vec<Place>,
    /// Of a hundred.
    wandering: usize,
    changes: Arc<Changes>,
    opened: AtomicUsize,
    welcomed: AtomicUsize,
    turns: AtomicUsize,
}

/// Which views are there, and since when it has looked where it looks.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    there: u8,
    since: Option<Instant>,
    /// Decided with the first word from the server.
    wanders: Option<bool>,
}

impl Wanderer {
    pub fn new(places: Vec<Place>, wandering: usize, changes: &Arc<Changes>) -> Self {
        Self { places, wandering, changes: Arc::clone(changes), opened: AtomicUsize::new(0), welcomed: AtomicUsize::new(0), turns: AtomicUsize::new(0) }
    }

    fn view(&self, number: usize, place: usize) -> Vec<u8> {
        let (zoom, bbox, layer) = match number.checked_sub(1).map(|nth| AROUND[nth]) {
            None => (2, [-60.0, -180.0, 75.0, 180.0], "cities"),
            Some((zoom, km)) => (zoom, self.places[place % self.places.len()].around(km), if number < CITIES { "cities" } else { "homes" }),
        };
        json!({"t": "view", "id": format!("v{number}"), "bbox": bbox, "zoom": zoom, "layers": [layer]}).to_string().into_bytes()
    }

    /// Another place for one of the views of cities, when it is time.
    fn wander(&self, looks: &mut Looks, at: Instant, tally: &mut Tally) -> Next {
        let since = *looks.since.get_or_insert(at);
        if looks.wanders != Some(true) || at.saturating_duration_since(since) < STAYS {
            return Next::Go;
        }
        looks.since = Some(at);
        tally.count(MOVED);
        let turn = self.turns.fetch_add(1, Relaxed);
        Next::Say(self.view(CITIES + turn % (VIEWS - CITIES), turn / 3))
    }

    fn snapshot(&self, looks: &mut Looks, payload: &[u8]) -> Next {
        let tail = &payload[payload.len().saturating_sub(64)..];
        if memmem::find(tail, br#""more":true"#).is_some() {
            return Next::Go;
        }
        let digit = memmem::find(payload, br#""view":"v"#).and_then(|at| payload.get(at + 9)).map(|digit| digit.wrapping_sub(b'0'));
        looks.there |= digit.filter(|digit| usize::from(*digit) < VIEWS).map_or(0, |digit| 1 << digit);
        if looks.there == u8::MAX { Next::Ready } else { Next::Go }
    }
}

impl Watch for Wanderer {
    type Memory = Looks;

    fn opening(&self, _: &Looks) -> Vec<Vec<u8>> {
        let number = self.opened.fetch_add(1, Relaxed);
        let hello = json!({"t": "hello", "client": "loadtest", "version": 1}).to_string().into_bytes();
        // The views of one connection are of different places, and every place has its share.
        std::iter::once(hello).chain((0..VIEWS).map(|view| self.view(view, number + view))).collect()
    }

    fn heard(&self, looks: &mut Looks, payload: &[u8], at: Instant, tally: &mut Tally) -> Next {
        if payload.starts_with(br#"{"t":"delta""#) {
            self.changes.look(payload, at, tally);
            return self.wander(looks, at, tally);
        }
        if payload.starts_with(br#"{"t":"snapshot""#) {
            return self.snapshot(looks, payload);
        }
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) => frame,
            Err(error) => return Next::Fail(format!("not a frame: {error}")),
        };
        match frame["t"].as_str() {
            Some("welcome") => {
                looks.wanders = Some(self.welcomed.fetch_add(1, Relaxed) % 100 < self.wandering);
                Next::Go
            }
            Some("ping") => Next::Say(br#"{"t":"pong"}"#.to_vec()),
            Some("error") if frame["temporary"] == true => Next::Later(Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))),
            Some("error") => Next::Fail(format!("the server refused: {}", frame["detail"])),
            _ => Next::Go,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_ready_when_all_eight_views_are_there() {
        let wanderer = Wanderer::new(vec![Place { lat: 41.4, lng: 2.2 }], 0, &Arc::new(Changes::new(0)));
        assert_eq!(wanderer.opening(&Looks::default()).len(), 1 + VIEWS);
        let mut looks = Looks::default();
        let mut hear = |view: usize, more: bool| {
            let text = format!(r#"{{"t":"snapshot","view":"v{view}","scope":"world","tiles":[],"more":{more}}}"#);
            matches!(wanderer.heard(&mut looks, text.as_bytes(), Instant::now(), &mut Tally::default()), Next::Ready)
        };
        assert!((0..VIEWS - 1).all(|view| !hear(view, false)));
        assert!(!hear(VIEWS - 1, true), "there is more to come");
        assert!(hear(VIEWS - 1, false));
    }

    #[test]
    fn a_wanderer_looks_elsewhere_only_when_it_is_time() {
        let wanderer = Wanderer::new(vec![Place { lat: 41.4, lng: 2.2 }, Place { lat: 60.0, lng: 179.9 }], 100, &Arc::new(Changes::new(0)));
        let (mut looks, begun, mut tally) = (Looks { wanders: Some(true), ..Looks::default() }, Instant::now(), Tally::default());
        let mut after = |seconds| wanderer.wander(&mut looks, begun + Duration::from_secs(seconds), &mut tally);
        assert!(matches!((after(0), after(1)), (Next::Go, Next::Go)));
        let Next::Say(view) = after(2) else { panic!("it should look elsewhere") };
        let view: Value = serde_json::from_slice(&view).expect("json");
        assert_eq!((&view["t"], &view["layers"][0]), (&json!("view"), &json!("homes")));
        assert!(matches!(after(3), Next::Go));
    }
}
