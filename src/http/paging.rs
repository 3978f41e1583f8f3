//! Lists a page at a time: `?limit=1..100&cursor=…`, answered with `{items, next}`.
//!
//! A cursor is a place in a list ordered by time descending, then id; it grants nothing, because every page is read as its caller. It is
//! opaque to clients and strictly checked all the same: what we did not write, we do not read.

use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which page a client wants.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items at most.
    #[serde(default = "usual", deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: u32,
    /// `next` of the page before; absent for the first page.
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Cursor of the next page; null on the last.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of one item more than the limit, read to see whether there is a next page.
    pub fn of(mut items: Vec<T>, limit: u32, place: impl FnOnce(&T) -> Cursor) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(|last| place(last).to_string()) } else { None };
        Self { items, next }
    }
}

/// The last item of the page before: what follows is older, or as old with a greater id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// To the microsecond, as Postgres keeps it.
    pub at: OffsetDateTime,
    pub id: Uuid,
}

const VERSION: u8 = 1;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = (self.at.unix_timestamp_nanos() / 1000) as i64;
        write!(f, "{VERSION:02x}{micros:016x}{}{:02x}", self.id.simple(), check(micros, self.id))
    }
}

impl std::str::FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let lower = text.len() == 52 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !lower || !text.starts_with("01") {
            return Err(BadCursor);
        }
        let micros = u64::from_str_radix(&text[2..18], 16).map_err(|_| BadCursor)? as i64;
        let id = Uuid::parse_str(&text[18..50]).map_err(|_| BadCursor)?;
        let sum = u8::from_str_radix(&text[50..], 16).map_err(|_| BadCursor)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).map_err(|_| BadCursor)?;
        // Years that Postgres' own clock never gave.
        if sum != check(micros, id) || !(2000..3000).contains(&at.year()) {
            return Err(BadCursor);
        }
        Ok(Self { at, id })
    }
}

/// Catches a cursor that was cut, mistyped or made up by hand.
fn check(micros: i64, id: Uuid) -> u8 {
    micros.to_be_bytes().iter().chain(id.as_bytes()).fold(0x5a, |sum: u8, b| sum.rotate_left(1) ^ b)
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is no cursor of ours, expected the next of the page before, or none")]
pub struct BadCursor;

fn usual() -> u32 {
    50
}

fn limit<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    match u32::deserialize(d)? {
        limit @ 1..=100 => Ok(limit),
        other => Err(serde::de::Error::custom(format!("{other} is out of range, expected 1 to 100"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back(micros in 946_684_800_000_000_i64..32_503_680_000_000_000, id: u128) {
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap();
            let cursor = Cursor { at, id: Uuid::from_u128(id) };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn nothing_else_is_a_cursor(text in ".{0,60}") {
            prop_assert_eq!(text.parse::<Cursor>(), Err(BadCursor));
        }
    }

    #[test]
    fn a_changed_digit_is_noticed() {
        let text = Cursor { at: time::macros::datetime!(2026-11-23 06:00 UTC), id: Uuid::from_u128(7) }.to_string();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(String::from_utf8(changed).unwrap().parse::<Cursor>(), Err(BadCursor), "digit {at}");
        }
    }

    #[test]
    fn a_page_says_whether_there_is_another() {
        let place = |n: &u128| Cursor { at: OffsetDateTime::UNIX_EPOCH, id: Uuid::from_u128(*n) };
        assert!(Page::of(vec![1, 2, 3], 2, place).next.is_some());
        assert_eq!(Page::of(vec![1, 2, 3], 2, place).items, [1, 2]);
        assert_eq!(Page::of(vec![1, 2], 2, place).next, None);
    }
}
