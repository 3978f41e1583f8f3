//! A connection as its hub holds it: who, what it looks at and follows, and the outlet.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Context;
use bytes::Bytes;
use domain::StreamName;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ConnId, Hub, Join, Principal, streams::Sub, view::View};
use crate::{
    framing::Framing,
    messages::WatchKey,
    outlet::{Framed, Frames, Outlet, Overflow},
    shares::Share,
    telemetry,
    wire::{ClientFrame, Close, ErrorFrame, GoAway, Outcome, Resume, Resumed, ServerFrame, Since, Stream, ViewId, Welcome},
};

/// How long a welcome waits for what `resume` asked for.
const WELCOME: Duration = Duration::from_secs(2);
/// So many wrong frames within [`FAULT_WINDOW`] end a connection.
const FAULTS: u32 = 50;
/// Bytes that a `goaway` takes at most.
const GOODBYE: usize = 256;
const FAULT_WINDOW: Duration = Duration::from_secs(10);

pub(super) struct Conn {
    pub(super) id: ConnId,
    pub(super) principal: Principal,
    pub(super) outlet: Box<dyn Outlet>,
    pub(super) framing: Framing,
    pub(super) views: Vec<View>,
    /// What `resume` said about views whose frame is still to come.
    pub(super) kept: HashMap<ViewId, Since>,
    pub(super) subs: HashMap<StreamName, Sub>,
    pub(super) heard: Instant,
    /// When it was last asked whether anybody is there.
    pinged: Instant,
    /// What its tenant may take.
    pub(super) share: Arc<Share>,
    /// None once the welcome has been said.
    welcome: Option<Welcoming>,
    faults: (Instant, u32),
    /// Stands among those that have something to write.
    pub(super) is_ready: bool,
}

struct Welcoming {
    until: Instant,
    resumed: Vec<(What, Option<Outcome>)>,
    /// Events that must not leave before the welcome.
    held: VecDeque<Framed>,
}

#[derive(Clone, PartialEq)]
pub(super) enum What {
    View(ViewId),
    Stream(Stream),
}

