//! One per worker thread: its connections, what they look at, what they follow; writes to their outlets.
//!
//! Told by sessions (`join`, `said`, `left`) on its own thread, and by worlds, cities and inboxes, one message per flush however
//! many look. Gathers what came and writes when its mailbox is empty: at once when idle, once a turn when busy.
//! Never waits, never reads the source, never knows what is behind an outlet.
//!
//! State waits as references to shared bytes, at most four ticks for a view's part; then the part is behind, and is repaired from
//! its board when its outlet takes state again. Events wait in the outlet's bounded queue, or close the connection.

mod conn;
mod interest;
mod post;
mod ready;
mod streams;
mod view;
mod views;
mod write;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, Recipient};
use domain::{AccountId, MemberId, StreamName, TenantId};

use crate::{
    City, World,
    board::Rates,
    core::Core,
    mailbox::Posted,
    messages::{BoardId, Delivery, Flush, HubId, HubPort, Watch},
    numbered::Numbered,
    outlet::Outlet,
    telemetry::{self, guarded},
    wire::{ClientFrame, Close, ErrorFrame, Hello, ScopeName, ViewId},
};
use conn::Conn;
use interest::Interest;
use post::Together;
use ready::Ready;
use write::Writer;

pub use view::{Shows, scopes_of, shows};

const ACTOR: &str = "hub";
/// Messages from boards, inboxes and sessions. Full: senders drop, count, and tell the hub to look again when it takes messages.
const MAILBOX: usize = 16_384;

pub type ConnId = u64;

/// Who is behind a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: TenantId,
    /// None: a visitor, who may look at the map and nothing else.
    pub member: Option<MemberId>,
    pub account: Option<AccountId>,
    /// Names the sign-in session, so that its end ends the connection. Not the token.
    pub session: Option<Arc<str>>,
    /// When this was known, at the latest: taken before it was asked. What was revoked since is not in it.
    pub as_of: Instant,
}

/// What ends open connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// One sign-in session was ended.
    Session(Arc<str>),
    /// Everything an account has open.
    Account(AccountId),
    /// No longer a member of this tenant, or with other rights.
    Member(TenantId, MemberId),
    /// The tenant's map is no longer public.
    Visitors(TenantId),
    /// What they may see has to be checked anew, of one member, of a tenant's visitors, or of everyone: they are asked to come back.
    Recheck(Option<(TenantId, Option<MemberId>)>),
}

impl Revoked {
    /// Whether this concerns somebody.
    pub(crate) fn means(&self, who: &Principal) -> bool {
        match self {
            Self::Session(session) => who.session.as_ref() == Some(session),
            Self::Account(account) => who.account == Some(*account),
            Self::Member(tenant, member) => who.tenant == *tenant && who.member == Some(*member),
            Self::Visitors(tenant) => who.tenant == *tenant && who.member.is_none(),
            Self::Recheck(None) => true,
            Self::Recheck(Some((tenant, member))) => who.tenant == *tenant && who.member == *member,
        }
    }

    /// What a connection that it ends is told.
    pub(crate) fn close(&self) -> Close {
        if matches!(self, Self::Recheck(_)) { Close::Recheck } else { Close::Revoked }
    }
}

/// From a session to the hub of its thread.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    pub id: ConnId,
    pub principal: Principal,
    pub hello: Hello,
    pub outlet: Box<dyn Outlet>,
}

#[derive(Message)]
#[rtype(result = "()")]
pub enum Said {
    Frame(ConnId, ClientFrame),
    /// Something that is no frame, and what was wrong with it.
    Wrong(ConnId, Box<ErrorFrame>),
    /// Anything came from the client: it is there.
    Heard(ConnId),
    /// A token was checked anew.
    Reauthed(ConnId, Principal),
    Left(ConnId),
    /// The outlet took what it had.
    Free(ConnId),
}

/// To every hub at once.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub(crate) enum ToHubs {
    Revoke(Revoked, Instant),
    /// Say goodbye; come back after so many milliseconds, and within so many more, spread evenly.
    Drain {
        away_ms: u64,
        within_ms: u64,
    },
}

pub struct Hub {
    core: Arc<Core>,
    id: HubId,
    conns: Numbered<Box<Conn>>,
    /// Whose part of which view a watch is.
    parts: Numbered<(ConnId, ViewId)>,
    boards: HashMap<BoardId, Interest>,
    streams: HashMap<(TenantId, StreamName), HashSet<ConnId>>,
    /// Connections with something to write.
    ready: Ready,
    writer: Writer,
    flush_soon: bool,
    deliver: Option<Recipient<Posted<Delivery>>>,
}

