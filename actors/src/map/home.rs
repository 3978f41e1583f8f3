//! A home on a city's map.

use domain::{
    CityId, HomeId, Position, Price,
    home::{HomeKind, Offer},
    live::HomePoint,
};

use super::{
    Matcher, Thing, Weight,
    chunk::{write_degrees, write_number, write_text},
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
        let base = word_of(today);
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

impl Thing for HomeEntity {
    type Id = HomeId;
    const COUNTS_HOSTS: bool = false;

    fn id(&self) -> HomeId {
        self.id
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
        out.extend_from_slice(br#"","c":"home","y":"#);
        write_degrees(out, self.at.lat);
        out.extend_from_slice(br#","x":"#);
        write_degrees(out, self.at.lng);
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

    fn changes_on(&self, today: i32) -> bool {
        self.tonight != self.is_free(today, today + 1)
    }

    fn set_today(&mut self, today: i32) {
        let base = word_of(today);
        if base > self.base {
            for room in &mut self.rooms {
                room.slide(self.base, base);
            }
            self.base = base;
        }
        self.tonight = self.is_free(today, today + 1);
    }
}
