//! Where the homes of each city are, as boxes in an R*-tree: which cities does a view meet?
//!
//! Owned by a world's state, which keeps it current with its cities. A box over the date line stands in the tree as two.

use std::collections::HashMap;

use domain::{BBox, CityId};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::ports::CityPoint;

/// A part of a city's extent; west and south first.
type Entry = GeomWithData<Rectangle<[f64; 2]>, CityId>;

#[derive(Default)]
pub(super) struct Extents {
    tree: RTree<Entry>,
    of: HashMap<CityId, BBox>,
}

impl Extents {
    pub(super) fn of<'a>(cities: impl Iterator<Item = &'a CityPoint>) -> Self {
        let of: HashMap<CityId, BBox> = cities.filter_map(|city| Some((city.id, shown(city)?))).collect();
        let entries = of.iter().flat_map(|(city, extent)| entries(*city, *extent)).collect();
        Self { tree: RTree::bulk_load(entries), of }
    }

    /// Takes over what is known of a city. True if another box shows it now, or none.
    pub(super) fn put(&mut self, city: &CityPoint) -> bool {
        let (before, now) = (self.of.get(&city.id).copied(), shown(city));
        if before == now {
            return false;
        }
        for gone in before.into_iter().flat_map(|extent| entries(city.id, extent)) {
            self.tree.remove(&gone);
        }
        match now {
            Some(extent) => {
                entries(city.id, extent).for_each(|entry| self.tree.insert(entry));
                self.of.insert(city.id, extent);
            }
            None => {
                self.of.remove(&city.id);
            }
        }
        true
    }

    /// The cities whose homes a box meets, edges included, in the order of their ids.
    pub(super) fn meeting(&self, bbox: BBox) -> Vec<CityId> {
        let found = |part| self.tree.locate_in_envelope_intersecting(envelope(part)).map(|entry| entry.data);
        let mut cities: Vec<CityId> = bbox.parts().flat_map(found).collect();
        cities.sort_unstable();
        cities.dedup();
        cities
    }
}

/// The box of a city that has homes to show.
fn shown(city: &CityPoint) -> Option<BBox> {
    city.extent.filter(|_| city.counts.homes > 0)
}

fn entries(city: CityId, extent: BBox) -> impl Iterator<Item = Entry> {
    extent.parts().map(move |part| GeomWithData::new(Rectangle::from_corners([part.west, part.south], [part.east, part.north]), city))
}

fn envelope(part: BBox) -> AABB<[f64; 2]> {
    AABB::from_corners([part.west, part.south], [part.east, part.north])
}

#[cfg(test)]
mod tests {
    use domain::{Position, live::CityCounts};
    use proptest::prelude::*;

    use super::*;
    use crate::extent;

    fn a_box() -> impl Strategy<Value = BBox> {
        (-85.0..80.0f64, -180.0..180.0f64, 0.0..5.0f64, 0.0..40.0f64)
            .prop_map(|(south, west, high, wide)| BBox::new(south, west, south + high, west + wide).unwrap())
    }

    fn city(id: u32, extent: Option<BBox>, homes: u32) -> CityPoint {
        let at = Position { lat: 1.0, lng: 1.0 };
        CityPoint { id: CityId(id), name: "".into(), country: "ES".into(), at, extent, counts: CityCounts { homes, ..CityCounts::default() } }
    }

    proptest! {
        /// However cities came to be as they are, and over the date line too.
        #[test]
        fn the_tree_finds_what_a_scan_finds(
            first in prop::collection::vec(prop::option::of(a_box()), 0..30),
            then in prop::collection::vec((0..40u32, prop::option::of(a_box()), 0..2u32), 0..60),
            views in prop::collection::vec(a_box(), 1..10),
        ) {
            let mut cities: HashMap<u32, CityPoint> = first.into_iter().zip(0..).map(|(extent, id)| (id, city(id, extent, 1))).collect();
            let mut extents = Extents::of(cities.values());
            for (id, extent, homes) in then {
                let now = city(id, extent, homes);
                let before = cities.insert(id, now.clone());
                prop_assert_eq!(extents.put(&now), before.as_ref().and_then(shown) != shown(&now));
            }
            for view in views {
                let mut scanned: Vec<CityId> = cities.values().filter(|city| shown(city).is_some_and(|extent| extent::meet(extent, view))).map(|city| city.id).collect();
                scanned.sort_unstable();
                prop_assert_eq!(extents.meeting(view), scanned);
            }
        }
    }
}
