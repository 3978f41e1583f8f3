//! Nearest things and things within a distance: candidates from an R*-tree over points of the unit sphere, the verdict from the
//! geodesic on the ellipsoid.
//!
//! Owned by a live map. In three dimensions neither the date line nor a pole is special. How far the candidate search must reach is
//! proven, not guessed: reading geodetic latitudes as a sphere's, a path on WGS 84 is at least [`LEAST`] and at most 6,399,594 m for
//! each radian on the unit sphere (the smallest and largest radii of curvature, M at the equator and c at the poles), so nothing
//! beyond `distance / LEAST` radians can be within `distance`.

use domain::Position;
use rstar::{AABB, PointDistance, RTree, RTreeObject};

/// Metres a radian of the unit sphere at least stands for: a(1 - e²), a little rounded down.
const LEAST: f64 = 6_335_439.0;

/// A thing's point on the unit sphere, and its place in the map's slots.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spot {
    at: [f64; 3],
    slot: u32,
}

impl RTreeObject for Spot {
    type Envelope = AABB<[f64; 3]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_point(self.at)
    }
}

impl PointDistance for Spot {
    fn distance_2(&self, to: &[f64; 3]) -> f64 {
        chord_2(self.at, *to)
    }
}

impl Spot {
    /// Each slot's point is moved by a hair of its own (at most 64 µm), so that the tree can tell apart what is on one spot: of
    /// thousands there, taking one out would otherwise look at all.
    fn new(slot: u32, at: Position) -> Self {
        let mut hash = u64::from(slot).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = unit(at).map(|v| {
            hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            v + ((hash >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * 1e-11
        });
        Self { at, slot }
    }
}

/// How far a chord may be off, of the radius: the hair, and rounding. A third of a millimetre.
const SLACK: f64 = 5e-11;

#[derive(Debug, Default)]
pub(super) struct Sphere(RTree<Spot>);

impl Sphere {
    pub(super) fn of(things: impl Iterator<Item = (u32, Position)>) -> Self {
        Self(RTree::bulk_load(things.map(|(slot, at)| Spot::new(slot, at)).collect()))
    }

    pub(super) fn put(&mut self, slot: u32, at: Position) {
        self.0.insert(Spot::new(slot, at));
    }

    pub(super) fn remove(&mut self, slot: u32, at: Position) {
        self.0.remove(&Spot::new(slot, at));
    }

    /// Slots by distance on the sphere, nearest first, each with the fewest metres it can be away.
    pub(super) fn outward(&self, from: Position) -> impl Iterator<Item = (u32, f64)> {
        self.0.nearest_neighbor_iter_with_distance_2(unit(from)).map(|(spot, chord_2)| (spot.slot, least_metres(chord_2)))
    }

    /// Every slot within a distance, and some beyond it.
    pub(super) fn about(&self, from: Position, metres: f64) -> Box<dyn Iterator<Item = u32> + '_> {
        let angle = metres.max(0.0) / LEAST;
        if angle >= std::f64::consts::PI {
            return Box::new(self.0.iter().map(|spot| spot.slot));
        }
        let chord = 2.0 * (angle / 2.0).sin();
        Box::new(self.0.locate_within_distance(unit(from), (chord + SLACK).powi(2)).map(|spot| spot.slot))
    }
}

/// The fewest metres that two positions can be apart.
pub(super) fn least_metres_between(a: Position, b: Position) -> f64 {
    least_metres(chord_2(unit(a), unit(b)))
}

fn least_metres(chord_2: f64) -> f64 {
    2.0 * ((chord_2.sqrt() - SLACK).clamp(0.0, 2.0) / 2.0).asin() * LEAST
}

fn unit(at: Position) -> [f64; 3] {
    let ((sin_lat, cos_lat), (sin_lng, cos_lng)) = (at.lat.to_radians().sin_cos(), at.lng.to_radians().sin_cos());
    [cos_lat * cos_lng, cos_lat * sin_lng, sin_lat]
}

fn chord_2(a: [f64; 3], b: [f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}
