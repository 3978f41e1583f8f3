//! The span of a request: what its log lines have in common.

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field::Empty};
use tracing_actix_web::RootSpanBuilder;

use super::{
    admission::Admitted,
    request_id::{RequestId, Trace},
};

/// Opens a span with the request's id and trace, and notes at the end what became of it. No query: it may hold what people search for.
pub(super) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(RequestId::as_str);
        let trace = extensions.get::<Trace>();
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = request.path(),
            request_id = id,
            trace_id = trace.map(|t| t.trace_id.as_str()),
            parent_id = trace.and_then(|t| t.parent_id.as_deref()),
            route = Empty,
            tenant = Empty,
            member = Empty,
            status = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let Ok(answer) = outcome else { return };
        span.record("status", answer.status().as_u16());
        span.record("route", answer.request().match_pattern());
        if let Some(admitted) = answer.request().extensions().get::<Admitted>() {
            span.record("tenant", admitted.tenant.slug.as_str());
            span.record("member", admitted.caller.member().map(tracing::field::display));
        }
        span.in_scope(|| tracing::debug!("answered"));
    }
}
