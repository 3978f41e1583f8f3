//! What is near: things by distance, from the tree of tiles.
//!
//! A tile's box cannot be nearer than its nearest point, so the search opens tiles and looks at things in the order of the fewest
//! metres they can be away, and never opens what comes after the answer. Exact: the verdict is the caller's, by the geodesic.

use std::{cmp::Ordering, collections::BinaryHeap};

use domain::Position;

use super::{Inside, Places, WORLD};
use crate::map::sphere::{Reach, Viewpoint};

impl Places {
    /// Slots by distance on the sphere, nearest first, each with the fewest metres it can be away.
    pub(in crate::map) fn outward(&self, from: Position) -> impl Iterator<Item = (u32, f64)> {
        let mut outward = Outward { places: self, from: Viewpoint::new(from), heap: BinaryHeap::new() };
        outward.add_tile(WORLD);
        self.beyond.iter().for_each(|slot| outward.add_thing(*slot));
        outward
    }

    /// Every slot within so many metres, and some beyond, in no order.
    pub(in crate::map) fn about(&self, from: Position, metres: f64) -> Vec<u32> {
        let (from, reach) = (Viewpoint::new(from), Reach::of_metres(metres));
        let is_near = |slot: &u32| from.reach(self.spots[*slot as usize].at) <= reach;
        let mut found: Vec<u32> = self.beyond.iter().copied().filter(is_near).collect();
        let mut to_come = vec![WORLD];
        while let Some(tile) = to_come.pop() {
            let sums = &self.sums[tile as usize];
            if sums.weight.things == 0 || from.reach_of_box(sums.bounds().degrees()) > reach {
                continue;
            }
            match self.inside(tile) {
                Inside::Things(slots) => found.extend(slots.iter().copied().filter(is_near)),
                Inside::Quarters(first) => to_come.extend(first..first + 4),
            }
        }
        found
    }
}

struct Outward<'a> {
    places: &'a Places,
    from: Viewpoint,
    heap: BinaryHeap<Candidate>,
}

impl Outward<'_> {
    fn add_tile(&mut self, tile: u32) {
        let sums = &self.places.sums[tile as usize];
        if sums.weight.things > 0 {
            self.heap.push(Candidate { away: self.from.reach_of_box(sums.bounds().degrees()), what: What::Tile(tile) });
        }
    }

    fn add_thing(&mut self, slot: u32) {
        self.heap.push(Candidate { away: self.from.reach(self.places.spots[slot as usize].at), what: What::Thing(slot) });
    }
}

impl Iterator for Outward<'_> {
    type Item = (u32, f64);

    fn next(&mut self) -> Option<(u32, f64)> {
        loop {
            let Candidate { away, what } = self.heap.pop()?;
            match what {
                What::Thing(slot) => return Some((slot, away.least_metres())),
                What::Tile(tile) => match self.places.inside(tile) {
                    Inside::Things(slots) => slots.iter().for_each(|slot| self.add_thing(*slot)),
                    Inside::Quarters(first) => (first..first + 4).for_each(|part| self.add_tile(part)),
                },
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Tile(u32),
    Thing(u32),
}

/// The nearest is the greatest: a heap gives the greatest first.
struct Candidate {
    away: Reach,
    what: What,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        other.away.total_cmp(&self.away).then_with(|| other.what.cmp(&self.what))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}
