//! Decides which city something is in, and where in it. One routine for every trigger: sign-up, profile, listing, import.
//!
//! Called by the commands that place something. What is meant is decided by the gazetteer, never by text alone; the city and its
//! group then come into being once, by constraints of the database. Refuses what is not certain, with what could be meant.

use std::time::Instant;

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

/// Where this is. Creates nothing.
pub fn locate<'g>(gazetteer: &'g Gazetteer, wanted: &Wanted<'_>) -> Result<Located<'g>, CannotPlace> {
    let begun = Instant::now();
    let located = find(gazetteer, wanted);
    let asked = match (wanted.city, wanted.name, wanted.at) {
        (Some(_), ..) => "id",
        (None, Some(_), _) => "name",
        (None, None, Some(_)) => "position",
        (None, None, None) => "nothing",
    };
    let outcome = match &located {
        Ok(_) => "found",
        Err(CannotPlace::Ambiguous(..)) => "several",
        Err(CannotPlace::Unknown(..) | CannotPlace::NoCityNear(_)) => "none",
        Err(CannotPlace::Nothing | CannotPlace::Position(_) | CannotPlace::Store(_)) => "refused",
    };
    looked_up(asked, outcome, begun);
    located
}

/// Measures a look into the gazetteer.
pub(crate) fn looked_up(asked: &'static str, outcome: &'static str, begun: Instant) {
    metrics::histogram!("posada_gazetteer_lookup_seconds", "asked" => asked, "outcome" => outcome).record(begun.elapsed().as_secs_f64());
}

fn find<'g>(gazetteer: &'g Gazetteer, wanted: &Wanted<'_>) -> Result<Located<'g>, CannotPlace> {
    let hint = wanted.at.map(|at| (at.lat, at.lng));
    let city = match (wanted.city, wanted.name.map(str::trim).filter(|name| !name.is_empty()), wanted.at) {
        (Some(id), _, _) => gazetteer.get(id.0).ok_or_else(|| CannotPlace::Unknown(id.to_string(), Vec::new()))?,
        (None, Some(name), _) => match gazetteer.lookup(name, wanted.country, hint) {
            Lookup::One(city) => city,
            Lookup::Ambiguous(candidates) => return Err(CannotPlace::Ambiguous(shortened(name), choices(&candidates))),
            Lookup::Unknown { suggestions } => return Err(CannotPlace::Unknown(shortened(name), choices(&suggestions))),
        },
        (None, None, Some(at)) => city_of(gazetteer, at).ok_or(CannotPlace::NoCityNear(at))?,
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

/// The city that a bare position is in.
///
/// The nearest centre is often that of a district. So a city counts as near by how far it reaches: its built-up radius, which grows with
/// about the cube root of its people (1.5 km for a thousand, 20 km for two million). Where no city reaches, the nearest centre decides.
fn city_of(gazetteer: &Gazetteer, at: Position) -> Option<City<'_>> {
    const LOOKED_AT_M: f64 = 40_000.0;
    let reach = |city: &City<'_>| 1_500.0 * (f64::from(city.population.max(500)) / 1000.0).powf(0.35);
    let around = gazetteer.within(at.lat, at.lng, LOOKED_AT_M).into_iter().map(|(city, metres)| (city, metres / reach(&city)));
    let within_reach = around.filter(|(_, share)| *share <= 1.0).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(city, _)| city);
    let nearest = || gazetteer.nearest(at.lat, at.lng, 1).into_iter().find(|(_, metres)| metres / 1000.0 <= CITY_REACH_KM).map(|(city, _)| city);
    within_reach.or_else(nearest)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn city_at(lat: f64, lng: f64) -> Option<&'static str> {
        city_of(Gazetteer::embedded(), Position::new(lat, lng).unwrap()).map(|city| city.name)
    }

    #[test]
    fn a_position_is_in_the_city_and_not_in_its_district() {
        assert_eq!(city_at(41.3874, 2.1686), Some("Barcelona"));
        assert_eq!(city_at(40.4168, -3.7038), Some("Madrid"));
        assert_eq!(city_at(51.5136, -0.1365), Some("London"));
        assert_eq!(city_at(-34.5885, -58.4306), Some("Buenos Aires"));
        assert_eq!(city_at(48.8606, 2.3376), Some("Paris"));
    }

    #[test]
    fn a_neighbour_of_a_great_city_keeps_what_is_its_own() {
        assert_eq!(city_at(41.3597, 2.1003), Some("L'Hospitalet de Llobregat"));
        assert_eq!(city_at(41.9831, 2.8249), Some("Girona"));
        assert_eq!(city_at(-32.8895, -68.8458), Some("Mendoza"));
    }

    #[test]
    fn far_from_every_city_there_is_none() {
        assert_eq!(city_at(-48.0, -123.0), None);
    }
}
