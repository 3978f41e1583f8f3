//! Money in minor units with an ISO 4217 code.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The currencies a home may be priced in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Eur,
    Usd,
    Gbp,
    Ars,
    Brl,
    Mxn,
    Chf,
}

impl Currency {
    pub const ALL: [Self; 7] = [Self::Eur, Self::Usd, Self::Gbp, Self::Ars, Self::Brl, Self::Mxn, Self::Chf];

    /// The ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Usd => "USD",
            Self::Gbp => "GBP",
            Self::Ars => "ARS",
            Self::Brl => "BRL",
            Self::Mxn => "MXN",
            Self::Chf => "CHF",
        }
    }

    /// The currency of an ISO 4217 code, upper case.
    pub fn from_code(code: &str) -> Result<Self, UnknownCurrency> {
        Self::ALL.into_iter().find(|c| c.code() == code).ok_or_else(|| UnknownCurrency(code.chars().take(8).collect()))
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("currency {0:?} is not one of EUR, USD, GBP, ARS, BRL, MXN, CHF")]
pub struct UnknownCurrency(pub String);

/// The price of a night in a home: minor units, more than 0, at most 1,000,000.00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Price {
    /// Minor units (cents).
    pub amount: u32,
    pub currency: Currency,
}

impl Price {
    pub const MOST: u32 = 100_000_000;

    pub fn new(amount: i64, currency: Currency) -> Result<Self, BadPrice> {
        match u32::try_from(amount) {
            Ok(amount) if (1..=Self::MOST).contains(&amount) => Ok(Self { amount, currency }),
            _ => Err(BadPrice(amount)),
        }
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("a price of {0} minor units is out of range: 1 to 100000000, or no price at all for a free stay")]
pub struct BadPrice(pub i64);
