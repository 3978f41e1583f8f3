//! One city's homes, live: built from Postgres, kept true by its stream, told to those who look.
//!
//! Started by the first hub or question that needs it, stopped when nobody has looked for a while. Fed by the relay; what the relay
//! loses is read from Postgres (the gap rule, the head timer). Feeds hubs. Never waits, never writes, and decides nothing.
//!
//! Its ticks are marks of its stream ([`Mark`]), the same in every process: a look that holds an older one waits until the events since
//! have been read, and is then answered with what they touched; one that holds a newer one waits until this city has got there.

mod returning;

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, SpawnHandle};
use domain::{CityId, Event, StreamName, TenantId, live::CityChange, nights::day_number};
use time::OffsetDateTime;

use crate::{
    board::{Board, Rates},
    core::{Core, Reached},
    epoch,
    hubs::Hubs,
    map::{CITY_LEVELS, HomeEntity, LiveMap},
    mark::Mark,
    messages::{Ask, BoardId, Delivery, Drill, Flush, HeadIs, HubPort, Look, Read, Settle, Tell, Watch, read_back},
    ports::{CityState, SourceError},
    telemetry::{self, guarded},
    wire::ScopeName,
};

const ACTOR: &str = "city";
/// Events read at once to fill a gap.
const PAGE: u32 = 500;
/// A gap wider than this is not filled but built over.
const WIDEST_GAP: u64 = 5_000;
/// Events kept while the state or a gap is being read; what is beyond is read from Postgres again.
const HELD: usize = 1_000;
/// Messages from relay and hubs. Full: a lost event is healed by the gap rule or the head timer, a lost look by the hub's sweep.
const MAILBOX: usize = 4_096;

pub(crate) struct City {
    core: Arc<Core>,
    tenant: TenantId,
    city: CityId,
    board: Option<Board<HomeEntity>>,
    /// The last event that is in the board.
    applied: u64,
    reached: Reached,
    /// Events that came before their turn.
    early: BTreeMap<u64, Event>,
    /// Where Postgres last said the stream is.
    head: u64,
    reading: bool,
    build: u64,
    began: Instant,
    failures: u32,
    hubs: Hubs,
    /// Looks that wait for the state, or for events that another process has told them of.
    looks: Vec<(HubPort, Look)>,
    /// Looks that wait for what came before the state.
    returning: Vec<(HubPort, Look)>,
    looking_back: bool,
    /// Something panicked: what was told may be wrong, and is not built on.
    is_doubted: bool,
    asks: Vec<Ask<Board<HomeEntity>>>,
    last_watched: Instant,
    flush: Option<(Instant, SpawnHandle)>,
    flush_soon: bool,
    lose_next: bool,
}

impl City {
    pub(crate) fn new(core: Arc<Core>, tenant: TenantId, city: CityId, reached: Reached, ctx: &mut Context<Self>) -> Self {
        ctx.set_mailbox_capacity(MAILBOX);
        Self {
            core,
            tenant,
            city,
            board: None,
            applied: 0,
            reached,
            early: BTreeMap::new(),
            head: 0,
            reading: false,
            build: 0,
            began: Instant::now(),
            failures: 0,
            hubs: Hubs::default(),
            looks: Vec::new(),
            returning: Vec::new(),
            looking_back: false,
            is_doubted: false,
            asks: Vec::new(),
            last_watched: Instant::now(),
            flush: None,
            flush_soon: false,
            lose_next: false,
        }
    }

    fn board_id(&self) -> BoardId {
        BoardId { tenant: self.tenant, scope: ScopeName::City(self.city), filter: None }
    }

    /// Forgets everything and reads it anew; those who look are told to look again.
    fn rebuild(&mut self, reason: &'static str, ctx: &mut Context<Self>) {
        metrics::counter!(telemetry::REBUILDS, "actor" => ACTOR, "reason" => reason).increment(1);
        self.build += 1;
        self.began = Instant::now();
        self.reached.store(u64::MAX, Ordering::Relaxed);
        self.early.clear();
        self.looks.append(&mut self.returning);
        self.looking_back = false;
        if self.board.take().is_some() {
            self.tell_gone();
        }
        self.read_state(ctx);
    }

