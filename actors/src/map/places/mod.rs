//! Where things are: one quadtree of tiles, for views, clusters, boxes and distances alike.
//!
//! Owned by a live map, which names things by slot. A tile that holds more than [`CROWD`] things is kept as its four quarters, down
//! to [`FINEST`]: a crowded street is kept fine, an empty sea coarse, and no grid's size has to suit both. Every kept tile knows the
//! sums of what is in it, so a cluster is one look, and every kept tile knows its box, so a search for what is near can leave out
//! what cannot be ([`near`]). Things beyond the square world of tiles are kept beside it.
//!
//! A move touches the tiles that hold the old place or the new one, from fine to coarse, and nothing else.

mod find;
mod near;
#[cfg(test)]
mod tests;

use domain::Position;

use super::{
    Weight,
    sums::{Bounds, Sums},
    tile::{FINEST, Level, code_of},
};

/// A tile with more things is kept as four.
const CROWD: usize = 32;
/// Four quarters with no more things between them are kept as one again. Far below [`CROWD`], so that coming and going at the brink
/// does not split and join.
const FEW: u32 = 12;

/// So many can come to a list before it is laid elsewhere in memory.
const SPARE: usize = 3;

/// Beyond the tiles; above every code.
const BEYOND: u64 = u64::MAX;

/// What is known of the thing in a slot.
#[derive(Clone, Copy, Debug)]
struct Spot {
    code: u64,
    at: Position,
    weight: Weight,
    /// Its place in the list that names it.
    listed: u32,
}

impl Spot {
    fn new(at: Position, weight: Weight) -> Self {
        Self { code: code_of(at).unwrap_or(BEYOND), at, weight, listed: 0 }
    }

    fn sums(&self) -> Sums {
        Sums::of(self.at, self.weight)
    }
}

/// How a tile is kept.
#[derive(Clone, Copy, Debug)]
enum Inside<'a> {
    /// Slots, in no order.
    Things(&'a [u32]),
    /// Its quarters: four tiles from this one on, in the order of codes.
    Quarters(u32),
}

/// The first of all tiles, and a part of none.
const WORLD: u32 = 0;

/// What is known of tiles stands in a list for each kind of thing, not together: the way down to a place reads four bytes of each tile,
/// which for a million things fit in a core's own cache, and then it is known at once which sums to change.
#[derive(Debug)]
pub(super) struct Places {
    /// By slot; stale where nothing is.
    spots: Vec<Spot>,
    /// By tile: the first of its quarters, [`WORLD`] for one that is kept whole.
    quarters: Vec<u32>,
    /// By tile.
    sums: Vec<Sums>,
    /// By tile: the slots of what is in it, if it is kept whole.
    lists: Vec<Vec<u32>>,
    /// Where four tiles are that are not in use.
    unused: Vec<u32>,
    /// Slots of what lies beyond the tiles.
    beyond: Vec<u32>,
}

/// The kept tiles that hold a code, from the world on.
struct Path {
    tiles: [u32; FINEST as usize + 1],
    len: usize,
}

impl Path {
    fn as_slice(&self) -> &[u32] {
        &self.tiles[..self.len]
    }

    /// How many tiles of this path, which is that of one of two codes, hold the other code as well.
    fn shared(&self, a: u64, b: u64) -> usize {
        if a == BEYOND || b == BEYOND {
            return 0;
        }
        let alike = (a ^ b).leading_zeros() as usize - (u64::BITS as usize - 2 * FINEST as usize);
        self.len.min(1 + alike / 2)
    }
}

/// Which quarter of a tile of level `z - 1` holds a code.
fn quarter(code: u64, z: Level) -> u32 {
    (code >> (2 * (FINEST - z))) as u32 & 3
}

impl Places {
    /// Of things in the order of their slots, from 0 on without a gap. Quickest when that is also the order of their places.
    pub(super) fn of(things: impl Iterator<Item = (Position, Weight)>) -> Self {
        let spots: Vec<Spot> = things.map(|(at, weight)| Spot::new(at, weight)).collect();
        let mut order: Vec<(u64, u32)> = spots.iter().enumerate().map(|(slot, spot)| (spot.code, slot as u32)).collect();
        order.sort_unstable();
        let on_tiles = order.partition_point(|(code, _)| *code != BEYOND);
        let mut places = Self { spots, quarters: vec![WORLD], sums: vec![Sums::NONE], lists: vec![Vec::new()], unused: Vec::new(), beyond: Vec::new() };
        places.fill(WORLD, 0, &order[..on_tiles]);
        for (_, slot) in &order[on_tiles..] {
            places.spots[*slot as usize].listed = places.beyond.len() as u32;
            places.beyond.push(*slot);
        }
        places
    }

