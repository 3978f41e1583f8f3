//! How many bytes the binary encoding says a moving map in, beside the JSON one. Sizes do not depend on time or machine, so they are held.

use std::time::{Duration, Instant};

use domain::{
    BBox, CityId, HomeFilter, HomeId, Nights, Position, Price, RoomId,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
    money::Currency,
};
use time::Date;
use uuid::Uuid;
use wire::Encoding;

use super::super::watcher::{Watcher, board_id, flush};
use crate::{
    LiveConfig,
    board::{Board, Rates},
    map::{CITY_LEVELS, HomeEntity, LiveMap, Mode},
};

const TODAY: i32 = 20_788;
/// What a delta may cost, of its bytes in JSON.
const MOST: f64 = 0.15;

/// Numbers that look random and are the same in every run (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
    fn about(&mut self, width: f64) -> f64 {
        (self.below(2_000_001) as f64 / 1e6 - 1.0) * width
    }
}

fn home(n: usize, title: String, lat: f64, lng: f64, amount: u32) -> HomePoint {
    HomePoint {
        id: HomeId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + n as u128 * 0x9e37_79b9_7f4a_7c15)),
        kind: HomeKind::ALL[n % HomeKind::ALL.len()],
        offer: Offer::EntirePlace,
        title,
        guests: 1 + (n % 6) as u8,
        price: Some(Price { amount, currency: Currency::Eur }),
        at: Position::new(lat, lng).unwrap(),
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(n as u128)), taken: Vec::new() }],
    }
}

/// Barcelona's homes (Inside Airbnb, where the file is there), else as many made ones with titles of the same length.
fn homes() -> Vec<HomePoint> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/homes/barcelona.csv");
    let Ok(mut file) = csv::Reader::from_path(path) else {
        let mut chance = Chance(7);
        return (0..16_000)
            .map(|n| home(n, format!("Casa {n} al costat del parc, amb vistes"), 41.39 + chance.about(0.05), 2.165 + chance.about(0.06), 9_000))
            .collect();
    };
    let rows = file.records().map(|row| row.unwrap());
    let homes = rows
        .enumerate()
        .map(|(n, row)| home(n, row[1].to_owned(), row[4].parse().unwrap(), row[5].parse().unwrap(), row[7].parse::<u32>().unwrap_or(80) * 100));
    homes.collect()
}

/// One change of a moving map: of twenty, eleven prices, four nights, two moves (one near, one far), one and a half new, one and a half gone.
fn change(all: &mut Vec<HomePoint>, chance: &mut Chance, board: &mut Board<HomeEntity>, new: &mut usize) {
    let mut at = chance.below(all.len() as u64) as usize;
    match chance.below(40) {
        0..22 => {
            let amount = 2_000 + chance.below(30_000) as u32;
            all[at].price = Some(Price { amount, currency: Currency::Eur });
        }
        22..30 => {
            let day = |n| Date::from_julian_day(2_440_588 + TODAY + n).unwrap();
            let taken = &mut all[at].rooms[0].taken;
            if taken.pop().is_none() {
                taken.push(Nights::new(day(0), day(3)).unwrap());
            }
        }
        30..34 => {
            let width = if chance.below(2) == 0 { 0.002 } else { 0.03 };
            let p = all[at].at;
            all[at].at = Position::new(p.lat + chance.about(width), p.lng + chance.about(width)).unwrap();
        }
        34..37 => {
            let model = all[at].clone();
            *new += 1;
            at = all.len();
            all.push(home(*new, model.title, model.at.lat + chance.about(0.001), model.at.lng + chance.about(0.001), 7_500));
        }
        _ => {
            let gone = all.swap_remove(at);
            board.change(None).remove(gone.id);
            return;
        }
    }
    board.change(None).put(HomeEntity::new(all[at].clone(), CityId(3_128_760), TODAY));
}

struct Sizes {
    deltas: f64,
    with_snapshot: f64,
    mode: Mode,
}

/// Twenty seconds of a view of a city in which so many things change a second.
fn watched(bbox: BBox, zoom: f64, a_second: u64) -> Sizes {
    let mut all = homes();
    let (mut new, mut chance) = (all.len(), Chance(42));
    let entities = all.iter().cloned().map(|home| HomeEntity::new(home, CityId(3_128_760), TODAY));
    let map = LiveMap::filled(CITY_LEVELS, TODAY, entities);
    let mode = map.view(bbox, zoom, &Default::default()).mode;
    let mut board = Board::new(board_id(), "1f0c9a4be2d1".into(), 0, map, Rates::new(&LiveConfig::default()));
    let mut watchers = Encoding::ALL.map(|encoding| Watcher::new(encoding, bbox, zoom, HomeFilter::default()));
    watchers.iter().for_each(|watcher| watcher.looks(&mut board));
    let mut now = Instant::now();
    flush(&mut board, now, &mut watchers);
    for _ in 0..20 * 40 {
        for _ in 0..a_second / 40 {
            change(&mut all, &mut chance, &mut board, &mut new);
        }
        now += Duration::from_millis(25);
        flush(&mut board, now, &mut watchers);
    }
    let [json, binary] = &watchers;
    let ratio = |of: fn(&Watcher) -> usize| of(binary) as f64 / of(json) as f64;
    let sizes = Sizes { deltas: ratio(|w| w.delta_bytes), with_snapshot: ratio(|w| w.delta_bytes + w.snapshot_bytes), mode };
    println!(
        "{mode:?} at zoom {zoom}, {a_second} changes/s: {} deltas of {} bytes in JSON, {} in binary: {:.1} %; with its snapshot {:.1} %",
        json.told.len() - 1,
        json.delta_bytes,
        binary.delta_bytes,
        100.0 * sizes.deltas,
        100.0 * sizes.with_snapshot
    );
    sizes
}

fn bbox(south: f64, west: f64, north: f64, east: f64) -> BBox {
    BBox::new(south, west, north, east).unwrap()
}

/// See the numbers: `cargo test -p posada-actors --lib sizes -- --nocapture`.
#[test]
fn a_moving_map_of_things_is_at_most_15_percent() {
    for a_second in [40, 400] {
        let sizes = watched(bbox(41.3865, 2.1665, 41.3895, 2.1705), 17.0, a_second);
        assert_eq!(sizes.mode, Mode::Entities);
        assert!(sizes.deltas <= MOST, "{:.3}", sizes.deltas);
    }
}

#[test]
fn a_moving_map_of_clusters_is_at_most_15_percent() {
    for a_second in [40, 400] {
        let sizes = watched(bbox(41.32, 2.05, 41.46, 2.23), 12.0, a_second);
        assert_eq!(sizes.mode, Mode::Clusters);
        assert!(sizes.deltas <= MOST, "{:.3}", sizes.deltas);
    }
}