    fn tell_gone(&mut self) {
        let gone = self.hubs.ids().into_iter().map(|hub| (hub, Delivery::Gone(self.board_id(), !self.is_doubted))).collect();
        self.hubs.send_all(gone);
    }

    fn read_state(&mut self, ctx: &mut Context<Self>) {
        self.reading = true;
        let (core, tenant, city) = (self.core.clone(), self.tenant, self.city);
        let building = async move {
            let (lineage, CityState { homes, head }) = (core.lineage().await?, core.source.city(tenant, city).await?);
            let today = today();
            // Not on this thread: it has other cities to serve, and a large one takes long to build.
            let build = move || LiveMap::filled(CITY_LEVELS, today, homes.into_iter().map(|home| HomeEntity::new(home, city, today)));
            let map = tokio::task::spawn_blocking(build).await.map_err(|why| SourceError(why.to_string()))?;
            Ok(Built { lineage, today, map, head })
        };
        read_back(ctx.address(), self.build, Box::pin(building));
    }

    fn read_gap(&mut self, ctx: &mut Context<Self>) {
        if self.reading {
            return;
        }
        self.reading = true;
        read_back(ctx.address(), self.build, self.core.source.events(self.tenant, StreamName::City(self.city), self.applied, PAGE));
    }

    /// A read failed: what is known stays served, and the read is tried again, later each time.
    fn failed(&mut self, why: &SourceError, again: fn(&mut Self, &mut Context<Self>), ctx: &mut Context<Self>) {
        metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
        self.failures += 1;
        let wait = Duration::from_millis(100) * 2u32.pow(self.failures.min(6));
        tracing::warn!(city = %self.city, error = %why, ?wait, "a city could not be read");
        let build = self.build;
        ctx.run_later(wait, move |city, ctx| {
            if city.build == build {
                city.reading = false;
                again(city, ctx);
            }
        });
    }

    /// Takes an event in its turn, keeps one that is early, drops one that is known.
    fn take(&mut self, event: Event, ctx: &mut Context<Self>) {
        if self.board.is_some() && event.seq <= self.applied {
            return;
        }
        if self.early.len() < HELD {
            self.early.insert(event.seq, event);
        }
        self.advance(ctx);
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        if self.board.is_none() || self.reading {
            return;
        }
        while let Some(first) = self.early.first_entry() {
            match *first.key() {
                seq if seq <= self.applied => {
                    first.remove();
                }
                seq if seq == self.applied + 1 => {
                    let event = first.remove();
                    self.apply(&event);
                }
                seq if seq > self.applied + WIDEST_GAP => return self.rebuild("gap", ctx),
                _ => {
                    metrics::counter!(telemetry::GAPS, "actor" => ACTOR).increment(1);
                    self.read_gap(ctx);
                    break;
                }
            }
        }
        self.soon(ctx);
    }

    fn apply(&mut self, event: &Event) {
        let Some(board) = &mut self.board else { return };
        match serde_json::from_str::<CityChange>(event.body.get()) {
            Ok(change) => {
                let today = board.map().today();
                board.reach(Mark { seq: event.seq, day: today }.tick());
                let map = board.change(Some(event.at));
                change.gone.into_iter().for_each(|id| {
                    map.remove(id);
                });
                change.put.into_iter().for_each(|home| map.put(HomeEntity::new(home, self.city, today)));
            }
            Err(why) => tracing::error!(city = %self.city, seq = event.seq, kind = %event.kind, error = %why, "an event is no change of a city"),
        }
        self.applied = event.seq;
        self.reached.store(self.applied, Ordering::Relaxed);
    }

