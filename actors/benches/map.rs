//! What the map costs with a million homes on one core: `cargo bench -p posada-actors --bench map`.
//!
//! Homes are clustered: 400 towns over Catalonia, each crowded in the middle. Views are those of a screen of 1280 by 720 pixels.

#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    sync::{Arc, LazyLock, Mutex},
};

use actors::map::{CITY_LEVELS, Group, HomeEntity, LiveMap, Matcher, Mode, TileKey, ViewPlan};
use actors::wire::Encoding;
use divan::{Bencher, black_box};
use domain::{
    BBox, CityId, Currency, HomeFilter, HomeId, Nights, Position, Price, RoomId,
    filter::{FreeNights, PriceRange},
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
};
use time::Date;
use uuid::Uuid;

const HOMES: u32 = 1_000_000;
/// 2026-12-01.
const TODAY: i32 = 20_788;

static MAP: LazyLock<Mutex<LiveMap<HomeEntity>>> = LazyLock::new(|| {
    let mut chance = Chance(1);
    Mutex::new(LiveMap::filled(CITY_LEVELS, TODAY, (0..HOMES).map(|n| home(n, &mut chance))))
});

fn main() {
    let started = std::time::Instant::now();
    let len = MAP.lock().unwrap().len();
    println!("{len} homes filled in {:.2?}", started.elapsed());
    divan::main();
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let v = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let v = (v ^ v >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((v ^ v >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: u32) -> u32 {
        (self.next() * f64::from(n)) as u32
    }

    /// Around 0, mostly within 1.
    fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.next() - 0.5).sum::<f64>()
    }
}

fn town(n: u32) -> (f64, f64) {
    let mut chance = Chance(u64::from(n) * 7919);
    (40.6 + chance.next() * 2.0, 0.4 + chance.next() * 2.6)
}

fn somewhere(chance: &mut Chance) -> Position {
    let (lat, lng) = town(chance.below(400));
    Position::new(lat + chance.bell() * 0.03, lng + chance.bell() * 0.04).unwrap()
}

fn date(day: i32) -> Date {
    Date::from_julian_day(day + 2_440_588).unwrap()
}

fn home(n: u32, chance: &mut Chance) -> HomeEntity {
    let from = TODAY + chance.below(60) as i32;
    let taken = vec![Nights::new(date(from), date(from + 4)).unwrap(), Nights::new(date(from + 20), date(from + 27)).unwrap()];
    let point = HomePoint {
        id: HomeId(Uuid::from_u128(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))),
        kind: HomeKind::ALL[chance.below(6) as usize],
        offer: Offer::EntirePlace,
        title: format!("Bright rooms near the market {n}"),
        guests: 1 + chance.below(8) as u8,
        price: Some(Price { amount: 2_000 + chance.below(20_000), currency: Currency::Eur }),
        at: somewhere(chance),
        rooms: vec![RoomNights { id: RoomId(Uuid::nil()), taken }],
    };
    HomeEntity::new(point, CityId(3_128_760), TODAY)
}

/// Screens over one town after the other.
fn screen(n: u32, zoom: u8) -> BBox {
    let (lat, lng) = town(n % 400);
    let degrees = 360.0 / (256.0 * f64::from(1u32 << zoom));
    let (high, wide) = (720.0 * degrees * lat.to_radians().cos(), 1280.0 * degrees);
    BBox::new(lat - high / 2.0, lng - wide / 2.0, lat + high / 2.0, lng + wide / 2.0).unwrap()
}

fn filter() -> Matcher {
    Matcher::new(&HomeFilter {
        kinds: vec![HomeKind::Apartment, HomeKind::House],
        guests: Some(2),
        price: Some(PriceRange { min: None, max: Some(12_000), currency: Currency::Eur }),
        free: Some(FreeNights(Nights::new(date(TODAY + 10), date(TODAY + 14)).unwrap())),
    })
}

fn encode(map: &LiveMap<HomeEntity>, plan: &ViewPlan, filter: Matcher) -> usize {
    let group = Group { level: plan.level, mode: plan.mode, filter: Arc::new(filter), encoding: Encoding::Json };
    plan.tiles.iter().map(|tile| map.chunk(&group, *tile).len()).sum()
}

