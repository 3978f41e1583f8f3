//! What a host says of a home, and its limits.

use serde::{Deserialize, Serialize};

use super::{
    HomeKind, Offer,
    text::{Description, RoomName, Title},
};
use crate::money::Price;

/// The bounds of the numbers, both ends included.
pub mod limits {
    use std::ops::RangeInclusive;

    pub const GUESTS: RangeInclusive<u8> = 1..=20;
    pub const BEDROOMS: RangeInclusive<u8> = 0..=50;
    pub const BEDS: RangeInclusive<u8> = 1..=50;
    /// Rooms of one home.
    pub const ROOMS: RangeInclusive<usize> = 1..=50;
}

/// How many people a home or a room can take: 1 to 20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Capacity(u8);

impl Capacity {
    pub fn new(guests: u8) -> Option<Self> {
        limits::GUESTS.contains(&guests).then_some(Self(guests))
    }
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl From<Capacity> for u8 {
    fn from(capacity: Capacity) -> Self {
        capacity.0
    }
}

impl TryFrom<u8> for Capacity {
    type Error = String;
    fn try_from(guests: u8) -> Result<Self, String> {
        Self::new(guests).ok_or_else(|| format!("{guests} guests: 1 to 20 are possible"))
    }
}

/// What a host says of a home. A value that exists is within every limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HomeFacts {
    pub kind: HomeKind,
    pub offer: Offer,
    pub title: Title,
    pub description: Description,
    pub guests: Capacity,
    pub bedrooms: Option<u8>,
    pub beds: Option<u8>,
    /// Per night; none: free.
    pub price: Option<Price>,
}

/// A room to be. Where no room is named a home has one that takes all its guests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomDraft {
    pub name: RoomName,
    pub guests: Capacity,
}

impl HomeFacts {
    /// The rooms of a home whose host named none.
    pub fn only_room(&self) -> RoomDraft {
        RoomDraft { name: RoomName::only(), guests: self.guests }
    }
}

/// One thing wrong with one field of what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field, `rooms[2].guests`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub expected: Option<String>,
}

impl Fault {
    pub fn new(field: impl Into<String>, message: impl ToString, expected: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.to_string(), expected: Some(expected.into()) }
    }
}
