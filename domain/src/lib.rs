//! The words and rules of Posada, pure: ids, places, nights, homes, stays, roles, filters, streams.
//!
//! Called by everything. Never does I/O, never reads a clock, knows neither actix nor sqlx: time and chance are arguments.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cell;
pub mod filter;
pub mod home;
pub mod ids;
pub mod live;
pub mod money;
pub mod nights;
pub mod person;
pub mod place;
pub mod role;
pub mod stay;

pub use cell::PublicPlace;
pub use filter::HomeFilter;
pub use ids::*;
pub use live::{Event, StreamName};
pub use money::{Currency, Price};
pub use nights::Nights;
pub use person::{Email, Languages, PersonName};
pub use place::{BBox, Position};
