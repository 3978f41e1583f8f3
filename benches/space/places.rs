//! Homes for the comparison: Barcelona's as they are, each again and again a few streets away; made-up towns where that file is not at hand.

use std::path::Path;

use actors::map::HomeEntity;
use anyhow::Context as _;
use domain::{
    CityId, Currency, HomeId, Position, Price, RoomId,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
};
use uuid::Uuid;

/// 2026-12-01, as a day number.
pub const TODAY: i32 = 20_788;
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/homes/barcelona.csv");

pub struct Places {
    pub homes: Vec<HomePoint>,
    /// For the table's head.
    pub told: String,
}

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let v = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let v = (v ^ v >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((v ^ v >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }

    /// Around 0, mostly within 1.
    pub fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.next() - 0.5).sum::<f64>()
    }
}

pub fn made(count: usize) -> anyhow::Result<Places> {
    let mut chance = Chance(1);
    let (seeds, told) = if Path::new(FILE).exists() {
        (barcelona()?, format!("{count} places: Barcelona's homes, each again and again within some hundred metres"))
    } else {
        let towns: Vec<(f64, f64)> = (0..400).map(|_| (40.6 + chance.next() * 2.0, 0.4 + chance.next() * 2.6)).collect();
        let crowd = |chance: &mut Chance| {
            let (lat, lng) = towns[chance.below(towns.len())];
            (lat + chance.bell() * 0.03, lng + chance.bell() * 0.04, format!("Bright rooms near the market {}", chance.below(10_000)))
        };
        ((0..16_000).map(|_| crowd(&mut chance)).collect(), format!("{count} places in 400 made-up towns (no ../shared/data/homes/barcelona.csv here)"))
    };
    let homes = (0..count).map(|n| home(n, &seeds[n % seeds.len()], &mut chance)).collect::<anyhow::Result<_>>()?;
    Ok(Places { homes, told })
}

fn barcelona() -> anyhow::Result<Vec<(f64, f64, String)>> {
    let mut file = csv::Reader::from_path(FILE).with_context(|| format!("reading {FILE}"))?;
    let mut seeds = Vec::new();
    for row in file.records() {
        let row = row?;
        let (Some(name), Some(lat), Some(lng)) = (row.get(1), row.get(4), row.get(5)) else { continue };
        if let (Ok(lat), Ok(lng)) = (lat.parse(), lng.parse()) {
            seeds.push((lat, lng, name.to_owned()));
        }
    }
    anyhow::ensure!(!seeds.is_empty(), "{FILE} holds no positions");
    Ok(seeds)
}

fn home(n: usize, (lat, lng, title): &(f64, f64, String), chance: &mut Chance) -> anyhow::Result<HomePoint> {
    let at = Position::new(lat + chance.bell() * 0.003, lng + chance.bell() * 0.004)?;
    Ok(HomePoint {
        id: HomeId(Uuid::from_u128((n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))),
        kind: HomeKind::ALL[chance.below(HomeKind::ALL.len())],
        offer: Offer::EntirePlace,
        title: title.clone(),
        guests: 1 + chance.below(8) as u8,
        price: Some(Price { amount: 2_000 + chance.below(20_000) as u32, currency: Currency::Eur }),
        at,
        rooms: vec![RoomNights { id: RoomId(Uuid::nil()), taken: Vec::new() }],
    })
}

pub fn entity(point: &HomePoint) -> HomeEntity {
    HomeEntity::new(point.clone(), CityId(3_128_760), TODAY)
}
