//! What someone wants to see of the homes: every given condition must hold.

use serde::{Deserialize, Serialize};

use crate::{home::HomeKind, money::Currency, nights::Nights};

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

impl HomeFilter {
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
