//! Cities: found by name as somebody types, and the page of one.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use domain::{BBox, CityId, GroupId};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{Problem, Query, SeeMap, city_ref::CityRef, versions::tagged_json};
use crate::{app::App, commands::place_city};

/// A city, and what the community has in it.
#[derive(Serialize, ToSchema)]
#[schema(as = City)]
pub(super) struct CityAnswer {
    #[serde(flatten)]
    city: CityRef,
    /// All its names, its own first, in every script that is known.
    names: Vec<CityName>,
    counts: Counts,
    /// The time there, to the minute, with its offset from UTC.
    #[schema(format = "date-time")]
    local_time: String,
    #[schema(required)]
    group: Option<GroupRef>,
    /// South, west, north, east of its homes; west greater than east crosses the date line. Null without homes.
    #[schema(required, value_type = Option<[f64; 4]>)]
    extent: Option<BBox>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CityName {
    text: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CityPageCounts)]
pub(super) struct Counts {
    homes: u32,
    hosts: u32,
    /// Members who are at home here.
    members: u32,
}

#[derive(Serialize, ToSchema)]
pub(super) struct GroupRef {
    id: GroupId,
    name: String,
}

/// What a city's page says of it.
#[utoipa::path(get, path = "/api/v1/cities/{id}", operation_id = "getCity", tag = "places",
    params(("id" = CityId, Path, description = "GeoNames id")), responses((status = 200, body = CityAnswer)))]
pub(super) async fn show(request: HttpRequest, caller: SeeMap, id: Path<CityId>, app: Data<App>) -> Result<HttpResponse, Problem> {
    let city = app.gazetteer.get(id.0).ok_or_else(|| Problem::not_found("city"))?;
    let page = app.store.begin(&caller).await?.city_page(*id).await?;
    let answer = CityAnswer {
        names: app.gazetteer.names(id.0).into_iter().map(|text| CityName { text }).collect(),
        counts: Counts { homes: page.counts.homes, hosts: page.counts.hosts, members: page.members },
        local_time: local_time(OffsetDateTime::now_utc(), city.time_zone),
        group: page.group.map(|(id, name)| GroupRef { id, name }),
        extent: page.extent,
        city: city.into(),
    };
    tagged_json(&request, &answer, "private, no-cache")
}

/// `2026-11-23T08:04:00+01:00`; UTC's where the zone is not known.
fn local_time(now: OffsetDateTime, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let minute = now.unix_timestamp().div_euclid(60) * 60;
    Timestamp::from_second(minute).map_or_else(|_| String::new(), |at| at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:00%:z").to_string())
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
pub(super) struct Typed {
    /// The beginning of a city's name in any script, typing errors allowed.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// Where the person is, degrees: nearer cities come first. With `lng`.
    #[param(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    #[param(minimum = -180, maximum = 180)]
    lng: Option<f64>,
    #[param(minimum = 1, maximum = 20, default = 8)]
    limit: Option<usize>,
}

/// Cities whose name begins like this.
#[utoipa::path(get, path = "/api/v1/places", operation_id = "findPlaces", tag = "places", params(Typed), responses((status = 200, body = Places)))]
pub(super) async fn places(request: HttpRequest, typed: Query<Typed>, app: Data<App>) -> Result<HttpResponse, Problem> {
    let text = asked_text(&typed.q)?;
    let limit = up_to(typed.limit, 8, 20)?;
    let hint = hint(typed.lat, typed.lng)?;
    let begun = Instant::now();
    let found = app.gazetteer.prefix(text, limit, hint);
    place_city::looked_up("prefix", if found.is_empty() { "none" } else { "found" }, begun);
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

/// At most 200 characters.
pub(super) fn asked_text(text: &str) -> Result<&str, Problem> {
    match text.chars().nth(200) {
        None => Ok(text),
        Some(_) => Err(Problem::invalid_field("q", "is too long", Some("at most 200 characters"))),
    }
}

/// A limit from 1 up to `most`.
pub(super) fn up_to(limit: Option<usize>, usual: usize, most: usize) -> Result<usize, Problem> {
    match limit.unwrap_or(usual) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        other => Err(Problem::invalid_field("limit", format!("{other} is out of range"), Some(&format!("1 to {most}")))),
    }
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

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn local_time_is_right_on_both_sides_of_a_change_of_clocks() {
        // Madrid leaves summer time on 2026-10-25 at 01:00 UTC and enters it on 2026-03-29 at 01:00 UTC.
        assert_eq!(local_time(datetime!(2026-10-25 00:59:59 UTC), "Europe/Madrid"), "2026-10-25T02:59:00+02:00");
        assert_eq!(local_time(datetime!(2026-10-25 01:00 UTC), "Europe/Madrid"), "2026-10-25T02:00:00+01:00");
        assert_eq!(local_time(datetime!(2026-03-29 00:59 UTC), "Europe/Madrid"), "2026-03-29T01:59:00+01:00");
        assert_eq!(local_time(datetime!(2026-03-29 01:00 UTC), "Europe/Madrid"), "2026-03-29T03:00:00+02:00");
        // Half hours, and the day after.
        assert_eq!(local_time(datetime!(2026-11-23 20:00 UTC), "Asia/Kolkata"), "2026-11-24T01:30:00+05:30");
        assert_eq!(local_time(datetime!(2026-11-23 20:00 UTC), "Mars/Base"), "2026-11-23T20:00:00+00:00");
    }
}
