//! `GET /live`: the handshake, and which outlet carries the bytes back.
//!
//! The only file that names `actix-web-actors` (its handshake with subprotocols). Whoever gets this far was admitted by the gate like
//! every request; what is asked here is asked of both outlets. With the queue outlet the answer's body is fed from the hub; with the raw
//! one the answer ends with its head, and the socket is handed to [`raw`](super::raw) by whoever brought the request.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::BodyStream,
    http::{StatusCode, header},
    web,
};
use actix_web_actors::ws;
use actors::{
    ConnId, Hub, Said,
    framing::Framing,
    outlet::{Wake, queue},
    wire::Encoding,
};
use bytes::BytesMut;
use std::task::Poll;

use super::{
    frames::Frames,
    session::{Opening, Session},
    sse::Body,
    takeover::Handover,
};
use crate::{
    app::App,
    http::{Admitted, Edge, Problem, admission},
    map::NoPlace,
};

/// Becomes a WebSocket, subprotocol `posada.v1.bin` or `posada.v1.json`, whichever the client would rather have; JSON without one.
pub async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    admitted: Admitted,
    app: web::Data<App>,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    // A browser sends its cookie wherever a page asks it to: only our own pages may use it here.
    admission::same_origin(&request, &edge)?;
    let place = app.map.admit(admitted.tenant.id).map_err(no_place)?;
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|line| line.to_str().ok());
    let chosen = Encoding::chosen(offered);
    let mut answer = ws::handshake_with_protocols(&request, chosen.map(Encoding::subprotocol).as_slice())?;
    let opening = Opening {
        id: app.live.next_conn(),
        tenant: admitted.tenant,
        as_of: admitted.as_of,
        cookie: admitted.session.map(|session| Box::new(session.principal)),
        place,
        framing: Framing::web_socket(chosen.unwrap_or(Encoding::Json)),
        app: app.into_inner(),
    };
    if let Some(handover) = request.extensions().get::<Handover>() {
        handover.give(opening);
        return Ok(answer.finish());
    }
    let (id, hub) = (opening.id, opening.app.live.hub());
    let (outlet, body) = queue(opening.framing, opening.app.live.config().bounds(), usize::MAX, wake(&hub, id));
    let mut frames = Frames::new(payload, BytesMut::new(), opening.app.live.config().frame_bytes as usize);
    let mut session = Session::new(opening, hub.clone(), outlet);
    // The end of the body ends the payload, and with it the session.
    actix_web::rt::spawn(async move { session.run(&mut frames, |_| Poll::Pending).await });
    Ok(answer.body(BodyStream::new(Body::new(body, hub, id))))
}

/// How an outlet tells its hub that it has room again.
pub(super) fn wake(hub: &actix::Addr<Hub>, id: ConnId) -> Wake {
    let hub = hub.clone();
    // do_send: asked for once per batch that was not taken at once, so at most one waits for each connection.
    Box::new(move || hub.do_send(Said::Free(id)))
}

pub(super) fn no_place(why: NoPlace) -> Problem {
    match why {
        NoPlace::TooMany(too_many) => {
            let detail = "There are as many live connections here as there may be, or too many at once. Come back after the time in Retry-After.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "over-limit", "Over a limit", detail).retry_after(too_many.retry_after_ms.div_ceil(1000) as u32)
        }
        NoPlace::Plain => {
            let detail = "This server is the baseline (plain = true), to measure against. Ask with GET /api/v1/map.";
            Problem::new(StatusCode::NOT_IMPLEMENTED, "no-live-map", "There is no live map here", detail)
        }
    }
}
