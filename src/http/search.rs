//! Search over cities and homes, in any script, typing errors allowed.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use domain::Position;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{
    Edge, Problem, Query, SeeMap, cities,
    city_ref::CityRef,
    home_view::{Cards, HomeCard},
    versions::tagged_json,
};
use crate::{
    app::App,
    commands::{own_home::not_over_since, place_city},
};

/// What was found, the best first.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchResults {
    cities: Vec<CityRef>,
    homes: Vec<HomeCard>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Searched {
    /// What is looked for: a city in any spelling, or words of a home's title.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// Where the person looks, degrees: what is nearer comes first. With `lng`.
    #[param(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    #[param(minimum = -180, maximum = 180)]
    lng: Option<f64>,
    /// Of each, cities and homes.
    #[param(minimum = 1, maximum = 20, default = 8)]
    limit: Option<usize>,
}

/// Cities by name, and homes by the words of their title.
#[utoipa::path(get, path = "/api/v1/search", operation_id = "search", tag = "places", params(Searched), responses((status = 200, body = SearchResults)))]
pub(super) async fn search(request: HttpRequest, caller: SeeMap, asked: Query<Searched>, app: Data<App>, edge: Data<Edge>) -> Result<HttpResponse, Problem> {
    let text = cities::asked_text(&asked.q)?;
    let limit = cities::up_to(asked.limit, 8, 20)?;
    let hint = cities::hint(asked.lat, asked.lng)?;
    let begun = Instant::now();
    let found: Vec<_> = app.gazetteer.prefix(text, limit, hint).into_iter().map(|candidate| candidate.city.into()).collect();
    place_city::looked_up("prefix", if found.is_empty() { "none" } else { "found" }, begun);
    let near = hint.and_then(|(lat, lng)| Position::new(lat, lng).ok());
    let ids = edge.titles.search(caller.tenant, text, near, limit).await?;
    let now = OffsetDateTime::now_utc();
    let seen = if ids.is_empty() { Vec::new() } else { app.store.begin(&caller).await?.homes(&ids, not_over_since(now)).await? };
    let mut cards = Cards::new(app.gazetteer, now);
    // What has been paused since its words were read is not shown.
    let homes = seen.iter().filter(|seen| seen.home.status.is_public()).map(|seen| cards.card(seen)).collect();
    tagged_json(&request, &SearchResults { cities: found, homes }, "private, no-cache")
}