impl Conn {
    fn new(join: Join, resumed: Vec<What>, share: Arc<Share>) -> Self {
        let framing = join.outlet.framing();
        let welcome = Welcoming { until: Instant::now() + WELCOME, resumed: resumed.into_iter().map(|w| (w, None)).collect(), held: VecDeque::new() };
        Self {
            id: join.id,
            principal: join.principal,
            outlet: join.outlet,
            framing,
            views: Vec::new(),
            kept: HashMap::new(),
            subs: HashMap::new(),
            heard: Instant::now(),
            pinged: Instant::now(),
            share,
            welcome: Some(welcome),
            faults: (Instant::now(), 0),
            is_ready: false,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.is_websocket() { "websocket" } else { "sse" }
    }

    pub(super) fn is_websocket(&self) -> bool {
        self.framing != Framing::Sse
    }

    pub(super) fn is_welcomed(&self) -> bool {
        self.welcome.is_none()
    }

    /// Queues a frame of the event lane; before the welcome it waits.
    pub(super) fn push(&mut self, frame: &ServerFrame) -> Result<(), Overflow> {
        let bytes = self.framing.frame(frame);
        self.push_framed(bytes, None)
    }

    pub(super) fn push_framed(&mut self, bytes: Bytes, at: Option<OffsetDateTime>) -> Result<(), Overflow> {
        self.share.sent(bytes.len(), Instant::now());
        let framed = Framed { bytes, at };
        match &mut self.welcome {
            Some(welcoming) if welcoming.held.len() >= 1_000 => {
                self.outlet.close(Close::Overflow);
                Err(Overflow)
            }
            Some(welcoming) => {
                welcoming.held.push_back(framed);
                Ok(())
            }
            None => self.outlet.push(framed),
        }
    }

    /// Event entries that still fit, what waits for the welcome counted in.
    pub(super) fn room(&self) -> usize {
        let held = self.welcome.as_ref().map_or(0, |welcoming| welcoming.held.len());
        self.outlet.room().saturating_sub(held)
    }

    /// Says something after which nothing has to be done if the queue was full: that has ended the connection, and its session tells the hub.
    pub(super) fn say(&mut self, frame: &ServerFrame) {
        let _ = self.push(frame);
    }

    /// Whether to ask if anybody is there: nothing went this way for as long, or nothing came back.
    pub(super) fn is_quiet(&self, now: Instant, ping: Duration) -> bool {
        // Who reads server-sent events cannot say anything, and who was just asked has time to answer.
        let unheard = self.is_websocket() && now.duration_since(self.heard) >= ping && now.duration_since(self.pinged) >= ping;
        unheard || now.duration_since(self.outlet.quiet_since()) >= ping
    }

    pub(super) fn ping(&mut self, now: Instant) {
        self.pinged = now;
        let bytes = self.framing.ping();
        let _ = self.outlet.push(Framed { bytes, at: None }); // Too full for it, it ends; its session tells the hub.
    }

    pub(super) fn go_away(&mut self, reason: &'static str, reconnect_after_ms: u64) {
        self.say(&ServerFrame::GoAway(GoAway { reason: reason.into(), reconnect_after_ms }));
    }

    /// It takes nothing: what waits for it is dropped, and repaired when it reads again.
    pub(super) fn drop_state(&mut self) {
        self.views.iter_mut().flat_map(|view| &mut view.parts).for_each(super::view::Part::fall_behind);
    }

    pub(super) fn view(&mut self, id: &ViewId) -> Option<&mut View> {
        self.views.iter_mut().find(|view| view.id == *id)
    }

    /// Decides an item of `resume`. True if it was the last.
    pub(super) fn decide(&mut self, what: &What, outcome: Outcome) -> bool {
        let Some(welcoming) = &mut self.welcome else { return false };
        if let Some((what, slot)) = welcoming.resumed.iter_mut().find(|(w, slot)| w == what && slot.is_none()) {
            *slot = Some(outcome);
            let kind = if matches!(what, What::View(_)) { "view" } else { "stream" };
            metrics::counter!(telemetry::RESUMES, "kind" => kind, "as" => outcome.word()).increment(1);
        }
        welcoming.resumed.iter().all(|(_, outcome)| outcome.is_some())
    }

    pub(super) fn welcome_is_due(&self, now: Instant) -> bool {
        self.welcome.as_ref().is_some_and(|welcoming| now >= welcoming.until)
    }

    /// Counts a wrong frame; true if there were too many.
    fn fault(&mut self) -> bool {
        if self.faults.0.elapsed() > FAULT_WINDOW {
            self.faults = (Instant::now(), 0);
        }
        self.faults.1 += 1;
        self.faults.1 > FAULTS
    }

    /// The state that waits, if the outlet takes it. Adds the parts that have to be repaired.
    pub(super) fn state_due(&mut self, writer: &mut super::write::Writer, now: Instant, repairs: &mut Vec<WatchKey>) -> Frames {
        self.is_ready = false;
        if self.welcome.is_some() || !self.views.iter().any(View::waits) {
            return Frames::new();
        }
        if !self.outlet.takes_state() {
            self.outlet.wake_when_free();
            return Frames::new();
        }
        writer.batch(self.framing, &mut self.views, now, repairs)
    }
}

impl Conn {
    /// Writes the state that waits among the events, which a close leaves time for. What the client holds is then as new as it can be.
    pub(super) fn write_last(&mut self, writer: &mut super::write::Writer) {
        // Behind a batch that is not yet taken nothing may overtake it.
        if self.welcome.is_some() || !self.outlet.takes_state() {
            return;
        }
        let frames = writer.batch(self.framing, &mut self.views, Instant::now(), &mut Vec::new());
        for frame in frames {
            // The rest would not follow from what is left out; and a goodbye has to fit too.
            if !self.outlet.fits(2, frame.bytes.len() + GOODBYE) || self.push_framed(frame.bytes, frame.at).is_err() {
                return;
            }
        }
    }
}

impl Hub {
    pub(super) fn join(&mut self, mut join: Join, ctx: &mut Context<Self>) {
        let (id, tenant) = (join.id, join.principal.tenant);
        if let Some(close) = self.core.revoked.since(&join.principal) {
            metrics::counter!(telemetry::CLOSED, "reason" => close.reason()).increment(1);
            return join.outlet.close(close);
        }
        let resume = join.hello.resume.clone();
        let mut what = Vec::new();
        for item in &resume {
            match item {
                Resume::Stream(stream) => what.push(What::Stream(stream.stream)),
                Resume::View(view) if view.frame().is_some() => what.push(What::View(view.view)),
                Resume::View(_) => {}
            }
        }
        tracing::debug!(conn = id, client = %join.hello.client, %tenant, "a live connection");
        let conn = Conn::new(join, what, self.core.shares.of(tenant));
        metrics::gauge!(telemetry::CONNECTIONS, "kind" => conn.kind()).increment(1);
        self.conns.insert(id, Box::new(conn));
        for item in resume {
            match item {
                Resume::Stream(item) => self.subscribe(id, item.stream, Some(item.since), ctx),
                Resume::View(item) => match item.frame().map(|view| view.check(OffsetDateTime::now_utc())) {
                    Some(Ok(view)) => self.said(id, ClientFrame::View(view), ctx),
                    Some(Err(why)) => {
                        self.error(id, ErrorFrame::bad_frame(Some("view"), why));
                        self.decide(id, &What::View(item.view), Outcome::Reset, ctx);
                    }
                    None => {
                        if let Some(conn) = self.conns.get_mut(&id).filter(|conn| conn.kept.len() < 64) {
                            conn.kept.insert(item.view, item.since);
                        }
                    }
                },
            }
        }
        let undecided = self.conns.get(&id).and_then(|conn| conn.welcome.as_ref()).is_some_and(|w| w.resumed.iter().any(|(_, o)| o.is_none()));
        if !undecided {
            self.welcome(id, ctx);
        }
    }