#[divan::bench]
fn put_new_and_remove(bencher: Bencher<'_, '_>) {
    let (mut map, mut chance, mut n) = (MAP.lock().unwrap(), Chance(2), HOMES);
    bencher
        .with_inputs(|| {
            n += 1;
            home(n, &mut chance)
        })
        .bench_local_values(|home| {
            let id = home.id;
            map.put(home);
            map.remove(id)
        });
    map.take_changes();
}

/// Up to `metres` away, some of them over tile edges, of homes all over the map.
///
/// Each call by itself, of a home that was not touched before, with what the bench does between two calls left out: a move in a quiet
/// city finds nothing in the processor's caches, and what it takes is mostly the waiting for memory. Of so many calls because a median
/// of divan's usual hundred is another one in every run. What changed is taken as often as a city's tick would.
#[divan::bench(args = [50, 5_000], sample_count = 10_000, sample_size = 1)]
fn move_by(bencher: Bencher<'_, '_>, metres: u32) {
    let (map, mut chance) = (RefCell::new(MAP.lock().unwrap()), Chance(3));
    let step = f64::from(metres) / 111_195.0;
    let mut moved: Vec<HomeEntity> = map.borrow().iter().step_by(97).cloned().collect();
    for home in &mut moved {
        home.at = Position::new(home.at.lat + (chance.next() - 0.5) * step, home.at.lng + (chance.next() - 0.5) * step).unwrap();
    }
    // In an order that has nothing to do with where they are. There are more than calls: to come round would be to move nothing.
    moved.sort_unstable_by_key(|home| home.id);
    let mut next = moved.iter().cycle().enumerate();
    let tick = || {
        let (n, home) = next.next().unwrap();
        if n % 100 == 0 {
            map.borrow_mut().take_changes();
        }
        home.clone()
    };
    bencher.with_inputs(tick).bench_local_values(|home| map.borrow_mut().put(home));
    map.borrow_mut().take_changes();
}

#[divan::bench]
fn edit_in_place(bencher: Bencher<'_, '_>) {
    let mut map = MAP.lock().unwrap();
    let homes: Vec<HomeEntity> = map.iter().step_by(4_999).cloned().collect();
    let mut next = homes.iter().cycle();
    bencher.with_inputs(|| next.next().unwrap().clone()).bench_local_values(|home| map.put(home));
    map.take_changes();
}

/// Plan only: level, mode, tiles, totals.
#[divan::bench(args = [9, 12, 14, 18])]
fn plan_a_view(bencher: Bencher<'_, '_>, zoom: u8) {
    let (map, mut n) = (MAP.lock().unwrap(), 0);
    let none = Matcher::default();
    bencher.bench_local(|| {
        n += 1;
        map.view(screen(n, zoom), f64::from(zoom), &none)
    });
}

#[divan::bench(args = [9, 12, 14])]
fn clusters_of_a_view_encoded(bencher: Bencher<'_, '_>, zoom: u8) {
    let (map, mut n) = (MAP.lock().unwrap(), 0);
    let none = Matcher::default();
    bencher.bench_local(|| {
        n += 1;
        let mut plan = map.view(screen(n, zoom), f64::from(zoom), &none);
        plan.mode = Mode::Clusters;
        encode(&map, &plan, none)
    });
}

#[divan::bench(args = [17, 18])]
fn entities_of_a_view_encoded(bencher: Bencher<'_, '_>, zoom: u8) {
    let (map, mut n) = (MAP.lock().unwrap(), 0);
    let none = Matcher::default();
    bencher.bench_local(|| {
        n += 1;
        let plan = map.view(screen(n, zoom), f64::from(zoom), &none);
        assert_eq!(plan.mode, Mode::Entities);
        encode(&map, &plan, none)
    });
}

#[divan::bench(args = [9, 12, 14])]
fn filtered_view_encoded(bencher: Bencher<'_, '_>, zoom: u8) {
    let (map, mut n) = (MAP.lock().unwrap(), 0);
    let filter = filter();
    bencher.bench_local(|| {
        n += 1;
        let plan = map.view(screen(n, zoom), f64::from(zoom), &filter);
        encode(&map, &plan, filter)
    });
}

