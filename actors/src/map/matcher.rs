//! A home filter, compiled: small enough to copy, quick enough to ask a hundred thousand homes.
//!
//! Made by whoever opens a view; asked by the map. Equal filters make equal matchers, so that they can be a key.

use domain::{
    HomeFilter,
    filter::{FreeNights, PriceRange},
    home::HomeKind,
    money::Price,
};

/// Every condition must hold; the default one holds for everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Matcher {
    /// One bit for each kind; 0: any kind.
    kinds: u8,
    guests: u8,
    price: Option<PriceRange>,
    /// Day numbers of the first night and of the day of leaving.
    nights: Option<(i32, i32)>,
}

const _: () = assert!(HomeKind::ALL.len() <= 8, "kinds are bits of a u8");

fn bit(kind: HomeKind) -> u8 {
    1 << kind as u8
}

impl Matcher {
    pub fn new(filter: &HomeFilter) -> Self {
        let kinds = filter.kinds.iter().fold(0, |bits, kind| bits | bit(*kind));
        let every = HomeKind::ALL.iter().fold(0, |bits, kind| bits | bit(*kind));
        let guests = filter.guests.unwrap_or(0);
        Self {
            kinds: if kinds == every { 0 } else { kinds },
            // Every home takes one guest.
            guests: if guests <= 1 { 0 } else { guests },
            price: filter.price,
            nights: filter.free.map(|FreeNights(nights)| nights.days()),
        }
    }

    /// Whether it holds for everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for nights, so that what it holds for changes as nights are taken.
    pub fn asks_for_nights(&self) -> bool {
        self.nights.is_some()
    }

    pub(super) fn takes(&self, kind: HomeKind, guests: u8, price: Option<Price>) -> bool {
        (self.kinds == 0 || self.kinds & bit(kind) != 0) && guests >= self.guests && self.price.is_none_or(|range| within(range, price))
    }

    /// Day numbers of the first night it asks for, and of the day of leaving.
    pub(crate) fn nights(&self) -> Option<(i32, i32)> {
        self.nights
    }
}

fn within(range: PriceRange, price: Option<Price>) -> bool {
    match price {
        // A free home is below every upper bound, in any currency.
        None => range.min.is_none(),
        Some(price) => price.currency == range.currency && range.min.is_none_or(|min| price.amount >= min) && range.max.is_none_or(|max| price.amount <= max),
    }
}
