//! What a home costs in memory: `cargo bench -p posada-actors --bench memory`. Reads the kernel's count, so it stands alone.

#![allow(clippy::unwrap_used)]

use actors::map::{CITY_LEVELS, HomeEntity, LiveMap};
use domain::{
    CityId, Currency, HomeId, Nights, Position, Price, RoomId,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
};
use uuid::Uuid;

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn home(n: u32) -> HomeEntity {
    let day = |d: i32| time::Date::from_julian_day(2_461_376 + d).unwrap();
    // A city 25 km across, denser in the middle.
    let spread =
        |salt: u32| (0..4u32).map(|i| f64::from(n.wrapping_add(i * 7919 + salt).wrapping_mul(0x9e37_79b1) >> 8) / f64::from(1 << 24) - 0.5).sum::<f64>() * 0.1;
    let point = HomePoint {
        id: HomeId(Uuid::from_u128(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))),
        kind: HomeKind::Apartment,
        offer: Offer::EntirePlace,
        title: format!("Bright rooms near the market {n}"),
        guests: 2,
        price: Some(Price { amount: 8_000, currency: Currency::Eur }),
        at: Position::new(41.39 + spread(1), 2.16 + spread(2)).unwrap(),
        rooms: vec![RoomNights { id: RoomId(Uuid::nil()), taken: vec![Nights::new(day(40), day(44)).unwrap()] }],
    };
    HomeEntity::new(point, CityId(3_128_760), 20_788)
}

fn main() {
    println!("an entity is {} bytes, without its title and nights", size_of::<HomeEntity>());
    for homes in [100_000u32, 1_000_000] {
        let before = resident();
        let map = LiveMap::filled(CITY_LEVELS, 20_788, (0..homes).map(home));
        let bytes = resident() - before;
        println!("{} homes: {:.1} MB resident, {} bytes a home", map.len(), bytes as f64 / 1e6, bytes / map.len());
    }
}
