//! How far things are at least, on the sphere: quick, and proven to be no more than the geodesic on the ellipsoid.
//!
//! Used to leave out what cannot be near; who is near is decided by the geodesic. Neither the date line nor a pole is special.
//! The proof: reading geodetic latitudes as a sphere's, a path on WGS 84 is at least [`LEAST`] and at most 6,399,594 m for each
//! radian on the unit sphere (the smallest and largest radii of curvature, M at the equator and c at the poles), so nothing beyond
//! `distance / LEAST` radians can be within `distance`.

use std::cmp::Ordering;

use domain::{BBox, Position};

/// Metres a radian of the unit sphere at least stands for: a(1 - e²), a little rounded down.
const LEAST: f64 = 6_335_439.0;

/// How far half a chord may be off by rounding, of the radius, generously: 6 µm.
const SLACK: f64 = 1e-12;

/// A distance as the haversine of its angle, sin²(angle / 2): in the order of distances, without their square roots and arcs.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Reach(f64);

impl Reach {
    /// What is within so many metres is within this reach.
    pub(super) fn of_metres(metres: f64) -> Self {
        let angle = metres.max(0.0) / LEAST;
        if angle >= std::f64::consts::PI {
            return Self(f64::INFINITY);
        }
        Self(((angle / 2.0).sin() + SLACK).powi(2))
    }

    /// The fewest metres it can be.
    pub(super) fn least_metres(self) -> f64 {
        2.0 * (self.0.sqrt() - SLACK).clamp(0.0, 1.0).asin() * LEAST
    }

    pub(super) fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Where one looks from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewpoint {
    /// Radians.
    lat: f64,
    /// Degrees.
    lng: f64,
    sin_lat: f64,
    cos_lat: f64,
}

impl Viewpoint {
    pub(super) fn new(from: Position) -> Self {
        let lat = from.lat.to_radians();
        Self { lat, lng: from.lng, sin_lat: lat.sin(), cos_lat: lat.cos() }
    }

    pub(super) fn reach(&self, at: Position) -> Reach {
        let lat = at.lat.to_radians();
        self.over(lat, lat.cos(), sin_2_of_half((at.lng - self.lng).to_radians()))
    }

    /// To the nearest point of a box that does not cross the date line.
    ///
    /// Along a parallel the distance grows with the difference of longitudes, so the nearest point is on the viewpoint's own meridian
    /// or, where that misses the box, on the nearer of its sides. On a meridian `t` radians of longitude away the cosine of the
    /// distance is `sin φ₀ sin φ + cos φ₀ cos t cos φ`, greatest at `tan φ = tan φ₀ / cos t` and falling to both sides of it.
    pub(super) fn reach_of_box(&self, area: BBox) -> Reach {
        let (south, north) = (area.south.to_radians(), area.north.to_radians());
        let eastward = |from: f64, to: f64| if to < from { to - from + 360.0 } else { to - from };
        if (area.west..=area.east).contains(&self.lng) {
            return Reach(sin_2_of_half(self.lat.clamp(south, north) - self.lat));
        }
        let turn = eastward(self.lng, area.west).min(eastward(area.east, self.lng)).to_radians();
        let half = sin_2_of_half(turn);
        let cos_turn = 1.0 - 2.0 * half;
        let at = |lat: f64| self.over(lat, lat.cos(), half);
        if cos_turn < 0.0 {
            // Beyond a quarter turn the best is behind a pole: a meridian's ends are what is left.
            let (south, north) = (at(south), at(north));
            return if south < north { south } else { north };
        }
        at(self.sin_lat.atan2(self.cos_lat * cos_turn).clamp(south, north))
    }

    fn over(&self, lat: f64, cos_lat: f64, sin_2_of_half_turn: f64) -> Reach {
        Reach(sin_2_of_half(lat - self.lat) + self.cos_lat * cos_lat * sin_2_of_half_turn)
    }
}

fn sin_2_of_half(angle: f64) -> f64 {
    (angle / 2.0).sin().powi(2)
}

/// The fewest metres that two positions can be apart.
pub(super) fn least_metres_between(a: Position, b: Position) -> f64 {
    Viewpoint::new(a).reach(b).least_metres()
}
