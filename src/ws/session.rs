//! One WebSocket's session: a client's frames on their way to the hub, and the session's own word on their way back.
//!
//! What a text message says is JSON; where the client chose `posada.v1.bin`, what a binary one says is protobuf.
//! One task for each connection, on the thread of its hub, whatever the outlet is. Checks tokens, answers pings, keeps the time of
//! `hello` and of the sign-in it was opened with; knows no view and no stream. Never waits for the client to take anything: what it
//! says goes through the outlet that the hub writes to as well.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix::{Addr, prelude::SendError};
use actors::{
    Admitted as Place, ConnId, Hub, Join, Said,
    framing::Framing,
    outlet::{Framed, Outlet},
    wire::{ClientFrame, Close, Encoding, ErrorFrame, Hello, ServerFrame, Token, VERSION, binary},
};
use futures_util::Stream;
use time::OffsetDateTime;
use tokio::time::Sleep;

use super::{
    door::{self, Guest},
    frames::{Inbound, Wrong},
};
use crate::{
    app::App,
    store::{Principal as Holder, Tenant},
};

/// Frames a second from one client; more are refused until the second is over.
const FRAMES_PER_S: u32 = 200;
/// No connection lasts longer, whatever it was opened with.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A connection whose handshake was answered, before its session begins.
pub(super) struct Opening {
    pub(super) id: ConnId,
    pub(super) app: Arc<App>,
    pub(super) tenant: Arc<Tenant>,
    /// When the handshake's tenant and cookie were looked up.
    pub(super) as_of: Instant,
    /// Who the request's cookie or header says it is, if no token is said in `hello`.
    pub(super) cookie: Option<Box<Holder>>,
    pub(super) place: Place,
    pub(super) framing: Framing,
}

pub(super) struct Session<O> {
    id: ConnId,
    app: Arc<App>,
    tenant: Arc<Tenant>,
    as_of: Instant,
    hub: Addr<Hub>,
    framing: Framing,
    outlet: O,
    phase: Phase,
    /// Its place among those that are open, until its socket ends.
    _place: Place,
    /// A token is being checked; what the client says next waits in its socket.
    checking: Option<Checking>,
    /// `hello` is late then, or the sign-in over.
    alarm: Option<Pin<Box<Sleep>>>,
    window: (Instant, u32),
}

enum Phase {
    /// No `hello` yet.
    Quiet(Option<Box<Holder>>),
    /// The token of its `hello` is being checked.
    Checking,
    Open,
    Closed,
}

type Checking = Pin<Box<dyn Future<Output = (Asked, Result<Guest, Box<ErrorFrame>>)>>>;

/// What a token was said in.
enum Asked {
    Hello(Hello),
    Reauth,
}

/// What a session waits for.
enum Next {
    Came(Result<Inbound, Wrong>),
    Checked(Asked, Result<Guest, Box<ErrorFrame>>),
    Alarm,
    Gone,
}

