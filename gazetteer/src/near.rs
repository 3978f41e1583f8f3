//! Cities by place: the nearest, those within a radius, those in a map's window.
//!
//! A balanced k-d tree over earth-centred coordinates, built on first use in some tens of milliseconds: in three
//! dimensions there is no date line and no pole. Called through `Gazetteer`; talks in ranks (0 = most populous).

use crate::metres::position;

/// Coordinates are kept as f32: half a metre of rounding, which every search allows for.
const ROUNDING: f64 = 2.0;

pub(crate) struct Near {
    /// A tree without pointers: the middle of a slice is its root, what lies left and right its children.
    points: Vec<([f32; 3], u32)>,
}

impl Near {
    /// `places` are `(lat, lon)` in degrees by rank.
    pub(crate) fn new(places: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut points: Vec<_> = places.enumerate().map(|(rank, (lat, lon))| (position(lat, lon).map(|x| x as f32), rank as u32)).collect();
        build(&mut points, 0);
        Self { points }
    }

    /// The `n` ranks of smallest straight-line distance, nearest first, with that distance in metres.
    pub(crate) fn nearest(&self, lat: f64, lon: f64, n: usize) -> Vec<(f64, u32)> {
        let mut best = Vec::with_capacity(n.min(self.points.len()) + 1);
        if n > 0 {
            nearest(&self.points, 0, position(lat, lon), n, &mut best);
        }
        best.into_iter().map(|(squared, rank)| (squared.sqrt(), rank)).collect()
    }

    /// Every rank whose straight-line distance is at most `metres`, in no order.
    pub(crate) fn within(&self, lat: f64, lon: f64, metres: f64) -> Vec<u32> {
        let mut found = Vec::new();
        within(&self.points, 0, position(lat, lon), metres + ROUNDING, &mut found);
        found
    }
}

fn build(points: &mut [([f32; 3], u32)], axis: usize) {
    if points.len() < 2 {
        return;
    }
    let middle = points.len() / 2;
    points.select_nth_unstable_by(middle, |a, b| a.0[axis].total_cmp(&b.0[axis]).then(a.1.cmp(&b.1)));
    let (left, right) = points.split_at_mut(middle);
    build(left, (axis + 1) % 3);
    build(&mut right[1..], (axis + 1) % 3);
}

fn squared(a: [f64; 3], b: [f32; 3]) -> f64 {
    (0..3).map(|i| (a[i] - f64::from(b[i])).powi(2)).sum()
}

fn nearest(points: &[([f32; 3], u32)], axis: usize, at: [f64; 3], n: usize, best: &mut Vec<(f64, u32)>) {
    let middle = points.len() / 2;
    let Some(&(point, rank)) = points.get(middle) else { return };
    let entry = (squared(at, point), rank);
    if best.len() < n || best.last().is_some_and(|last| entry < *last) {
        let place = best.partition_point(|b| *b < entry);
        best.insert(place, entry);
        best.truncate(n);
    }
    let gap = at[axis] - f64::from(point[axis]);
    let (left, right) = (&points[..middle], &points[middle + 1..]);
    let (this, other) = if gap < 0.0 { (left, right) } else { (right, left) };
    nearest(this, (axis + 1) % 3, at, n, best);
    if best.len() < n || best.last().is_some_and(|last| gap * gap <= last.0) {
        nearest(other, (axis + 1) % 3, at, n, best);
    }
}

fn within(points: &[([f32; 3], u32)], axis: usize, at: [f64; 3], radius: f64, found: &mut Vec<u32>) {
    let middle = points.len() / 2;
    let Some(&(point, rank)) = points.get(middle) else { return };
    if squared(at, point) <= radius * radius {
        found.push(rank);
    }
    let gap = at[axis] - f64::from(point[axis]);
    if gap <= radius {
        within(&points[..middle], (axis + 1) % 3, at, radius, found);
    }
    if -gap <= radius {
        within(&points[middle + 1..], (axis + 1) % 3, at, radius, found);
    }
}
