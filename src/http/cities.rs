//! Cities: found by name as somebody types, and the page of one.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use domain::CityId;
use gazetteer::{City, Gazetteer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Problem, Query, versions::tagged_json};
use crate::app::App;

/// A city of the gazetteer. The same for all communities; its id is GeoNames'.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CityRef {
    pub id: CityId,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2)]
    pub country: String,
    /// May be empty.
    pub region: String,
    pub lat: f64,
    pub lng: f64,
    /// 0 where nobody knows.
    pub population: u32,
    /// IANA.
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
    pub fn find(gazetteer: &Gazetteer, id: CityId) -> Option<Self> {
        gazetteer.get(id.0).map(Self::from)
    }
}

/// Cities that may be meant, the likeliest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Places {
    items: Vec<Place>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Place {
    #[serde(flatten)]
    city: CityRef,
    /// How the name fits: `name`, `alias`, `prefix`, or `slips` (typing errors).
    matched: Matched,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Matched {
    Name,
    Alias,
    Prefix,
    Slips,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    /// The beginning of a city's name in any script, typing errors allowed.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// Where the person is, degrees: nearer cities come first. With `lng`.
    #[param(minimum = -90, maximum = 90, nullable = false)]
    lat: Option<f64>,
    #[param(minimum = -180, maximum = 180, nullable = false)]
    lng: Option<f64>,
    #[param(minimum = 1, maximum = 20, default = 8, nullable = false)]
    limit: Option<usize>,
}

/// Cities whose name begins like this.
#[utoipa::path(get, path = "/api/v1/places", operation_id = "findPlaces", tag = "places", params(Typed), responses((status = 200, body = Places)))]
pub(super) async fn places(request: HttpRequest, typed: Query<Typed>, app: Data<App>) -> Result<HttpResponse, Problem> {
    if typed.q.chars().count() > 200 {
        return Err(Problem::invalid_field("q", "is too long", Some("at most 200 characters")));
    }
    let limit = typed.limit.unwrap_or(8);
    if !(1..=20).contains(&limit) {
        return Err(Problem::invalid_field("limit", format!("{limit} is out of range"), Some("1 to 20")));
    }
    let hint = hint(typed.lat, typed.lng)?;
    let found = app.gazetteer.prefix(&typed.q, limit, hint);
    let items = found
        .into_iter()
        .map(|candidate| Place {
            city: candidate.city.into(),
            matched: match candidate.how {
                gazetteer::Match::Name => Matched::Name,
                gazetteer::Match::Alias => Matched::Alias,
                gazetteer::Match::Prefix => Matched::Prefix,
                gazetteer::Match::Slips(_) => Matched::Slips,
            },
        })
        .collect();
    tagged_json(&request, &Places { items }, "public, max-age=300")
}

/// Both or neither, and on Earth.
pub(super) fn hint(lat: Option<f64>, lng: Option<f64>) -> Result<Option<(f64, f64)>, Problem> {
    match (lat, lng) {
        (None, None) => Ok(None),
        (Some(lat), Some(lng)) if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng) => Ok(Some((lat, lng))),
        (Some(lat), Some(lng)) => {
            Err(Problem::invalid_field("lat", format!("{lat}, {lng} is no place on Earth"), Some("latitude -90 to 90, longitude -180 to 180")))
        }
        (Some(_), None) => Err(Problem::invalid_field("lng", "is missing", Some("lat and lng together, or neither"))),
        (None, Some(_)) => Err(Problem::invalid_field("lat", "is missing", Some("lat and lng together, or neither"))),
    }
}
