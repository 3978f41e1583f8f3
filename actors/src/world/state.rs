//! What a world knows, and how events and reads change it. Owned by its actor; talks to nobody.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Instant, SystemTime},
};

use domain::{BBox, CityId, Event, HomeFilter, Position, live::CityCounts};
use serde::Deserialize;
use time::OffsetDateTime;

use super::extents::Extents;
use crate::{
    board::Board,
    extent,
    messages::{Ask, HubId, Watch, WatchKey},
    ports::{CityPoint, SourceError},
};

/// A world that was read.
pub(crate) struct State {
    pub(crate) base: Board<CityPoint>,
    extents: Extents,
    pub(crate) filtered: HashMap<Arc<HomeFilter>, Filtered>,
    pub(super) seekers: HashMap<(HubId, WatchKey), Seeker>,
    /// Per city: the last event that is in its counts, and which change of this world it was.
    pub(super) told: HashMap<CityId, (u64, u64)>,
    pub(super) changes: u64,
    pub(super) extents_changed: bool,
}

/// The world as a filter shows it.
pub(crate) struct Filtered {
    pub(crate) board: Option<Board<CityPoint>>,
    pub(super) waiting: Vec<Watch>,
    pub(super) asks: Vec<Ask<Board<CityPoint>>>,
    pub(super) counting: bool,
    pub(super) counted: Option<Instant>,
    pub(super) stale: bool,
    /// The oldest commit that the next count will tell of.
    pub(super) at: Option<OffsetDateTime>,
    pub(super) last_watched: Instant,
}

/// A view that shows cities, and the cities it was told.
pub(super) struct Seeker {
    pub(super) bbox: BBox,
    pub(super) told: Vec<CityId>,
}

/// The part of a city's event that concerns the world.
#[derive(Deserialize)]
struct Part {
    put: Vec<Put>,
    counts: CityCounts,
}

#[derive(Deserialize)]
struct Put {
    at: Position,
}

/// Comes back from a count by a filter.
pub(crate) struct Counted {
    pub(super) filter: Arc<HomeFilter>,
    pub(super) counts: Result<Vec<(CityId, CityCounts)>, SourceError>,
}

/// Comes back from a read of what changed.
pub(crate) struct Polled {
    /// The world's change this read began after.
    pub(super) after: u64,
    pub(super) asked: SystemTime,
    pub(super) cities: Vec<CityPoint>,
}

impl State {
    pub(super) fn new(base: Board<CityPoint>) -> Self {
        let extents = Extents::of(base.map().iter());
        Self { base, extents, filtered: HashMap::new(), seekers: HashMap::new(), told: HashMap::new(), changes: 0, extents_changed: false }
    }

    /// The cities whose homes a box meets.
    pub(crate) fn cities_in(&self, bbox: BBox) -> Vec<CityId> {
        self.extents.meeting(bbox)
    }

    pub(super) fn apply(&mut self, event: &Event, city: CityId) -> bool {
        let seq = self.told.get(&city).map_or(0, |(seq, _)| *seq);
        if event.seq <= seq {
            return true;
        }
        let part = match serde_json::from_str::<Part>(event.body.get()) {
            Ok(part) => part,
            Err(why) => {
                tracing::error!(%city, seq = event.seq, error = %why, "an event is no change of a city");
                return true;
            }
        };
        self.changes += 1;
        for filtered in self.filtered.values_mut() {
            filtered.stale = true;
            filtered.at = filtered.at.or(Some(event.at));
        }
        let Some(known) = self.base.map().get(city) else { return false };
        let mut point = CityPoint { counts: part.counts, ..known.clone() };
        for put in part.put {
            point.extent = Some(extent::with(point.extent, put.at));
        }
        if point != *known {
            self.put(point, Some(event.at));
        }
        self.told.insert(city, (event.seq, self.changes));
        true
    }

    pub(super) fn merge(&mut self, polled: Polled) {
        for city in polled.cities {
            // What events told since the read began is newer than what it read.
            if self.told.get(&city.id).is_some_and(|(_, change)| *change > polled.after) {
                continue;
            }
            if self.base.map().get(city.id) != Some(&city).filter(|city| city.counts.homes > 0) {
                for filtered in self.filtered.values_mut() {
                    filtered.stale = true;
                }
                self.put(city, None);
            }
        }
    }

    /// A city as it is now. One without a home is on no world, whether it was read so or became so.
    fn put(&mut self, city: CityPoint, at: Option<OffsetDateTime>) {
        self.extents_changed |= self.extents.put(&city);
        if city.counts.homes > 0 {
            self.base.change(at).put(city);
        } else {
            self.base.change(at).remove(city.id);
        }
    }

    pub(super) fn boards(&mut self) -> impl Iterator<Item = &mut Board<CityPoint>> {
        std::iter::once(&mut self.base).chain(self.filtered.values_mut().filter_map(|f| f.board.as_mut()))
    }

    pub(super) fn is_watched(&self) -> bool {
        self.base.is_watched() || !self.seekers.is_empty() || !self.filtered.is_empty()
    }
}

impl Filtered {
    pub(super) fn new() -> Self {
        Self { board: None, waiting: Vec::new(), asks: Vec::new(), counting: false, counted: None, stale: true, at: None, last_watched: Instant::now() }
    }
}
