//! The homes themselves: what they are, what they are called, what they cost, and whose they are.

use domain::{
    CityId, MemberId, Price,
    home::{Capacity, Description, HomeFacts, HomeKind, Offer, RoomDraft, RoomName, Title},
};
use gazetteer::{City, Gazetteer};

use super::{
    cities::{Streets, chosen},
    dice::{Dice, seed},
    names::{money, names},
};
use crate::commands::import_homes::{HostOf, SourceHome};

/// Of one city's homes these many are the demo host's, in the first city.
const OF_THE_HOST: u32 = 6;

const KINDS: [(HomeKind, f64); 6] =
    [(HomeKind::Apartment, 58.0), (HomeKind::House, 20.0), (HomeKind::Loft, 9.0), (HomeKind::Hotel, 6.0), (HomeKind::Cabin, 5.0), (HomeKind::Boat, 2.0)];
const OFFERS: [(Offer, f64); 3] = [(Offer::PrivateRoom, 52.0), (Offer::EntirePlace, 38.0), (Offer::SharedRoom, 10.0)];
const LIKE: [&str; 18] = [
    "Bright",
    "Quiet",
    "Sunny",
    "Cosy",
    "Airy",
    "Small",
    "Old",
    "Green",
    "Simple",
    "Warm",
    "Calm",
    "High-ceilinged",
    "Friendly",
    "Book-filled",
    "Plain",
    "Corner",
    "Top-floor",
    "Well-kept",
];
const NEAR: [&str; 18] = [
    "near the market",
    "by the park",
    "with a balcony",
    "close to the station",
    "off the main square",
    "in a dancers' house",
    "with a courtyard",
    "above a bakery",
    "near the old town",
    "with a piano",
    "on a tree-lined street",
    "with a roof terrace",
    "round the corner from the studios",
    "by the river",
    "with a garden",
    "in a shared house",
    "ten minutes from the centre",
    "with room to practise",
];
const ABOUT: [&str; 12] = [
    "Breakfast together if you like.",
    "The kitchen is yours as much as ours.",
    "We dance on Thursdays; come along.",
    "Bicycles to borrow in the hall.",
    "The floor is wooden and loves socks.",
    "A desk, good light and quick internet.",
    "Two cats live here and own the sofa.",
    "Night owls welcome, loud ones less so.",
    "The bus to the airport stops at the door.",
    "Vegetarian kitchen, good coffee.",
    "Children are welcome and will find toys.",
    "Bring a song, leave a recipe.",
];

/// All homes of the demo, city by city, the same ones every time.
pub(super) fn all(gazetteer: &'static Gazetteer, homes: u32, host: MemberId) -> impl Iterator<Item = SourceHome> {
    chosen(gazetteer, homes).into_iter().enumerate().flat_map(move |(rank, (city, share))| {
        let streets = Streets::of(gazetteer, &city);
        let mut dice = Dice::new(seed(city.name) ^ u64::from(city.id));
        let hosts = (share / 7).max(1);
        (0..share).filter_map(move |n| {
            let whose = if rank == 0 && n < OF_THE_HOST { HostOf::Member(host) } else { somebody(&city, hosts, &mut dice) };
            home(&city, n, whose, &streets, &mut dice)
        })
    })
}

/// One of the hosts of a city; a few of them have many homes.
fn somebody(city: &City<'_>, hosts: u32, dice: &mut Dice) -> HostOf {
    let n = (dice.unit().powi(2) * f64::from(hosts)) as u32;
    let mut own = Dice::new(seed(city.name) ^ u64::from(city.id) ^ (u64::from(n) << 32));
    let names = names(city.country);
    let (given, family) = (own.one(names.given), own.one(names.family));
    let name = if names.family_first { format!("{family} {given}") } else { format!("{given} {family}") };
    HostOf::Source { reference: format!("{}-{n}", city.id), name }
}