    /// Decides an item of `resume`, and says the welcome when all are decided.
    pub(super) fn decide(&mut self, id: ConnId, what: &What, outcome: Outcome, ctx: &mut Context<Self>) {
        if self.conns.get_mut(&id).is_some_and(|conn| conn.decide(what, outcome)) {
            self.welcome(id, ctx);
        }
    }

    pub(super) fn welcome(&mut self, id: ConnId, ctx: &mut Context<Self>) {
        let config = &self.core.config;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(welcoming) = conn.welcome.take() else { return };
        let resumed = welcoming.resumed.into_iter().map(|(what, outcome)| {
            // Not decided in time: nothing was proved, so what is now follows whole.
            let outcome = outcome.unwrap_or(Outcome::Snapshot);
            match what {
                What::View(view) => Resumed { view: Some(view), stream: None, outcome },
                What::Stream(stream) => Resumed { view: None, stream: Some(stream), outcome },
            }
        });
        let welcome = Welcome {
            session: format!("{id:x}"),
            now: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            ping: config.ping_s,
            limits: config.limits(),
            tick_ms: (1000.0 / config.near_hz.clamp(0.1, 40.0)) as u32,
            policy_version: 1,
            resumed: resumed.collect(),
        };
        conn.say(&ServerFrame::Welcome(welcome));
        let overflow = welcoming.held.into_iter().any(|framed| conn.outlet.push(framed).is_err());
        if overflow {
            return self.close(id, Close::Overflow);
        }
        self.soon(id, ctx);
    }

    pub(super) fn said(&mut self, id: ConnId, frame: ClientFrame, ctx: &mut Context<Self>) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.heard = Instant::now();
        match frame {
            ClientFrame::Hello(_) => self.error(id, ErrorFrame::bad_frame(Some("hello"), "hello was said already; it is the first frame and the only one")),
            ClientFrame::View(view) => self.look(id, view, ctx),
            ClientFrame::Unview { id: view } => self.unview(id, &view),
            ClientFrame::Subscribe { stream, since } => self.subscribe(id, stream, since, ctx),
            ClientFrame::Unsubscribe { stream } => self.unsubscribe(id, stream),
            ClientFrame::Ack { stream, seq } => self.ack(id, stream, seq),
            ClientFrame::Seen { stream, seq } => self.seen(id, stream, seq),
            ClientFrame::Signal { kind, .. } => {
                let kind: String = kind.chars().take(40).collect();
                self.error(
                    id,
                    ErrorFrame::new(Some("signal"), "unknown-signal", "No such signal", format!("{kind:?} is no signal that this server passes on")),
                );
            }
            // The session checks tokens; one that comes here was said where there is none.
            ClientFrame::Reauth { .. } => self.error(id, ErrorFrame::bad_frame(Some("reauth"), "a token cannot be changed on this connection")),
            ClientFrame::Ping {} => conn.say(&ServerFrame::Pong {}),
            ClientFrame::Pong {} => {} // Heard, as all else was.
        }
    }

    /// Answers a frame that was wrong; a client that sends nothing else is closed.
    #[allow(clippy::boxed_local)] // errors travel boxed
    pub(super) fn error(&mut self, id: ConnId, frame: Box<ErrorFrame>) {
        metrics::counter!(telemetry::ERRORS_SENT, "type" => frame.kind.to_string()).increment(1);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let (temporary, full) = (frame.temporary, conn.push(&ServerFrame::Error(*frame)).is_err());
        if full {
            self.close(id, Close::Overflow);
        } else if !temporary && conn.fault() {
            self.close(id, Close::BadFrame);
        }
    }

    pub(super) fn reauthed(&mut self, id: ConnId, principal: Principal) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.heard = Instant::now();
        if let Some(close) = self.core.revoked.since(&principal) {
            return self.close(id, close);
        }
        let Some(conn) = self.conns.get_mut(&id) else { return };
        // Somebody else, or another place: that is a new connection.
        if (principal.tenant, principal.member) != (conn.principal.tenant, conn.principal.member) {
            return self.close(id, Close::Revoked);
        }
        conn.principal = principal;
    }
}
