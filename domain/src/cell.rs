//! Where a home is for everyone but those who may know: a point of its H3 cell, chosen once by the server.
//!
//! Called by the commands that save a home. Never reads chance itself: the seed is an argument.
//!
//! The cells are of resolution 8: 0.74 km² on average, about a kilometre across. In a city that is a neighbourhood with some ten
//! thousand people, in the country a village; resolution 9 (0.1 km²) would often hold one farm, resolution 7 (5 km²) would put a
//! home into another part of town. The point is drawn uniformly from the cell and from nothing else, so it tells no more than the
//! cell does; and it is kept over every edit, so that looking ten thousand times tells no more than looking once.
//!
//! A home near its cell's edge must not change cells because its pin was nudged. So a cell is kept until the exact position is more
//! than [`KEPT_WITHIN`] metres outside it. Whoever sees the point knows then that the home is in the cell or that near to it: less
//! than the cell says, never more. The distance is measured to the cell, not to the last position: nudges do not add up.

use std::f64::consts::TAU;

use h3o::{CellIndex, LatLng, Resolution};
use thiserror::Error;

use crate::place::Position;

const RESOLUTION: Resolution = Resolution::Eight;

/// Metres outside its cell up to which a home keeps its public place: about half a cell.
pub const KEPT_WITHIN: f64 = 500.0;

/// The mean radius of the Earth in metres (IUGG): good to 0.5 % for distances within a cell.
const RADIUS: f64 = 6_371_008.8;

/// An H3 cell of the public resolution. In Postgres a `bigint`: an H3 index has no sign bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(CellIndex);

/// What everyone may know of a home's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublicPlace {
    pub cell: Cell,
    /// In the cell; whole millionths of a degree.
    pub at: Position,
}

impl PublicPlace {
    /// A home's public place after a save: the one it had, unless its exact position has really moved away; else a new one by `seed`.
    ///
    /// A seed must be random and fresh for each save; one that can be computed from the home would make its point predictable.
    pub fn keep_or_choose(previous: Option<Self>, exact: Position, seed: u64) -> Self {
        match previous {
            Some(place) if place.cell.metres_to(exact) <= KEPT_WITHIN => place,
            Some(_) | None => Self::choose(Cell::of(exact), seed),
        }
    }

    /// A point of the cell, every part of it as likely as any other.
    fn choose(cell: Cell, seed: u64) -> Self {
        let centre = LatLng::from(cell.0);
        let centre_at = unit(centre.lat_radians(), centre.lng_radians());
        let (east, north) = tangents(centre.lat_radians(), centre.lng_radians());
        // Heights above the plane of the circle round the cell: a uniform height and a uniform direction are a uniform point of
        // the cap (Archimedes), at the poles and the date line like anywhere else. What falls outside the cell is drawn again.
        let reach = cell.0.boundary().iter().map(|corner| centre.distance_rads(*corner)).fold(0.0, f64::max) * 1.01;
        let mut chance = Chance(seed);
        // A cap is less than twice its cell: that 1,000 draws all miss does not happen.
        for _ in 0..1000 {
            let height = 1.0 - chance.next() * (1.0 - reach.cos());
            let (out, (sin, cos)) = ((1.0 - height * height).max(0.0).sqrt(), (chance.next() * TAU).sin_cos());
            let p: [f64; 3] = std::array::from_fn(|i| centre_at[i] * height + (east[i] * cos + north[i] * sin) * out);
            let lat = p[2].atan2(p[0].hypot(p[1])).to_degrees();
            let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
            match Position::new(round(lat), round(p[1].atan2(p[0]).to_degrees())) {
                Ok(at) if Cell::of(at) == cell => return Self { cell, at },
                Ok(_) | Err(_) => {}
            }
        }
        Self { cell, at: Position { lat: centre.lat(), lng: centre.lng() } }
    }
}

impl Cell {
    /// The cell that a position is in.
    pub fn of(at: Position) -> Self {
        // A position is finite, which is all that H3 asks for; from radians it does not even ask.
        let place = LatLng::from_radians(at.lat.to_radians(), at.lng.to_radians()).unwrap_or_default();
        Self(place.to_cell(RESOLUTION))
    }

    pub fn contains(self, at: Position) -> bool {
        Self::of(at) == self
    }

