//! The tree against a list of what is where, with crowds that split it to the bottom and leave again.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::map::tile::TileKey;

type Naive = BTreeMap<u32, (Position, Weight)>;

#[derive(Clone, Debug)]
enum Step {
    /// Some at once, around one place.
    Come(u32, (f64, f64), f64),
    /// Every so many of them somewhere else.
    Shift(usize, (f64, f64), f64),
    Weigh(usize, u32),
    Leave(usize),
}

fn place() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        4 => Just((41.3874, 2.1686)),
        2 => (41.3..41.5f64, 2.0..2.3f64),
        1 => (84.9..89.0f64, -180.0..180.0f64),
        1 => (-80.0..80.0f64, prop_oneof![Just(179.999_999), Just(-180.0)]),
        1 => (-89.0..89.0f64, -180.0..180.0f64),
    ]
}

/// How far a crowd is spread, in degrees: on one spot, within the finest tile, a street, a country.
fn spread() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1e-6), Just(1e-4), Just(0.05), Just(3.0)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1u32..150, place(), spread()).prop_map(|(n, at, spread)| Step::Come(n, at, spread)),
        3 => (1usize..20, place(), spread()).prop_map(|(every, at, spread)| Step::Shift(every, at, spread)),
        1 => (1usize..20, 0u32..1_000).prop_map(|(every, homes)| Step::Weigh(every, homes)),
        2 => (1usize..5).prop_map(Step::Leave),
    ]
}

fn near((lat, lng): (f64, f64), spread: f64, n: u32) -> Position {
    let (a, b) = (f64::from(n.wrapping_mul(0x9e37_79b1)) / f64::from(u32::MAX) - 0.5, f64::from(n.wrapping_mul(0x85eb_ca77)) / f64::from(u32::MAX) - 0.5);
    Position { lat: (lat + a * spread).clamp(-90.0, 90.0), lng: (lng + b * spread + 180.0).rem_euclid(360.0) - 180.0 }
}

fn sums_of<'a>(things: impl IntoIterator<Item = &'a (Position, Weight)>) -> Sums {
    let mut sums = Sums::NONE;
    things.into_iter().for_each(|(at, weight)| sums.add(&Sums::of(*at, *weight)));
    sums
}

/// What must hold between any two calls.
fn check(places: &Places, naive: &Naive) {
    let mut seen: Vec<u32> = Vec::new();
    let mut to_come = vec![(WORLD, 0)];
    while let Some((tile, z)) = to_come.pop() {
        let sums = &places.sums[tile as usize];
        match places.inside(tile) {
            Inside::Things(slots) => {
                assert!(slots.len() <= CROWD || z == FINEST, "{} things are kept as one at level {z}", slots.len());
                assert_eq!(*sums, sums_of(slots.iter().map(|slot| &naive[slot])));
                slots.iter().enumerate().for_each(|(n, slot)| assert_eq!(places.spots[*slot as usize].listed as usize, n));
                seen.extend(slots);
            }
            Inside::Quarters(first) => {
                assert!(sums.weight.things > FEW, "{} things are kept as four at level {z}", sums.weight.things);
                let mut parts = Sums::NONE;
                (first..first + 4).for_each(|part| parts.add(&places.sums[part as usize]));
                assert_eq!(*sums, parts);
                to_come.extend((first..first + 4).map(|part| (part, z + 1)));
            }
        }
    }
    seen.extend(&places.beyond);
    seen.sort_unstable();
    assert_eq!(seen, naive.keys().copied().collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_what_a_list_says(begin in prop::collection::vec((place(), spread()), 0..200), steps in prop::collection::vec(step(), 1..15), from in place()) {
        let one = Weight { things: 1, homes: 1, hosts: 0 };
        let begin: Vec<_> = begin.into_iter().enumerate().map(|(n, (at, spread))| (near(at, spread, n as u32), one)).collect();
        let mut places = Places::of(begin.iter().copied());
        let mut naive: Naive = (0..).zip(begin).collect();
        let (mut next, mut free, mut seed) = (naive.len() as u32, Vec::new(), 0u32);
        check(&places, &naive);
        for step in steps {
            match step {
                Step::Come(n, at, spread) => for _ in 0..n {
                    seed += 1;
                    let slot = free.pop().unwrap_or_else(|| { next += 1; next - 1 });
                    places.put(slot, near(at, spread, seed), one);
                    naive.insert(slot, (near(at, spread, seed), one));
                },
                Step::Shift(every, at, spread) => for (slot, (was, weight)) in naive.iter_mut().step_by(every) {
                    seed += 1;
                    *was = near(at, spread, seed);
                    places.shift(*slot, *was, *weight);
                },
                Step::Weigh(every, homes) => for (slot, (at, weight)) in naive.iter_mut().step_by(every) {
                    weight.homes = homes;
                    places.shift(*slot, *at, *weight);
                },
                Step::Leave(every) => for slot in naive.keys().copied().step_by(every).collect::<Vec<_>>() {
                    places.remove(slot);
                    naive.remove(&slot);
                    free.push(slot);
                },
            }
            check(&places, &naive);
        }
        let from = near(from, 0.0, 0);
        for z in 0..=FINEST {
            let Some(tile) = TileKey::of(from, z) else { break };
            let inside: Vec<u32> = naive.iter().filter(|(_, (at, _))| TileKey::of(*at, z) == Some(tile)).map(|(slot, _)| *slot).collect();
            prop_assert_eq!(places.sums(tile), sums_of(inside.iter().map(|slot| &naive[slot])));
            let mut slots: Vec<u32> = places.slots(tile).collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, inside);
        }
        let mut found: Vec<(u32, f64)> = places.outward(from).collect();
        prop_assert!(found.iter().all(|(slot, least)| *least <= from.metres_to(naive[slot].0)), "a least distance is more than the distance");
        prop_assert!(found.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        found.sort_unstable_by_key(|(slot, _)| *slot);
        prop_assert!(found.iter().map(|(slot, _)| slot).eq(naive.keys()));
    }
}
