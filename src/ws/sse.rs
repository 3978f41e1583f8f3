//! The same frames over SSE, for those whose proxy lets no WebSocket through: `GET /live/events`.
//!
//! What to look at and to follow stands in the query; `Last-Event-ID` says where every stream was, so that a browser that reconnects
//! by itself resumes. Receipts go by HTTP.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix::Addr;
use actix_web::{
    HttpRequest, HttpResponse,
    body::BodyStream,
    http::{StatusCode, header},
    web,
};
use actors::{
    Admitted as Place, ConnId, Hub, Join, Said,
    framing::Framing,
    outlet::{OutletBody, PIECE, queue},
    wire::{ClientFrame, Hello, Resume, ResumeStream, Stream as Named, VERSION},
};
use bytes::Bytes;
use futures_util::Stream;
use time::OffsetDateTime;

use super::{
    connect::{no_place, wake},
    door,
};
use crate::{
    app::App,
    http::{Admitted, Edge, Problem, admission},
};

/// What stands in the query: any number of views, streams with or without `=since`.
struct Asked {
    views: Vec<ClientFrame>,
    resume: Vec<Resume>,
    follow: Vec<Named>,
}

/// `GET /live/events?view={view frame as JSON}&subscribe=member:self,city:3128760`.
pub async fn events(request: HttpRequest, admitted: Admitted, app: web::Data<App>, edge: web::Data<Edge>) -> Result<HttpResponse, Problem> {
    admission::same_origin(&request, &edge)?;
    let guest = door::guest(&admitted.tenant, admitted.session.as_ref().map(|session| &session.principal), admitted.as_of)
        .map_err(|frame| Problem::new(StatusCode::NOT_FOUND, "tenant-unknown", "No such community", frame.detail))?;
    let asked = asked(&request)?;
    let place = app.map.admit(admitted.tenant.id).map_err(no_place)?;
    let config = app.live.config();
    let (hub, id) = (app.live.hub(), app.live.next_conn());
    let (outlet, body) = queue(Framing::Sse, config.bounds(), PIECE, wake(&hub, id));
    let hello = Hello { client: "sse".into(), version: VERSION, token: None, resume: asked.resume };
    let join = Join { id, principal: guest.principal, hello, outlet: Box::new(outlet) };
    let frames = asked.views.into_iter().chain(asked.follow.into_iter().map(|stream| ClientFrame::Subscribe { stream, since: None }));
    let busy = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "over-limit", "Over a limit", "The server is busy. Come back in a second.").retry_after(1);
    hub.try_send(join).map_err(|_| busy(()))?;
    for frame in frames {
        hub.try_send(Said::Frame(id, frame)).map_err(|_| busy(()))?;
    }
    let left = guest.until.map(|until| until - app.store.now());
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Said to be as it is, so that no compression holds frames back; and to proxies that buffer.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .body(BodyStream::new(Body::new(body, hub, id).ends_in(left).holds(place))))
}

fn asked(request: &HttpRequest) -> Result<Asked, Problem> {
    let query: Vec<(String, String)> = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Problem::invalid_field("query", error, None))?;
    let mut asked = Asked { views: Vec::new(), resume: Vec::new(), follow: Vec::new() };
    let mut follow: Vec<(Named, Option<u64>)> = Vec::new();
    for (name, value) in query {
        match name.as_str() {
            "view" => asked.views.push(view(&value)?),
            "subscribe" => {
                for one in value.split(',').filter(|s| !s.is_empty()) {
                    follow.push(place(one).map_err(|why| Problem::invalid_field("subscribe", why, Some("member:self,city:3128760 or with =since")))?);
                }
            }
            other => {
                return Err(Problem::invalid_field(&other.chars().take(80).collect::<String>(), "is no parameter of this address", Some("view, subscribe")));
            }
        }
    }
    // A browser that reconnects by itself sends what it had last; it wins over what the address says.
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let had: Vec<(Named, u64)> = last.split(',').filter_map(|one| place(one).ok().and_then(|(stream, since)| since.map(|since| (stream, since)))).collect();
    for (stream, since) in follow {
        let since = had.iter().find(|(had, _)| *had == stream).map(|(_, since)| *since).or(since);
        match since {
            Some(since) => asked.resume.push(Resume::Stream(ResumeStream { stream, since })),
            None => asked.follow.push(stream),
        }
    }
    Ok(asked)
}

/// A view frame; its `t` may be left out.
fn view(text: &str) -> Result<ClientFrame, Problem> {
    let wrong = |why: String| Problem::invalid_field("view", why, Some(r#"{"id":"map","bbox":[41.3,2.0,41.5,2.3],"zoom":12}"#));
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.entry("t").or_insert_with(|| "view".into());
    }
    match ClientFrame::parse(&value.to_string(), OffsetDateTime::now_utc()) {
        Ok(frame @ ClientFrame::View(_)) => Ok(frame),
        Ok(frame) => Err(wrong(format!("{} is not a view", frame.word()))),
        Err(frame) => Err(wrong(frame.detail)),
    }
}

/// `city:5` or `city:5=12`.
fn place(text: &str) -> Result<(Named, Option<u64>), String> {
    let (name, since) = match text.split_once('=') {
        Some((name, since)) => (name, Some(since.parse::<u64>().map_err(|_| format!("{since:?} is no place in a stream"))?)),
        None => (text, None),
    };
    name.parse().map(|name| (name, since)).map_err(|e: actors::wire::BadName| e.to_string())
}

/// The body of a live response: the outlet's bytes, and a word to the hub when the connection is gone.
pub(super) struct Body {
    bytes: OutletBody,
    hub: Addr<Hub>,
    id: ConnId,
    until: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Where no session holds it.
    place: Option<Place>,
}

impl Body {
    pub(super) fn new(bytes: OutletBody, hub: Addr<Hub>, id: ConnId) -> Self {
        Self { bytes, hub, id, until: None, place: None }
    }

    /// Its place among the open connections is given back with it.
    fn holds(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Ends with the session it was opened with; a reader that comes back has to be somebody.
    fn ends_in(mut self, left: Option<time::Duration>) -> Self {
        self.until = left.map(|left| Box::pin(tokio::time::sleep(left.max(time::Duration::ZERO).unsigned_abs())));
        self
    }
}

impl Stream for Body {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(until) = &mut self.until
            && std::future::Future::poll(until.as_mut(), cx).is_ready()
        {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.bytes).poll_next(cx)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // do_send: the hub must hear that a connection is gone, and it is one message for each.
        self.hub.do_send(Said::Left(self.id));
    }
}
