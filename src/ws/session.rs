//! One WebSocket: the handshake, a client's frames on their way to the hub, and the bytes on their way back.
//!
//! The only file that names `actix-web-actors` (its handshake with subprotocols). Inbound frames are a stream of the [`Session`] actor;
//! outbound bytes are the response's body, fed from the outlet that the hub writes to, so that a stalled socket stalls nobody.
//! What a text message says is JSON; where the client chose `posada.v1.bin`, what a binary one says is protobuf.
//! Answers pings, checks tokens, keeps the time of `hello`; knows no view and no stream.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, StreamHandler, WrapFuture, prelude::SendError};
use actix_web::{
    HttpRequest, HttpResponse,
    body::BodyStream,
    http::{StatusCode, header},
    web,
};
use actix_web_actors::ws;
use actors::{
    Admitted as Place, ConnId, Hub, Join, Live, Said,
    framing::Framing,
    outlet::{Framed, Outlet, QueueOutlet, queue},
    wire::{ClientFrame, Close, Encoding, ErrorFrame, Hello, ServerFrame, Token, VERSION, binary},
};
use time::OffsetDateTime;

use super::{
    door::{self, Guest},
    frames::{Frames, Inbound, Wrong},
    sse::Body,
};
use crate::{
    app::App,
    http::{Admitted, Edge, Problem, admission},
    store::{Principal as Holder, Store, Tenant},
};

/// Frames a second from one client; more are refused until the second is over.
const FRAMES_PER_S: u32 = 200;
/// Frames that may wait while a token is being checked: every view and stream of a client that does not wait for its welcome.
const EARLY: usize = 64;

/// `GET /live`: becomes a WebSocket, subprotocol `posada.v1.bin` or `posada.v1.json`, whichever the client would rather have; JSON without one.
pub async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    admitted: Admitted,
    app: web::Data<App>,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    // A browser sends its cookie wherever a page asks it to: only our own pages may use it here.
    admission::same_origin(&request, &edge)?;
    let place = app.live.admit(admitted.tenant.id).map_err(over_limit)?;
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|line| line.to_str().ok());
    let chosen = Encoding::chosen(offered);
    let framing = Framing::web_socket(chosen.unwrap_or(Encoding::Json));
    let mut answer = ws::handshake_with_protocols(&request, chosen.map(Encoding::subprotocol).as_slice())?;
    let config = app.live.config();
    let (hub, id) = (app.live.hub(), app.live.next_conn());
    let (outlet, body) = {
        let hub = hub.clone();
        // do_send: asked for once per batch that was taken, so at most one waits for each connection.
        let wake = Box::new(move || hub.do_send(Said::Free(id)));
        queue(framing, config.queue_bytes, config.queue_entries, wake)
    };
    let frames = Frames::new(payload, config.frame_bytes as usize);
    let session = Session {
        id,
        live: app.live.clone(),
        store: app.store.clone(),
        tenant: Arc::clone(&admitted.tenant),
        as_of: admitted.as_of,
        cookie: admitted.session.map(|session| session.principal),
        hub: hub.clone(),
        framing,
        outlet,
        phase: Phase::Quiet(place),
        early: Vec::new(),
        window: (Instant::now(), 0),
    };
    Session::create(move |ctx| {
        ctx.add_stream(frames);
        session
    });
    Ok(answer.body(BodyStream::new(Body::new(body, hub, id))))
}

pub(super) fn over_limit(too_many: actors::TooMany) -> Problem {
    let detail = "There are as many live connections here as there may be, or too many at once. Come back after the time in Retry-After.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "over-limit", "Over a limit", detail).retry_after(too_many.retry_after_ms.div_ceil(1000) as u32)
}

struct Session {
    id: ConnId,
    live: Live,
    store: Store,
    tenant: Arc<Tenant>,
    /// When the handshake's tenant and cookie were looked up.
    as_of: Instant,
    /// Who the request's cookie or header says it is, if no token is said in `hello`.
    cookie: Option<Holder>,
    hub: Addr<Hub>,
    framing: Framing,
    outlet: QueueOutlet,
    phase: Phase,
    /// Said while the token was being checked.
    early: Vec<ClientFrame>,
    window: (Instant, u32),
}