    /// Metres from a position to the nearest point of the cell, 0 inside; exact to 1 % for what is near.
    fn metres_to(self, at: Position) -> f64 {
        if self.contains(at) {
            return 0.0;
        }
        // Corners in the plane that touches the Earth at the position.
        let (lat, lng) = (at.lat.to_radians(), at.lng.to_radians());
        let (here, (east, north)) = (unit(lat, lng), tangents(lat, lng));
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let corners: Vec<_> = self.0.boundary().iter().map(|corner| unit(corner.lat_radians(), corner.lng_radians())).collect();
        if corners.iter().any(|corner| dot(*corner, here) < 0.9) {
            return f64::INFINITY;
        }
        let flat: Vec<[f64; 2]> = corners.iter().map(|corner| [dot(*corner, east) * RADIUS, dot(*corner, north) * RADIUS]).collect();
        (0..flat.len()).map(|i| to_segment(flat[i], flat[(i + 1) % flat.len()])).fold(f64::INFINITY, f64::min)
    }
}

/// The distance of the origin from a segment.
fn to_segment([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let along = (-(ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (ax + along * dx).hypot(ay + along * dy)
}

fn unit(lat: f64, lng: f64) -> [f64; 3] {
    [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
}

/// The directions east and north at a place.
fn tangents(lat: f64, lng: f64) -> ([f64; 3], [f64; 3]) {
    ([-lng.sin(), lng.cos(), 0.0], [-lat.sin() * lng.cos(), -lat.sin() * lng.sin(), lat.cos()])
}

/// Numbers from 0 up to, not including, 1 (SplitMix64: Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let v = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let v = (v ^ v >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((v ^ v >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl From<Cell> for i64 {
    fn from(cell: Cell) -> Self {
        u64::from(cell.0).cast_signed()
    }
}

impl TryFrom<i64> for Cell {
    type Error = BadCell;
    fn try_from(index: i64) -> Result<Self, BadCell> {
        CellIndex::try_from(index.cast_unsigned()).ok().filter(|cell| cell.resolution() == RESOLUTION).map(Self).ok_or(BadCell(index))
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0} is no H3 cell of resolution 8")]
pub struct BadCell(pub i64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lng: f64) -> Position {
        Position::new(lat, lng).unwrap()
    }

    /// A position so many metres north and east, near enough for small steps away from the poles.
    fn nudged(from: Position, north: f64, east: f64) -> Position {
        let lng = from.lng + east / (111_195.0 * from.lat.to_radians().cos());
        at(from.lat + north / 111_195.0, (lng + 180.0).rem_euclid(360.0) - 180.0)
    }

    /// Places on every kind of ground: dense, high north, beside the date line, southern.
    fn homes() -> Vec<Position> {
        let towns = [(41.3874, 2.1686), (69.6492, 18.9553), (-17.7134, 179.999), (-54.8019, -68.3030), (64.8378, -147.7164)];
        towns.iter().flat_map(|(lat, lng)| (0..12).map(move |i| nudged(at(*lat, *lng), f64::from(i) * 97.0, -f64::from(i) * 61.0))).collect()
    }

    #[test]
    fn ten_thousand_saves_and_nudges_give_one_cell_and_one_point() {
        for home in homes() {
            let first = PublicPlace::keep_or_choose(None, home, 7);
            let (mut place, mut chance) = (first, Chance(11));
            for save in 0..10_000 {
                // Up to 490 m in any direction: wherever in its cell the home is, that stays within what is kept.
                let (far, (sin, cos)) = (chance.next() * 490.0, (chance.next() * TAU).sin_cos());
                let exact = if save % 3 == 0 { home } else { nudged(home, far * sin, far * cos) };
                place = PublicPlace::keep_or_choose(Some(place), exact, save);
                assert_eq!(place, first);
            }
        }
    }

    #[test]
    fn a_real_move_gives_a_new_place() {
        for home in homes() {
            let first = PublicPlace::keep_or_choose(None, home, 7);
            let moved = nudged(home, 1900.0, 0.0);
            let second = PublicPlace::keep_or_choose(Some(first), moved, 8);
            assert!(second.cell.contains(moved) && second.cell != first.cell);
            let far = PublicPlace::keep_or_choose(Some(first), at(-home.lat, (home.lng + 90.0) % 180.0), 9);
            assert_ne!(far.cell, first.cell);
        }
    }

    /// What an attacker sees who makes a host save again and again, each time with a place chosen anew, and averages: the middle
    /// of the cell, the same for every home in it.
    #[test]
    fn averaging_tells_no_more_than_the_cell() {
        let home = at(41.3874, 2.1686);
        let cell = Cell::of(home);
        let elsewhere = PublicPlace::choose(cell, 1 << 40).at;
        assert!(cell.contains(elsewhere) && home.metres_to(elsewhere) > 100.0);
        let points: Vec<Position> = (0..20_000).map(|seed| PublicPlace::keep_or_choose(None, home, seed).at).collect();
        let others: Vec<Position> = (0..20_000).map(|seed| PublicPlace::keep_or_choose(None, elsewhere, seed).at).collect();
        assert_eq!(points, others, "where in the cell the home is must not matter");
        let mean = at(points.iter().map(|p| p.lat).sum::<f64>() / 20_000.0, points.iter().map(|p| p.lng).sum::<f64>() / 20_000.0);
        let centre = LatLng::from(cell.0);
        assert!(mean.metres_to(at(centre.lat(), centre.lng())) < 10.0);
        // Every seventh of the cell is as likely (children of H3 stick out a little at the edges: those parts count for neighbours).
        let mut parts = std::collections::HashMap::new();
        for p in &points {
            *parts.entry(LatLng::new(p.lat, p.lng).unwrap().to_cell(Resolution::Nine)).or_insert(0u32) += 1;
        }
        let whole: Vec<_> = parts.iter().filter(|(part, _)| part.boundary().iter().all(|c| c.to_cell(RESOLUTION) == cell.0)).collect();
        assert!(!whole.is_empty());
        for (part, n) in whole {
            let share = f64::from(*n) / 20_000.0;
            assert!((share - part.area_m2() / cell.0.area_m2()).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn a_cell_is_read_back_from_postgres() {
        let cell = Cell::of(at(41.3874, 2.1686));
        assert_eq!(Cell::try_from(i64::from(cell)), Ok(cell));
        assert!(i64::from(cell) > 0);
        assert_eq!(Cell::try_from(0), Err(BadCell(0)));
        let finer = LatLng::new(41.0, 2.0).unwrap().to_cell(Resolution::Nine);
        assert!(Cell::try_from(u64::from(finer).cast_signed()).is_err());
    }

    proptest! {
        #[test]
        fn a_point_is_in_its_cell_anywhere_on_earth(z in -1.0..=1.0f64, lng in -180.0..=180.0f64, seed in any::<u64>()) {
            let lat = z.asin().to_degrees();
            prop_assume!(Position::new(lat, lng).is_ok());
            let home = at(lat, lng);
            let place = PublicPlace::keep_or_choose(None, home, seed);
            prop_assert!(place.cell.contains(home));
            prop_assert!(place.cell.contains(place.at));
            prop_assert!(home.metres_to(place.at) < 1_600.0);
            prop_assert!(Position::new(place.at.lat, place.at.lng).is_ok());
        }

        #[test]
        fn distance_to_a_cell_is_that_to_its_nearest_point(z in -1.0..=1.0f64, lng in -180.0..=180.0f64, far in 0.0..3_000.0f64, way in 0.0..TAU) {
            let lat = z.asin().to_degrees();
            prop_assume!(lat.abs() < 89.9 && (lat.abs() > 1.0 || lng.abs() > 1.0));
            let (from, to) = (at(lat, lng), {
                let (sin, cos) = way.sin_cos();
                let lng = lng + far * sin / (111_195.0 * lat.to_radians().cos());
                at((lat + far * cos / 111_195.0).clamp(-90.0, 90.0), (lng + 180.0).rem_euclid(360.0) - 180.0)
            });
            let cell = Cell::of(from);
            // The nearest of many points of the edge, by the geodesic.
            let corners: Vec<LatLng> = cell.0.boundary().to_vec();
            let nearest = (0..corners.len()).flat_map(|i| {
                let (a, b) = (corners[i], corners[(i + 1) % corners.len()]);
                let (a, b) = (unit(a.lat_radians(), a.lng_radians()), unit(b.lat_radians(), b.lng_radians()));
                (0..=50).map(move |k| {
                    let p: [f64; 3] = std::array::from_fn(|j| a[j] + (b[j] - a[j]) * f64::from(k) / 50.0);
                    Position { lat: p[2].atan2(p[0].hypot(p[1])).to_degrees(), lng: p[1].atan2(p[0]).to_degrees() }
                })
            }).map(|edge| edge.metres_to(to)).fold(f64::INFINITY, f64::min);
            let metres = cell.metres_to(to);
            if cell.contains(to) {
                prop_assert_eq!(metres, 0.0);
            } else {
                prop_assert!((metres - nearest).abs() < 20.0 + nearest * 0.01, "{} {}", metres, nearest);
            }
        }
    }
}