/// One home moves and two tiles are told.
#[divan::bench]
fn changes_of_a_tick(bencher: Bencher<'_, '_>) {
    let (mut map, mut n) = (MAP.lock().unwrap(), 0usize);
    map.take_changes();
    let homes: Vec<HomeEntity> = map.iter().step_by(4_999).cloned().collect();
    let group = Group { level: 15, mode: Mode::Entities, filter: Arc::default(), encoding: Encoding::Json };
    bencher.bench_local(|| {
        n += 1;
        let mut home = homes[n % homes.len()].clone();
        home.at = Position::new(home.at.lat + 1e-4 * (n % 7) as f64, home.at.lng).unwrap();
        map.put(home);
        let changes = map.take_changes();
        let tiles: Vec<TileKey> = changes.tiles(15);
        tiles.into_iter().filter_map(|tile| map.change_chunk(&group, tile, &changes)).map(|bytes| bytes.len()).sum::<usize>()
    });
}

#[divan::bench(args = [false, true])]
fn nearest_20(bencher: Bencher<'_, '_>, filtered: bool) {
    let (map, mut chance) = (MAP.lock().unwrap(), Chance(4));
    let filter = if filtered { filter() } else { Matcher::default() };
    bencher.with_inputs(|| somewhere(&mut chance)).bench_local_values(|from| map.nearest(from, 20, &filter).len());
}

/// A filter that holds for nothing: everything is asked.
#[divan::bench(sample_count = 10)]
fn nearest_20_of_none(bencher: Bencher<'_, '_>) {
    let (map, mut chance) = (MAP.lock().unwrap(), Chance(4));
    let filter = Matcher::new(&HomeFilter { guests: Some(20), ..Default::default() });
    bencher.with_inputs(|| somewhere(&mut chance)).bench_local_values(|from| map.nearest(from, 20, &filter).len());
}

#[divan::bench(args = [100, 1_000])]
fn within_metres(bencher: Bencher<'_, '_>, metres: u32) {
    let (map, mut chance) = (MAP.lock().unwrap(), Chance(5));
    let none = Matcher::default();
    bencher.with_inputs(|| somewhere(&mut chance)).bench_local_values(|from| black_box(map.within(from, f64::from(metres), &none)).len());
}

/// A whole city in view with a filter (row 70 asks for 100 ms): asked once for totals and once for clusters.
#[divan::bench(sample_count = 20)]
fn filtered_city_of_100_000(bencher: Bencher<'_, '_>) {
    let mut chance = Chance(6);
    let map = LiveMap::filled(CITY_LEVELS, TODAY, (0..100_000).map(|n| home(n, &mut chance)));
    let (whole, filter) = (map.extent().unwrap(), filter());
    bencher.bench_local(|| {
        let plan = map.view(whole, 9.0, &filter);
        encode(&map, &plan, filter)
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fill_100_000(bencher: Bencher<'_, '_>) {
    let mut chance = Chance(7);
    let homes: Vec<HomeEntity> = (0..100_000).map(|n| home(n, &mut chance)).collect();
    bencher.with_inputs(|| homes.clone()).bench_local_values(|homes| LiveMap::filled(CITY_LEVELS, TODAY, homes));
}

/// All on one spot, as after an import that knew only the city: every index has to tell them apart by other means.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn put_and_remove_20_000_on_one_spot(bencher: Bencher<'_, '_>) {
    let mut chance = Chance(8);
    let mut homes: Vec<HomeEntity> = (0..20_000).map(|n| home(n, &mut chance)).collect();
    homes.iter_mut().for_each(|home| home.at = Position::new(41.3874, 2.1686).unwrap());
    bencher.with_inputs(|| homes.clone()).bench_local_values(|homes| {
        let ids: Vec<HomeId> = homes.iter().map(|home| home.id).collect();
        let mut map = LiveMap::new(CITY_LEVELS, TODAY);
        homes.into_iter().for_each(|home| map.put(home));
        ids.into_iter().filter(|id| map.remove(*id)).count()
    });
}
