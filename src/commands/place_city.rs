//! Decides which city something is in, and where in it. One routine for every trigger: sign-up, profile, listing, import.
//!
//! Called by the commands that place something. What is meant is decided by the gazetteer, never by text alone; the city and its
//! group then come into being once, by constraints of the database. Refuses what is not certain, with what could be meant.

use domain::{
    CityId, Position,
    place::{BadPosition, CITY_REACH_KM},
};
use gazetteer::{Candidate, City, Gazetteer, Lookup, MOST_CANDIDATES};
use thiserror::Error;

use crate::store::{StoreError, TenantTx, cities::PlacedCity};

/// What is known about a place. A city's id decides; without one its name (with a country, or a position near it); without both the position.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    pub city: Option<CityId>,
    pub name: Option<&'a str>,
    /// ISO code or name of the country.
    pub country: Option<&'a str>,
    pub at: Option<Position>,
}

/// A certain place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located<'g> {
    pub city: City<'g>,
    /// The position given, else the city's centre.
    pub at: Position,
    /// Only the city was known.
    pub approximate: bool,
}

impl Located<'_> {
    pub const fn city_id(&self) -> CityId {
        CityId(self.city.id)
    }
}

/// A city to choose, as people need to see it.
#[derive(Clone, Debug, PartialEq)]
pub struct CityChoice {
    pub id: CityId,
    pub name: String,
    pub region: String,
    pub country: String,
    pub population: u32,
}

#[derive(Debug, Error)]
pub enum CannotPlace {
    #[error("say where: a city, or a position")]
    Nothing,
    /// No such city; these, at most five, may have been meant.
    #[error("{0:?} is no city of the gazetteer{list}", list = listed(.1))]
    Unknown(String, Vec<CityChoice>),
    /// Several cities have the name; these, at most five, the likeliest first.
    #[error("{0:?} may be one of several cities: choose one{list}", list = listed(.1))]
    Ambiguous(String, Vec<CityChoice>),
    #[error("no city is within {CITY_REACH_KM} km of {}, {}", .0.lat, .0.lng)]
    NoCityNear(Position),
    #[error(transparent)]
    Position(#[from] BadPosition),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where this is. Pure: nothing is created.
pub fn locate<'g>(gazetteer: &'g Gazetteer, wanted: &Wanted<'_>) -> Result<Located<'g>, CannotPlace> {
    let hint = wanted.at.map(|at| (at.lat, at.lng));
    let city = match (wanted.city, wanted.name.map(str::trim).filter(|name| !name.is_empty()), wanted.at) {
        (Some(id), _, _) => gazetteer.get(id.0).ok_or_else(|| CannotPlace::Unknown(id.to_string(), Vec::new()))?,
        (None, Some(name), _) => match gazetteer.lookup(name, wanted.country, hint) {
            Lookup::One(city) => city,
            Lookup::Ambiguous(candidates) => return Err(CannotPlace::Ambiguous(shortened(name), choices(&candidates))),
            Lookup::Unknown { suggestions } => return Err(CannotPlace::Unknown(shortened(name), choices(&suggestions))),
        },
        (None, None, Some(at)) => match gazetteer.nearest(at.lat, at.lng, 1).first() {
            Some((city, metres)) if metres / 1000.0 <= CITY_REACH_KM => *city,
            _ => return Err(CannotPlace::NoCityNear(at)),
        },
        (None, None, None) => return Err(CannotPlace::Nothing),
    };
    let centre = Position::new(city.lat, city.lon)?;
    match wanted.at {
        Some(at) => {
            at.belongs_to(city.name, centre)?;
            Ok(Located { city, at, approximate: false })
        }
        None => Ok(Located { city, at: centre, approximate: true }),
    }
}

/// Where this is, with the city and its group in the tenant: made if this is the first thing placed in it.
pub async fn place<'g>(tx: &mut TenantTx, gazetteer: &'g Gazetteer, wanted: &Wanted<'_>) -> Result<(Located<'g>, PlacedCity), CannotPlace> {
    let located = locate(gazetteer, wanted)?;
    let placed = settle(tx, &located).await?;
    Ok((located, placed))
}

/// The second half of [`place`], for those who had to know where before they began their transaction.
pub async fn settle(tx: &mut TenantTx, located: &Located<'_>) -> Result<PlacedCity, StoreError> {
    tx.ensure_city(located.city_id(), &located.city.slug(), located.city.name).await
}

fn choices(candidates: &[Candidate<'_>]) -> Vec<CityChoice> {
    let choice = |c: &Candidate<'_>| CityChoice {
        id: CityId(c.city.id),
        name: c.city.name.to_owned(),
        region: c.city.region.to_owned(),
        country: c.city.country.to_owned(),
        population: c.city.population,
    };
    candidates.iter().take(MOST_CANDIDATES).map(choice).collect()
}

/// `: Córdoba (Andalusia, ES), Córdoba (Cordoba, AR)`; nothing where there is nothing to offer.
fn listed(choices: &[CityChoice]) -> String {
    let one = |c: &CityChoice| match c.region.as_str() {
        "" => format!("{} ({})", c.name, c.country),
        region => format!("{} ({region}, {})", c.name, c.country),
    };
    match choices {
        [] => String::new(),
        _ => format!(": {}", choices.iter().map(one).collect::<Vec<_>>().join("; ")),
    }
}

/// What was sent goes back in the answer, but not all of a book.
fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}
