//! What someone wants to see of the homes: every given condition must hold.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::{Date, Duration, OffsetDateTime};

use crate::{
    home::{HomeKind, limits},
    money::Currency,
    nights::{Nights, iso},
};

/// A filter over homes. Applied on the server; composes by "and"; empty matches every home.
///
/// Kinds are kept sorted and without doubles, so that equal filters are equal keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HomeFilter {
    /// Any of these kinds; empty: any kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<HomeKind>,
    /// Room for at least so many guests, 1 to 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<u8>,
    /// A price per night within these bounds; homes in another currency do not match, free homes match when `min` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceRange>,
    /// One room of the home is free on every one of these nights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<FreeNights>,
}

/// Minor units, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    pub currency: Currency,
}

/// Half-open: the nights from `from` up to, not including, that of `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "RawFree", into = "RawFree")]
#[schemars(with = "RawFree")]
pub struct FreeNights(pub Nights);

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawFree {
    /// The first night, e.g. 2026-12-01.
    from: String,
    /// The day of leaving.
    to: String,
}

impl TryFrom<RawFree> for FreeNights {
    type Error = String;
    fn try_from(raw: RawFree) -> Result<Self, String> {
        let day = |text: &str| crate::nights::parse_date(text).map_err(|e| e.to_string());
        Nights::new(day(&raw.from)?, day(&raw.to)?).map(Self).map_err(|e| e.to_string())
    }
}

impl From<FreeNights> for RawFree {
    fn from(FreeNights(nights): FreeNights) -> Self {
        Self { from: crate::nights::iso(nights.arrive()), to: crate::nights::iso(nights.leave()) }
    }
}

/// What is wrong with a filter that can be read. Each edge names the field in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterFault {
    #[error("{0} guests are out of range, expected 1 to 20")]
    Guests(u8),
    #[error("{min} is more than the most, {max}")]
    PriceBounds { min: u32, max: u32 },
    #[error("{} is past everywhere, expected today or later", iso(*.0))]
    PastNights(Date),
}

impl FilterFault {
    /// The field as it stands in a filter: `free.from`.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Guests(_) => "guests",
            Self::PriceBounds { .. } => "price.min",
            Self::PastNights(_) => "free.from",
        }
    }
}

/// The day of the place where it is still the earliest: 12 hours behind UTC. What lies before it is past for everybody, whatever their
/// own day is.
fn earliest_today(now: OffsetDateTime) -> Date {
    (now - Duration::hours(12)).date()
}

impl HomeFilter {
    /// Everything that is wrong with it. Nights that are past are: what was taken then is no longer known, so that any home would seem free.
    pub fn faults(&self, now: OffsetDateTime) -> Vec<FilterFault> {
        let mut faults = Vec::new();
        if let Some(guests) = self.guests.filter(|guests| !limits::GUESTS.contains(guests)) {
            faults.push(FilterFault::Guests(guests));
        }
        if let Some(PriceRange { min: Some(min), max: Some(max), .. }) = self.price
            && min > max
        {
            faults.push(FilterFault::PriceBounds { min, max });
        }
        if let Some(FreeNights(nights)) = self.free
            && nights.arrive() < earliest_today(now)
        {
            faults.push(FilterFault::PastNights(nights.arrive()));
        }
        faults
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Sorted kinds, no doubles, no bounds that bound nothing.
    pub fn normalised(mut self) -> Self {
        self.kinds.sort_unstable();
        self.kinds.dedup();
        if self.kinds.len() == HomeKind::ALL.len() {
            self.kinds.clear();
        }
        if self.guests == Some(1) || self.guests == Some(0) {
            self.guests = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn free(arrive: Date, leave: Date) -> HomeFilter {
        HomeFilter { free: Some(FreeNights(Nights::new(arrive, leave).unwrap())), ..HomeFilter::default() }
    }

    #[test]
    fn nights_are_past_when_their_first_day_is_over_everywhere() {
        let yesterday = free(date!(2026 - 11 - 22), date!(2026 - 11 - 25));
        assert_eq!(yesterday.faults(datetime!(2026-11-23 11:59 UTC)), [], "it is still the 22nd somewhere");
        let faults = yesterday.faults(datetime!(2026-11-23 12:00 UTC));
        assert_eq!(faults, [FilterFault::PastNights(date!(2026 - 11 - 22))]);
        assert_eq!((faults[0].field(), faults[0].to_string().as_str()), ("free.from", "2026-11-22 is past everywhere, expected today or later"));
        assert_eq!(free(date!(2026 - 11 - 23), date!(2026 - 11 - 24)).faults(datetime!(2026-11-24 11:00 UTC)), []);
    }

    #[test]
    fn everything_wrong_is_told() {
        let price = Some(PriceRange { min: Some(5), max: Some(4), currency: Currency::Eur });
        let filter = HomeFilter { guests: Some(21), price, ..free(date!(2020 - 01 - 01), date!(2020 - 01 - 02)) };
        let fields: Vec<_> = filter.faults(datetime!(2026-11-23 12:00 UTC)).iter().map(FilterFault::field).collect();
        assert_eq!(fields, ["guests", "price.min", "free.from"]);
        assert_eq!(HomeFilter { guests: Some(0), ..HomeFilter::default() }.faults(datetime!(2026-11-23 12:00 UTC)), [FilterFault::Guests(0)]);
        assert_eq!(HomeFilter::default().faults(datetime!(2026-11-23 12:00 UTC)), []);
    }
}
