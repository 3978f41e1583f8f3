//! Frames of state, joined from shared chunks once for everyone who gets the same.

use std::{collections::HashMap, time::Instant};

use bytes::Bytes;

use super::view::{Part, View};
use crate::{
    framing::Framing,
    messages::{BoardId, WatchKey},
    outlet::Framed,
    telemetry,
    wire::{Reset, ServerFrame, ViewId},
};

/// Bytes of tiles in one frame; a larger snapshot comes in several.
const FRAME: usize = 64 * 1024;
/// Bytes of state given to an outlet at once.
const BATCH: usize = 256 * 1024;

/// What was joined in one flush of the hub.
#[derive(Default)]
pub(super) struct Writer {
    joined: HashMap<Key, Vec<Bytes>>,
}

/// Equal keys have equal bytes: an epoch names the build and the plan, and with it tiles, level, mode and filter.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    framing: Framing,
    view: ViewId,
    epoch: std::sync::Arc<str>,
    /// None: a snapshot.
    prev: Option<u64>,
    tick: u64,
    scopes: String,
}

impl Writer {
    /// What waits in a connection's views, as the frames of one write; and which parts have to be repaired.
    pub(super) fn batch(&mut self, framing: Framing, views: &mut [View], now: Instant) -> (Vec<Framed>, Vec<(WatchKey, BoardId)>) {
        let (mut frames, mut repairs, mut length) = (Vec::new(), Vec::new(), 0);
        for view in views.iter_mut().filter(|view| !view.is_held_back(now)) {
            let before = frames.len();
            if std::mem::take(&mut view.blank) {
                frames.push(Framed { bytes: framing.text(&[blank(&view.id, view.bbox).as_bytes()]), at: None });
            }
            let scopes = serde_json::to_string(&view.scopes()).unwrap_or_default();
            for part in &mut view.parts {
                if length >= BATCH {
                    break;
                }
                let from = frames.len();
                self.part(framing, &view.id, &scopes, part, &mut frames);
                length += frames[from..].iter().map(|f| f.bytes.len()).sum::<usize>();
                if part.behind && part.asked.is_none() {
                    repairs.push((part.key, part.board.clone()));
                }
            }
            if frames.len() > before {
                view.written = Some(now);
            }
        }
        (frames, repairs)
    }

    fn part(&mut self, framing: Framing, view: &ViewId, scopes: &str, part: &mut Part, frames: &mut Vec<Framed>) {
        let Some(held) = &mut part.held else { return };
        let scope = part.board.scope;
        if let Some(reason) = part.reset.take() {
            let reset = Reset { scope: scope.to_string(), view: Some(view.clone()), reason: reason.into(), epoch: Some(held.epoch.to_string()) };
            frames.push(Framed { bytes: framing.text(&[&ServerFrame::Reset(reset).json()]), at: None });
        }
        if let Some(whole) = part.whole.take() {
            let key = Key { framing, view: view.clone(), epoch: held.epoch.clone(), prev: None, tick: whole.tick, scopes: scopes.to_owned() };
            let joined = self.joined.entry(key).or_insert_with(|| {
                let head = format!(
                    r#"{{"t":"snapshot","view":"{view}","scopes":{scopes},"scope":"{scope}","epoch":"{}","tick":{},"level":{},"mode":"{}","covers":{},"total":{{"n":{}}},"tiles":["#,
                    held.epoch,
                    whole.tick,
                    held.group.level,
                    held.group.mode.code(),
                    serde_json::to_string(&whole.covers).unwrap_or_default(),
                    whole.things
                );
                snapshot(framing, &head, &whole.chunks)
            });
            metrics::counter!(telemetry::FRAMES, "frame" => "snapshot").increment(joined.len() as u64);
            frames.extend(joined.iter().map(|bytes| Framed { bytes: bytes.clone(), at: None }));
            held.sent = whole.tick;
        }
        for waiting in part.deltas.drain(..) {
            let key = Key { framing, view: view.clone(), epoch: held.epoch.clone(), prev: Some(held.sent), tick: waiting.tick, scopes: String::new() };
            let joined = self.joined.entry(key).or_insert_with(|| {
                let head = format!(
                    r#"{{"t":"delta","view":"{view}","scope":"{scope}","epoch":"{}","prev":{},"tick":{},"tiles":["#,
                    held.epoch, held.sent, waiting.tick
                );
                vec![join(framing, &head, &waiting.chunks, "]}")]
            });
            metrics::counter!(telemetry::FRAMES, "frame" => "delta").increment(1);
            frames.extend(joined.iter().map(|bytes| Framed { bytes: bytes.clone(), at: waiting.at }));
            held.sent = waiting.tick;
        }
    }
}

/// A snapshot in frames of a bounded size, `more` until the last.
fn snapshot(framing: Framing, head: &str, chunks: &[Bytes]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let (mut from, mut length) = (0, 0);
    for (at, chunk) in chunks.iter().enumerate() {
        if length > 0 && length + chunk.len() > FRAME {
            frames.push(join(framing, head, &chunks[from..at], r#"],"more":true}"#));
            (from, length) = (at, 0);
        }
        length += chunk.len();
    }
    frames.push(join(framing, head, &chunks[from..], r#"],"more":false}"#));
    frames
}

fn join(framing: Framing, head: &str, chunks: &[Bytes], tail: &str) -> Bytes {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(chunks.len() * 2 + 2);
    parts.push(head.as_bytes());
    for (at, chunk) in chunks.iter().enumerate() {
        if at > 0 {
            parts.push(b",");
        }
        parts.push(chunk);
    }
    parts.push(tail.as_bytes());
    framing.text(&parts)
}

/// A view that shows nothing.
fn blank(view: &ViewId, covers: domain::BBox) -> String {
    let covers = serde_json::to_string(&covers).unwrap_or_default();
    format!(
        r#"{{"t":"snapshot","view":"{view}","scopes":[],"scope":"world","epoch":"none","tick":0,"level":0,"mode":"entities","covers":{covers},"total":{{"n":0}},"tiles":[],"more":false}}"#
    )
}