    /// Fills an empty tile of level `z` with slots in the order of their codes.
    fn fill(&mut self, tile: u32, z: Level, order: &[(u64, u32)]) {
        let mut sums = Sums::NONE;
        if order.len() <= CROWD || z == FINEST {
            let mut slots = Vec::with_capacity(order.len() + SPARE);
            for (listed, (_, slot)) in order.iter().enumerate() {
                let spot = &mut self.spots[*slot as usize];
                spot.listed = listed as u32;
                sums.add(&spot.sums());
                slots.push(*slot);
            }
            self.lists[tile as usize] = slots;
        } else {
            let first = self.four();
            let mut rest = order;
            for n in 0..4 {
                let (here, later) = rest.split_at(rest.partition_point(|(code, _)| quarter(*code, z + 1) <= n));
                self.fill(first + n, z + 1, here);
                sums.add(&self.sums[(first + n) as usize]);
                rest = later;
            }
            self.quarters[tile as usize] = first;
        }
        self.sums[tile as usize] = sums;
    }

    /// Four empty tiles.
    fn four(&mut self) -> u32 {
        self.unused.pop().unwrap_or_else(|| {
            let first = self.sums.len() as u32;
            self.quarters.extend([WORLD; 4]);
            self.sums.extend([Sums::NONE; 4]);
            self.lists.extend([const { Vec::new() }; 4]);
            first
        })
    }