impl Hub {
    /// Starts the hub of this thread.
    pub(crate) fn begin(core: Arc<Core>) -> Addr<Self> {
        Self::create(move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            let id = core.next_id();
            let together = if core.config.io_uring { Together::open() } else { Together::default() };
            Self {
                core,
                id,
                conns: Numbered::default(),
                parts: Numbered::default(),
                boards: HashMap::new(),
                streams: HashMap::new(),
                ready: Ready::default(),
                writer: Writer::new(together),
                flush_soon: false,
                deliver: Some(ctx.address().recipient()),
            }
        })
    }

    fn port(&self) -> Option<HubPort> {
        self.deliver.clone().map(|deliver| HubPort { id: self.id, deliver })
    }

    /// Asks the world or city of a board. A full mailbox is asked again by the sweep.
    fn ask(&self, tenant: TenantId, board: &BoardId, watch: Watch) {
        let (actor, refused) = match board.scope {
            ScopeName::World => ("world", self.core.world(tenant).try_send(Posted::to::<World>(watch)).is_err()),
            ScopeName::City(city) => ("city", self.core.city(tenant, city).try_send(Posted::to::<City>(watch)).is_err()),
        };
        if refused {
            metrics::counter!(telemetry::MAILBOX_FULL, "actor" => actor).increment(1);
        }
    }

    fn soon(&mut self, id: ConnId, ctx: &mut Context<Self>) {
        if let Some(conn) = self.conns.get_mut(&id) {
            self.ready.add(conn);
            self.flush_soon(ctx);
        }
    }

    fn flush_soon(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.flush_soon, true) {
            ctx.notify(Flush);
        }
    }

    fn flush(&mut self) {
        let (now, mut repairs) = (Instant::now(), Vec::new());
        self.ready.take(&mut self.conns, |some| self.writer.turn(some, now, &mut repairs));
        self.writer.send(&mut self.conns, now);
        self.writer.done(now);
        for key in repairs {
            self.repair(key);
        }
    }

    /// Runs a handler's work. After a panic this hub's picture of its connections cannot be trusted: all come back and resume.
    fn guard(&mut self, ctx: &mut Context<Self>, work: impl FnOnce(&mut Self, &mut Context<Self>)) {
        if guarded(ACTOR, || work(self, ctx)).is_none() {
            self.writer.forget();
            for id in self.conns.keys().copied().collect::<Vec<_>>() {
                self.close(id, Close::Restart);
            }
            self.boards.clear();
            self.parts.clear();
            self.streams.clear();
        }
    }

    /// Ends a connection: its outlet says why, its watches are given up.
    fn close(&mut self, id: ConnId, close: Close) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.outlet.close(close);
        }
        self.forget(id, close.reason());
    }

    fn forget(&mut self, id: ConnId, reason: &'static str) {
        let Some(conn) = self.conns.remove(&id) else { return };
        metrics::gauge!(telemetry::CONNECTIONS, "kind" => conn.kind()).decrement(1);
        metrics::counter!(telemetry::CLOSED, "reason" => reason).increment(1);
        let tenant = conn.principal.tenant;
        for view in conn.views {
            metrics::gauge!(telemetry::VIEWS).decrement(1);
            self.give_up(tenant, view);
        }
        for stream in conn.subs.into_keys() {
            self.unfollow(id, tenant, stream);
        }
    }

    /// Once a second: pings, the silent, the stuck, questions that got no answer, and views of tenants that are over their share.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let config = &self.core.config;
        let (ping, stalled, let_go) =
            (Duration::from_secs(config.ping_s.into()), Duration::from_millis(config.stalled_ms), Duration::from_millis(config.let_go_ms));
        let mut ends = Vec::new();
        let mut asks = Vec::new();
        let mut shown = Vec::new();
        let mut due = Vec::new();
        let rates = Rates::new(config);
        for (id, conn) in &mut self.conns {
            let stuck = conn.outlet.stuck_for(now);
            if stuck >= let_go || (conn.is_websocket() && now.duration_since(conn.heard) > ping * 3) {
                ends.push(*id);
                continue;
            }
            if stuck >= stalled {
                conn.drop_state();
            } else if conn.is_quiet(now, spread(*id, ping)) {
                conn.ping(now);
            }
            if conn.welcome_is_due(now) {
                shown.push(*id);
            }
            if conn.is_welcomed() && conn.pace(&rates, now) {
                due.push(*id);
            }
            asks.extend(conn.unanswered(now).into_iter().map(|ask| (*id, ask)));
        }
        for id in ends {
            self.close(id, Close::Stalled);
        }
        for id in shown {
            self.welcome(id, ctx);
        }
        for (id, ask) in asks {
            self.ask_again(id, ask);
        }
        for id in due {
            self.soon(id, ctx);
        }
    }
}

