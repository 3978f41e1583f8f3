//! The outermost layer: names the request, times and counts it, and finishes every answer (headers, and who a problem belongs to).

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web,
};
use bytes::Bytes;

use super::{
    Edge, Problem,
    admission::Admitted,
    extract::Unread,
    headers,
    request_id::{REQUEST_ID, RequestId, Trace},
    tenancy,
};
use crate::app::App;

/// The tile address of the tenant whose page is answered; set by handlers that are not admitted for a tenant.
#[derive(Clone, Debug)]
pub(super) struct TileUrl(pub(super) Option<String>);

/// Wraps everything. Only its own answers (404, 405) and those of handlers pass through it: no error leaves unfinished.
pub(super) async fn around(mut request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let trace = Trace::of(request.headers());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(trace);
    let one_host = tenancy::one_host(&request);
    tenancy::strip_prefix(&mut request);
    let method = method_label(request.method());
    let https = request.app_data::<web::Data<Edge>>().is_some_and(|edge| edge.settings.https());
    let in_flight = metrics::gauge!("posada_http_in_flight");
    in_flight.increment(1);
    let counted = InFlight(in_flight);

    let mut answer = match one_host {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => ServiceResponse::new(request.into_parts().0, HttpResponse::from_error(problem)),
    };
    let problem = finish_problem(&mut answer, &id);
    let tile_url = tile_url(&answer);
    let fields = answer.headers_mut();
    headers::secure(fields, tile_url.as_deref(), https);
    if let Some(value) = id.header() {
        fields.insert(REQUEST_ID, value);
    }

    let unread = answer.request().extensions_mut().remove::<Unread>();
    if let Some(Unread(payload)) = unread {
        answer = answer.map_body(|_, body| BoxBody::new(Closing { body, _unread: payload }));
    }

    drop(counted);
    let route = answer.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let (status, took) = (status_label(answer.status()), started.elapsed());
    if let Some(kind) = problem {
        let slug = kind.trim_start_matches("/problems/").to_owned();
        metrics::counter!("posada_problems_total", "type" => slug, "status" => status).increment(1);
    }
    if let (Some(app), Some(admitted)) = (answer.request().app_data::<web::Data<App>>(), answer.request().extensions().get::<Admitted>()) {
        app.per_tenant.answered(&admitted.tenant, status == "5xx", took);
    }
    metrics::counter!("posada_http_requests_total", "method" => method, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("posada_http_request_seconds", "method" => method, "route" => route).record(took.as_secs_f64());
    Ok(answer)
}

/// A body that ends its connection: see [`Unread`].
struct Closing {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for Closing {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Counts down however the request ends, a client that went away included.
struct InFlight(metrics::Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Every failure is a problem, and every problem names its request. Gives its type.
fn finish_problem(answer: &mut ServiceResponse<BoxBody>, id: &RequestId) -> Option<Cow<'static, str>> {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let known = answer.response().error().and_then(|e| e.as_error::<Problem>()).cloned();
    // A handler's own words stay (a report of health, say); a framework's are none.
    let worded = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if known.is_none() && worded {
        return None;
    }
    let mut problem = known.unwrap_or_else(|| plain(status));
    problem.instance = id.as_str().to_owned();
    let Ok(body) = serde_json::to_vec(&problem) else { return Some(problem.kind) };
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
    fields.remove(header::CONTENT_ENCODING);
    fields.remove(header::CONTENT_LENGTH);
    let response = answer.response_mut();
    *response = std::mem::replace(response, HttpResponse::new(status)).set_body(BoxBody::new(body));
    Some(problem.kind)
}

/// For a failure that is none of ours by origin: a framework's.
fn plain(status: StatusCode) -> Problem {
    let title = status.canonical_reason().unwrap_or("Refused");
    let slug = match status {
        StatusCode::BAD_REQUEST => "bad-request",
        StatusCode::NOT_ACCEPTABLE => "not-acceptable",
        s if s.is_server_error() => "internal",
        _ => "refused",
    };
    Problem::new(status, slug, title, format!("The request was answered with {title}."))
}

fn tile_url(answer: &ServiceResponse<BoxBody>) -> Option<String> {
    let extensions = answer.request().extensions();
    if let Some(TileUrl(url)) = extensions.get::<TileUrl>() {
        return url.clone();
    }
    extensions.get::<Admitted>().and_then(|admitted| admitted.tenant.tile_url.clone())
}

/// Methods are a label with few values, whatever clients send.
fn method_label(method: &actix_web::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
