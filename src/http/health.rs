//! `/health/live`, `/health/ready`, `/health/deep`: what [`crate::health`] knows, as JSON; 503 where the answer is no.

use actix_web::{HttpResponse, web};

use crate::{
    app::App,
    health::{Health, Report},
};

/// Does the process turn? Fails where only a restart helps.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Report), (status = 503, body = Report)))]
pub async fn live(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::live)
}

/// Should people be sent here? Fails while the database is gone, migrations are pending, an actor is dead or stuck, or the server stops.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = Report), (status = 503, body = Report)))]
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::ready)
}

/// Is every component well, the disk too?
#[utoipa::path(get, path = "/health/deep", tag = "health", responses((status = 200, body = Report), (status = 503, body = Report)))]
pub async fn deep(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::deep)
}

fn answer(health: &Health, question: fn(&Health) -> Report) -> HttpResponse {
    let report = question(health);
    let mut answer = if report.is_well() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header(("Cache-Control", "no-store")).json(report)
}