/// How long a connection may be quiet: up to a quarter less than others, so that thousands who came together are not all asked together, and
/// do not all answer together.
fn spread(id: ConnId, ping: Duration) -> Duration {
    ping.mul_f64(1.0 - (id % 64) as f64 / 256.0)
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Ok(mut hubs) = self.core.hubs.lock() {
            hubs.insert(self.id, ctx.address().recipient());
        }
        ctx.run_interval(Duration::from_secs(1), |hub, ctx| hub.guard(ctx, Hub::sweep));
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        if let Ok(mut hubs) = self.core.hubs.lock() {
            hubs.remove(&self.id);
        }
    }
}

impl Handler<Join> for Hub {
    type Result = ();
    fn handle(&mut self, join: Join, ctx: &mut Context<Self>) {
        self.guard(ctx, |hub, ctx| hub.join(join, ctx));
    }
}

impl Handler<Said> for Hub {
    type Result = ();
    fn handle(&mut self, said: Said, ctx: &mut Context<Self>) {
        self.guard(ctx, |hub, ctx| match said {
            Said::Frame(id, frame) => hub.said(id, frame, ctx),
            Said::Wrong(id, frame) => hub.error(id, frame),
            Said::Heard(id) => {
                if let Some(conn) = hub.conns.get_mut(&id) {
                    conn.heard = Instant::now();
                }
            }
            Said::Reauthed(id, principal) => hub.reauthed(id, principal),
            Said::Left(id) => hub.forget(id, "left"),
            Said::Free(id) => {
                hub.hungry(id);
                hub.soon(id, ctx);
            }
        });
    }
}

impl Handler<Delivery> for Hub {
    type Result = ();
    fn handle(&mut self, delivery: Delivery, ctx: &mut Context<Self>) {
        self.guard(ctx, |hub, ctx| match delivery {
            Delivery::Looked(looked) => hub.looked(*looked, ctx),
            Delivery::Ticked(ticked) => hub.ticked(&ticked, ctx),
            Delivery::Reached(reached) => hub.reached(&reached, ctx),
            Delivery::Missed(board) => hub.look_again(&board, true),
            Delivery::Gone(board, proves) => hub.look_again(&board, proves),
            Delivery::Cities { key, cities } => hub.cities(key, &cities, ctx),
            Delivery::Fed(fed) => hub.fed(&fed),
            Delivery::Replayed(replayed) => hub.replayed(replayed, ctx),
            Delivery::StreamGone(tenant, stream) => hub.follow_again(tenant, stream),
        });
    }
}

impl Handler<Flush> for Hub {
    type Result = ();
    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush_soon = false;
        self.guard(ctx, |hub, _| hub.flush());
    }
}

impl Handler<ToHubs> for Hub {
    type Result = ();
    fn handle(&mut self, said: ToHubs, ctx: &mut Context<Self>) {
        self.guard(ctx, |hub, _| match said {
            ToHubs::Revoke(revoked, since) => {
                let ends: Vec<_> = hub.conns.iter().filter(|(_, conn)| revoked.means(&conn.principal)).map(|(id, _)| *id).collect();
                let close = revoked.close();
                for id in ends {
                    hub.close(id, close);
                    metrics::histogram!(telemetry::REVOKED).record(since.elapsed().as_secs_f64());
                }
            }
            ToHubs::Drain { away_ms, within_ms } => {
                let share = |n: usize, of: usize| within_ms * n as u64 / of.max(1) as u64;
                let all: Vec<_> = hub.conns.keys().copied().collect();
                // Even steps, and within its step each client its own moment.
                for (n, id) in all.iter().enumerate() {
                    let (from, to) = (share(n, all.len()), share(n + 1, all.len()));
                    let after = away_ms + from + if to > from { uuid::Uuid::new_v4().as_u64_pair().0 % (to - from) } else { 0 };
                    if let Some(conn) = hub.conns.get_mut(id) {
                        conn.write_last(&mut hub.writer);
                        conn.go_away("drain", after);
                    }
                    hub.close(*id, Close::Restart);
                }
            }
        });
    }
}
