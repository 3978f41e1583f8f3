//! Homes as a file: CSV or GeoJSON, streamed, equal to the list under the same filter.

use actix_web::{HttpResponse, http::header, web};
use domain::CityId;
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

use super::{Problem, Query, SeeMap, home_filter::FilterQuery};
use crate::{
    app::App,
    export::{Export, Format, pieces},
};

/// Which homes.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Scope {
    /// GeoNames id; absent: the homes of all cities.
    city: Option<CityId>,
}

/// The homes on offer as CSV (RFC 4180, UTF-8), with public positions. Texts that a spreadsheet would run begin with an apostrophe.
#[utoipa::path(get, path = "/api/v1/homes/export.csv", operation_id = "exportHomesCsv", tag = "homes",
    params(Scope, FilterQuery), responses((status = 200, body = String, content_type = "text/csv")))]
pub(super) async fn csv(app: web::Data<App>, caller: SeeMap, scope: Query<Scope>, filter: Query<FilterQuery>) -> Result<HttpResponse, Problem> {
    stream(&app, &caller, &scope, &filter, Format::Csv)
}

/// The homes on offer as a GeoJSON FeatureCollection (RFC 7946), with public positions.
#[utoipa::path(get, path = "/api/v1/homes/export.geojson", operation_id = "exportHomesGeoJson", tag = "homes",
    params(Scope, FilterQuery), responses((status = 200, body = Object, content_type = "application/geo+json")))]
pub(super) async fn geojson(app: web::Data<App>, caller: SeeMap, scope: Query<Scope>, filter: Query<FilterQuery>) -> Result<HttpResponse, Problem> {
    stream(&app, &caller, &scope, &filter, Format::GeoJson)
}

fn stream(app: &App, caller: &SeeMap, scope: &Scope, filter: &FilterQuery, format: Format) -> Result<HttpResponse, Problem> {
    let export = Export { tenant: caller.tenant, city: scope.city, filter: filter.parse(OffsetDateTime::now_utc())?, format };
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "homes.csv"),
        Format::GeoJson => ("application/geo+json", "homes.geojson"),
    };
    // A fault on the way cuts the connection: a client never takes half a file for a whole one.
    let pieces =
        pieces(app.store.clone(), app.gazetteer, export).inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "an export broke off"));
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .streaming(pieces))
}
