//! Made homes, filters and views for the property tests, and the naive way to ask them.

use actors::map::{HomeEntity, Matcher};
use domain::{
    BBox, CityId, Currency, HomeFilter, HomeId, Nights, Position, Price, RoomId,
    filter::{FreeNights, PriceRange},
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
};
use proptest::prelude::*;
use time::Date;
use uuid::Uuid;

/// 2026-12-01.
pub const TODAY: i32 = 20_788;
pub const CITY: CityId = CityId(3_128_760);

pub fn date(day: i32) -> Date {
    Date::from_julian_day(day + 2_440_588).unwrap()
}

pub fn home_id(n: u32) -> HomeId {
    // Spread, so that the order of ids is not that of making.
    HomeId(Uuid::from_u128(u128::from(n.wrapping_mul(0x9e37_79b1)) << 64 | u128::from(n)))
}

/// Where it goes wrong if it does: crowded, one on top of the other, beside the date line, at the edge of the tiles, at the poles.
pub fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        4 => (41.30..41.47f64, 2.05..2.25f64),
        2 => (41.3870..41.3880f64, 2.1680..2.1700f64),
        1 => Just((41.3874, 2.1686)),
        2 => (-19.0..-16.0f64, prop_oneof![177.0..=180.0f64, -180.0..-177.0f64]),
        1 => (-17.8..-17.7f64, prop_oneof![Just(180.0), Just(-180.0), Just(179.999_999_9), Just(-179.999_999_9)]),
        2 => (prop_oneof![84.9..=90.0f64, -90.0..-84.9f64], -180.0..=180.0f64),
        1 => prop_oneof![Just((90.0, 12.0)), Just((-90.0, -170.0)), Just((85.051_128_7, 0.0)), Just((85.051_129, 0.0))],
        2 => (-90.0..=90.0f64, -180.0..=180.0f64),
    ]
    .prop_filter_map("no place on Earth", |(lat, lng)| Position::new(lat, lng).ok())
}

fn price() -> impl Strategy<Value = Option<Price>> {
    prop::option::weighted(
        0.8,
        (1u32..300, prop::sample::select(&[Currency::Eur, Currency::Usd][..])).prop_map(|(amount, currency)| Price { amount: amount * 100, currency }),
    )
}

fn nights() -> impl Strategy<Value = Nights> {
    prop_oneof![3 => 0i32..40, 1 => 0i32..1500]
        .prop_flat_map(|from| (Just(from), 1i32..20))
        .prop_map(|(from, n)| Nights::new(date(TODAY + from), date(TODAY + from + n)).unwrap())
}

fn kind() -> impl Strategy<Value = HomeKind> {
    prop::sample::select(HomeKind::ALL)
}

pub fn home(n: u32) -> impl Strategy<Value = HomePoint> {
    let title = prop_oneof![Just("Casa \"Blau\" \\ 1\u{0}\n".to_owned()), Just("日本の家 🏠".to_owned()), "[a-z]{1,12}"];
    let rooms = prop::collection::vec(prop::collection::vec(nights(), 0..4), 1..4);
    (position(), kind(), title, 1u8..=20, price(), rooms).prop_map(move |(at, kind, title, guests, price, rooms)| HomePoint {
        id: home_id(n),
        kind,
        offer: Offer::EntirePlace,
        title,
        guests,
        price,
        at,
        rooms: rooms
            .into_iter()
            .enumerate()
            .map(|(i, mut taken)| {
                taken.sort_unstable();
                RoomNights { id: RoomId(Uuid::from_u128(u128::from(n) << 8 | i as u128)), taken }
            })
            .collect(),
    })
}

/// An unremarkable home with one room, free on every night.
pub fn plain(n: u32, at: Position) -> HomePoint {
    HomePoint {
        id: home_id(n),
        kind: HomeKind::House,
        offer: Offer::EntirePlace,
        title: "Casa".into(),
        guests: 2,
        price: None,
        at,
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(u128::from(n))), taken: Vec::new() }],
    }
}

pub fn homes(most: u32) -> impl Strategy<Value = Vec<HomePoint>> {
    (0..most).prop_flat_map(|count| (0..count).map(home).collect::<Vec<_>>())
}

pub fn filter() -> impl Strategy<Value = HomeFilter> {
    let bounds = (prop::option::of(1u32..300), prop::option::of(1u32..300), prop::sample::select(&[Currency::Eur, Currency::Usd][..]));
    let price = bounds.prop_map(|(min, max, currency)| PriceRange { min: min.map(|v| v * 100), max: max.map(|v| v * 100), currency });
    let some = (prop::collection::vec(kind(), 0..4), prop::option::of(0u8..8), prop::option::of(price), prop::option::of(nights().prop_map(FreeNights)));
    prop_oneof![1 => Just(HomeFilter::default()), 3 => some.prop_map(|(kinds, guests, price, free)| HomeFilter { kinds, guests, price, free })]
}

pub fn bbox() -> impl Strategy<Value = BBox> {
    prop_oneof![
        (41.3..41.45f64, 2.05..2.2f64, 0.001..0.2f64, 0.001..0.2f64),
        (-20.0..-15.0f64, 176.0..184.0f64, 0.01..4.0f64, 0.01..6.0f64),
        (-90.0..89.0f64, -180.0..180.0f64, 0.1..180.0f64, 0.1..360.0f64),
        (83.0..89.9f64, -180.0..180.0f64, 0.1..7.0f64, 0.1..360.0f64),
        Just((-18.5, 170.0, 2.0, 10.0)),
        Just((-90.0, -180.0, 180.0, 360.0)),
    ]
    .prop_map(|(south, west, high, wide)| BBox::new(south, west, (south + high).min(90.0), west + wide).unwrap())
}

pub fn entity(point: &HomePoint) -> HomeEntity {
    HomeEntity::new(point.clone(), CITY, TODAY)
}

/// The filter's words taken literally.
pub fn holds(filter: &HomeFilter, home: &HomePoint) -> bool {
    let kind = filter.kinds.is_empty() || filter.kinds.contains(&home.kind);
    let guests = filter.guests.is_none_or(|guests| home.guests >= guests);
    let price = filter.price.is_none_or(|range| match home.price {
        None => range.min.is_none(),
        Some(price) => price.currency == range.currency && range.min.is_none_or(|min| min <= price.amount) && range.max.is_none_or(|max| price.amount <= max),
    });
    let free = filter.free.is_none_or(|FreeNights(asked)| home.rooms.iter().any(|room| room.taken.iter().all(|taken| !taken.overlaps(asked))));
    kind && guests && price && free
}

pub fn matcher(filter: &HomeFilter) -> Matcher {
    Matcher::new(filter)
}
