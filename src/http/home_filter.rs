//! The filter over homes as it stands in an address: `?kinds=apartment,house&guests=2&price_max=8000&currency=EUR&free_from=…&free_to=…`.
//!
//! Used by every read of homes, so that list, map and export understand the same words.

use domain::{
    Currency, HomeFilter, Nights,
    filter::{FilterFault, FreeNights, PriceRange},
    home::HomeKind,
    nights::{iso, parse_date},
};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

use super::{Problem, problem::FieldError};

/// What someone wants to see of the homes; every given condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// Any of these, with commas: apartment, house, hotel, loft, cabin, boat.
    pub kinds: Option<String>,
    /// Room for at least so many, 1 to 20.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 20)]
    pub guests: Option<String>,
    /// Minor units per night; needs `currency`.
    #[param(value_type = Option<u32>)]
    pub price_min: Option<String>,
    /// Minor units per night; needs `currency`. Free homes match while there is no `price_min`.
    #[param(value_type = Option<u32>)]
    pub price_max: Option<String>,
    /// ISO 4217. Alone: homes of any price in it, and free ones.
    #[param(value_type = Option<Currency>)]
    pub currency: Option<String>,
    /// First night, 2026-12-01; needs `free_to`.
    #[param(format = "date")]
    pub free_from: Option<String>,
    /// Day of leaving; needs `free_from`.
    #[param(format = "date")]
    pub free_to: Option<String>,
}

impl FilterQuery {
    /// The filter, or everything that is wrong with it. `now` tells which nights are past.
    pub fn parse(&self, now: OffsetDateTime) -> Result<HomeFilter, Problem> {
        let mut faults = Vec::new();
        let mut wrong = |field: &str, message: String, expected: &str| {
            faults.push(FieldError { field: field.to_owned(), message, expected: Some(expected.to_owned()) });
        };
        let mut filter = HomeFilter::default();
        for word in given(&self.kinds).into_iter().flat_map(|kinds| kinds.split(',')).map(str::trim).filter(|word| !word.is_empty()) {
            match HomeKind::from_code(word) {
                Some(kind) => filter.kinds.push(kind),
                None => wrong("kinds", format!("{:?} is no kind of home", short(word)), "apartment, house, hotel, loft, cabin, boat"),
            }
        }
        if let Some(text) = given(&self.guests) {
            match text.parse() {
                Ok(guests) => filter.guests = Some(guests),
                _ => wrong("guests", format!("{:?} is out of range", short(text)), "1 to 20"),
            }
        }
        let mut amount = |field: &str, sent: &Option<String>| {
            let text = given(sent)?;
            let parsed = text.parse::<u32>().ok();
            if parsed.is_none() {
                wrong(field, format!("{:?} is no amount", short(text)), "minor units, a whole number from 0");
            }
            parsed
        };
        let (min, max) = (amount("price_min", &self.price_min), amount("price_max", &self.price_max));
        match given(&self.currency).map(Currency::from_code) {
            Some(Ok(currency)) => filter.price = Some(PriceRange { min, max, currency }),
            Some(Err(bad)) => wrong("currency", bad.to_string(), "EUR, USD, GBP, ARS, BRL, MXN or CHF"),
            None if min.is_some() || max.is_some() => wrong("currency", "is missing".to_owned(), "the currency of the price"),
            None => {}
        }
        match (given(&self.free_from).map(parse_date), given(&self.free_to).map(parse_date)) {
            (None, None) => {}
            (Some(Ok(from)), Some(Ok(to))) => match Nights::new(from, to) {
                Ok(nights) => filter.free = Some(FreeNights(nights)),
                Err(bad) => wrong("free_to", bad.to_string(), "a later day, at most 366 nights"),
            },
            (from, to) => {
                for (field, day) in [("free_from", from), ("free_to", to)] {
                    match day {
                        None => wrong(field, "is missing".to_owned(), "both free_from and free_to, or neither"),
                        Some(Err(bad)) => wrong(field, bad.to_string(), "a date like 2026-12-01"),
                        Some(Ok(_)) => {}
                    }
                }
            }
        }
        for fault in filter.faults(now) {
            match fault {
                FilterFault::Guests(guests) => wrong("guests", format!("{guests} is out of range"), "1 to 20"),
                FilterFault::PriceBounds { .. } => wrong("price_min", "is more than price_max".to_owned(), "at most price_max"),
                FilterFault::PastNights(day) => wrong("free_from", format!("{} is past", iso(day)), "today or later"),
            }
        }
        if faults.is_empty() { Ok(filter.normalised()) } else { Err(Problem::invalid(faults)) }
    }
}

fn given(sent: &Option<String>) -> Option<&str> {
    sent.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-23 12:00 UTC);

    fn query(text: &str) -> FilterQuery {
        crate::http::extract::parse_query(text).unwrap()
    }

    #[test]
    fn the_words_of_an_address_become_a_filter() {
        let all = "kinds=house,apartment,house&guests=2&price_min=100&price_max=8000&currency=EUR&free_from=2026-12-01&free_to=2026-12-05";
        let filter = query(all).parse(NOW).unwrap();
        assert_eq!(filter.kinds, [HomeKind::Apartment, HomeKind::House]);
        assert_eq!((filter.guests, filter.price.unwrap().max, filter.free.unwrap().0.count()), (Some(2), Some(8000), 4));
        assert!(query("").parse(NOW).unwrap().is_empty());
        assert!(query("kinds=&guests=").parse(NOW).unwrap().is_empty());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problem = query("kinds=castle&guests=21&price_max=-1&free_from=2026-13-01").parse(NOW).unwrap_err();
        let mut fields: Vec<_> = problem.errors.iter().map(|e| e.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["free_from", "free_to", "guests", "kinds", "price_max"]);
        assert_eq!(query("price_max=5").parse(NOW).unwrap_err().errors[0].field, "currency");
        assert_eq!(query("price_min=5&price_max=4&currency=EUR").parse(NOW).unwrap_err().errors[0].field, "price_min");
        assert_eq!(query("free_from=2026-11-22&free_to=2026-12-05").parse(NOW).unwrap_err().errors[0].field, "free_from");
        assert_eq!(query("free_from=2026-12-05&free_to=2026-12-05").parse(NOW).unwrap_err().errors[0].field, "free_to");
    }
}
