//! A home on a city's map.

use domain::{
    CityId, HomeId, Position, Price,
    home::{HomeKind, Offer},
    live::HomePoint,
};
use wire::binary::{
    messages::{Currency, Home, Kind, Tile, home::Named},
    units,
};

use super::{
    Matcher, Thing, Weight,
    binary::changed,
    chunk::{write_number, write_place, write_text},
    taken::{Taken, word_of},
};

/// The public facts of an active home, kept small: a city may have a hundred thousand.
#[derive(Clone, Debug, PartialEq)]
pub struct HomeEntity {
    pub id: HomeId,
    /// The public position.
    pub at: Position,
    pub city: CityId,
    pub title: Box<str>,
    pub price: Option<Price>,
    rooms: Box<[Taken]>,
    /// The word of days that the rooms' nights begin with.
    base: i32,
    pub kind: HomeKind,
    pub offer: Offer,
    pub guests: u8,
    tonight: bool,
}

impl HomeEntity {
    /// `today` is a day number; nights before it are forgotten in time.
    pub fn new(point: HomePoint, city: CityId, today: i32) -> Self {
        let base = base_on(today);
        let rooms = point.rooms.iter().map(|room| Taken::new(base, room.taken.iter().map(|nights| nights.days()))).collect();
        let mut home = Self {
            id: point.id,
            at: point.at,
            city,
            title: point.title.into(),
            price: point.price,
            rooms,
            base,
            kind: point.kind,
            offer: point.offer,
            guests: point.guests,
            tonight: false,
        };
        home.tonight = home.is_free(today, today + 1);
        home
    }

    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Whether one of its rooms is free tonight.
    pub fn free_tonight(&self) -> bool {
        self.tonight
    }

    /// Whether one room is free on every night from `from` up to, not including, `to` (day numbers).
    pub fn is_free(&self, from: i32, to: i32) -> bool {
        self.rooms.iter().any(|room| room.is_free(self.base, from, to))
    }
}

/// The word that a window begins with: last night is remembered, for those who were last told of a map on the day before.
fn base_on(today: i32) -> i32 {
    word_of(today - 1)
}

impl Thing for HomeEntity {
    type Id = HomeId;
    const COUNTS_HOSTS: bool = false;
    const FOLLOWS_A_STREAM: bool = true;

    fn id(&self) -> HomeId {
        self.id
    }

    /// The last bytes of a UUIDv7 are chance.
    fn handle(id: HomeId) -> u32 {
        id.0.as_u128() as u32
    }

    fn at(&self) -> Position {
        self.at
    }

    fn weight(&self) -> Weight {
        Weight { things: 1, homes: 1, hosts: 0 }
    }

    fn matches(&self, filter: &Matcher) -> bool {
        filter.takes(self.kind, self.guests, self.price) && filter.nights().is_none_or(|(from, to)| self.is_free(from, to))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"id":""#);
        out.extend_from_slice(self.id.0.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
        out.extend_from_slice(br#"","c":"home","#);
        write_place(out, self.at);
        out.extend_from_slice(br#","kind":""#);
        out.extend_from_slice(self.kind.code().as_bytes());
        out.extend_from_slice(br#"","title":"#);
        write_text(out, &self.title);
        out.extend_from_slice(br#","guests":"#);
        write_number(out, u32::from(self.guests));
        if let Some(price) = self.price {
            out.extend_from_slice(br#","price":{"amount":"#);
            write_number(out, price.amount);
            out.extend_from_slice(br#","currency":""#);
            out.extend_from_slice(price.currency.code().as_bytes());
            out.extend_from_slice(br#""}"#);
        }
        out.extend_from_slice(if self.tonight { br#","tonight":true}"# } else { br#","tonight":false}"# });
    }

    fn put(&self, before: Option<&Self>, tile: &mut Tile) -> bool {
        let price = |home: &Self| home.price.map(|price| (price.amount, Currency::from(price.currency)));
        let new_price = changed(before.map(price), price(self)).filter(|price| before.is_some() || price.is_some());
        let home = Home {
            named: Some(if before.is_some() { Named::Handle(Self::handle(self.id)) } else { Named::Id(self.id.0.as_bytes().to_vec()) }),
            y: changed(before.map(|b| units(b.at.lat)), units(self.at.lat)),
            x: changed(before.map(|b| units(b.at.lng)), units(self.at.lng)),
            kind: changed(before.map(|b| b.kind), self.kind).map(|kind| Kind::from(kind).into()),
            title: changed(before.map(|b| &b.title), &self.title).map(|title| title.as_ref().to_owned()),
            guests: changed(before.map(|b| b.guests), self.guests).map(u32::from),
            amount: new_price.map(|price| price.map_or(0, |(amount, _)| amount)),
            currency: price(self).map(|(_, now)| now).filter(|now| before.and_then(price).is_none_or(|(_, held)| held != *now)).map(Into::into),
            tonight: changed(before.map(|b| b.tonight).or(Some(false)), self.tonight),
        };
        let says = home != Home { named: home.named.clone(), ..Home::default() };
        if says {
            tile.homes.push(home);
        }
        says
    }

    fn changes_on(&self, today: i32) -> bool {
        self.tonight != self.is_free(today, today + 1)
    }

    fn set_today(&mut self, today: i32) {
        let base = base_on(today);
        if base > self.base {
            for room in &mut self.rooms {
                room.slide(self.base, base);
            }
            self.base = base;
        }
        self.tonight = self.is_free(today, today + 1);
    }
}
