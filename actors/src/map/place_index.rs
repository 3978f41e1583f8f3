//! The tile index: which slots are in which tile, and the pyramid of sums over them.
//!
//! Owned by a live map. Slots are kept by tile of level [`GRID`] in the order of their codes, so that any coarser tile is one range
//! of neighbours and only tiles that hold something cost anything. Sums are kept for every level from 0 to [`GRID`]; finer ones are
//! added up from one grid tile when asked.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    sums::Sums,
    tile::{FINEST, Level, TileKey, number_of},
};

/// The finest level with kept sums: tiles of 610 m at the equator, a few dozen homes in a dense city.
pub(super) const GRID: Level = 16;

/// Mixes tile numbers; they are ours and small, so the default hasher's strength would only cost time.
#[derive(Default)]
pub(super) struct TileHasher(u64);

impl Hasher for TileHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, v: u64) {
        // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
        let v = (self.0 ^ v).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let v = (v ^ v >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let v = (v ^ v >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = v ^ v >> 31;
    }
}

#[derive(Debug, Default)]
pub(super) struct PlaceIndex {
    grid: BTreeMap<u32, Vec<u32>>,
    pyramid: HashMap<u64, Sums, BuildHasherDefault<TileHasher>>,
}

fn grid_key(code: u64) -> u32 {
    (code >> (2 * (FINEST - GRID))) as u32
}

impl PlaceIndex {
    pub(super) fn put(&mut self, slot: u32, code: u64, one: &Sums) {
        self.grid.entry(grid_key(code)).or_default().push(slot);
        for z in 0..=GRID {
            self.pyramid.entry(number_of(code, z)).or_default().add(one);
        }
    }

    /// `sums_of` gives those of the slots that stay in the same grid tile.
    pub(super) fn remove(&mut self, slot: u32, code: u64, one: &Sums, sums_of: impl Fn(u32) -> Sums) {
        let key = grid_key(code);
        if let Some(slots) = self.grid.get_mut(&key) {
            if let Some(place) = slots.iter().position(|s| *s == slot) {
                slots.swap_remove(place);
            }
            if slots.is_empty() {
                self.grid.remove(&key);
            }
        }
        // From fine to coarse: a box that the thing held open is that of the tile's parts, which are right already.
        for z in (0..=GRID).rev() {
            let number = number_of(code, z);
            let Some(sums) = self.pyramid.get_mut(&number) else { continue };
            let shrinks = sums.take(one);
            if sums.weight.things == 0 {
                self.pyramid.remove(&number);
            } else if shrinks {
                let (mut parts, was) = (Sums::default(), sums.bounds());
                if z == GRID {
                    for slot in self.grid.get(&key).into_iter().flatten() {
                        parts.add(&sums_of(*slot));
                        // The others reach as far: what is on one spot costs one look.
                        if parts.bounds() == was {
                            break;
                        }
                    }
                } else {
                    self.children(number).for_each(|child| parts.add(child));
                }
                if let Some(sums) = self.pyramid.get_mut(&number) {
                    sums.set_bounds(parts.bounds());
                }
            }
        }
    }

    fn children(&self, number: u64) -> impl Iterator<Item = &Sums> {
        (0..4).filter_map(move |child| self.pyramid.get(&(number << 2 | child)))
    }

    /// The kept sums of a tile; `Err` when its level is finer than the grid.
    pub(super) fn sums(&self, tile: TileKey) -> Result<Option<&Sums>, FinerThanGrid> {
        if tile.z > GRID { Err(FinerThanGrid) } else { Ok(self.pyramid.get(&tile.number())) }
    }

    /// The slots of a tile, and for tiles finer than the grid some of its neighbours'.
    pub(super) fn slots(&self, tile: TileKey) -> impl Iterator<Item = u32> {
        let codes = tile.codes();
        self.grid.range(grid_key(codes.start)..=grid_key(codes.end - 1)).flat_map(|(_, slots)| slots.iter().copied())
    }

    /// The sums of all tiles of one level that hold something, at most [`GRID`], in no order.
    pub(super) fn level(&self, z: Level) -> Vec<&Sums> {
        let mut numbers = vec![1u64];
        for _ in 0..z.min(GRID) {
            numbers = numbers.iter().flat_map(|n| (0..4).map(move |child| n << 2 | child)).filter(|n| self.pyramid.contains_key(n)).collect();
        }
        numbers.iter().filter_map(|n| self.pyramid.get(n)).collect()
    }
}

pub(super) struct FinerThanGrid;
