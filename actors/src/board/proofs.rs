//! Held state and its repair are what a snapshot shows: over events, over a midnight, with nights taken and filters that ask for them.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use domain::{
    BBox, CityId, HomeFilter, HomeId, Nights, Position, RoomId, TenantId,
    filter::FreeNights,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
    nights::day_number,
};
use proptest::prelude::*;
use serde_json::Value;
use time::{Date, Duration, Month};
use uuid::Uuid;

use super::*;
use crate::{
    config::LiveConfig,
    map::{CITY_LEVELS, FINEST, HomeEntity},
    wire::{Held, ScopeName},
};

const CITY: CityId = CityId(1);
/// Begins a window of nights: what is known of the day before is known by a hair.
const TODAY: i32 = 20_800 / 64 * 64;

/// Homes as Postgres has them: a home that stands somewhere, with nights taken in its room (day numbers, half open).
type Truth = BTreeMap<u8, (u8, u8, Vec<(i32, i32)>)>;

/// What happens to one of them: nothing, gone, or put somewhere with nights taken.
type Change = (u8, Option<(u8, u8, Vec<(i32, i32)>)>);

fn date(day: i32) -> Date {
    Date::from_calendar_date(1970, Month::January, 1).unwrap() + Duration::days(day.into())
}

fn at(lat: u8, lng: u8) -> Position {
    Position::new(41.31 + f64::from(lat) / 256.0 * 0.15, 2.06 + f64::from(lng) / 256.0 * 0.18).unwrap()
}

/// As the store gives it: nights that were over yesterday are not told.
fn point(n: u8, (lat, lng, taken): &(u8, u8, Vec<(i32, i32)>), today: i32) -> HomePoint {
    let mut taken: Vec<_> = taken.iter().copied().filter(|(_, leave)| *leave >= today - 1).collect();
    taken.sort_unstable();
    let taken = taken.into_iter().map(|(arrive, leave)| Nights::new(date(arrive), date(leave)).unwrap()).collect();
    HomePoint {
        id: HomeId(Uuid::from_u128(n.into())),
        kind: HomeKind::ALL[usize::from(n) % HomeKind::ALL.len()],
        offer: Offer::EntirePlace,
        title: format!("Home {n}"),
        guests: 2,
        price: None,
        at: at(*lat, *lng),
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(n.into())), taken }],
    }
}

fn built(truth: &Truth, seq: u64, today: i32) -> Board<HomeEntity> {
    let homes = truth.iter().map(|(n, home)| HomeEntity::new(point(*n, home, today), CITY, today));
    let map = LiveMap::filled(CITY_LEVELS, today, homes);
    let id = BoardId { tenant: TenantId(Uuid::nil()), scope: ScopeName::City(CITY), filter: None };
    Board::new(id, "same".into(), Mark { seq, day: today }.tick(), map, Rates::new(&LiveConfig::default()))
}

/// What a look is answered.
fn look(board: &mut Board<HomeEntity>, zoom: f64, filter: &HomeFilter, have: Option<Held>) -> Looked {
    let bbox = BBox::new(41.30, 2.05, 41.47, 2.25).unwrap();
    board.look(1, Look { key: 1, bbox, zoom, filter: Arc::new(filter.clone()), encoding: Encoding::Json, have });
    let mut told = board.flush(Instant::now() + std::time::Duration::from_secs(60));
    match told.pop() {
        Some((1, Delivery::Looked(looked))) => *looked,
        _ => panic!("a look is answered"),
    }
}

/// Puts full chunks in the place of what is held; empty tiles are as if they had never been.
fn put(held: &mut BTreeMap<String, Value>, chunks: &[Bytes]) {
    for chunk in chunks {
        let chunk: Value = serde_json::from_slice(chunk).unwrap();
        let tile = chunk["k"].as_str().unwrap().to_owned();
        if chunk["full"].as_array().unwrap().is_empty() {
            held.remove(&tile);
        } else {
            held.insert(tile, chunk["full"].clone());
        }
    }
}

