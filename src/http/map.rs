//! The map by HTTP: what a view shows, names to find one's bearings, what is near, what is within.
//!
//! Answered by the live core (in the baseline by Postgres), so that a request and a connection say the same. Public facts only: a home is where its public position is.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use actors::{Found, MapQuery, wire::Layer};
use domain::{BBox, Position};
use gazetteer::City;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem, Query, SeeMap,
    cities::up_to,
    city_ref::CityRef,
    home_filter::FilterQuery,
    home_view::HomeCard,
    map_schema::MapSnapshot,
    versions::{self, tagged_json},
};
use crate::{app::App, commands::place_city, map::NoAnswer};

/// The part of the map somebody looks at.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Looked {
    /// `south,west,north,east` in degrees; west greater than east crosses the date line.
    #[param(pattern = "^-?[0-9.]+,-?[0-9.]+,-?[0-9.]+,-?[0-9.]+$")]
    bbox: String,
    /// As of Web-Mercator maps: 0 shows the world in 256 pixels.
    #[param(minimum = 0, maximum = 22)]
    zoom: f64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Layers {
    /// With commas: cities, homes. Absent: both.
    layers: Option<String>,
}

/// A place on the map, and how many things near it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Around {
    /// Degrees north.
    #[param(minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east.
    #[param(minimum = -180, maximum = 180)]
    lng: f64,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Radius {
    /// Metres along the ground.
    #[param(minimum = 1, maximum = 20_100_000)]
    radius_m: f64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct InView {
    /// `south,west,north,east` in degrees; west greater than east crosses the date line.
    bbox: String,
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<usize>,
}

/// Names of cities.
#[derive(Serialize, ToSchema)]
pub(super) struct MapNames {
    items: Vec<CityRef>,
}

/// A home and how far away it is.
#[derive(Serialize, ToSchema)]
pub(super) struct HomeNear {
    #[serde(flatten)]
    home: HomeCard,
    /// Metres along the ground to its public position.
    distance_m: f64,
}

/// The nearest homes, nearest first.
#[derive(Serialize, ToSchema)]
pub(super) struct HomesNear {
    items: Vec<HomeNear>,
}

/// Homes within a radius, nearest first.
#[derive(Serialize, ToSchema)]
pub(super) struct HomesWithin {
    items: Vec<HomeNear>,
    /// All there are, shown here or not.
    total: u64,
}

/// Homes in a box.
#[derive(Serialize, ToSchema)]
pub(super) struct HomesInView {
    items: Vec<HomeCard>,
    /// All there are, shown here or not.
    total: u64,
}

/// What a view of the map shows: the same as its first snapshot over the live protocol.
#[utoipa::path(get, path = "/api/v1/map", operation_id = "getMap", tag = "map", params(Looked, Layers, FilterQuery),
    responses((status = 200, body = MapSnapshot), (status = 304)))]
pub(super) async fn show(
    request: HttpRequest,
    caller: SeeMap,
    looked: Query<Looked>,
    layers: Query<Layers>,
    filter: Query<FilterQuery>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = MapQuery {
        bbox: bbox(&looked.bbox)?,
        zoom: zoom(looked.zoom)?,
        layers: wanted(layers.layers.as_deref())?,
        filter: filter.parse(OffsetDateTime::now_utc())?,
    };
    let answer = app.map.snapshot(caller.tenant, query).await?;
    let tag = format!("W/\"{}\"", answer.etag());
    let known = versions::has(&request, &tag);
    let mut head = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    head.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "private, no-cache"));
    Ok(if known { head.finish() } else { head.content_type("application/json").body(answer.json()) })
}

/// Names of cities for a view, thinned so that none stands on another: the most populous stay.
#[utoipa::path(get, path = "/api/v1/map/names", operation_id = "getMapNames", tag = "map", params(Looked), responses((status = 200, body = MapNames)))]
pub(super) async fn names(request: HttpRequest, looked: Query<Looked>, app: Data<App>) -> Result<HttpResponse, Problem> {
    let (bbox, zoom) = (bbox(&looked.bbox)?, zoom(looked.zoom)?);
    let begun = Instant::now();
    let cities = app.gazetteer.in_bbox(bbox.south, bbox.west, bbox.north, bbox.east, 3_000);
    place_city::looked_up("box", if cities.is_empty() { "none" } else { "found" }, begun);
    let items = thinned(cities.into_iter(), zoom).into_iter().map(CityRef::from).collect();
    tagged_json(&request, &MapNames { items }, "public, max-age=86400")
}