impl<O: Outlet + Clone + 'static> Session<O> {
    pub(super) fn new(opening: Opening, hub: Addr<Hub>, outlet: O) -> Self {
        let hello = Duration::from_millis(opening.app.live.config().hello_ms);
        Self {
            id: opening.id,
            app: opening.app,
            tenant: opening.tenant,
            as_of: opening.as_of,
            hub,
            framing: opening.framing,
            outlet,
            phase: Phase::Quiet(opening.cookie),
            _place: opening.place,
            checking: None,
            alarm: Some(Box::pin(tokio::time::sleep(hello))),
            window: (Instant::now(), 0),
        }
    }

    /// Until the client is gone, or `over` says that nothing reaches it any more.
    pub(super) async fn run(&mut self, inbound: &mut (impl Stream<Item = Result<Inbound, Wrong>> + Unpin), mut over: impl FnMut(&mut Context<'_>) -> Poll<()>) {
        loop {
            match poll_fn(|cx| if over(cx).is_ready() { Poll::Ready(Next::Gone) } else { self.poll_next(cx, inbound) }).await {
                Next::Came(Ok(Inbound::Text(text))) => self.frame(ClientFrame::parse(&text, OffsetDateTime::now_utc())),
                Next::Came(Ok(Inbound::Binary(_))) if self.framing.encoding() == Encoding::Json => self.close(Close::Binary),
                Next::Came(Ok(Inbound::Binary(bytes))) => self.frame(binary::parse(&bytes, OffsetDateTime::now_utc())),
                Next::Came(Ok(Inbound::Ping(payload))) => self.pong(&payload),
                Next::Came(Ok(Inbound::Pong)) => self.heard(),
                Next::Came(Ok(Inbound::Close)) => self.close(Close::Normal),
                Next::Came(Err(wrong)) => self.wrong(wrong),
                Next::Checked(Asked::Hello(hello), guest) => self.enter(guest, hello),
                Next::Checked(Asked::Reauth, guest) => self.reauthed(guest),
                Next::Alarm => self.alarmed(),
                Next::Gone => break,
            }
        }
        self.close(Close::Normal);
        self.left();
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, inbound: &mut (impl Stream<Item = Result<Inbound, Wrong>> + Unpin)) -> Poll<Next> {
        if let Some(alarm) = &mut self.alarm
            && alarm.as_mut().poll(cx).is_ready()
        {
            self.alarm = None;
            return Poll::Ready(Next::Alarm);
        }
        if let Some(checking) = &mut self.checking {
            let (asked, guest) = ready!(checking.as_mut().poll(cx));
            self.checking = None;
            return Poll::Ready(Next::Checked(asked, guest));
        }
        Pin::new(inbound).poll_next(cx).map(|came| came.map_or(Next::Gone, Next::Came))
    }

    fn frame(&mut self, frame: Result<ClientFrame, Box<ErrorFrame>>) {
        match (&self.phase, frame) {
            (Phase::Checking | Phase::Closed, _) => {}
            (Phase::Quiet(_), Ok(ClientFrame::Hello(hello))) => self.hello(hello),
            (Phase::Quiet(_), Ok(frame)) => {
                let detail = format!("{} came before hello; hello is the first frame", frame.word());
                self.refuse(ErrorFrame::bad_frame(Some(frame.word()), detail), Close::BadFrame);
            }
            (Phase::Quiet(_), Err(frame)) => self.refuse(frame, Close::BadFrame),
            (Phase::Open, Ok(ClientFrame::Reauth { token })) => self.check(token, Instant::now(), Asked::Reauth),
            (Phase::Open, Ok(frame)) => self.pass_on(frame),
            (Phase::Open, Err(frame)) => self.tell(Said::Wrong(self.id, frame), "frame"),
        }
    }

    fn pong(&mut self, payload: &[u8]) {
        if self.outlet.push(Framed { bytes: Framing::pong(payload), at: None }).is_err() {
            return self.close(Close::Overflow);
        }
        self.heard();
    }

    /// Somebody is there. A hub that is too full to hear it hears it next time: nobody who only answered is told that the server is busy.
    fn heard(&self) {
        let _ = self.hub.try_send(Said::Heard(self.id));
    }

    fn wrong(&mut self, wrong: Wrong) {
        match wrong {
            Wrong::TooBig => {
                let most = self.app.live.config().frame_bytes;
                let frame = ErrorFrame::new(None, "frame-too-big", "The frame is too big", format!("a frame has at most {most} bytes"));
                self.refuse(frame, Close::TooBig);
            }
            Wrong::NotText => self.close(Close::NotText),
            Wrong::Protocol(what) => {
                tracing::debug!(conn = self.id, what, "a client broke the WebSocket protocol");
                self.close(Close::Protocol);
            }
            Wrong::Gone => self.close(Close::Normal),
        }
    }

    fn alarmed(&mut self) {
        match self.phase {
            Phase::Quiet(_) => self.close(Close::HelloLate),
            // A connection does not outlive the sign-in it was opened with.
            Phase::Open => {
                self.close(Close::Revoked);
                self.left();
            }
            Phase::Checking | Phase::Closed => {}
        }
    }

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

    fn left(&self) {
        // do_send: the hub must hear that a connection is gone, and it is one message for each.
        self.hub.do_send(Said::Left(self.id));
    }

    /// Refuses a frame that came before `hello` was taken: a client that does not begin right does not speak this protocol.
    fn refuse(&mut self, frame: Box<ErrorFrame>, close: Close) {
        self.say(frame);
        self.close(close);
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
        match frame {
            ClientFrame::Pong { .. } => self.heard(),
            frame => self.tell(Said::Frame(self.id, frame), word),
        }
    }

    /// A full hub is said to be busy; the client asks again.
    fn tell(&mut self, said: Said, word: &'static str) {
        if let Err(SendError::Full(_)) = self.hub.try_send(said) {
            self.say(ErrorFrame::over_limit(word, "the server is busy", 500));
        }
    }

    fn hello(&mut self, mut hello: Hello) {
        if hello.version != VERSION {
            let detail = format!("version {} is not spoken here; {VERSION} is", hello.version);
            return self.refuse(ErrorFrame::new(Some("hello"), "wrong-version", "Another version", detail), Close::WrongVersion);
        }
        let Phase::Quiet(cookie) = std::mem::replace(&mut self.phase, Phase::Checking) else { return };
        self.alarm = None;
        match hello.token.take() {
            None => self.enter(door::guest(&self.tenant, cookie.as_deref(), self.as_of), hello),
            Some(token) => self.check(token, self.as_of, Asked::Hello(hello)),
        }
    }

    fn check(&mut self, token: Token, as_of: Instant, asked: Asked) {
        let (app, tenant) = (self.app.clone(), self.tenant.clone());
        self.checking = Some(Box::pin(async move {
            let holder = door::holder(&app.store, tenant.id, &token).await;
            (asked, holder.and_then(|holder| door::guest(&tenant, Some(&holder), as_of)))
        }));
    }

    fn enter(&mut self, guest: Result<Guest, Box<ErrorFrame>>, hello: Hello) {
        let guest = match guest {
            Ok(guest) => guest,
            Err(frame) if frame.temporary => return self.refuse(frame, Close::Busy),
            Err(frame) => return self.refuse(frame, Close::Refused),
        };
        self.phase = Phase::Open;
        self.ends_at(guest.until);
        let join = Join { id: self.id, principal: guest.principal, hello, outlet: Box::new(self.outlet.clone()) };
        if self.hub.try_send(join).is_err() {
            self.refuse(ErrorFrame::over_limit("hello", "the server is busy", 1_000), Close::Busy);
        }
    }

    fn reauthed(&mut self, guest: Result<Guest, Box<ErrorFrame>>) {
        match guest {
            Ok(guest) => {
                self.ends_at(guest.until);
                self.tell(Said::Reauthed(self.id, guest.principal), "reauth");
            }
            Err(mut frame) => {
                frame.of = Some("reauth".into());
                self.say(frame);
            }
        }
    }

    fn ends_at(&mut self, until: Option<OffsetDateTime>) {
        let left = until.map(|until| (until - self.app.store.now()).max(time::Duration::ZERO).unsigned_abs().min(LONGEST));
        self.alarm = left.map(|left| Box::pin(tokio::time::sleep(left)));
    }
}