enum Phase {
    /// No `hello` yet.
    Quiet(Place),
    /// Its token is being checked; what else comes waits.
    Checking,
    Open,
    Closed,
}

impl Session {
    #[allow(clippy::boxed_local)] // errors travel boxed
    fn say(&mut self, frame: Box<ErrorFrame>) {
        let bytes = self.framing.frame(&ServerFrame::Error(*frame));
        if self.outlet.push(Framed { bytes, at: None }).is_err() {
            self.close(Close::Overflow);
        }
    }

    fn close(&mut self, close: Close) {
        self.outlet.close(close);
        self.phase = Phase::Closed;
    }

    /// Refuses a frame that came before `hello` was taken: a client that does not begin right does not speak this protocol.
    fn refuse(&mut self, frame: Box<ErrorFrame>, close: Close) {
        self.say(frame);
        self.close(close);
    }

    fn frame(&mut self, frame: Result<ClientFrame, Box<ErrorFrame>>, ctx: &mut Context<Self>) {
        match (&self.phase, frame) {
            (Phase::Closed, _) => {}
            (Phase::Quiet(_), Ok(ClientFrame::Hello(hello))) => self.hello(hello, ctx),
            (Phase::Quiet(_), Ok(frame)) => {
                let detail = format!("{} came before hello; hello is the first frame", frame.word());
                self.refuse(ErrorFrame::bad_frame(Some(frame.word()), detail), Close::BadFrame);
            }
            (Phase::Quiet(_), Err(frame)) => self.refuse(frame, Close::BadFrame),
            (Phase::Checking, Ok(frame)) if self.early.len() < EARLY => self.early.push(frame),
            (Phase::Checking, Ok(frame)) => self.say(ErrorFrame::over_limit(frame.word(), "too much before the welcome", 100)),
            (Phase::Checking, Err(frame)) => self.say(frame),
            (Phase::Open, Ok(ClientFrame::Reauth { token })) => self.reauth(token, ctx),
            (Phase::Open, Ok(frame)) => self.pass_on(frame),
            (Phase::Open, Err(frame)) => {
                let said = Said::Wrong(self.id, frame);
                self.tell(said, "frame");
            }
        }
    }

    fn pass_on(&mut self, frame: ClientFrame) {
        let word = frame.word();
        if self.window.0.elapsed() >= Duration::from_secs(1) {
            self.window = (Instant::now(), 0);
        }
        self.window.1 += 1;
        if self.window.1 > FRAMES_PER_S {
            return self.say(ErrorFrame::over_limit(word, format!("more than {FRAMES_PER_S} frames in a second"), 1_000));
        }
        self.tell(Said::Frame(self.id, frame), word);
    }

    /// A full hub is said to be busy; the client asks again.
    fn tell(&mut self, said: Said, word: &'static str) {
        if let Err(SendError::Full(_)) = self.hub.try_send(said) {
            self.say(ErrorFrame::over_limit(word, "the server is busy", 500));
        }
    }

    fn hello(&mut self, hello: Hello, ctx: &mut Context<Self>) {
        if hello.version != VERSION {
            let detail = format!("version {} is not spoken here; {VERSION} is", hello.version);
            return self.refuse(ErrorFrame::new(Some("hello"), "wrong-version", "Another version", detail), Close::WrongVersion);
        }
        let Phase::Quiet(place) = std::mem::replace(&mut self.phase, Phase::Checking) else { return };
        match &hello.token {
            None => {
                let guest = door::guest(&self.tenant, self.cookie.as_ref(), self.as_of);
                self.enter(guest, hello, place, ctx);
            }
            Some(token) => {
                let (store, tenant, token) = (self.store.clone(), Arc::clone(&self.tenant), token.clone());
                let as_of = self.as_of;
                let checked = async move { door::holder(&store, tenant.id, &token).await.and_then(|holder| door::guest(&tenant, Some(&holder), as_of)) };
                ctx.spawn(checked.into_actor(self).map(move |guest, session, ctx| session.enter(guest, hello, place, ctx)));
            }
        }
    }