    /// Flushes when the mailbox is empty: what has come until then goes together.
    fn soon(&mut self, ctx: &mut Context<Self>) {
        if !mem::replace(&mut self.flush_soon, true) {
            ctx.notify(Flush);
        }
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        let Some(board) = &mut self.board else { return };
        let began = Instant::now();
        let due = board.next(began);
        if due.is_some_and(|due| due <= began) {
            let told = board.flush(began);
            for hub in self.hubs.send_all(told) {
                board.hub_gone(hub);
            }
            let took = began.elapsed();
            board.spent(took);
            metrics::histogram!(telemetry::TICK, "actor" => ACTOR).record(took.as_secs_f64());
            if took > Duration::from_millis(25) {
                metrics::counter!(telemetry::OVERRUNS, "actor" => ACTOR).increment(1);
            }
            let next = board.next(began);
            self.flush_at(next, ctx);
        } else {
            self.flush_at(due, ctx);
        }
    }

    fn flush_at(&mut self, due: Option<Instant>, ctx: &mut Context<Self>) {
        let Some(due) = due else { return };
        match self.flush.take() {
            Some((at, timer)) if at <= due => self.flush = Some((at, timer)),
            earlier => {
                if let Some((_, timer)) = earlier {
                    ctx.cancel_future(timer);
                }
                let timer = ctx.run_later(due.saturating_duration_since(Instant::now()), |city, ctx| {
                    city.flush = None;
                    city.guard(ctx, City::flush);
                });
                self.flush = Some((due, timer));
            }
        }
    }

    fn watch(&mut self, watch: Watch, ctx: &mut Context<Self>) {
        self.last_watched = Instant::now();
        match watch {
            Watch::Look(hub, look) => {
                self.hubs.join(hub.clone());
                self.forget(hub.id, look.key);
                self.look(hub, look, ctx);
            }
            Watch::Leave(hub, key) => {
                self.forget(hub, key);
                if let Some(board) = &mut self.board {
                    board.leave(hub, key);
                }
            }
            // Only a world knows where cities are.
            Watch::Where(..) => {}
        }
    }

    /// Runs a handler's work; if it panics, the actor is built anew from Postgres.
    fn guard(&mut self, ctx: &mut Context<Self>, work: impl FnOnce(&mut Self, &mut Context<Self>)) {
        if guarded(ACTOR, || work(self, ctx)).is_none() {
            self.is_doubted = true;
            self.rebuild("panic", ctx);
        }
    }

    /// Once a second: hubs that missed something, a new day, nobody left.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.hubs.owes() {
            self.hubs.settle();
        }
        if let Some(board) = &mut self.board {
            let today = today();
            // A clock that was put back shows a day again that was over; nights are counted on when it has passed.
            if board.map().today() < today {
                board.reach(Mark { seq: self.applied, day: today }.tick());
                board.change(None).set_today(today);
                self.soon(ctx);
            }
        }
        if self.board.as_ref().is_some_and(Board::is_watched) || !self.looks.is_empty() {
            self.last_watched = Instant::now();
        } else if self.last_watched.elapsed() > Duration::from_millis(self.core.config.idle_stop_ms) {
            ctx.stop();
        }
    }
}

/// The day number of now, in UTC. (A city's own zone decides its nights when they are taken; the map's "tonight" is that of UTC.)
pub fn today() -> i32 {
    day_number(OffsetDateTime::now_utc().date())
}

impl Actor for City {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).increment(1);
        self.rebuild("start", ctx);
        ctx.run_interval(Duration::from_millis(500), |city, ctx| city.guard(ctx, City::beat));
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).decrement(1);
        self.core.cities.leave((self.tenant, self.city), &self.reached);
        // Whoever looked in the last instant looks again, and finds a new actor.
        self.tell_gone();
    }
}

/// Comes back from a read of what a city is: its homes as they stand on a day, and the head of its stream then.
struct Built {
    lineage: Arc<str>,
    today: i32,
    map: LiveMap<HomeEntity>,
    head: u64,
}