fn home(city: &City<'_>, n: u32, host: HostOf, streets: &Streets, dice: &mut Dice) -> Option<SourceHome> {
    let kind = *dice.weighed(&KINDS);
    let offer = *dice.weighed(&OFFERS);
    let bedrooms = match (offer, kind) {
        (Offer::SharedRoom, _) => 1,
        (_, HomeKind::House) => 2 + dice.below(4) as u8,
        (_, HomeKind::Hotel) => 4 + dice.below(9) as u8,
        _ => 1 + dice.below(3) as u8,
    };
    let rooms: Vec<RoomDraft> = match offer {
        Offer::EntirePlace => Vec::new(),
        Offer::PrivateRoom => (1..=bedrooms.min(3)).map(|k| room(&format!("Room {k}"), 1 + dice.below(2) as u8)).collect::<Option<_>>()?,
        Offer::SharedRoom => vec![room("Dormitory", 4 + dice.below(4) as u8)?],
    };
    let guests = if rooms.is_empty() { (bedrooms * 2).min(20) } else { rooms.iter().map(|room| room.guests.get()).sum::<u8>().min(20) };
    let facts = HomeFacts {
        kind,
        offer,
        title: Title::parse(&format!("{} {} {}", dice.one(&LIKE), noun(kind), dice.one(&NEAR))).ok()?,
        description: Description::parse(&format!("{} {} {}", first_sentence(city), dice.one(&ABOUT[..6]), dice.one(&ABOUT[6..]))).ok()?,
        guests: Capacity::new(guests)?,
        bedrooms: Some(bedrooms),
        beds: Some(bedrooms.max(guests.div_ceil(2))),
        price: price(city, kind, offer, guests, dice),
    };
    let rooms = if rooms.is_empty() { vec![facts.only_room()] } else { rooms };
    let at = streets.place(dice)?;
    let on_offer = dice.chance(0.97);
    Some(SourceHome { reference: format!("{}-{n}", city.id), host, city: CityId(city.id), facts, rooms, at, approximate: false, on_offer })
}

fn room(name: &str, guests: u8) -> Option<RoomDraft> {
    Some(RoomDraft { name: RoomName::parse(name).ok()?, guests: Capacity::new(guests)? })
}

const fn noun(kind: HomeKind) -> &'static str {
    match kind {
        HomeKind::Apartment => "flat",
        HomeKind::House => "house",
        HomeKind::Hotel => "guest house",
        HomeKind::Loft => "loft",
        HomeKind::Cabin => "cabin",
        HomeKind::Boat => "houseboat",
    }
}

fn first_sentence(city: &City<'_>) -> String {
    format!("A home in {}, open to people of the community.", city.name)
}

/// Per night, in round sums; one in nine is free, as it is among friends.
fn price(city: &City<'_>, kind: HomeKind, offer: Offer, guests: u8, dice: &mut Dice) -> Option<Price> {
    if dice.chance(0.11) {
        return None;
    }
    let (currency, rate, level) = money(city.country);
    let of_offer = match offer {
        Offer::EntirePlace => 38.0 + 17.0 * f64::from(guests),
        Offer::PrivateRoom => 34.0,
        Offer::SharedRoom => 17.0,
    };
    let of_kind = match kind {
        HomeKind::Hotel | HomeKind::Boat => 1.3,
        HomeKind::Loft => 1.15,
        HomeKind::Apartment | HomeKind::House | HomeKind::Cabin => 1.0,
    };
    let whole = (of_offer * of_kind * level * rate * (0.7 + 0.8 * dice.unit())).max(rate * 6.0);
    let step = 10f64.powf(whole.log10().floor() - 1.0).max(1.0);
    Price::new(((whole / step).round() * step) as i64 * 100, currency).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_demo_is_whole_varied_and_the_same_every_time() {
        let host = MemberId(uuid::Uuid::nil());
        let homes: Vec<SourceHome> = all(Gazetteer::embedded(), 12_000, host).collect();
        assert_eq!(homes.len(), 12_000, "none is refused by the domain");
        let references: BTreeSet<&str> = homes.iter().map(|home| home.reference.as_str()).collect();
        assert_eq!(references.len(), homes.len());
        let hosts: BTreeSet<&str> =
            homes.iter().filter_map(|home| if let HostOf::Source { reference, .. } = &home.host { Some(reference.as_str()) } else { None }).collect();
        assert!((900..3_000).contains(&hosts.len()), "{}", hosts.len());
        assert_eq!(homes.iter().filter(|home| home.host == HostOf::Member(host)).count(), OF_THE_HOST as usize);
        let titles: BTreeSet<&str> = homes.iter().map(|home| home.facts.title.as_str()).collect();
        assert!(titles.len() > 1_000, "{}", titles.len());
        let again: Vec<String> = all(Gazetteer::embedded(), 12_000, host).map(|home| format!("{home:?}")).collect();
        assert!(homes.iter().zip(&again).all(|(home, again)| format!("{home:?}") == *again));
    }
}
