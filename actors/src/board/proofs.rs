//! Held state, its repair by another process and what that tells later are what a snapshot shows, in both encodings: over events, over a
//! midnight, with nights taken and filters that ask for them.

use std::{collections::BTreeMap, time::Instant};

use domain::{
    BBox, CityId, HomeFilter, HomeId, Nights, Position, RoomId,
    filter::FreeNights,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
    nights::day_number,
};
use proptest::prelude::*;
use time::{Date, Duration, Month};
use uuid::Uuid;

use super::{
    watcher::{Watcher, board_id, flush},
    *,
};
use crate::{
    config::LiveConfig,
    map::{CITY_LEVELS, FINEST, HomeEntity},
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

/// Some share their last bytes, and so their handle.
fn id_of(n: u8) -> HomeId {
    HomeId(Uuid::from_u128(u128::from(n % 30) | u128::from(n / 30) << 64))
}

/// As the store gives it: nights that were over yesterday are not told.
fn point(n: u8, (lat, lng, taken): &(u8, u8, Vec<(i32, i32)>), today: i32) -> HomePoint {
    let mut taken: Vec<_> = taken.iter().copied().filter(|(_, leave)| *leave >= today - 1).collect();
    taken.sort_unstable();
    let taken = taken.into_iter().map(|(arrive, leave)| Nights::new(date(arrive), date(leave)).unwrap()).collect();
    HomePoint {
        id: id_of(n),
        kind: HomeKind::ALL[usize::from(n) % HomeKind::ALL.len()],
        offer: Offer::EntirePlace,
        title: format!("Home {n}"),
        guests: 2,
        price: None,
        at: at(*lat, *lng),
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(n.into())), taken }],
    }
}

/// `crowd`: so many homes that never change, so that some views are of clusters and some on the edge of being so.
fn built(crowd: u16, truth: &Truth, seq: u64, today: i32) -> Board<HomeEntity> {
    let homes = truth.iter().map(|(n, home)| HomeEntity::new(point(*n, home, today), CITY, today));
    let still = (0..crowd).map(|n| {
        let point = HomePoint { id: HomeId(Uuid::from_u128(1_000 + u128::from(n))), ..point(1, &((n % 250) as u8, (n % 241) as u8, Vec::new()), today) };
        HomeEntity::new(point, CITY, today)
    });
    let map = LiveMap::filled(CITY_LEVELS, today, homes.chain(still));
    Board::new(board_id(), "same".into(), Mark { seq, day: today }.tick(), map, Rates::new(&LiveConfig::default()))
}

/// A change as an event brings it.
fn apply(board: &mut Board<HomeEntity>, seq: u64, today: i32, (home, put): &Change) {
    board.reach(Mark { seq, day: today }.tick());
    let map = board.change(None);
    match put {
        Some(put) => map.put(HomeEntity::new(point(*home, put, today), CITY, today)),
        None => {
            map.remove(id_of(*home));
        }
    }
}

/// What is due a while after the start is told.
fn tell(board: &mut Board<HomeEntity>, seconds: u64, watcher: &mut Watcher) {
    let now = Instant::now() + std::time::Duration::from_secs(seconds);
    flush(board, now, std::slice::from_mut(watcher));
}

fn home() -> impl Strategy<Value = (u8, u8, Vec<(i32, i32)>)> {
    let stay = (-6..6_i32, 1..4_i32).prop_map(|(from, nights)| (TODAY + from, TODAY + from + nights));
    (any::<u8>(), any::<u8>(), proptest::collection::vec(stay, 0..3))
}

fn change() -> impl Strategy<Value = Change> {
    (0..40_u8, proptest::option::weighted(0.7, home()))
}

/// What happens in a city, and how somebody looks at it.
#[derive(Clone, Debug)]
struct Story {
    crowd: u16,
    start: Truth,
    changes: Vec<Change>,
    /// How many of the changes the first process tells, and how many another has made when it comes up.
    seen: usize,
    known: usize,
    days: i32,
    zoom: u8,
    /// The first of two nights that are to be free.
    asks: Option<i32>,
}

