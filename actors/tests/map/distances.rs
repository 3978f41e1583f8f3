//! Nearest and within a distance: the same as measuring to everything.

use actors::map::{CITY_LEVELS, LiveMap};
use domain::{HomeFilter, HomeId, Position, home::HomeKind, live::HomePoint};
use proptest::prelude::*;

use crate::made::{TODAY, entity, filter, holds, home_id, homes, matcher, plain, position};

fn measured(homes: &[HomePoint], filter: &HomeFilter, from: Position) -> Vec<(HomeId, f64)> {
    let mut all: Vec<_> = homes.iter().filter(|h| holds(filter, h)).map(|h| (h.id, from.metres_to(h.at))).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nearest_is_what_measuring_all_finds(homes in homes(150), from in position(), most in 0usize..40, filter in filter()) {
        let map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(entity));
        let found: Vec<_> = map.nearest(from, most, &matcher(&filter)).into_iter().map(|(h, away)| (h.id, away)).collect();
        let mut expected = measured(&homes, &filter, from);
        expected.truncate(most);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn within_is_what_measuring_all_finds(homes in homes(150), from in position(), filter in filter(),
        metres in prop_oneof![Just(0.0), 0.0..3_000.0f64, 0.0..500_000.0f64, 0.0..20_100_000.0f64])
    {
        let map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(entity));
        let found: Vec<_> = map.within(from, metres, &matcher(&filter)).into_iter().map(|(h, away)| (h.id, away)).collect();
        let expected: Vec<_> = measured(&homes, &filter, from).into_iter().filter(|(_, away)| *away <= metres).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn distances_follow_moves(steps in prop::collection::vec((0u32..20, prop::option::weighted(0.8, position())), 1..80), from in position()) {
        let (mut map, mut naive) = (LiveMap::new(CITY_LEVELS, TODAY), std::collections::BTreeMap::new());
        for (n, step) in steps {
            match step {
                Some(at) => {
                    let point = plain(n, at);
                    map.put(entity(&point));
                    naive.insert(n, point);
                }
                None => {
                    map.remove(home_id(n));
                    naive.remove(&n);
                }
            }
        }
        let homes: Vec<_> = naive.into_values().collect();
        let none = HomeFilter::default();
        let found: Vec<_> = map.nearest(from, 100, &matcher(&none)).into_iter().map(|(h, away)| (h.id, away)).collect();
        prop_assert_eq!(found, measured(&homes, &none, from));
    }
}

/// The nearest by the sphere is not always the nearest: a degree of latitude is longer at the poles than a degree of longitude at
/// the equator, by a hundredth. The ellipsoid decides.
#[test]
fn the_ellipsoid_decides() {
    let put = |n, lat, lng| plain(n, Position::new(lat, lng).unwrap());
    // From 10° east on the equator: 1° north is 110,574 m, 0.995° east 110,763 m.
    let map = LiveMap::filled(CITY_LEVELS, TODAY, [entity(&put(1, 1.0, 10.0)), entity(&put(2, 0.0, 10.995))]);
    let found = map.nearest(Position::new(0.0, 10.0).unwrap(), 1, &matcher(&HomeFilter::default()));
    assert_eq!(found[0].0.id, home_id(1));
    assert!((found[0].1 - 110_574.4).abs() < 1.0);
}

/// A filter that holds for one home in thousands finds it all the same.
#[test]
fn a_rare_one_is_found_far_away() {
    let at = |n: u32| Position::new(41.3 + f64::from(n % 80) * 0.001, 2.1 + f64::from(n / 80) * 0.001).unwrap();
    let kind = |n| if n == 5_999 { HomeKind::Boat } else { HomeKind::House };
    let homes = (0..6_000).map(|n| HomePoint { kind: kind(n), ..plain(n, at(n)) });
    let homes: Vec<_> = homes.collect();
    let map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(entity));
    let boats = HomeFilter { kinds: vec![HomeKind::Boat], ..Default::default() };
    let from = Position::new(41.3, 2.1).unwrap();
    let found: Vec<_> = map.nearest(from, 5, &matcher(&boats)).into_iter().map(|(h, away)| (h.id, away)).collect();
    assert_eq!(found, measured(&homes, &boats, from));
    assert_eq!(found.len(), 1);
    let houses = HomeFilter { kinds: vec![HomeKind::House], ..Default::default() };
    let found: Vec<_> = map.nearest(from, 5, &matcher(&houses)).into_iter().map(|(h, away)| (h.id, away)).collect();
    assert_eq!(found, measured(&homes, &houses, from)[..5]);
}
