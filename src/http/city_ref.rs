//! A city as every answer names it: the gazetteer's facts, the same for all tenants.
//!
//! Used by every view that says where something is.

use domain::CityId;
use gazetteer::{City, Gazetteer};
use serde::Serialize;
use utoipa::ToSchema;

/// A city of the gazetteer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CityRef {
    /// GeoNames id.
    pub id: CityId,
    pub name: String,
    /// ISO 3166 code of two letters.
    pub country: String,
    pub region: String,
    pub lat: f64,
    pub lng: f64,
    /// 0 where it is not known.
    pub population: u32,
    /// IANA name.
    pub time_zone: String,
    pub slug: String,
}

impl From<City<'_>> for CityRef {
    fn from(city: City<'_>) -> Self {
        Self {
            id: CityId(city.id),
            name: city.name.to_owned(),
            country: city.country.to_owned(),
            region: city.region.to_owned(),
            lat: city.lat,
            lng: city.lon,
            population: city.population,
            time_zone: city.time_zone.to_owned(),
            slug: city.slug(),
        }
    }
}

impl CityRef {
    /// A city that something was placed in. One that has left the gazetteer since keeps its id and says nothing more.
    pub fn of(gazetteer: &Gazetteer, id: CityId) -> Self {
        gazetteer.get(id.0).map_or_else(
            || Self {
                id,
                name: id.to_string(),
                country: String::new(),
                region: String::new(),
                lat: 0.0,
                lng: 0.0,
                population: 0,
                time_zone: "UTC".to_owned(),
                slug: id.to_string(),
            },
            Self::from,
        )
    }
}
