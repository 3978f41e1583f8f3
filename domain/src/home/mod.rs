//! A home: a place to stay that a host offers. Its words, its limits, its states.
//!
//! Called by commands, imports, the store and the map. Pure: ids and positions are chosen by the caller.

mod facts;
mod input;
mod status;
mod text;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    cell::PublicPlace,
    ids::{CityId, HomeId, MemberId, RoomId},
    live::{HomePoint, RoomNights},
    nights::Nights,
    place::Position,
};

pub use facts::{Capacity, Fault, HomeFacts, RoomDraft, limits};
pub use input::{HomeDraft, HomeInput, NewHome, PlaceInput, PriceInput, RoomInput};
pub use status::{CannotMove, HomeMove};
pub use text::{Description, RoomName, Title};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in the database, on the wire and in addresses.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// What the building is.
    HomeKind { Apartment = "apartment", House = "house", Hotel = "hotel", Loft = "loft", Cabin = "cabin", Boat = "boat" }
}
codes! {
    /// How much of it a guest has.
    Offer { EntirePlace = "entire_place", PrivateRoom = "private_room", SharedRoom = "shared_room" }
}
codes! {
    /// Where a home stands. Only an active home is public.
    HomeStatus { Draft = "draft", PendingReview = "pending_review", Active = "active", Paused = "paused", Retired = "retired", Suspended = "suspended" }
}

/// A home as it stands. The exact position is for its host alone; whatever goes to others is made by [`Home::point`] or from `public`.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    pub id: HomeId,
    pub host: MemberId,
    pub city: CityId,
    pub status: HomeStatus,
    pub facts: HomeFacts,
    pub rooms: Vec<Room>,
    pub exact: Position,
    /// Only the city was known: the position is the city's centre.
    pub approximate: bool,
    pub public: PublicPlace,
    /// Grows by one with every change; an edit names the version it was made on.
    pub version: u32,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// The unit of a home that is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub id: RoomId,
    pub name: RoomName,
    pub guests: Capacity,
}

impl Home {
    /// What everybody may know of it, for the map and for events. `taken` gives the nights that are taken in a room.
    pub fn point(&self, mut taken: impl FnMut(RoomId) -> Vec<Nights>) -> HomePoint {
        HomePoint {
            id: self.id,
            kind: self.facts.kind,
            offer: self.facts.offer,
            title: self.facts.title.as_str().to_owned(),
            guests: self.facts.guests.get(),
            price: self.facts.price,
            at: self.public.at,
            rooms: self.rooms.iter().map(|room| RoomNights { id: room.id, taken: taken(room.id) }).collect(),
        }
    }
}
