//! The gate before every handler: does what the route's row says, and keeps a panic from taking more than its own request with it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web,
};
use futures_util::FutureExt as _;

use super::{
    Edge, Problem, admission, extract, openapi,
    route::{Key, Permission, Row},
};
use crate::app::App;

/// A row, and the names of the query that its document describes.
#[derive(Debug)]
pub(super) struct Gate {
    row: Row,
    known: Vec<String>,
}

impl Gate {
    pub(super) fn of(row: Row) -> Arc<Self> {
        let known = openapi::query_names(&row);
        // Shown from zero: see `telemetry`.
        metrics::counter!("posada_http_panics_total", "route" => row.path).increment(0);
        Arc::new(Self { row, known })
    }
}

/// Admits a request by its row, runs it, and turns a panic into a counted 500.
pub(super) async fn pass(gate: Arc<Gate>, request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let row = &gate.row;
    let within = request.app_data::<web::Data<Edge>>().map_or(Duration::MAX, |edge| edge.settings.answer_within);
    let admitted = tokio::time::timeout(within, admit(row, &request)).await.unwrap_or_else(|_| Err(given_up(row, within)));
    let admitted = admitted.and_then(|()| extract::check_names(request.query_string(), &gate.known));
    if let Err(problem) = admitted {
        // Not `into_response`: it loses which problem it was, and the edge could not name its request.
        return Ok(ServiceResponse::new(request.into_parts().0, HttpResponse::from_error(problem)));
    }
    let kept = request.request().clone();
    let Ok(answered) = tokio::time::timeout(within, AssertUnwindSafe(next.call(request)).catch_unwind()).await else {
        return Ok(ServiceResponse::new(kept, HttpResponse::from_error(given_up(row, within))));
    };
    match answered {
        Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
        Err(panic) => {
            let what = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?");
            tracing::error!(route = row.path, what, "a handler panicked");
            metrics::counter!("posada_http_panics_total", "route" => row.path).increment(1);
            Ok(ServiceResponse::new(kept, HttpResponse::from_error(Problem::internal())))
        }
    }
}

/// What was dropped half-way, as when its client goes: what it wrote is taken back, unless it was being committed just then.
fn given_up(row: &Row, within: Duration) -> Problem {
    tracing::error!(route = row.path, seconds = within.as_secs(), "a request was given up");
    metrics::counter!("posada_http_given_up_total", "route" => row.path).increment(1);
    let detail = format!("There was no answer within {} seconds. Send the same request with the same Idempotency-Key again.", within.as_secs());
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "It took too long", detail).retry_after(5)
}

async fn admit(row: &Row, request: &ServiceRequest) -> Result<(), Problem> {
    // A row without a permission never gets this far: validation stops the start. Closed all the same.
    let permission = row.permission.ok_or_else(Problem::internal)?;
    if let Some(mutation) = row.mutation {
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > extract::BODY_LIMIT as u64) {
            return Err(extract::too_large());
        }
        super::order::check_key(request.headers(), mutation.key == Key::Required)?;
    }
    if permission == Permission::Public {
        return Ok(());
    }
    let app = request.app_data::<web::Data<App>>().ok_or_else(Problem::internal)?;
    let edge = request.app_data::<web::Data<Edge>>().ok_or_else(Problem::internal)?;
    let admitted = admission::admit(row, permission, request.request(), app, edge).await?;
    request.extensions_mut().insert(admitted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::{App as Web, http::StatusCode, middleware::from_fn, test};

    use super::*;
    use crate::http::route::{RateClass, get};

    async fn panics() -> HttpResponse {
        panic!("a bug")
    }

    #[actix_web::test]
    async fn a_panic_is_one_requests_and_a_row_without_permission_is_closed() {
        let open = get("/open", Permission::Public, RateClass::General, || web::to(panics));
        let forgotten = Row { permission: None, ..open.clone() };
        let behind = |row: Row| {
            let (route, gate) = ((row.handler)(), Gate::of(row));
            route.wrap(from_fn(move |request, next| pass(Arc::clone(&gate), request, next)))
        };
        let app = test::init_service(Web::new().route("/open", behind(open)).route("/forgotten", behind(forgotten))).await;
        for path in ["/open", "/forgotten", "/open"] {
            let answer = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert!(answer.response().error().is_some_and(|e| e.as_error::<Problem>().is_some()), "{path}");
        }
    }
}
