//! Boxes that may cross the date line: do they meet, how do they grow, how far are they.

use domain::{BBox, Position};

/// Whether two boxes have a point in common.
pub fn meet(a: BBox, b: BBox) -> bool {
    a.parts().any(|a| b.parts().any(|b| a.south <= b.north && b.south <= a.north && a.west <= b.east && b.west <= a.east))
}

/// The box and a point; grown to the side that is nearer.
pub(crate) fn with(extent: Option<BBox>, at: Position) -> BBox {
    let Some(b) = extent else { return BBox { south: at.lat, west: at.lng, north: at.lat, east: at.lng } };
    let mut grown = BBox { south: b.south.min(at.lat), north: b.north.max(at.lat), ..b };
    if !grown.contains(at) {
        let eastward = (at.lng - b.east).rem_euclid(360.0);
        let westward = (b.west - at.lng).rem_euclid(360.0);
        if eastward <= westward {
            grown.east = at.lng;
        } else {
            grown.west = at.lng;
        }
    }
    grown
}

/// At least so many metres lie between a point and anything in the box: the distance to its middle less the way from there to its farthest corner.
pub(crate) fn least_metres(from: Position, b: BBox) -> f64 {
    let width = if b.crosses_date_line() { b.east - b.west + 360.0 } else { b.east - b.west };
    if width > 90.0 {
        return 0.0;
    }
    let mut lng = b.west + width / 2.0;
    if lng >= 180.0 {
        lng -= 360.0;
    }
    let at = |lat: f64, lng: f64| Position { lat, lng };
    let middle = at(f64::midpoint(b.south, b.north), lng);
    let corners = [at(b.south, b.west), at(b.south, b.east), at(b.north, b.west), at(b.north, b.east)];
    let radius = corners.into_iter().map(|corner| middle.metres_to(corner)).fold(0.0, f64::max);
    (from.metres_to(middle) - radius).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bbox(s: f64, w: f64, n: f64, e: f64) -> BBox {
        BBox::new(s, w, n, e).unwrap()
    }

    #[test]
    fn boxes_meet_over_the_date_line() {
        let fiji = bbox(-20.0, 176.0, -15.0, -178.0);
        assert!(meet(fiji, bbox(-18.0, 179.0, -17.0, 179.5)));
        assert!(meet(fiji, bbox(-18.0, -179.5, -17.0, -179.0)));
        assert!(!meet(fiji, bbox(-18.0, 0.0, -17.0, 10.0)));
        assert!(meet(bbox(0.0, 0.0, 1.0, 1.0), bbox(1.0, 1.0, 2.0, 2.0)), "edges touch");
    }

    #[test]
    fn a_box_grows_to_the_nearer_side() {
        let grown = with(Some(bbox(-18.0, 178.0, -17.0, 179.0)), Position { lat: -16.0, lng: -179.0 });
        assert_eq!((grown.west, grown.east, grown.north), (178.0, -179.0, -16.0));
        let grown = with(Some(bbox(41.0, 2.0, 42.0, 3.0)), Position { lat: 41.5, lng: 1.0 });
        assert_eq!((grown.west, grown.east), (1.0, 3.0));
    }

    #[test]
    fn the_least_distance_is_never_more_than_a_true_one() {
        let b = bbox(41.3, 2.0, 41.5, 2.3);
        for (lat, lng) in [(41.3, 2.0), (41.5, 2.3), (41.4, 2.1)] {
            for from in [(40.4, -3.7), (41.4, 2.15), (-33.0, 151.0)] {
                let from = Position { lat: from.0, lng: from.1 };
                assert!(least_metres(from, b) <= from.metres_to(Position { lat, lng }) + 1e-6);
            }
        }
    }
}
