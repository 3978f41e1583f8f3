//! Who on a hub looks at a board, by tile. Equal ways of looking are kept once, however many look so.
//!
//! Asked by the hub for every tick: what that costs grows with the ways of looking, and who looks the same way gets the same chunks,
//! gathered once. Knows no connection but by its number.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
};

use bytes::Bytes;

use super::ConnId;
use crate::{
    map::{Group, TileKey},
    messages::{Ticked, WatchKey},
    numbered::Numbered,
};

#[derive(Default)]
pub(super) struct Interest {
    /// The board's count of what it sent here.
    n: Option<u64>,
    /// How many times the usual time lies between two of its ticks: what its viewers were told.
    stretch: Option<u32>,
    next: u64,
    ways: Numbered<Way>,
    /// Of an epoch, its way: an epoch names the build and the plan.
    numbers: HashMap<Arc<str>, u64>,
    tiles: HashMap<Group, HashMap<TileKey, Vec<u64>>>,
    watches: Numbered<u64>,
}

/// One way of looking, and who looks so.
struct Way {
    epoch: Arc<str>,
    group: Group,
    tiles: Arc<[TileKey]>,
    /// In the order in which they came: so do their connections and sockets lie in memory, here and in the kernel.
    watchers: BTreeMap<WatchKey, ConnId>,
}

/// What a tick tells those who look one way.
pub(super) struct Told<'a> {
    pub(super) chunks: Arc<[Bytes]>,
    pub(super) watchers: &'a BTreeMap<WatchKey, ConnId>,
}

impl Interest {
    /// Counts a tick. False if one before it never came.
    pub(super) fn follows(&mut self, ticked: &Ticked) -> bool {
        self.counts(ticked.n)
    }

    /// The same for anything that a board counts.
    pub(super) fn counts(&mut self, n: u64) -> bool {
        let missed = self.n.is_some_and(|before| n != before + 1);
        self.n = Some(n);
        !missed
    }

    /// So many times the usual time lies between two ticks from now on. Gives back how many it were.
    pub(super) fn stretches(&mut self, stretch: u32) -> u32 {
        self.stretch.replace(stretch).unwrap_or(1)
    }

    pub(super) fn stretch(&self) -> u32 {
        self.stretch.unwrap_or(1)
    }

    /// Whatever the board sends next is the first.
    pub(super) fn begin_anew(&mut self) {
        self.n = None;
    }

    /// A watch looks this way from now on. Gives back the epoch as everyone who looks so has it.
    pub(super) fn enter(&mut self, key: WatchKey, conn: ConnId, epoch: Arc<str>, group: Group, tiles: Arc<[TileKey]>) -> Arc<str> {
        let number = match self.numbers.entry(epoch.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.next += 1;
                let by_tile = self.tiles.entry(group.clone()).or_default();
                for tile in tiles.iter() {
                    by_tile.entry(*tile).or_default().push(self.next);
                }
                self.ways.insert(self.next, Way { epoch, group, tiles, watchers: BTreeMap::new() });
                *new.insert(self.next)
            }
        };
        self.watches.insert(key, number);
        self.ways.get_mut(&number).map_or_else(
            || "".into(),
            |way| {
                way.watchers.insert(key, conn);
                way.epoch.clone()
            },
        )
    }

    pub(super) fn leave(&mut self, key: WatchKey) {
        let Some(number) = self.watches.remove(&key) else { return };
        let Some(way) = self.ways.get_mut(&number) else { return };
        way.watchers.remove(&key);
        if !way.watchers.is_empty() {
            return;
        }
        let Some(way) = self.ways.remove(&number) else { return };
        self.numbers.remove(&way.epoch);
        let Some(by_tile) = self.tiles.get_mut(&way.group) else { return };
        for tile in way.tiles.iter() {
            if let Some(ways) = by_tile.get_mut(tile) {
                ways.retain(|other| *other != number);
                if ways.is_empty() {
                    by_tile.remove(tile);
                }
            }
        }
        if by_tile.is_empty() {
            self.tiles.remove(&way.group);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    pub(super) fn watches(&self) -> Vec<WatchKey> {
        self.watches.keys().copied().collect()
    }

    /// For every way of looking that a tick touches: its chunks, and who gets them.
    pub(super) fn told(&self, ticked: &Ticked) -> impl Iterator<Item = Told<'_>> {
        let mut told: Numbered<Vec<Bytes>> = Numbered::default();
        for (group, tiles) in ticked.groups.iter() {
            let Some(by_tile) = self.tiles.get(group) else { continue };
            for (tile, bytes) in tiles {
                for way in by_tile.get(tile).into_iter().flatten() {
                    told.entry(*way).or_default().push(bytes.clone());
                }
            }
        }
        told.into_iter().filter_map(|(way, chunks)| Some(Told { chunks: chunks.into(), watchers: &self.ways.get(&way)?.watchers }))
    }
}
