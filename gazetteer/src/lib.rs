//! Place names of the world, offline: every GeoNames city of 500 people or more, found by name, prefix or place.
//!
//! Owns the data file and every rule by which text becomes a city. Called by commands and edges of the server, the
//! importers and the CLI; stands alone and calls nobody. It never guesses: what names several cities comes back as
//! candidates, what names none as suggestions.
//!
//! ```
//! use gazetteer::{Gazetteer, Lookup};
//! let cities = Gazetteer::embedded();
//! let Lookup::One(city) = cities.lookup("mÉNDoza", Some("ar"), None) else { panic!() };
//! assert_eq!((city.id, city.slug().as_str()), (3844421, "mendoza-ar"));
//! ```
//!
//! Cities are GeoNames data, CC BY 4.0; see `docs/gazetteer.md`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod city;
mod east_asian;
pub mod file;
mod gazetteer;
mod lookup;
mod metres;
mod near;
mod normalise;
mod places;
mod prefix;
mod typing;

pub use crate::address::LONGEST_ADDRESS;
pub use crate::city::{City, slug_base};
pub use crate::file::FileError;
pub use crate::gazetteer::Gazetteer;
pub use crate::lookup::{Candidate, Lookup, MOST_CANDIDATES, Match};
pub use crate::metres::metres;
pub use crate::normalise::{LONGEST_NAME, normalise};
pub use crate::places::Country;
