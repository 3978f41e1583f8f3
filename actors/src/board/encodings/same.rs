//! Whatever happens on a map, the binary frames of it read as the JSON ones.

use std::time::{Duration, Instant};

use domain::{
    BBox, CityId, HomeFilter, HomeId, Nights, Position, Price, RoomId,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
    money::Currency,
};
use proptest::prelude::*;
use time::Date;
use uuid::Uuid;
use wire::Encoding;

use super::super::watcher::{Watcher, board_id, flush};
use crate::{
    LiveConfig,
    board::{Board, Rates},
    map::{CITY_LEVELS, HomeEntity, LiveMap},
};

/// 2026-12-01.
const TODAY: i32 = 20_788;
const CITY: CityId = CityId(3_128_760);

#[derive(Clone, Debug)]
enum Step {
    Put(Facts),
    Remove(u8),
    /// So many milliseconds pass, and what is due is told.
    Wait(u16),
    /// From now on nothing is taken, as from a full socket.
    FallBehind,
    /// Looks again with what is held.
    LookAgain,
    Tomorrow,
}

#[derive(Clone, Debug)]
struct Facts {
    n: u8,
    at: (f64, f64),
    title: u8,
    guests: u8,
    kind: usize,
    price: Option<(u32, usize)>,
    /// Nights from today on that are taken.
    taken: u8,
}

fn facts() -> impl Strategy<Value = Facts> {
    let price = proptest::option::of((1..3_000u32, 0..Currency::ALL.len()));
    // Few ids, titles and guests: so that a put is often a small change of what is there.
    ((0..40u8, (41.36..41.42f64, 2.12..2.20f64), 0..3u8), (1..3u8, 0..HomeKind::ALL.len(), price, 0..3u8))
        .prop_map(|((n, at, title), (guests, kind, price, taken))| Facts { n, at, title, guests, kind, price, taken })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => facts().prop_map(Step::Put),
        3 => (0..40u8).prop_map(Step::Remove),
        6 => (0..400u16).prop_map(Step::Wait),
        1 => Just(Step::FallBehind),
        2 => Just(Step::LookAgain),
        1 => Just(Step::Tomorrow),
    ];
    proptest::collection::vec(step, 1..120)
}

fn entity(facts: &Facts, today: i32) -> HomeEntity {
    let day = |n: i32| Date::from_julian_day(2_440_588 + today + n).unwrap();
    let taken = (facts.taken > 0).then(|| Nights::new(day(0), day(i32::from(facts.taken))).unwrap());
    let point = HomePoint {
        id: HomeId(Uuid::from_u128(u128::from(facts.n))),
        kind: HomeKind::ALL[facts.kind],
        offer: Offer::EntirePlace,
        title: "Casa de «Mar» ".repeat(facts.title.into()),
        guests: facts.guests,
        price: facts.price.map(|(amount, currency)| Price { amount, currency: Currency::ALL[currency] }),
        at: Position::new(facts.at.0, facts.at.1).unwrap(),
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(1)), taken: taken.into_iter().collect() }],
    };
    HomeEntity::new(point, CITY, today)
}

/// Both encodings watch the same board; what they were told at the end is the same.
fn holds(base: u16, bbox: BBox, zoom: f64, filter: &HomeFilter, steps: &[Step]) {
    let mut today = TODAY;
    // Homes that never change, so that some views are of clusters and some on the edge of being so.
    let still = (0..base).map(|n| {
        let facts =
            Facts { n: 0, at: (41.36 + f64::from(n % 50) * 0.001, 2.12 + f64::from(n / 50) * 0.004), title: 1, guests: 2, kind: 0, price: None, taken: 0 };
        let mut home = entity(&facts, TODAY);
        home.id = HomeId(Uuid::from_u128(1_000 + u128::from(n)));
        home
    });
    let map = LiveMap::filled(CITY_LEVELS, today, still);
    let mut board = Board::new(board_id(), "epoch".into(), 0, map, Rates::new(&LiveConfig::default()));
    let mut now = Instant::now();
    let mut watchers = Encoding::ALL.map(|encoding| Watcher::new(encoding, bbox, zoom, filter.clone()));
    watchers.iter().for_each(|watcher| watcher.looks(&mut board));
    flush(&mut board, now, &mut watchers);
    for step in steps {
        match step {
            Step::Put(facts) => board.change(None).put(entity(facts, today)),
            Step::Remove(n) => {
                board.change(None).remove(HomeId(Uuid::from_u128(u128::from(*n))));
            }
            Step::Wait(ms) => {
                now += Duration::from_millis((*ms).into());
                flush(&mut board, now, &mut watchers);
            }
            Step::FallBehind => watchers.iter_mut().for_each(|watcher| watcher.is_behind = true),
            Step::LookAgain => watchers.iter().for_each(|watcher| watcher.looks(&mut board)),
            Step::Tomorrow => {
                today += 1;
                board.change(None).set_today(today);
            }
        }
    }
    watchers.iter().for_each(|watcher| watcher.looks(&mut board));
    flush(&mut board, now + Duration::from_secs(5), &mut watchers);
    let [json, binary] = &watchers;
    assert!(!json.told.is_empty());
    assert_eq!(json.told.len(), binary.told.len());
    for (json, binary) in json.told.iter().zip(&binary.told) {
        assert_eq!(json, binary);
    }
}

fn bbox(south: f64, west: f64, north: f64, east: f64) -> BBox {
    BBox::new(south, west, north, east).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn of_things(steps in steps()) {
        holds(0, bbox(41.37, 2.13, 41.41, 2.19), 15.0, &HomeFilter::default(), &steps);
    }

    #[test]
    fn of_things_behind_a_filter(steps in steps(), guests in proptest::option::of(1..3u8), kind in 0..HomeKind::ALL.len()) {
        let filter = HomeFilter { guests, kinds: vec![HomeKind::ALL[kind], HomeKind::Boat], ..Default::default() };
        holds(30, bbox(41.30, 2.05, 41.47, 2.25), 12.0, &filter, &steps);
    }

    #[test]
    fn of_clusters(steps in steps()) {
        holds(900, bbox(41.30, 2.05, 41.47, 2.25), 12.0, &HomeFilter::default(), &steps);
    }

    #[test]
    fn of_a_view_that_changes_between_both(steps in steps()) {
        holds(485, bbox(41.30, 2.05, 41.47, 2.25), 12.0, &HomeFilter::default(), &steps);
    }
}
