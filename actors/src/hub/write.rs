//! Frames of state, joined from shared chunks once for everyone who gets the same.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    hint::black_box,
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use smallvec::SmallVec;
use time::OffsetDateTime;

use super::{
    conn::Conn,
    post::Together,
    ready,
    view::{Part, View},
};
use crate::{
    frames,
    framing::Framing,
    messages::WatchKey,
    numbered::Numbered,
    outlet::{Framed, Frames},
    shares::Share,
    telemetry::meters,
    wire::{Encoding, Reset, ScopeName, ServerFrame, Snapshot, StateDelta, TileMode, Total, ViewId, binary::Named},
};

/// Bytes of state given to an outlet at once.
const BATCH: usize = 256 * 1024;

/// What was joined in one flush of the hub, and what that flush adds up to.
#[derive(Default)]
pub(super) struct Writer {
    snapshots: HashMap<SnapshotKey, Vec<Bytes>>,
    deltas: HashMap<DeltaKey, Bytes>,
    /// The delta that was written last: whoever comes next mostly gets the same.
    last: Option<(DeltaKey, Bytes)>,
    made: Made,
    /// Bytes that a tenant's connections were given and that its share does not know of yet.
    taken: Option<(Arc<Share>, usize)>,
    went: Went,
    together: Together,
}

/// Frames that sockets took at once and that tell of the same commit, to be counted together.
#[derive(Default)]
struct Went {
    at: Option<OffsetDateTime>,
    frames: usize,
    bytes: usize,
}

/// Frames that went one after the other and are counted as if they went together: what that adds to the time of the first is below a
/// millisecond.
const TOGETHER: usize = 64;

impl Went {
    fn add(&mut self, at: Option<OffsetDateTime>, bytes: &Bytes) {
        if self.frames >= TOGETHER || self.at != at {
            self.count();
        }
        self.at = at;
        self.frames += 1;
        self.bytes += bytes.len();
    }

    fn count(&mut self) {
        let Self { at, frames, bytes } = std::mem::take(self);
        meters().bytes_sent.increment(bytes as u64);
        if let Some(at) = at {
            let staleness = (OffsetDateTime::now_utc() - at).as_seconds_f64().max(0.0);
            meters().state_staleness.record_many(staleness, frames);
        }
    }
}

/// Frames written in one flush.
#[derive(Default)]
struct Made {
    snapshots: u64,
    deltas: u64,
}

/// Equal keys have equal bytes: an epoch names the build and the plan, and with it tiles, level, mode and filter.
#[derive(PartialEq, Eq, Hash)]
struct SnapshotKey {
    framing: Framing,
    view: ViewId,
    epoch: Arc<str>,
    tick: u64,
    scopes: Vec<ScopeName>,
    /// What stands for the part, where the encoding has such a number.
    part: Option<u32>,
}

/// Equal keys have equal bytes: chunks that were gathered once are of one epoch and tick. Holds them, so that their place in memory is
/// nobody else's meanwhile.
#[derive(Clone)]
struct DeltaKey {
    framing: Framing,
    view: ViewId,
    prev: u64,
    part: Option<Named>,
    chunks: Arc<[Bytes]>,
}

impl DeltaKey {
    fn is(&self, framing: Framing, view: &ViewId, prev: u64, part: Option<Named>, chunks: &Arc<[Bytes]>) -> bool {
        Arc::ptr_eq(&self.chunks, chunks) && self.prev == prev && self.part == part && self.framing == framing && self.view == *view
    }
}

impl PartialEq for DeltaKey {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.framing, &other.view, other.prev, other.part, &other.chunks)
    }
}

impl Eq for DeltaKey {}

impl Hash for DeltaKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.chunks.as_ptr() as usize, self.prev).hash(state);
    }
}

impl Writer {
    pub(super) fn new(together: Together) -> Self {
        Self { together, ..Self::default() }
    }

    /// What waits in a connection's views, as the frames of one write; and adds the parts that have to be repaired.
    pub(super) fn batch(&mut self, framing: Framing, views: &mut [View], now: Instant, repairs: &mut Vec<WatchKey>) -> Frames {
        let (mut frames, mut length) = (Frames::new(), 0);
        for view in views.iter_mut().filter(|view| !view.is_held_back(now)) {
            let before = frames.len();
            if std::mem::take(&mut view.blank) {
                frames.push(Framed { bytes: framing.frame(&blank(&view.id, view.bbox)), at: None });
            }
            for n in 0..view.parts.len() {
                if length >= BATCH {
                    break;
                }
                let from = frames.len();
                if view.parts[n].whole.is_some() || view.parts[n].reset.is_some() {
                    self.whole(framing, view, n, &mut frames);
                }
                let (id, part) = (&view.id, &mut view.parts[n]);
                self.deltas(framing, id, part, &mut frames);
                length += frames[from..].iter().map(|f| f.bytes.len()).sum::<usize>();
                if part.behind && part.asked.is_none() {
                    repairs.push(part.key);
                }
            }
            if frames.len() > before {
                view.written = Some(now);
            }
        }
        frames
    }