    fn inside(&self, tile: u32) -> Inside<'_> {
        match self.quarters[tile as usize] {
            WORLD => Inside::Things(&self.lists[tile as usize]),
            first => Inside::Quarters(first),
        }
    }

    /// The code of what is in a slot; none beyond the tiles.
    pub(super) fn code(&self, slot: u32) -> Option<u64> {
        Some(self.spots[slot as usize].code).filter(|code| *code != BEYOND)
    }

    /// Puts a thing in a slot that is empty, or the next one after the last.
    pub(super) fn put(&mut self, slot: u32, at: Position, weight: Weight) {
        let spot = Spot::new(at, weight);
        match self.spots.get_mut(slot as usize) {
            Some(stale) => *stale = spot,
            None => self.spots.push(spot),
        }
        let path = self.path(spot.code);
        self.list(&path, slot);
        self.follow(path.as_slice(), None, Some(&spot.sums()));
        self.split(&path);
    }

    /// The thing in a slot is elsewhere now, or weighs something else. Returns the code of where it was; none beyond the tiles.
    pub(super) fn shift(&mut self, slot: u32, at: Position, weight: Weight) -> Option<u64> {
        let old = self.spots[slot as usize];
        let was = Some(old.code).filter(|code| *code != BEYOND);
        if (old.at, old.weight) == (at, weight) {
            return was;
        }
        let new = Spot::new(at, weight);
        let to = self.path(new.code);
        let common = to.shared(old.code, new.code);
        let from = self.path_from(&to, common, old.code);
        let (left, entered) = (&from.as_slice()[common..], &to.as_slice()[common..]);
        let (gone, come) = (old.sums(), new.sums());
        // One path to the end, or beyond the tiles before and after: it stays on its list.
        if left.is_empty() && entered.is_empty() {
            self.spots[slot as usize] = Spot { listed: old.listed, ..new };
        } else {
            self.unlist(&from, slot);
            self.spots[slot as usize] = new;
            self.list(&to, slot);
        }
        self.follow(left, Some(&gone), None);
        self.follow(entered, None, Some(&come));
        self.follow(&from.as_slice()[..common], Some(&gone), Some(&come));
        if !entered.is_empty() {
            self.split(&to);
        }
        if !left.is_empty() {
            self.join(&from);
        }
        was
    }

    /// Takes the thing out of a slot.
    pub(super) fn remove(&mut self, slot: u32) {
        let old = self.spots[slot as usize];
        let path = self.path(old.code);
        self.unlist(&path, slot);
        self.follow(path.as_slice(), Some(&old.sums()), None);
        self.join(&path);
    }

    /// Nothing holds what lies beyond the tiles.
    fn path(&self, code: u64) -> Path {
        let mut path = Path { tiles: [WORLD; FINEST as usize + 1], len: usize::from(code != BEYOND) };
        if code != BEYOND {
            self.go_on(&mut path, code);
        }
        path
    }

    /// The path of a code, of which so much is the beginning of another path.
    fn path_from(&self, other: &Path, common: usize, code: u64) -> Path {
        if common == 0 {
            return self.path(code);
        }
        let mut path = Path { tiles: other.tiles, len: common };
        self.go_on(&mut path, code);
        path
    }

    /// From the last tile of a path to where its things are.
    fn go_on(&self, path: &mut Path, code: u64) {
        loop {
            let first = self.quarters[path.tiles[path.len - 1] as usize];
            if first == WORLD {
                return;
            }
            path.tiles[path.len] = first + quarter(code, path.len as Level);
            path.len += 1;
        }
    }

    /// The list at the end of a path.
    fn list_of(&mut self, path: &Path) -> &mut Vec<u32> {
        match path.as_slice().last() {
            Some(tile) => &mut self.lists[*tile as usize],
            None => &mut self.beyond,
        }
    }

    fn list(&mut self, path: &Path, slot: u32) {
        let slots = self.list_of(path);
        let listed = slots.len() as u32;
        slots.push(slot);
        self.spots[slot as usize].listed = listed;
    }

    fn unlist(&mut self, path: &Path, slot: u32) {
        let listed = self.spots[slot as usize].listed;
        let slots = self.list_of(path);
        slots.swap_remove(listed as usize);
        if let Some(other) = slots.get(listed as usize).copied() {
            self.spots[other as usize].listed = listed;
        }
    }

    /// Takes one thing out of some tiles' sums and another in; the tiles are a path or a piece of one.
    fn follow(&mut self, tiles: &[u32], gone: Option<&Sums>, come: Option<&Sums>) {
        // No tile's sums need another's, so that memory can answer for all of them at once.
        let mut shrunk = 0u32;
        for (n, tile) in tiles.iter().enumerate() {
            let sums = &mut self.sums[*tile as usize];
            if let Some(gone) = gone {
                shrunk |= u32::from(sums.take(gone)) << n;
            }
            if let Some(come) = come {
                sums.add(come);
            }
        }
        // From fine to coarse: a box that the thing held open is that of the tile's parts, which are right already.
        for (n, tile) in tiles.iter().enumerate().rev() {
            if shrunk >> n & 1 == 1 {
                let bounds = self.bounds_of_parts(*tile);
                self.sums[*tile as usize].set_bounds(bounds);
            }
        }
    }

    fn bounds_of_parts(&self, tile: u32) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        match self.inside(tile) {
            Inside::Quarters(first) => (first..first + 4).for_each(|part| bounds.grow(self.sums[part as usize].bounds())),
            Inside::Things(slots) => {
                for slot in slots {
                    bounds.grow(Bounds::of(self.spots[*slot as usize].at));
                    // The others reach as far: what is on one spot costs one look.
                    if bounds == self.sums[tile as usize].bounds() {
                        break;
                    }
                }
            }
        }
        bounds
    }

    /// Keeps the tile at the end of a path as four, and those as four, while they are crowded.
    fn split(&mut self, path: &Path) {
        let Some((tile, coarser)) = path.as_slice().split_last() else { return };
        let z = coarser.len() as Level;
        if z == FINEST {
            return;
        }
        if self.lists[*tile as usize].len() <= CROWD {
            return;
        }
        let slots = std::mem::take(&mut self.lists[*tile as usize]);
        let mut order: Vec<(u64, u32)> = slots.iter().map(|slot| (self.spots[*slot as usize].code, *slot)).collect();
        order.sort_unstable();
        self.fill(*tile, z, &order);
    }

    /// Keeps the first tile of a path that is hardly filled as one.
    fn join(&mut self, path: &Path) {
        // The last tile is one already, and no tile before its holder holds less: nearly always one look is enough.
        let Some([holder, _]) = path.as_slice().last_chunk() else { return };
        if self.sums[*holder as usize].weight.things > FEW {
            return;
        }
        let Some(tile) = path.as_slice().iter().copied().find(|tile| self.sums[*tile as usize].weight.things <= FEW) else { return };
        let Inside::Quarters(first) = self.inside(tile) else { return };
        let mut slots = Vec::with_capacity(CROWD);
        self.clear(first, &mut slots);
        for (listed, slot) in slots.iter().enumerate() {
            self.spots[*slot as usize].listed = listed as u32;
        }
        self.quarters[tile as usize] = WORLD;
        self.lists[tile as usize] = slots;
    }

    /// Empties four tiles and what they are kept as; what was in them is added to a list.
    fn clear(&mut self, first: u32, into: &mut Vec<u32>) {
        for tile in (first..first + 4).map(|tile| tile as usize) {
            match std::mem::replace(&mut self.quarters[tile], WORLD) {
                WORLD => into.extend(std::mem::take(&mut self.lists[tile])),
                first => self.clear(first, into),
            }
            self.sums[tile] = Sums::NONE;
        }
        self.unused.push(first);
    }
}
