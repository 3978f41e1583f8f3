//! Who looks at a whole city and keeps its map.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::model::Model;
use crate::fleet::{Next, Tally, Watch};

pub struct Mapper {
    /// `[south, west, north, east]`, degrees.
    pub bbox: [f64; 4],
    pub zoom: u8,
}

impl Watch for Mapper {
    type Memory = Model;

    fn opening(&self, _: &Model) -> Vec<Vec<u8>> {
        let hello = json!({"t": "hello", "client": "loadtest", "version": 1});
        let view = json!({"t": "view", "id": "map", "bbox": self.bbox, "zoom": self.zoom, "layers": ["homes"]});
        vec![hello.to_string().into_bytes(), view.to_string().into_bytes()]
    }

    fn heard(&self, map: &mut Model, payload: &[u8], _: Instant, tally: &mut Tally) -> Next {
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) => frame,
            Err(error) => return Next::Fail(format!("not a frame: {error}")),
        };
        match frame["t"].as_str() {
            Some("snapshot") => {
                tally.count("snapshots");
                map.snapshot(&frame);
                if frame["more"] == true { Next::Go } else { Next::Ready }
            }
            Some("delta") if map.delta(&frame) => Next::Go,
            Some("delta") => Next::Fail("a silent gap: a delta does not follow what is held".to_owned()),
            Some("reset") => {
                map.forget(frame["scope"].as_str().unwrap_or_default());
                Next::Go
            }
            Some("ping") => Next::Say(br#"{"t":"pong"}"#.to_vec()),
            Some("error") if frame["temporary"] == true => Next::Later(Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))),
            Some("error") => Next::Fail(format!("the server refused: {}", frame["detail"])),
            _ => Next::Go,
        }
    }
}