fn story() -> impl Strategy<Value = Story> {
    let happens = (proptest::collection::btree_map(0..40_u8, home(), 0..40), proptest::collection::vec(change(), 0..18));
    let looks = (prop_oneof![3 => Just(0), 1 => Just(480), 1 => Just(560)], 9..17_u8, proptest::option::of(-1..4_i32));
    (happens, 0..18_usize, 0..18_usize, 0..4_i32, looks).prop_map(|((start, changes), seen, known, days, (crowd, zoom, asks))| {
        let known = known.min(changes.len());
        Story { crowd, start, seen: seen.min(known), known, changes, days, zoom, asks }
    })
}

fn holds(encoding: Encoding, story: Story) -> Result<(), TestCaseError> {
    let Story { crowd, start, changes, seen, known, days, zoom, asks } = story;
    let filter = HomeFilter { free: asks.map(|from| FreeNights(Nights::new(date(TODAY + from), date(TODAY + from + 2)).unwrap())), ..HomeFilter::default() };
    let bbox = BBox::new(41.30, 2.05, 41.47, 2.25).unwrap();
    let comes = || Watcher::new(encoding, bbox, zoom.into(), filter.clone());
    // The first process has seen some of what happens, on the first day: half before somebody looks, half told to them.
    let (mut truth, mut watcher) = (start, comes());
    let mut first = built(crowd, &truth, 0, TODAY);
    let mut touched = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let (home, put) = change;
        if n == seen / 2 {
            watcher.looks(&mut first);
            tell(&mut first, 60, &mut watcher);
        }
        if n < seen {
            apply(&mut first, n as u64 + 1, TODAY, change);
        }
        if n < known {
            let was = match put {
                Some(put) => truth.insert(*home, put.clone()),
                None => truth.remove(home),
            };
            let places = was.iter().chain(put).filter_map(|(lat, lng, _)| TileKey::of(at(*lat, *lng), FINEST));
            touched.push((Mark::with(n as u64 + 1), places.collect::<Vec<_>>()));
        }
    }
    if changes.is_empty() {
        watcher.looks(&mut first);
    }
    tell(&mut first, 120, &mut watcher);

    let held = watcher.mode();

    // The second knows more, some days later, and reads back what the first had not seen.
    let today = TODAY + days;
    let mut second = built(crowd, &truth, known as u64, today);
    watcher.reconnects();
    if let Distance::Past(tick) = second.distance(&watcher.look()) {
        let from = Mark::of(tick).seq;
        second.look_back(Mark::with(from), touched.split_off(from as usize));
    }
    watcher.looks(&mut second);
    tell(&mut second, 60, &mut watcher);
    let may_be_proved = days <= 1 && asks.is_none_or(|from| TODAY + from >= today) && watcher.mode() == held;
    prop_assert_eq!(watcher.is_resumed, may_be_proved);
    let (mut whole, mut fresh) = (built(crowd, &truth, known as u64, today), comes());
    fresh.looks(&mut whole);
    tell(&mut whole, 60, &mut fresh);
    prop_assert_eq!(watcher.shown(), fresh.shown());

    // What the second tells from here on is said to what it repaired.
    for (n, change) in changes.iter().enumerate().skip(known) {
        apply(&mut second, n as u64 + 1, today, change);
        tell(&mut second, 120 + 60 * n as u64, &mut watcher);
        match &change.1 {
            Some(put) => truth.insert(change.0, put.clone()),
            None => truth.remove(&change.0),
        };
    }
    let (mut whole, mut fresh) = (built(crowd, &truth, changes.len() as u64, today), comes());
    fresh.looks(&mut whole);
    tell(&mut whole, 60, &mut fresh);
    if asks.is_none_or(|from| TODAY + from >= today) {
        prop_assert_eq!(watcher.shown(), fresh.shown());
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_held_and_its_repair_are_what_a_snapshot_shows(story in story()) {
        for encoding in Encoding::ALL {
            holds(encoding, story.clone())?;
        }
    }
}

#[test]
fn a_day_number_is_a_date() {
    assert_eq!(day_number(date(TODAY)), TODAY);
}
