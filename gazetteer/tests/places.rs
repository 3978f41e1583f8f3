//! Cities by place, type-ahead, and files that are not whole.

#![allow(clippy::unwrap_used)]

use gazetteer::{FileError, Gazetteer, Match, metres};
use geographiclib_rs::{Geodesic, InverseGeodesic};
use proptest::prelude::*;

fn cities() -> &'static Gazetteer {
    Gazetteer::embedded()
}

/// Metres by Karney's method, exact to nanometres.
fn exact(a: (f64, f64), b: (f64, f64)) -> f64 {
    Geodesic::wgs84().inverse(a.0, a.1, b.0, b.1)
}

fn point() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        (-90.0..=90.0, -180.0..=180.0),
        (-90.0..=90.0, prop_oneof![179.0..=180.0, -180.0..=-179.0]),
        (prop_oneof![85.0..=90.0, -90.0..=-85.0], -180.0..=180.0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn row_147_distances_are_within_half_a_percent(a in point(), b in point()) {
        let (ours, truth) = (metres(a, b), exact(a, b));
        prop_assert!((ours - truth).abs() <= truth * 0.005 + 0.01, "{ours} {truth}");
    }

    #[test]
    fn row_147_small_distances_too(a in point(), north in -0.1..0.1f64, east in -0.1..0.1f64) {
        let b = ((a.0 + north).clamp(-90.0, 90.0), a.1 + east);
        let (ours, truth) = (metres(a, b), exact(a, b));
        prop_assert!((ours - truth).abs() <= truth * 0.005 + 0.01, "{ours} {truth}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn nearest_and_within_equal_a_plain_scan(at in point(), n in 1usize..20) {
        let mut scan: Vec<(f64, u32)> = cities().cities().map(|c| (metres(c.place(), at), c.id)).collect();
        scan.sort_by(|a, b| a.0.total_cmp(&b.0));
        let found = cities().nearest(at.0, at.1, n);
        prop_assert_eq!(found.len(), n);
        for ((_, m), (truth, _)) in found.iter().zip(&scan) {
            prop_assert!((m - truth).abs() < 0.001);
        }
        let radius = scan[n * 3].0 + 0.001;
        let within = cities().within(at.0, at.1, radius);
        prop_assert_eq!(within.len(), scan.iter().filter(|(m, _)| *m <= radius).count());
        prop_assert!(within.is_sorted_by(|a, b| a.1 <= b.1));
    }

    #[test]
    fn a_window_equals_a_plain_scan(at in point(), height in 0.01..20.0f64, width in 0.01..40.0f64, limit in 1usize..60) {
        let (south, north) = ((at.0 - height).max(-90.0), (at.0 + height).min(90.0));
        let wrap = |lon: f64| if lon > 180.0 { lon - 360.0 } else if lon < -180.0 { lon + 360.0 } else { lon };
        let (west, east) = (wrap(at.1 - width), wrap(at.1 + width));
        let inside = |lon: f64| if west <= east { (west..=east).contains(&lon) } else { lon >= west || lon <= east };
        let scan: Vec<u32> = cities().cities().filter(|c| c.lat >= south && c.lat <= north && inside(c.lon)).take(limit).map(|c| c.id).collect();
        let found: Vec<u32> = cities().in_bbox(south, west, north, east, limit).iter().map(|c| c.id).collect();
        prop_assert_eq!(found, scan);
    }
}

#[test]
fn nearest_over_the_date_line_and_at_the_poles() {
    // Fiji's Taveuni lies on the 180th meridian: from just west of it and just east of it the same towns are near.
    let west: Vec<u32> = cities().nearest(-16.8, 179.999, 3).iter().map(|(c, _)| c.id).collect();
    let east: Vec<u32> = cities().nearest(-16.8, -179.999, 3).iter().map(|(c, _)| c.id).collect();
    assert_eq!(west, east);
    assert!(cities().nearest(-16.8, 180.0, 1)[0].1 < 150_000.0);
    let pole = cities().nearest(90.0, 0.0, 1);
    assert!(pole[0].0.lat > 77.0 && pole[0].0 == cities().nearest(90.0, 137.0, 1)[0].0);
    for (lat, lon) in [(f64::NAN, 0.0), (91.0, 0.0), (0.0, f64::INFINITY)] {
        assert!(cities().nearest(lat, lon, 3).is_empty() && cities().within(lat, lon, 1e6).is_empty());
    }
    assert!(cities().nearest(0.0, 0.0, 0).is_empty() && cities().within(0.0, 0.0, -1.0).is_empty());
    assert!(cities().in_bbox(10.0, 0.0, -10.0, 1.0, 5).is_empty());
    let over: Vec<&str> = cities().in_bbox(-20.0, 176.0, -15.0, -178.0, 3).iter().map(|c| c.country).collect();
    assert_eq!(over, ["FJ"; 3]);
}

#[test]
fn typing_finds_the_city_before_the_word_is_finished() {
    for (typed, id) in [
        ("mendo", 3_844_421),
        ("barcel", 3_128_760),
        ("new yo", 5_128_581),
        ("são pau", 3_448_439),
        ("sao pau", 3_448_439),
        ("моск", 524_901),
        ("القاه", 360_630),
        ("東", 1_850_147),
        ("서울", 1_835_848),
        ("MÜNCH", 2_867_714),
        // One slip from four characters on, two from eight.
        ("mendozza", 3_844_421),
        ("barcleona", 3_128_760),
        ("brcelona", 3_128_760),
        ("москав", 524_901),
        ("montevidoe", 3_441_575),
        ("buenis aries", 3_435_910),
        ("san franzisko", 5_391_959),
    ] {
        let found = cities().prefix(typed, 5, None);
        assert!(found.iter().any(|c| c.city.id == id), "{typed}: {:?}", found.iter().map(|c| c.city.slug()).collect::<Vec<_>>());
    }
}

#[test]
fn exact_comes_before_begun_before_slipped_and_then_size_and_distance() {
    let found = cities().prefix("santiago", 40, None);
    assert!(found.is_sorted_by(|a, b| (a.how == Match::Prefix) <= (b.how == Match::Prefix)));
    assert_eq!(found[0].city.country, "CL");
    let near = cities().prefix("santiago", 5, Some((42.9, -8.5)));
    assert_eq!(near[0].city.id, 3_109_642, "Compostela, from next door");
    let found = cities().prefix("cordob", 10, None);
    assert!(found.iter().all(|c| c.how == Match::Prefix || matches!(c.how, Match::Slips(_))));
    assert!(found.windows(2).all(|w| w[0].how <= w[1].how));
    // A village whose name nobody else would look for is found from nearby.
    let village = cities().nearest(42.2, -8.0, 1)[0].0;
    let begun: String = village.name.chars().take(3).collect();
    assert!(cities().prefix(&begun, 5, Some(village.place())).iter().any(|c| c.city == village), "{begun}");
    assert!(cities().prefix("", 5, None).is_empty() && cities().prefix("mad", 0, None).is_empty());
    assert!(cities().prefix("abc", 1_000_000, None).len() <= 100);
    assert!(cities().prefix("qqq", 5, None).iter().all(|c| c.how <= Match::Prefix), "three letters are taken as they are");
}

#[test]
fn a_damaged_file_is_refused() {
    let whole = Gazetteer::embedded_file();
    assert!(whole.len() <= 16_000_000);
    assert_eq!(Gazetteer::open(b"").err(), Some(FileError::Damaged));
    assert_eq!(Gazetteer::open(b"POSGAZ99........").err(), Some(FileError::Foreign));
    assert_eq!(Gazetteer::open(&whole[..whole.len() - 1]).err(), Some(FileError::Damaged));
    assert_eq!(Gazetteer::open(&whole[..1000]).err(), Some(FileError::Damaged));
    for at in [20, 40, 5_000, 100_000, 2_000_000, 9_000_000] {
        let mut damaged = whole.to_vec();
        damaged[at..at + 8].fill(0xff);
        // Refused, or still usable without a panic: deflate has no checksum of its own.
        if let Ok(opened) = Gazetteer::open(damaged.leak()) {
            let _ = (opened.lookup("Mendoza", None, None), opened.prefix("mendo", 5, None), opened.names(3_844_421));
        }
    }
}