/// The homes nearest to a place.
#[utoipa::path(get, path = "/api/v1/map/nearest", operation_id = "getNearestHomes", tag = "map", params(Around, FilterQuery),
    responses((status = 200, body = HomesNear)))]
pub(super) async fn nearest(
    request: HttpRequest,
    caller: SeeMap,
    around: Query<Around>,
    filter: Query<FilterQuery>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (from, most) = (position(&around)?, up_to(around.limit, 20, 100)?);
    let found = app.map.nearest(caller.tenant, from, most, &filter.parse(OffsetDateTime::now_utc())?).await?;
    tagged_json(&request, &HomesNear { items: near(found).0 }, "private, no-cache")
}

/// The homes within a radius of a place.
#[utoipa::path(get, path = "/api/v1/map/within", operation_id = "getHomesWithin", tag = "map", params(Around, Radius, FilterQuery),
    responses((status = 200, body = HomesWithin)))]
pub(super) async fn within(
    request: HttpRequest,
    caller: SeeMap,
    around: Query<Around>,
    radius: Query<Radius>,
    filter: Query<FilterQuery>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (from, most) = (position(&around)?, up_to(around.limit, 20, 100)?);
    if !(1.0..=20_100_000.0).contains(&radius.radius_m) {
        return Err(Problem::invalid_field("radius_m", format!("{} is out of range", radius.radius_m), Some("1 to 20100000 metres")));
    }
    let found = app.map.within(caller.tenant, from, radius.radius_m, most, &filter.parse(OffsetDateTime::now_utc())?).await?;
    let (items, total) = near(found);
    tagged_json(&request, &HomesWithin { items, total }, "private, no-cache")
}

/// The homes in a view, one by one: the list beside the map.
#[utoipa::path(get, path = "/api/v1/map/homes", operation_id = "getHomesInView", tag = "map", params(InView, FilterQuery),
    responses((status = 200, body = HomesInView)))]
pub(super) async fn homes(
    request: HttpRequest,
    caller: SeeMap,
    view: Query<InView>,
    filter: Query<FilterQuery>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (bbox, most) = (bbox(&view.bbox)?, up_to(view.limit, 50, 100)?);
    let found = app.map.in_view(caller.tenant, bbox, most, &filter.parse(OffsetDateTime::now_utc())?).await?;
    let (items, total) = near(found);
    tagged_json(&request, &HomesInView { items: items.into_iter().map(|near| near.home).collect(), total }, "private, no-cache")
}

fn near(found: Found) -> (Vec<HomeNear>, u64) {
    let items = found.homes.into_iter().map(|(home, metres)| HomeNear { home: home.into(), distance_m: (metres * 10.0).round() / 10.0 }).collect();
    (items, found.total)
}

impl From<actors::HomeCard> for HomeCard {
    fn from(home: actors::HomeCard) -> Self {
        let actors::HomeCard { id, city, kind, offer, title, guests, price, lat, lng, free_tonight, rooms } = home;
        Self { id, city, kind, offer, title, guests, price, lat, lng, free_tonight, rooms: rooms as usize }
    }
}

