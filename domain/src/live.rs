//! Streams and what travels on them: the event lane's types, shared by store, relay and clients.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    home::{HomeKind, Offer},
    ids::{CityId, HomeId, MemberId, RoomId, TenantId},
    money::Price,
    nights::Nights,
    place::Position,
};

/// Names one stream inside a tenant. Its text is the key in Postgres: `city:3128760`, `member:0192…`, `tenant`, `ops`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamName {
    City(CityId),
    Member(MemberId),
    Project(Uuid),
    Tenant,
    Ops,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::City(id) => write!(f, "city:{id}"),
            Self::Member(id) => write!(f, "member:{id}"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Tenant => f.write_str("tenant"),
            Self::Ops => f.write_str("ops"),
        }
    }
}

impl FromStr for StreamName {
    type Err = UnknownStream;
    fn from_str(text: &str) -> Result<Self, UnknownStream> {
        let unknown = || UnknownStream(text.chars().take(60).collect());
        match text.split_once(':') {
            Some(("city", id)) => id.parse().map(Self::City).map_err(|_| unknown()),
            Some(("member", id)) => id.parse().map(Self::Member).map_err(|_| unknown()),
            Some(("project", id)) => id.parse().map(Self::Project).map_err(|_| unknown()),
            None if text == "tenant" => Ok(Self::Tenant),
            None if text == "ops" => Ok(Self::Ops),
            _ => Err(unknown()),
        }
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} names no stream: city:{{geonames id}}, member:self, project:{{id}}, tenant or ops")]
pub struct UnknownStream(pub String);

/// One durable fact with its place in a stream. `seq` is gap-free per stream and begins with 1.
#[derive(Clone, Debug)]
pub struct Event {
    pub tenant: TenantId,
    pub stream: StreamName,
    pub seq: u64,
    pub at: OffsetDateTime,
    /// Past tense, snake case: `home_listed`, `stay_approved`.
    pub kind: Arc<str>,
    /// JSON, encoded once.
    pub body: Arc<RawValue>,
}

/// Reads positions bit by bit as they were written. The quick way of reading a number in JSON may miss its last bit, and a map that was
/// followed by events has to be the one that is read from tables.
mod exact {
    use serde::{Deserialize, Deserializer, de::Error};
    use serde_json::value::RawValue;

    use crate::Position;

    #[derive(Deserialize)]
    struct Written {
        lat: Box<RawValue>,
        lng: Box<RawValue>,
    }

    impl Written {
        fn read<E: Error>(&self) -> Result<Position, E> {
            let degrees = |number: &RawValue| number.get().parse().map_err(E::custom);
            Position::new(degrees(&self.lat)?, degrees(&self.lng)?).map_err(E::custom)
        }
    }

    pub(super) fn position<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
        Written::deserialize(from)?.read()
    }

    pub(super) fn positions<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Position>>, D::Error> {
        let written = Option::<Vec<Written>>::deserialize(from)?;
        written.map(|all| all.iter().map(Written::read).collect()).transpose()
    }
}

/// The body of every event on a `city:` stream: what is now on the map, and what no longer is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CityChange {
    pub put: Vec<HomePoint>,
    pub gone: Vec<HomeId>,
    /// Where those that are gone or have moved stood until now. Absent in what older versions wrote: then nobody knows.
    #[serde(default, deserialize_with = "exact::positions", skip_serializing_if = "Option::is_none")]
    pub left: Option<Vec<Position>>,
    /// The city's counts after this change.
    pub counts: CityCounts,
}

/// What a tenant has in one city. Kept in the transaction that changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct CityCounts {
    /// Active homes.
    pub homes: u32,
    /// Members with at least one active home.
    pub hosts: u32,
}

/// An active home as the map knows it: public facts only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HomePoint {
    pub id: HomeId,
    pub kind: HomeKind,
    pub offer: Offer,
    pub title: String,
    pub guests: u8,
    pub price: Option<Price>,
    /// The public position.
    #[serde(deserialize_with = "exact::position")]
    pub at: Position,
    pub rooms: Vec<RoomNights>,
}

/// A room and the nights that are taken in it, ascending, from today on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoomNights {
    pub id: RoomId,
    pub taken: Vec<Nights>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        for n in 1..2_000 {
            let at = Position { lat: 41.31 + f64::from(n) / 256.0 * 0.15, lng: 2.06 + f64::from(n) / 512.0 * 0.18 };
            let change = CityChange { put: Vec::new(), gone: Vec::new(), left: Some(vec![at]), counts: CityCounts::default() };
            let home = HomePoint {
                id: HomeId(Uuid::from_u128(1)),
                kind: HomeKind::ALL[0],
                offer: Offer::EntirePlace,
                title: String::new(),
                guests: 1,
                price: None,
                at,
                rooms: Vec::new(),
            };
            let change = CityChange { put: vec![home], ..change };
            assert_eq!(serde_json::from_str::<CityChange>(&serde_json::to_string(&change).unwrap()).unwrap(), change);
        }
    }
}
