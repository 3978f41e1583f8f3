//! Which tiles the last ticks touched: what proves that everything else is as the client holds it.

use std::collections::{HashSet, VecDeque};

use crate::map::{Changes, FINEST, Level, Thing, TileKey};

/// Ticks and touched tiles that are remembered; more, and a returning client gets a snapshot, unless its stream can be read again.
const TICKS: usize = 2_048;
const TILES: usize = 200_000;

#[derive(Default)]
pub(super) struct Log {
    /// Ascending, without a gap; each with its touched tiles at the finest level.
    ticks: VecDeque<(u64, Vec<TileKey>)>,
    tiles: usize,
    /// Everything after this tick is remembered.
    from: u64,
}

impl Log {
    /// One that remembers what comes after a tick.
    pub(super) fn after(tick: u64) -> Self {
        Self { from: tick, ..Self::default() }
    }

    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// Adds what was before all that is remembered: ascending, nothing missing after `from`.
    pub(super) fn look_back(&mut self, from: u64, older: Vec<(u64, Vec<TileKey>)>) {
        self.from = from;
        for (tick, touched) in older.into_iter().rev() {
            self.tiles += touched.len();
            self.ticks.push_front((tick, touched));
        }
    }

    pub(super) fn add<T: Thing>(&mut self, tick: u64, changes: &Changes<T>) {
        let touched = changes.tiles(FINEST);
        self.tiles += touched.len();
        self.ticks.push_back((tick, touched));
        while self.ticks.len() > TICKS || self.tiles > TILES {
            let Some((tick, touched)) = self.ticks.pop_front() else { break };
            self.tiles -= touched.len();
            self.from = tick;
        }
    }

    /// The tiles of a level that anything touched after a tick; none if that is no longer known.
    pub(super) fn touched_since(&self, since: u64, level: Level) -> Option<HashSet<TileKey>> {
        if since < self.from {
            return None;
        }
        let coarse = |tile: &TileKey| TileKey { z: level, x: tile.x >> (FINEST - level), y: tile.y >> (FINEST - level) };
        Some(self.ticks.iter().rev().take_while(|(tick, _)| *tick > since).flat_map(|(_, touched)| touched.iter().map(coarse)).collect())
    }
}