    fn enter(&mut self, guest: Result<Guest, Box<ErrorFrame>>, hello: Hello, place: Place, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Closed) {
            return;
        }
        let guest = match guest {
            Ok(guest) => guest,
            Err(frame) if frame.temporary => return self.refuse(frame, Close::Busy),
            Err(frame) => return self.refuse(frame, Close::Refused),
        };
        self.phase = Phase::Open;
        self.ends_at(guest.until, ctx);
        let join = Join { id: self.id, principal: guest.principal, hello, outlet: Box::new(self.outlet.twin()), admitted: place };
        if self.hub.try_send(join).is_err() {
            return self.refuse(ErrorFrame::over_limit("hello", "the server is busy", 1_000), Close::Busy);
        }
        for frame in std::mem::take(&mut self.early) {
            self.pass_on(frame);
        }
    }

    fn reauth(&mut self, token: Token, ctx: &mut Context<Self>) {
        let (store, tenant) = (self.store.clone(), Arc::clone(&self.tenant));
        let as_of = Instant::now();
        let checked = async move { door::holder(&store, tenant.id, &token).await.and_then(|holder| door::guest(&tenant, Some(&holder), as_of)) };
        ctx.spawn(checked.into_actor(self).map(|guest, session, ctx| match guest {
            Ok(guest) => {
                session.ends_at(guest.until, ctx);
                session.tell(Said::Reauthed(session.id, guest.principal), "reauth");
            }
            Err(mut frame) => {
                frame.of = Some("reauth".into());
                session.say(frame);
            }
        }));
    }

    /// A connection does not outlive the session it was opened with.
    fn ends_at(&mut self, until: Option<OffsetDateTime>, ctx: &mut Context<Self>) {
        let Some(until) = until else { return };
        let left = (until - self.store.now()).max(time::Duration::ZERO).unsigned_abs().min(Duration::from_secs(30 * 24 * 3600));
        ctx.run_later(left, move |session, _| {
            let (live, id) = (session.live.clone(), session.id);
            session.close(Close::Revoked);
            // do_send: the last word about a connection.
            live.hub().do_send(Said::Left(id));
        });
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_later(Duration::from_millis(self.live.config().hello_ms), |session, _| {
            if matches!(session.phase, Phase::Quiet(_)) {
                session.close(Close::HelloLate);
            }
        });
    }
}

impl StreamHandler<Result<Inbound, Wrong>> for Session {
    fn handle(&mut self, inbound: Result<Inbound, Wrong>, ctx: &mut Context<Self>) {
        match inbound {
            Ok(Inbound::Text(text)) => self.frame(ClientFrame::parse(&text, OffsetDateTime::now_utc()), ctx),
            Ok(Inbound::Binary(_)) if self.framing.encoding() == Encoding::Json => self.close(Close::Binary),
            Ok(Inbound::Binary(bytes)) => self.frame(binary::parse(&bytes, OffsetDateTime::now_utc()), ctx),
            Ok(Inbound::Ping(payload)) => {
                let _ = self.outlet.push(Framed { bytes: Framing::pong(&payload), at: None }); // A full queue is about to close it.
                self.tell(Said::Heard(self.id), "ping");
            }
            Ok(Inbound::Pong) => self.tell(Said::Heard(self.id), "pong"),
            Ok(Inbound::Close) => self.close(Close::Normal),
            Err(Wrong::TooBig) => {
                let most = self.live.config().frame_bytes;
                let frame = ErrorFrame::new(None, "frame-too-big", "The frame is too big", format!("a frame has at most {most} bytes"));
                self.refuse(frame, Close::TooBig);
            }
            Err(Wrong::NotText) => self.close(Close::NotText),
            Err(Wrong::Protocol(what)) => {
                tracing::debug!(conn = self.id, what, "a client broke the WebSocket protocol");
                self.close(Close::Protocol);
            }
            Err(Wrong::Gone) => self.close(Close::Normal),
        }
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        self.close(Close::Normal);
        // do_send: the hub must hear that a connection is gone, and it is one message for each.
        self.hub.do_send(Said::Left(self.id));
        ctx.stop();
    }
}
