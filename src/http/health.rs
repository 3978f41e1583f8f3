//! `/health/live`, `/health/ready`, `/health/deep`: what [`crate::health`] knows, as JSON; a problem with status 503 where the answer is no.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    health::{Health, Report},
};

/// Does the process turn? Fails where only a restart helps.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Report), (status = 503, body = Unwell, content_type = "application/problem+json")))]
pub async fn live(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::live)
}

/// Should people be sent here? Fails while the database is gone, migrations are pending, an actor is dead or stuck, or the server stops.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = Report), (status = 503, body = Unwell, content_type = "application/problem+json")))]
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::ready)
}

/// Is every component well, the disk too?
#[utoipa::path(get, path = "/health/deep", tag = "health", responses((status = 200, body = Report), (status = 503, body = Unwell, content_type = "application/problem+json")))]
pub async fn deep(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, Health::deep)
}

fn answer(health: &Health, question: fn(&Health) -> Report) -> HttpResponse {
    let report = question(health);
    let mut answer = if report.is_well() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header(("Cache-Control", "no-store"));
    if report.is_well() {
        return answer.json(report);
    }
    // The report is the problem: its own members beside those that every problem has.
    let detail = report.failing().map(|c| format!("{}: {}", c.component, c.detail)).collect::<Vec<_>>().join("; ");
    let problem = Unwell { kind: "/problems/not-well", title: "Not well", status: 503, detail, report };
    answer.content_type("application/problem+json").body(serde_json::to_string(&problem).unwrap_or_default())
}

/// A report whose answer is no, as problem details.
#[derive(Serialize, ToSchema)]
struct Unwell {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(flatten)]
    report: Report,
}
