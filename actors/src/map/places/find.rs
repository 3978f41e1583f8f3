//! Questions about tiles and boxes.

use std::ops::Range;

use domain::BBox;

use super::{Inside, Places, WORLD, quarter};
use crate::map::{
    sums::{Bounds, Sums},
    tile::{Level, TileKey},
};

/// Where a tile is found.
enum Found {
    /// It is kept.
    Kept(u32),
    /// It is part of this one, which is kept whole because little is in it.
    Within(u32),
}

impl Places {
    fn find(&self, tile: TileKey) -> Found {
        let code = tile.codes().start;
        let (mut at, mut z) = (WORLD, 0);
        while z < tile.z {
            let Inside::Quarters(first) = self.inside(at) else { return Found::Within(at) };
            z += 1;
            at = first + quarter(code, z);
        }
        Found::Kept(at)
    }

    /// The sums of what is in a tile.
    pub(in crate::map) fn sums(&self, tile: TileKey) -> Sums {
        match self.find(tile) {
            Found::Kept(at) => self.sums[at as usize],
            Found::Within(at) if self.sums[at as usize].weight.things == 0 => Sums::NONE,
            Found::Within(_) => {
                let mut sums = Sums::NONE;
                self.slots(tile).for_each(|slot| sums.add(&self.spots[slot as usize].sums()));
                sums
            }
        }
    }

    /// The slots of what is in a tile, in no order.
    pub(in crate::map) fn slots(&self, tile: TileKey) -> impl Iterator<Item = u32> {
        let (from, only) = match self.find(tile) {
            Found::Kept(at) => (at, None),
            Found::Within(at) => (at, Some(tile.codes())),
        };
        let mut slots = Slots { places: self, to_come: Vec::new(), list: [].iter(), only };
        slots.open(from);
        slots
    }

    /// The slots of what may be in a box, also beyond the tiles, in no order.
    pub(in crate::map) fn about_box(&self, bbox: BBox) -> Vec<u32> {
        let meets = |tile: &Bounds| {
            let tile = tile.degrees();
            // 180° east is the same meridian as 180° west, where positions have it.
            bbox.parts().any(|part| {
                tile.south <= part.north
                    && part.south <= tile.north
                    && (tile.west <= part.east && part.west <= tile.east || part.east == 180.0 && tile.west == -180.0)
            })
        };
        let (mut found, mut to_come) = (self.beyond.clone(), vec![WORLD]);
        while let Some(tile) = to_come.pop() {
            let sums = &self.sums[tile as usize];
            if sums.weight.things == 0 || !meets(&sums.bounds()) {
                continue;
            }
            match self.inside(tile) {
                Inside::Things(slots) => found.extend(slots),
                Inside::Quarters(first) => to_come.extend(first..first + 4),
            }
        }
        found
    }

    /// Boxes that hold everything, none wider than a tile of level `z`.
    pub(in crate::map) fn boxes(&self, z: Level) -> Vec<BBox> {
        let own = |slot: &u32| Bounds::of(self.spots[*slot as usize].at).degrees();
        let mut boxes: Vec<BBox> = self.beyond.iter().map(own).collect();
        let mut to_come = vec![(WORLD, 0)];
        while let Some((tile, level)) = to_come.pop() {
            let sums = &self.sums[tile as usize];
            match self.inside(tile) {
                _ if sums.weight.things == 0 => {}
                _ if level == z => boxes.push(sums.bounds().degrees()),
                Inside::Things(slots) => boxes.extend(slots.iter().map(own)),
                Inside::Quarters(first) => to_come.extend((first..first + 4).map(|part| (part, level + 1))),
            }
        }
        boxes
    }
}

/// Walks a tile's lists.
struct Slots<'a> {
    places: &'a Places,
    to_come: Vec<u32>,
    list: std::slice::Iter<'a, u32>,
    only: Option<Range<u64>>,
}

impl Slots<'_> {
    fn open(&mut self, tile: u32) {
        match self.places.inside(tile) {
            Inside::Things(slots) => self.list = slots.iter(),
            // The last comes out first: in the order of codes.
            Inside::Quarters(first) => self.to_come.extend((first..first + 4).rev()),
        }
    }
}

impl Iterator for Slots<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            for slot in self.list.by_ref() {
                if self.only.as_ref().is_none_or(|codes| codes.contains(&self.places.spots[*slot as usize].code)) {
                    return Some(*slot);
                }
            }
            let tile = self.to_come.pop()?;
            self.open(tile);
        }
    }
}