    /// The turn of some connections: what each of them gets, and then the writes, close after one another. What thousands of connections
    /// keep lies far away in memory, behind one pointer after the other; asked for side by side it comes together.
    pub(super) fn turn(&mut self, some: &mut [&mut Conn], now: Instant, repairs: &mut Vec<WatchKey>) {
        black_box(some.iter().filter(|conn| conn.is_welcomed()).count());
        black_box(some.iter().filter(|conn| conn.views.iter().any(View::waits)).count());
        black_box(some.iter().filter(|conn| conn.outlet.takes_state()).count());
        let given: SmallVec<[Frames; ready::TOGETHER]> = some.iter_mut().map(|conn| conn.state_due(self, now, repairs)).collect();
        for (conn, mut frames) in some.iter_mut().zip(given).filter(|(_, frames)| !frames.is_empty()) {
            self.gave(&conn.share, frames.iter().map(|frame| frame.bytes.len()).sum(), now);
            if !self.together.take(conn, &mut frames, now) {
                conn.outlet.state(&mut frames, now);
                frames.iter().for_each(|frame| self.went.add(frame.at, &frame.bytes));
            }
            if conn.views.iter().any(View::waits) {
                conn.outlet.wake_when_free();
            }
        }
    }

    /// After a panic: what was gathered for sockets that are closed now is never sent.
    pub(super) fn forget(&mut self) {
        self.together.forget();
    }

    /// Sends what was gathered for many sockets.
    pub(super) fn send(&mut self, conns: &mut Numbered<Box<Conn>>, now: Instant) {
        self.together.send(conns, now, |at, bytes| self.went.add(at, bytes));
    }

    /// A connection was given a batch of so many bytes.
    fn gave(&mut self, share: &Arc<Share>, bytes: usize, now: Instant) {
        match &mut self.taken {
            Some((known, taken)) if Arc::ptr_eq(known, share) => *taken += bytes,
            other => {
                if let Some((share, taken)) = other.replace((share.clone(), bytes)) {
                    share.sent(taken, now);
                }
            }
        }
    }

    /// The flush is over: what it joined is forgotten, what it took is told.
    pub(super) fn done(&mut self, now: Instant) {
        self.snapshots.clear();
        self.deltas.clear();
        self.last = None;
        self.went.count();
        if let Some((share, bytes)) = self.taken.take() {
            share.sent(bytes, now);
        }
        let made = std::mem::take(&mut self.made);
        meters().snapshots.increment(made.snapshots);
        meters().deltas.increment(made.deltas);
    }

    /// A reset, a snapshot, or both.
    fn whole(&mut self, framing: Framing, view: &mut View, n: usize, frames: &mut Frames) {
        let scopes = view.scopes();
        let (view, part) = (&view.id, &mut view.parts[n]);
        let Some(held) = &mut part.held else { return };
        let scope = part.board.scope;
        if let Some(reason) = part.reset.take() {
            let reset = Reset { scope: scope.to_string(), view: Some(*view), reason: reason.into(), epoch: Some(held.epoch.to_string()) };
            frames.push(Framed { bytes: framing.frame(&ServerFrame::Reset(reset)), at: None });
        }
        let Some(whole) = part.whole.take() else { return };
        part.is_named = true;
        let number = (framing.encoding() == Encoding::Binary).then_some(part.number);
        let key = SnapshotKey { framing, view: *view, epoch: held.epoch.clone(), tick: whole.tick, scopes, part: number };
        let joined = self.snapshots.entry(key).or_insert_with_key(|key| {
            let head = Snapshot {
                view: *view,
                scopes: key.scopes.clone(),
                scope,
                epoch: held.epoch.to_string(),
                tick: whole.tick,
                level: held.group.level,
                mode: held.group.mode.into(),
                covers: whole.covers,
                total: Total { n: whole.things },
                tiles: Vec::new(),
                more: false,
            };
            frames::snapshot(framing, head, part.number, &whole.chunks)
        });
        self.made.snapshots += joined.len() as u64;
        frames.extend(joined.iter().map(|bytes| Framed { bytes: bytes.clone(), at: None }));
        held.sent = whole.tick;
    }

    fn deltas(&mut self, framing: Framing, view: &ViewId, part: &mut Part, frames: &mut Frames) {
        let Some(held) = &mut part.held else { return };
        self.made.deltas += part.deltas.len() as u64;
        for waiting in std::mem::take(&mut part.deltas) {
            let named = (framing.encoding() == Encoding::Binary).then_some(Named { part: part.number, is_new: !part.is_named });
            part.is_named = true;
            let bytes = match &self.last {
                Some((last, bytes)) if last.is(framing, view, held.sent, named, &waiting.chunks) => bytes.clone(),
                _ => {
                    let key = DeltaKey { framing, view: *view, prev: held.sent, part: named, chunks: waiting.chunks };
                    let joined = self.deltas.entry(key.clone()).or_insert_with_key(|key| {
                        let head = StateDelta {
                            view: *view,
                            scope: part.board.scope,
                            epoch: held.epoch.to_string(),
                            prev: key.prev,
                            tick: waiting.tick,
                            tiles: Vec::new(),
                        };
                        frames::delta(framing, head, key.part, &key.chunks)
                    });
                    self.last.insert((key, joined.clone())).1.clone()
                }
            };
            frames.push(Framed { bytes, at: waiting.at });
            held.sent = waiting.tick;
        }
    }
}

/// A view that shows nothing.
fn blank(view: &ViewId, covers: domain::BBox) -> ServerFrame {
    ServerFrame::Snapshot(Snapshot {
        view: *view,
        scopes: Vec::new(),
        scope: ScopeName::World,
        epoch: "none".into(),
        tick: 0,
        level: 0,
        mode: TileMode::Entities,
        covers,
        total: Total { n: 0 },
        tiles: Vec::new(),
        more: false,
    })
}
