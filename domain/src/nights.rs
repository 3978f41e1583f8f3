//! Nights: half-open ranges of dates in a home's own zone. The night of a date is the one that begins on it.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::Date;

/// A half-open range of nights: arrive on `arrive`, leave on `leave`; at least one night, at most 366.
///
/// Two ranges that touch (one leaves the day the other arrives) do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nights {
    arrive: Date,
    leave: Date,
}

impl Nights {
    /// The longest range, in nights.
    pub const MOST: i64 = 366;

    pub fn new(arrive: Date, leave: Date) -> Result<Self, BadNights> {
        match (leave - arrive).whole_days() {
            days if days < 1 => Err(BadNights::LeavesTooEarly { arrive, leave }),
            days if days > Self::MOST => Err(BadNights::TooLong(days)),
            _ => Ok(Self { arrive, leave }),
        }
    }

    pub const fn arrive(self) -> Date {
        self.arrive
    }

    pub const fn leave(self) -> Date {
        self.leave
    }

    /// How many nights.
    pub fn count(self) -> u16 {
        (self.leave - self.arrive).whole_days() as u16
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.arrive < other.leave && other.arrive < self.leave
    }

    /// Day numbers (days since 1970-01-01) of the first night and of the day of leaving.
    pub fn days(self) -> (i32, i32) {
        (day_number(self.arrive), day_number(self.leave))
    }
}

/// Days since 1970-01-01.
pub fn day_number(date: Date) -> i32 {
    date.to_julian_day() - 2_440_588
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadNights {
    #[error("a stay from {arrive} to {leave} has no night: leave at least one day after arriving")]
    LeavesTooEarly { arrive: Date, leave: Date },
    #[error("{0} nights are too many: at most 366")]
    TooLong(i64),
}

/// As on the wire: `["2026-12-01", "2026-12-05"]`.
impl Serialize for Nights {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        [iso(self.arrive), iso(self.leave)].serialize(s)
    }
}

impl<'de> Deserialize<'de> for Nights {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let [arrive, leave] = <[String; 2]>::deserialize(d)?;
        let arrive = parse_date(&arrive).map_err(serde::de::Error::custom)?;
        let leave = parse_date(&leave).map_err(serde::de::Error::custom)?;
        Self::new(arrive, leave).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Nights {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Nights".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 2, "maxItems": 2,
            "description": "Half-open: arrive on the first date, leave on the second."})
    }
}

/// A date as ISO 8601, `2026-12-01`.
pub fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// Reads `2026-12-01`, nothing else.
pub fn parse_date(text: &str) -> Result<Date, BadDate> {
    let bad = || BadDate(text.chars().take(20).collect());
    let format = time::macros::format_description!("[year]-[month]-[day]");
    if text.len() != 10 {
        return Err(bad());
    }
    Date::parse(text, &format).map_err(|_| bad())
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not a date like 2026-12-01")]
pub struct BadDate(pub String);