impl Handler<Read<Built>> for City {
    type Result = ();
    fn handle(&mut self, read: Read<Built>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        let Built { lineage, today, map, head } = match read.answer {
            Ok(built) => built,
            Err(why) => return self.failed(&why, City::read_state, ctx),
        };
        self.guard(ctx, |city, ctx| {
            let id = city.board_id();
            let epoch = if city.is_doubted { epoch::drawn() } else { epoch::vouched(&lineage, city.tenant, id.scope) };
            let mut board = Board::new(id, epoch, Mark { seq: head, day: today }.tick(), map, Rates::new(&city.core.config));
            for ask in city.asks.drain(..) {
                (ask.0)(&mut board);
            }
            city.board = Some(board);
            (city.applied, city.reading, city.failures) = (head, false, 0);
            city.reached.store(head, Ordering::Relaxed);
            metrics::histogram!(telemetry::REBUILD_SECONDS, "actor" => ACTOR).record(city.began.elapsed().as_secs_f64());
            for (hub, look) in mem::take(&mut city.looks) {
                city.look(hub, look, ctx);
            }
            city.advance(ctx);
        });
    }
}

impl Handler<Read<Vec<Event>>> for City {
    type Result = ();
    fn handle(&mut self, read: Read<Vec<Event>>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        let events = match read.answer {
            Ok(events) => events,
            Err(why) => return self.failed(&why, City::read_gap, ctx),
        };
        self.guard(ctx, |city, ctx| {
            (city.reading, city.failures) = (false, 0);
            let stuck = events.first().is_none_or(|first| first.seq != city.applied + 1) && !city.early.contains_key(&(city.applied + 1));
            // What the stream no longer holds cannot be filled: the state is read whole.
            let known = city.early.keys().next_back().copied().unwrap_or(0).max(city.head);
            if stuck && known > city.applied {
                return city.rebuild("gap", ctx);
            }
            let full = events.len() == PAGE as usize;
            for event in events.into_iter().filter(|event| event.seq > city.applied) {
                city.early.insert(event.seq, event);
            }
            city.advance(ctx);
            if full {
                return city.read_gap(ctx);
            }
            let waited = mem::take(&mut city.looks);
            city.answer(waited, ctx);
        });
    }
}

impl Handler<Tell> for City {
    type Result = ();
    fn handle(&mut self, Tell(event): Tell, ctx: &mut Context<Self>) {
        if mem::take(&mut self.lose_next) {
            return;
        }
        self.guard(ctx, |city, ctx| city.take(event, ctx));
    }
}

impl Handler<HeadIs> for City {
    type Result = ();
    fn handle(&mut self, HeadIs(head): HeadIs, ctx: &mut Context<Self>) {
        self.head = head;
        if self.board.is_some() && head > self.applied && !self.reading {
            metrics::counter!(telemetry::HEALS).increment(head - self.applied);
            self.read_gap(ctx);
        }
    }
}

impl Handler<Watch> for City {
    type Result = ();
    fn handle(&mut self, watch: Watch, ctx: &mut Context<Self>) {
        self.guard(ctx, |city, ctx| city.watch(watch, ctx));
    }
}

impl Handler<Ask<Board<HomeEntity>>> for City {
    type Result = ();
    fn handle(&mut self, ask: Ask<Board<HomeEntity>>, ctx: &mut Context<Self>) {
        self.last_watched = Instant::now();
        match &mut self.board {
            None => self.asks.push(ask),
            Some(_) => self.guard(ctx, |city, _| {
                if let Some(board) = &mut city.board {
                    (ask.0)(board);
                }
            }),
        }
    }
}

impl Handler<Flush> for City {
    type Result = ();
    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush_soon = false;
        self.guard(ctx, City::flush);
    }
}

impl Handler<Settle> for City {
    type Result = ();
    fn handle(&mut self, _: Settle, ctx: &mut Context<Self>) {
        self.guard(ctx, |city, _| {
            let Some(board) = &mut city.board else { return };
            let told = board.settle(Instant::now());
            city.hubs.send_all(told);
        });
    }
}

impl Handler<Drill> for City {
    type Result = ();
    fn handle(&mut self, drill: Drill, ctx: &mut Context<Self>) {
        match drill {
            Drill::Panic => self.guard(ctx, |_, _| panic!("a drill")),
            Drill::Kill => ctx.terminate(),
            Drill::LoseNext => self.lose_next = true,
        }
    }
}
