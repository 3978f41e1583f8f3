//! Names on the wire: streams as a client says them, scopes of the map, a client's own view ids.

use std::{borrow::Cow, fmt, str::FromStr};

use domain::{CityId, MemberId, StreamName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

/// Why a name is none; says what would be one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadName(pub String);

/// A stream as a client names it. Its own is `member:self`: nobody else's can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    Own,
    City(CityId),
    Project(Uuid),
    Tenant,
    Ops,
}

impl Stream {
    /// How the reader `member` knows a stream; none for another member's own.
    pub fn seen_by(name: StreamName, member: Option<MemberId>) -> Option<Self> {
        match name {
            StreamName::Member(id) => (Some(id) == member).then_some(Self::Own),
            StreamName::City(id) => Some(Self::City(id)),
            StreamName::Project(id) => Some(Self::Project(id)),
            StreamName::Tenant => Some(Self::Tenant),
            StreamName::Ops => Some(Self::Ops),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("member:self"),
            Self::City(id) => write!(f, "city:{id}"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Tenant => f.write_str("tenant"),
            Self::Ops => f.write_str("ops"),
        }
    }
}

impl FromStr for Stream {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let found = match text.split_once(':') {
            Some(("member", "self")) => Some(Self::Own),
            Some(("city", id)) => id.parse().ok().map(Self::City),
            Some(("project", id)) => id.parse().ok().map(Self::Project),
            None if text == "tenant" => Some(Self::Tenant),
            None if text == "ops" => Some(Self::Ops),
            _ => None,
        };
        found.ok_or_else(|| {
            BadName(format!(
                "{:?} names no stream: member:self, city:{{geonames id}}, project:{{id}}, tenant or ops",
                text.chars().take(60).collect::<String>()
            ))
        })
    }
}

/// One live map: the tenant's world of cities, or one city's homes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeName {
    World,
    City(CityId),
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World => f.write_str("world"),
            Self::City(id) => write!(f, "city:{id}"),
        }
    }
}

impl FromStr for ScopeName {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        match text.split_once(':') {
            None if text == "world" => Ok(Self::World),
            Some(("city", id)) => id.parse().map(Self::City).map_err(|_| BadName(format!("{id:?} is no geonames id"))),
            _ => Err(BadName(format!("{:?} names no scope: world or city:{{geonames id}}", text.chars().take(60).collect::<String>()))),
        }
    }
}

/// What a client calls one of its views: 1 to 40 of letters, digits and `_ . : -`.
/// Held in place: it is compared for every frame of state, and a pointer to it would lead to the far end of memory each time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId {
    /// Zeros follow the text.
    text: [u8; ViewId::MOST],
    length: u8,
}

impl ViewId {
    const MOST: usize = 40;

    pub fn as_str(&self) -> &str {
        // Only ASCII was taken in.
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewId({:?})", self.as_str())
    }
}

impl FromStr for ViewId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b':' | b'-');
        if (1..=Self::MOST).contains(&text.len()) && text.bytes().all(plain) {
            let mut held = [0; Self::MOST];
            held[..text.len()].copy_from_slice(text.as_bytes());
            Ok(Self { text: held, length: text.len() as u8 })
        } else {
            Err(BadName("a view's id is 1 to 40 of letters, digits and _ . : -".into()))
        }
    }
}

macro_rules! by_text {
    ($($name:ident: $pattern:literal, $says:literal);+ $(;)?) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $says})
            }
        }
    )+};
}

by_text! {
    Stream: "^(member:self|city:[0-9]+|project:[0-9a-f-]{36}|tenant|ops)$", "A stream of events. One's own is member:self.";
    ScopeName: "^(world|city:[0-9]+)$", "One live map: all cities, or the homes of one city.";
    ViewId: "^[A-Za-z0-9_.:-]{1,40}$", "What the client calls one of its views.";
}