fn bbox(text: &str) -> Result<BBox, Problem> {
    let wrong = || {
        let shown: String = text.chars().take(80).collect();
        Problem::invalid_field("bbox", format!("{shown:?} is no box"), Some("south,west,north,east in degrees, south at most north, such as 41.3,2.0,41.5,2.3"))
    };
    let edges: Vec<f64> = text.split(',').map(|part| part.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let [south, west, north, east] = edges[..] else { return Err(wrong()) };
    BBox::new(south, west, north, east).map_err(|_| wrong())
}

fn zoom(zoom: f64) -> Result<f64, Problem> {
    if (0.0..=22.0).contains(&zoom) { Ok(zoom) } else { Err(Problem::invalid_field("zoom", format!("{zoom} is out of range"), Some("0 to 22"))) }
}

fn position(around: &Around) -> Result<Position, Problem> {
    Position::new(around.lat, around.lng).map_err(|e| Problem::invalid_field("lat", e, Some("latitude -90 to 90, longitude -180 to 180")))
}

fn wanted(layers: Option<&str>) -> Result<Vec<Layer>, Problem> {
    let Some(layers) = layers else { return Ok(vec![Layer::Cities, Layer::Homes]) };
    let layer = |word: &str| match word.trim() {
        "cities" => Ok(Layer::Cities),
        "homes" => Ok(Layer::Homes),
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(Problem::invalid_field("layers", format!("{shown:?} is no layer"), Some("cities, homes, or both with a comma")))
        }
    };
    layers.split(',').map(layer).collect()
}

/// So many names at most.
const MOST_NAMES: usize = 60;
/// Room for a name on the screen, pixels.
const NAME_WIDE: f64 = 110.0;
const NAME_HIGH: f64 = 36.0;

/// Of cities, the most populous first, those whose names do not stand on a name before.
fn thinned<'a>(cities: impl Iterator<Item = City<'a>>, zoom: f64) -> Vec<City<'a>> {
    let world = 256.0 * 2f64.powf(zoom);
    let pixel = |city: &City<'_>| {
        let lat = city.lat.clamp(-85.05, 85.05).to_radians();
        (world * (city.lon + 180.0) / 360.0, world * (0.5 - lat.tan().asinh() / std::f64::consts::TAU))
    };
    let mut kept: Vec<(City<'a>, (f64, f64))> = Vec::new();
    for city in cities {
        let (x, y) = pixel(&city);
        let covered = kept.iter().any(|(_, (other_x, other_y))| {
            let apart = (x - other_x).abs();
            apart.min(world - apart) < NAME_WIDE && (y - other_y).abs() < NAME_HIGH
        });
        if !covered {
            kept.push((city, (x, y)));
        }
        if kept.len() == MOST_NAMES {
            break;
        }
    }
    kept.into_iter().map(|(city, _)| city).collect()
}

impl From<NoAnswer> for Problem {
    fn from(error: NoAnswer) -> Self {
        let (seconds, detail) = match error {
            NoAnswer::Store(error) => return error.into(),
            NoAnswer::Live(actors::NoAnswer::Busy { retry_after_ms }) => {
                (retry_after_ms.div_ceil(1000) as u32, "Too many look at the map at this moment. Try again in a second.")
            }
            NoAnswer::Live(actors::NoAnswer::Late) => (2, "The map is being read and was not ready in time. Try again in a moment."),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too busy at this moment", detail).retry_after(seconds)
    }
}

#[cfg(test)]
mod tests {
    use gazetteer::Gazetteer;

    use super::*;

    #[test]
    fn a_box_is_four_numbers_in_order() {
        assert!(bbox("41.3,2.0,41.5,2.3").is_ok());
        assert!(bbox("-20,170,-10,-170").unwrap().crosses_date_line());
        for bad in ["", "1,2,3", "1,2,3,4,5", "41.5,2,41.3,2.3", "NaN,1,2,3", "a,b,c,d", "inf,0,1,1"] {
            assert_eq!(bbox(bad).unwrap_err().errors[0].field, "bbox", "{bad}");
        }
    }

    #[test]
    fn names_of_a_view_are_few_large_and_apart() {
        let all = Gazetteer::embedded();
        let names = thinned(all.in_bbox(-60.0, -180.0, 75.0, 180.0, 3_000).into_iter(), 2.0);
        assert!((10..=MOST_NAMES).contains(&names.len()), "{}", names.len());
        assert!(names[0].population > 5_000_000);
        let near = thinned(all.in_bbox(41.2, 1.9, 41.6, 2.4, 3_000).into_iter(), 11.0);
        assert_eq!(near[0].name, "Barcelona");
        assert!(near.len() > 3);
    }
}
