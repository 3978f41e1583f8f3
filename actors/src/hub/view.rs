//! A view and its parts, one for each scope: what the client holds, and what waits to be told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{BBox, CityId, HomeFilter};
use smallvec::SmallVec;
use time::OffsetDateTime;

use crate::{
    map::Group,
    messages::{BoardId, Ticked, WatchKey},
    wire::{Layer, Outcome, ScopeName, Since, ViewFrame, ViewId},
};

/// Ticks that wait for a slow reader; more, and its part is repaired in one step.
const CHAIN: usize = 4;
/// From this zoom on a view shows the homes of cities, below it the world.
const CITY_ZOOM: f64 = 9.0;
/// A view over more cities than this stays the world's.
pub(super) const MOST_CITIES: usize = 64;

pub(super) struct View {
    pub(super) id: ViewId,
    pub(super) bbox: BBox,
    pub(super) zoom: f64,
    pub(super) filter: Arc<HomeFilter>,
    /// What the client said it holds, until each scope was asked about it.
    pub(super) since: Since,
    /// Asks the world which cities it meets, if it shows cities.
    pub(super) seek: Option<Seek>,
    pub(super) parts: SmallVec<[Part; 1]>,
    /// Whether `resume` brought it, and the worst answer so far.
    pub(super) resuming: Option<Outcome>,
    pub(super) skipped: u64,
    pub(super) told_qos: Option<Instant>,
    pub(super) is_wide: bool,
    /// Its tenant is over its bytes: state is written no more often than this.
    pub(super) slowed: Option<Duration>,
    /// A snapshot was taken for it that none of its parts has asked for yet.
    pub(super) taken: bool,
    /// When state was last written.
    pub(super) written: Option<Instant>,
    /// Nothing to show: one empty snapshot is still to be told.
    pub(super) blank: bool,
}

pub(super) struct Seek {
    pub(super) key: WatchKey,
    pub(super) asked: Option<Instant>,
}

/// One scope of a view.
pub(super) struct Part {
    pub(super) key: WatchKey,
    /// What stands for it on its connection: the least number that no other part there has.
    pub(super) number: u32,
    /// The client was told what the number stands for.
    pub(super) is_named: bool,
    pub(super) board: BoardId,
    /// When a look went out that has no answer yet, or will go out.
    pub(super) asked: Option<Instant>,
    /// The look waits until then for its tenant's next snapshot.
    pub(super) deferred: bool,
    /// The snapshot it asks for was taken from what its tenant may have.
    pub(super) taken: bool,
    /// Its board was built anew: the answer is a snapshot, whatever is held.
    pub(super) is_rebuilt: bool,
    pub(super) held: Option<HeldPart>,
    pub(super) whole: Option<Box<Whole>>,
    pub(super) deltas: SmallVec<[Waiting; 1]>,
    pub(super) behind: bool,
    pub(super) reset: Option<&'static str>,
}

/// What the client holds, or will when what waits has been told.
pub(super) struct HeldPart {
    pub(super) epoch: Arc<str>,
    pub(super) group: Group,
    /// The last tick that was written to the outlet.
    pub(super) sent: u64,
    /// The last tick that is written or waits.
    pub(super) newest: u64,
}

pub(super) struct Whole {
    pub(super) tick: u64,
    pub(super) covers: BBox,
    pub(super) things: u64,
    pub(super) chunks: Vec<Bytes>,
}

pub(super) struct Waiting {
    pub(super) tick: u64,
    pub(super) at: Option<OffsetDateTime>,
    /// The same for everyone who looks the same way.
    pub(super) chunks: Arc<[Bytes]>,
}

pub enum Shows {
    Nothing,
    World,
    Cities,
}

/// What a view shows, by its layers and zoom.
pub fn shows(layers: &[Layer], zoom: f64) -> Shows {
    match (layers.contains(&Layer::Homes), layers.contains(&Layer::Cities)) {
        (false, false) => Shows::Nothing,
        (true, _) if zoom >= CITY_ZOOM => Shows::Cities,
        _ => Shows::World,
    }
}

/// The scopes of a view that shows cities: theirs, or the world's where there is none, or too many.
pub fn scopes_of(cities: &[CityId]) -> Vec<ScopeName> {
    if cities.is_empty() || cities.len() > MOST_CITIES { vec![ScopeName::World] } else { cities.iter().map(|city| ScopeName::City(*city)).collect() }
}

impl View {
    /// Slowed, and written to not long ago.
    pub(super) fn is_held_back(&self, now: Instant) -> bool {
        self.slowed.zip(self.written).is_some_and(|(every, written)| now.saturating_duration_since(written) < every)
    }

    /// The level it is shown at, as far as that is known.
    pub(super) fn level(&self) -> u8 {
        self.parts.iter().find_map(|part| part.held.as_ref()).map_or(self.zoom as u8, |held| held.group.level)
    }

    pub(super) fn new(frame: ViewFrame) -> Self {
        Self {
            id: frame.id,
            bbox: frame.bbox,
            zoom: frame.zoom,
            filter: Arc::new(frame.filter),
            since: frame.since,
            seek: None,
            parts: SmallVec::new(),
            resuming: None,
            skipped: 0,
            told_qos: None,
            is_wide: false,
            slowed: None,
            taken: false,
            written: None,
            blank: false,
        }
    }

    pub(super) fn scopes(&self) -> Vec<ScopeName> {
        self.parts.iter().map(|part| part.board.scope).collect()
    }

    /// Adds a tick to its part of this key. False: it was skipped, to be repaired later. None: it has no such part.
    pub(super) fn add(&mut self, key: WatchKey, ticked: &Ticked, chunks: &Arc<[Bytes]>) -> Option<bool> {
        let part = self.parts.iter_mut().find(|part| part.key == key)?;
        let took = part.add(ticked.tick, ticked.at, chunks);
        self.skipped += u64::from(!took);
        Some(took)
    }

    pub(super) fn waits(&self) -> bool {
        self.blank || self.parts.iter().any(Part::waits)
    }
}

impl Part {
    pub(super) fn new(key: WatchKey, number: u32, board: BoardId) -> Self {
        Self {
            key,
            number,
            is_named: false,
            board,
            asked: None,
            deferred: false,
            taken: false,
            is_rebuilt: false,
            held: None,
            whole: None,
            deltas: SmallVec::new(),
            behind: false,
            reset: None,
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.whole.is_some() || !self.deltas.is_empty() || (self.behind && self.asked.is_none()) || self.reset.is_some()
    }

    /// Drops what waits; what the client holds is brought up to date in one step, later.
    pub(super) fn fall_behind(&mut self) {
        if self.held.is_some() && (self.whole.is_some() || !self.deltas.is_empty()) {
            self.deltas.clear();
            self.behind = true;
            // A snapshot that was never told is asked for again as a whole: what is held then is of no tick.
            if self.whole.take().is_some()
                && let Some(held) = &mut self.held
            {
                held.epoch = "".into();
            }
        }
    }

    /// Adds a tick. False if it was skipped, to be repaired later.
    pub(super) fn add(&mut self, tick: u64, at: Option<OffsetDateTime>, chunks: &Arc<[Bytes]>) -> bool {
        let Some(held) = &mut self.held else { return true };
        if tick <= held.newest {
            return true;
        }
        if self.behind {
            return false;
        }
        if self.deltas.len() >= CHAIN {
            self.deltas.clear();
            self.behind = true;
            if self.whole.take().is_some() {
                held.epoch = "".into();
            }
            return false;
        }
        held.newest = tick;
        self.deltas.push(Waiting { tick, at, chunks: chunks.clone() });
        true
    }
}
