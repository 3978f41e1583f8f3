//! What a cluster knows of the things in it: how many, how heavy, their middle and their box.
//!
//! Kept for every kept tile, or added up for a filtered tile. Positions are summed as whole units of 1e-7 degrees (a centimetre), so
//! that sums do not depend on the order in which things came and went: equal states have equal clusters.

use std::ops::{Add, AddAssign, Sub};

use domain::{BBox, Position};

/// Units in a degree.
const UNITS: f64 = 1e7;

/// The sums that clusters and totals carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Weight {
    pub things: u32,
    pub homes: u32,
    pub hosts: u32,
}

impl Add for Weight {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { things: self.things + other.things, homes: self.homes + other.homes, hosts: self.hosts + other.hosts }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Weight {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { things: self.things - other.things, homes: self.homes - other.homes, hosts: self.hosts - other.hosts }
    }
}

impl std::iter::Sum for Weight {
    fn sum<I: Iterator<Item = Self>>(weights: I) -> Self {
        weights.fold(Self::default(), Add::add)
    }
}

/// A box in units of 1e-7 degrees, rounded outward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) south: i32,
    pub(super) west: i32,
    pub(super) north: i32,
    pub(super) east: i32,
}

impl Bounds {
    pub(super) const EMPTY: Self = Self { south: i32::MAX, west: i32::MAX, north: i32::MIN, east: i32::MIN };

    pub(super) fn of(at: Position) -> Self {
        Self::around(&Units::of(at.lat), &Units::of(at.lng))
    }

    fn around(lat: &Units, lng: &Units) -> Self {
        Self { south: lat.floor, west: lng.floor, north: lat.ceil, east: lng.ceil }
    }

    pub(super) fn grow(&mut self, other: Self) {
        self.south = self.south.min(other.south);
        self.west = self.west.min(other.west);
        self.north = self.north.max(other.north);
        self.east = self.east.max(other.east);
    }

    fn is_touched_by(self, inner: Self) -> bool {
        self.south == inner.south || self.west == inner.west || self.north == inner.north || self.east == inner.east
    }

    pub(super) fn degrees(self) -> BBox {
        let degrees = |units: i32| f64::from(units) / UNITS;
        BBox { south: degrees(self.south), west: degrees(self.west), north: degrees(self.north), east: degrees(self.east) }
    }
}

/// A tile in the mode of clusters, as it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cluster {
    pub(super) middle: (i32, i32),
    pub(super) weight: Weight,
    pub(super) bounds: Bounds,
    pub(super) counts_hosts: bool,
}

/// Sums over things of one tile, which never crosses the date line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sums {
    pub(super) weight: Weight,
    lat: i64,
    lng: i64,
    bounds: Bounds,
}

impl Default for Sums {
    fn default() -> Self {
        Self::NONE
    }
}

impl Sums {
    pub(super) const NONE: Self = Self { weight: Weight { things: 0, homes: 0, hosts: 0 }, lat: 0, lng: 0, bounds: Bounds::EMPTY };

    pub(super) fn of(at: Position, weight: Weight) -> Self {
        let (lat, lng) = (Units::of(at.lat), Units::of(at.lng));
        Self { weight, lat: lat.nearest, lng: lng.nearest, bounds: Bounds::around(&lat, &lng) }
    }

    /// Of so many homes that were summed elsewhere: positions in units, and the box around them.
    pub(super) fn of_homes(homes: u32, lat: i64, lng: i64, around: BBox) -> Self {
        let [south, west, north, east] = [around.south, around.west, around.north, around.east].map(Units::of);
        let bounds = Bounds { south: south.floor, west: west.floor, north: north.ceil, east: east.ceil };
        Self { weight: Weight { things: homes, homes, hosts: 0 }, lat, lng, bounds }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.lat += other.lat;
        self.lng += other.lng;
        self.bounds.grow(other.bounds);
    }

    /// Takes one out. Returns whether the box may have become smaller: the caller then adds it up anew.
    pub(super) fn take(&mut self, other: &Self) -> bool {
        self.weight = self.weight - other.weight;
        self.lat -= other.lat;
        self.lng -= other.lng;
        self.bounds.is_touched_by(other.bounds)
    }

    pub(super) fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What shows of it; none without things.
    pub(super) fn cluster(&self, counts_hosts: bool) -> Option<Cluster> {
        (self.weight.things > 0).then(|| Cluster { middle: self.middle(), weight: self.weight, bounds: self.bounds, counts_hosts })
    }

    /// The middle of its things, in units of 1e-7 degrees: latitude, longitude. Never outside the box.
    pub(super) fn middle(&self) -> (i32, i32) {
        let mean = |sum: i64, low: i32, high: i32| (sum / i64::from(self.weight.things.max(1))).clamp(i64::from(low), i64::from(high)) as i32;
        (mean(self.lat, self.bounds.south, self.bounds.north), mean(self.lng, self.bounds.west, self.bounds.east))
    }
}

/// Degrees in units: the nearest, and those that are surely not above and not below.
struct Units {
    nearest: i64,
    floor: i32,
    ceil: i32,
}

impl Units {
    fn of(degrees: f64) -> Self {
        let near = (degrees * UNITS).round();
        let back = near / UNITS;
        let (nearest, unit) = (near as i64, near as i32);
        Self { nearest, floor: unit - i32::from(back > degrees), ceil: unit + i32::from(back < degrees) }
    }
}