fn home() -> impl Strategy<Value = (u8, u8, Vec<(i32, i32)>)> {
    let stay = (-6..6_i32, 1..4_i32).prop_map(|(from, nights)| (TODAY + from, TODAY + from + nights));
    (any::<u8>(), any::<u8>(), proptest::collection::vec(stay, 0..3))
}

fn change() -> impl Strategy<Value = Change> {
    (0..40_u8, proptest::option::weighted(0.7, home()))
}

proptest! {
    #[test]
    fn what_is_held_and_its_repair_are_what_a_snapshot_shows(start in proptest::collection::btree_map(0..40_u8, home(), 0..40),
        changes in proptest::collection::vec(change(), 0..12), seen in 0..12_usize, days in 0..4_i32, zoom in 9..17_u8, asks in proptest::option::of(-1..4_i32))
    {
        let filter = HomeFilter { free: asks.map(|from| FreeNights(Nights::new(date(TODAY + from), date(TODAY + from + 2)).unwrap())), ..HomeFilter::default() };
        // The first process has seen some of what happens, on the first day.
        let (mut truth, zoom, seen) = (start, f64::from(zoom), seen.min(changes.len()));
        let mut first = built(&truth, 0, TODAY);
        let mut touched = Vec::new();
        for (n, (home, put)) in changes.iter().enumerate() {
            let seq = n as u64 + 1;
            let was = match put {
                Some(put) => truth.insert(*home, put.clone()),
                None => truth.remove(home),
            };
            let places = was.iter().chain(put).filter_map(|(lat, lng, _)| TileKey::of(at(*lat, *lng), FINEST));
            touched.push((Mark::with(seq), places.collect::<Vec<_>>()));
            if n < seen {
                first.reach(Mark { seq, day: TODAY }.tick());
                let map = first.change(None);
                match put {
                    Some(put) => map.put(HomeEntity::new(point(*home, put, TODAY), CITY, TODAY)),
                    None => {
                        map.remove(HomeId(Uuid::from_u128((*home).into())));
                    }
                }
            }
        }
        let told = look(&mut first, zoom, &filter, None);
        let mut held = BTreeMap::new();
        let Answer::Whole { chunks, .. } = told.answer else { panic!("nothing was held") };
        put(&mut held, &chunks);

        // The second knows all of it, some days later, and reads back what the first had not seen.
        let today = TODAY + days;
        let mut second = built(&truth, changes.len() as u64, today);
        let have = Held { epoch: told.epoch.to_string(), tick: told.tick };
        let asked = Look { key: 1, bbox: BBox::new(41.30, 2.05, 41.47, 2.25).unwrap(), zoom, filter: Arc::new(filter.clone()), encoding: Encoding::Json, have: Some(have.clone()) };
        if let Distance::Past(tick) = second.distance(&asked) {
            let from = Mark::of(tick).seq;
            second.look_back(Mark::with(from), touched.split_off(from as usize));
        }
        let now = look(&mut second, zoom, &filter, Some(have));
        let may_be_proved = days <= 1 && asks.is_none_or(|from| TODAY + from >= today) && now.group.mode == told.group.mode;
        match now.answer {
            Answer::Repair { prev, chunks } => {
                prop_assert!(may_be_proved && prev == told.tick);
                put(&mut held, &chunks);
            }
            Answer::Whole { chunks, .. } => {
                prop_assert!(!may_be_proved, "it could be proved");
                held.clear();
                put(&mut held, &chunks);
            }
        }
        let mut fresh = BTreeMap::new();
        let whole = look(&mut built(&truth, changes.len() as u64, today), zoom, &filter, None);
        let Answer::Whole { chunks, .. } = whole.answer else { panic!("nothing was held") };
        put(&mut fresh, &chunks);
        prop_assert_eq!(held, fresh);
    }
}

#[test]
fn a_day_number_is_a_date() {
    assert_eq!(day_number(date(TODAY)), TODAY);
}
