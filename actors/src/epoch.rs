//! The name of a line of states: where two epochs are equal, equal ticks mean equal maps, and equal maps have equal bytes.
//!
//! An epoch is either *vouched for* (told from what a map follows from, the same in every process) or *drawn* (proves nothing to anybody
//! else). Drawn are the worlds', whose counts have no stream of their own, and that of a city in which something panicked: what its
//! viewers hold was made by something that was wrong.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, LazyLock},
};

use domain::{
    CityId, Currency, HomeId, Nights, Position, Price, RoomId, TenantId,
    home::{HomeKind, Offer},
    live::{HomePoint, RoomNights},
    nights::day_number,
    place::BBox,
};
use time::macros::date;
use uuid::Uuid;

use crate::{
    map::{CITY_LEVELS, Group, HomeEntity, LiveMap, MOST_ENTITIES, Matcher, Mode, TileKey},
    wire::{Encoding, ScopeName},
};

/// What a city's map follows from, besides its stream: the database that holds it, and how this build writes a map.
///
/// The hash is that of the standard library, which another release may change: then nothing is proved, and everyone gets a snapshot.
pub(crate) fn vouched(lineage: &str, tenant: TenantId, scope: ScopeName) -> Arc<str> {
    let mut hasher = DefaultHasher::new();
    (lineage, *WRITING, tenant.0, scope.to_string()).hash(&mut hasher);
    short(hasher.finish())
}

pub(crate) fn drawn() -> Arc<str> {
    short(Uuid::new_v4().as_u64_pair().0)
}

fn short(number: u64) -> Arc<str> {
    format!("{:012x}", number >> 16).into()
}

/// What this build makes of a map that is always the same, and of a change of it, in both encodings: another number as soon as an item, a
/// cluster, a tiling or a difference is written in another way.
static WRITING: LazyLock<u64> = LazyLock::new(|| {
    let day = day_number(date!(2026 - 11 - 23));
    let mut map = LiveMap::filled(CITY_LEVELS, day, (0..4).map(|n| HomeEntity::new(sample(n), CityId(1), day)));
    let mut hasher = DefaultHasher::new();
    (MOST_ENTITIES, day).hash(&mut hasher);
    let groups = sample_groups(&map);
    for (group, tiles) in &groups {
        tiles.iter().for_each(|tile| map.chunk(group, *tile).hash(&mut hasher));
    }
    map.remove(HomeId(Uuid::from_u128(0)));
    map.put(HomeEntity::new(HomePoint { guests: 9, ..sample(1) }, CityId(1), day));
    let changes = map.take_changes();
    for (group, tiles) in &groups {
        tiles.iter().for_each(|tile| map.change_chunk(group, *tile, &changes).hash(&mut hasher));
    }
    hasher.finish()
});

/// Ways of looking at the sample, each with its tiles.
fn sample_groups(map: &LiveMap<HomeEntity>) -> Vec<(Group, Vec<TileKey>)> {
    let looks = [(9.0, 0.8), (12.0, 0.1), (15.0, 0.01), (18.0, 0.001)].into_iter().flat_map(|(zoom, reach)| {
        let bbox = BBox { south: 41.39 - reach, west: 2.17 - reach, north: 41.39 + reach, east: 2.17 + reach };
        let plan = map.view(bbox, zoom, &Matcher::default());
        let ways = Encoding::ALL.into_iter().flat_map(|encoding| [Mode::Entities, Mode::Clusters].map(|mode| (mode, encoding)));
        ways.map(move |(mode, encoding)| (Group { level: plan.level, mode, filter: Arc::default(), encoding }, plan.tiles.clone()))
    });
    looks.collect()
}

fn sample(n: u8) -> HomePoint {
    let nights = Nights::new(date!(2026 - 11 - 23), date!(2026 - 11 - 25)).ok().filter(|_| n.is_multiple_of(2));
    HomePoint {
        id: HomeId(Uuid::from_u128(n.into())),
        kind: HomeKind::ALL[usize::from(n) % HomeKind::ALL.len()],
        offer: Offer::EntirePlace,
        title: format!("Nº {n} \"by\nthe\" sea"),
        guests: n + 1,
        price: Currency::from_code("EUR").ok().and_then(|euro| Price::new(i64::from(n) * 1_000 + 1, euro).ok()).filter(|_| n > 1),
        at: Position { lat: 41.39 + f64::from(n) * 0.000_4, lng: 2.17 - f64::from(n) * 0.000_3 },
        rooms: vec![RoomNights { id: RoomId(Uuid::from_u128(n.into())), taken: nights.into_iter().collect() }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_names_the_database_the_tenant_and_the_scope() {
        let epoch = |lineage: &str, tenant: u128, city: u32| vouched(lineage, TenantId(Uuid::from_u128(tenant)), ScopeName::City(CityId(city)));
        assert_eq!(epoch("a", 1, 1), epoch("a", 1, 1));
        let others = [epoch("b", 1, 1), epoch("a", 2, 1), epoch("a", 1, 2), drawn(), drawn()];
        assert!(others.iter().all(|other| *other != epoch("a", 1, 1)));
        assert_ne!(drawn(), drawn());
    }
}
