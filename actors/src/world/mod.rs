//! One tenant's world, live: its cities with their counts, where their homes are, and the same counted by a filter.
//!
//! Started by the first hub or question that needs it, stopped when nobody has looked for a while. Fed by the relay with what
//! happens in cities; once a second, while watched, it also reads the counts that changed, so that what the relay loses heals.
//! Feeds hubs. Never waits, never writes.

mod extents;
mod state;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, SpawnHandle};
use domain::{CityId, HomeFilter, StreamName, TenantId};

use crate::{
    board::{Board, Rates},
    core::{Core, Reached},
    epoch,
    hubs::Hubs,
    map::{LiveMap, WORLD_LEVELS},
    messages::{Ask, BoardId, Delivery, Drill, Flush, HubId, Read, Tell, Watch, WatchKey, read_back},
    ports::CityPoint,
    telemetry::{self, guarded},
    wire::ScopeName,
};
pub(crate) use state::State;
use state::{Counted, Filtered, Polled, Seeker};

const ACTOR: &str = "world";
/// Messages from relay and hubs. Full: lost counts are read within a second, a lost look is repeated by the hub's sweep.
const MAILBOX: usize = 8_192;
/// Counts are stamped when their transaction began: what committed late is found by looking back this far.
const OVERLAP: Duration = Duration::from_secs(60);
/// A filtered world is counted in Postgres at most this often, for all who look at it together.
const RECOUNT: Duration = Duration::from_secs(1);

pub(crate) struct World {
    core: Arc<Core>,
    tenant: TenantId,
    reached: Reached,
    state: Option<State>,
    build: u64,
    began: Instant,
    failures: u32,
    hubs: Hubs,
    early: Vec<Watch>,
    asks: Vec<Ask<State>>,
    last_watched: Instant,
    flush: Option<(Instant, SpawnHandle)>,
    flush_soon: bool,
    polling: bool,
    polled: SystemTime,
}

impl World {
    pub(crate) fn new(core: Arc<Core>, tenant: TenantId, reached: Reached, ctx: &mut Context<Self>) -> Self {
        ctx.set_mailbox_capacity(MAILBOX);
        Self {
            core,
            tenant,
            reached,
            state: None,
            build: 0,
            began: Instant::now(),
            failures: 0,
            hubs: Hubs::default(),
            early: Vec::new(),
            asks: Vec::new(),
            last_watched: Instant::now(),
            flush: None,
            flush_soon: false,
            polling: false,
            polled: SystemTime::now(),
        }
    }

    fn board_id(&self, filter: Option<Arc<HomeFilter>>) -> BoardId {
        BoardId { tenant: self.tenant, scope: ScopeName::World, filter }
    }

    fn rebuild(&mut self, reason: &'static str, ctx: &mut Context<Self>) {
        metrics::counter!(telemetry::REBUILDS, "actor" => ACTOR, "reason" => reason).increment(1);
        self.build += 1;
        self.began = Instant::now();
        self.polling = false;
        if let Some(state) = self.state.take() {
            let boards = std::iter::once(None).chain(state.filtered.into_keys().map(Some));
            let boards: Vec<_> = boards.map(|filter| self.board_id(filter)).collect();
            for board in boards {
                self.hubs.send_all(self.hubs.ids().into_iter().map(|hub| (hub, Delivery::Gone(board.clone(), false))).collect());
            }
        }
        self.read_all(ctx);
    }

    fn read_all(&mut self, ctx: &mut Context<Self>) {
        self.polled = SystemTime::now();
        read_back(ctx.address(), self.build, self.core.source.world(self.tenant));
    }

    fn poll(&mut self, ctx: &mut Context<Self>) {
        let Some(state) = &self.state else { return };
        if std::mem::replace(&mut self.polling, true) {
            return;
        }
        let (after, asked) = (state.changes, SystemTime::now());
        let reading = self.core.source.world_changed_since(self.tenant, self.polled - OVERLAP);
        let answer = Box::pin(async move { reading.await.map(|cities| Polled { after, asked, cities }) });
        read_back(ctx.address(), self.build, answer);
    }

    /// Counts a filter if somebody looks at it, something changed, and it was not counted just now.
    fn recount(&mut self, filter: &Arc<HomeFilter>, ctx: &mut Context<Self>) {
        let Some(filtered) = self.state.as_mut().and_then(|state| state.filtered.get_mut(filter)) else { return };
        if filtered.counting || !filtered.stale {
            return;
        }
        if let Some(wait) = filtered.counted.and_then(|at| RECOUNT.checked_sub(at.elapsed())) {
            let filter = filter.clone();
            filtered.counting = true;
            ctx.run_later(wait, move |world, ctx| {
                if let Some(filtered) = world.state.as_mut().and_then(|state| state.filtered.get_mut(&filter)) {
                    filtered.counting = false;
                    world.recount(&filter, ctx);
                }
            });
            return;
        }
        (filtered.counting, filtered.stale, filtered.counted) = (true, false, Some(Instant::now()));
        let reading = self.core.source.world_filtered(self.tenant, (**filter).clone());
        let filter = filter.clone();
        let answer = Box::pin(async move { Ok(Counted { filter, counts: reading.await }) });
        read_back(ctx.address(), self.build, answer);
    }

    fn counted(&mut self, counted: Counted, ctx: &mut Context<Self>) {
        let id = self.board_id(Some(counted.filter.clone()));
        let rates = Rates::new(&self.core.config);
        let Some(state) = &mut self.state else { return };
        let Some(filtered) = state.filtered.get_mut(&counted.filter) else { return };
        filtered.counting = false;
        let counts = match counted.counts {
            Ok(counts) => counts,
            Err(why) => {
                metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
                tracing::warn!(error = %why, "a filtered world could not be counted");
                filtered.stale = true;
                return self.recount(&counted.filter, ctx);
            }
        };
        let points = counts.into_iter().filter_map(|(city, counts)| state.base.map().get(city).map(|known| CityPoint { counts, ..known.clone() }));
        match &mut filtered.board {
            None => {
                let mut board = Board::new(id, epoch::drawn(), 0, LiveMap::filled(WORLD_LEVELS, 0, points), rates);
                filtered.asks.drain(..).for_each(|ask| (ask.0)(&mut board));
                for watch in filtered.waiting.drain(..) {
                    if let Watch::Look(hub, look) = watch {
                        board.look(hub.id, look);
                    }
                }
                filtered.board = Some(board);
            }
            Some(board) => {
                let points: Vec<_> = points.collect();
                let now: HashSet<CityId> = points.iter().map(|p| p.id).collect();
                let gone: Vec<CityId> = board.map().iter().map(|c| c.id).filter(|id| !now.contains(id)).collect();
                let changed: Vec<_> = points.into_iter().filter(|p| board.map().get(p.id) != Some(p)).collect();
                let map = board.change(filtered.at.take());
                gone.into_iter().for_each(|id| {
                    map.remove(id);
                });
                changed.into_iter().for_each(|point| map.put(point));
            }
        }
        if filtered.stale {
            self.recount(&counted.filter, ctx);
        }
        self.soon(ctx);
    }

    fn watch(&mut self, watch: Watch, ctx: &mut Context<Self>) {
        self.last_watched = Instant::now();
        if let Watch::Look(hub, _) | Watch::Where(hub, ..) = &watch {
            self.hubs.join(hub.clone());
        }
        let Some(state) = &mut self.state else {
            let same = |w: &Watch, hub: HubId, key: Option<WatchKey>| match w {
                Watch::Look(h, look) => h.id == hub && key.is_none_or(|key| look.key == key),
                Watch::Where(h, k, _) => h.id == hub && key.is_none_or(|key| *k == key),
                _ => false,
            };
            match watch {
                Watch::Look(..) | Watch::Where(..) => self.early.push(watch),
                Watch::Leave(hub, key) => self.early.retain(|w| !same(w, hub, Some(key))),
            }
            return;
        };
        match watch {
            Watch::Look(hub, look) if look.filter.is_empty() => state.base.look(hub.id, look),
            Watch::Look(hub, look) => {
                let filter = look.filter.clone();
                let filtered = state.filtered.entry(filter.clone()).or_insert_with(Filtered::new);
                filtered.last_watched = Instant::now();
                match &mut filtered.board {
                    Some(board) => board.look(hub.id, look),
                    None => filtered.waiting.push(Watch::Look(hub, look)),
                }
                self.recount(&filter, ctx);
            }
            Watch::Where(hub, key, bbox) => {
                let cities = state.cities_in(bbox);
                state.seekers.insert((hub.id, key), Seeker { bbox, told: cities.clone() });
                self.hubs.send(hub.id, Delivery::Cities { key, cities });
                return;
            }
            Watch::Leave(hub, key) => {
                state.seekers.remove(&(hub, key));
                state.boards().for_each(|board| board.leave(hub, key));
                state.filtered.values_mut().for_each(|f| f.waiting.retain(|w| !matches!(w, Watch::Look(h, look) if (h.id, look.key) == (hub, key))));
                return;
            }
        }
        self.soon(ctx);
    }

    fn soon(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.flush_soon, true) {
            ctx.notify(Flush);
        }
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        let Some(state) = &mut self.state else { return };
        let began = Instant::now();
        let mut due: Option<Instant> = None;
        for board in std::iter::once(&mut state.base).chain(state.filtered.values_mut().filter_map(|f| f.board.as_mut())) {
            if board.next(began).is_some_and(|due| due <= began) {
                let begun = Instant::now();
                for hub in self.hubs.send_all(board.flush(began)) {
                    board.hub_gone(hub);
                }
                board.spent(begun.elapsed());
            }
            due = [due, board.next(began)].into_iter().flatten().min();
        }
        let took = began.elapsed();
        metrics::histogram!(telemetry::TICK, "actor" => ACTOR).record(took.as_secs_f64());
        if took > Duration::from_millis(25) {
            metrics::counter!(telemetry::OVERRUNS, "actor" => ACTOR).increment(1);
        }
        let Some(due) = due else { return };
        match self.flush.take() {
            Some((at, timer)) if at <= due => self.flush = Some((at, timer)),
            earlier => {
                if let Some((_, timer)) = earlier {
                    ctx.cancel_future(timer);
                }
                let timer = ctx.run_later(due.saturating_duration_since(Instant::now()), |world, ctx| {
                    world.flush = None;
                    world.guard(ctx, World::flush);
                });
                self.flush = Some((due, timer));
            }
        }
    }

    /// Tells views whose cities are no longer those they were told.
    fn retell(&mut self) {
        let Some(state) = &mut self.state else { return };
        if !std::mem::take(&mut state.extents_changed) {
            return;
        }
        let now: Vec<_> = state.seekers.iter().map(|(at, seeker)| (*at, state.cities_in(seeker.bbox))).collect();
        for ((hub, key), cities) in now {
            if let Some(seeker) = state.seekers.get_mut(&(hub, key)).filter(|seeker| seeker.told != cities) {
                seeker.told.clone_from(&cities);
                self.hubs.send(hub, Delivery::Cities { key, cities });
            }
        }
    }

    fn guard(&mut self, ctx: &mut Context<Self>, work: impl FnOnce(&mut Self, &mut Context<Self>)) {
        if guarded(ACTOR, || work(self, ctx)).is_none() {
            self.rebuild("panic", ctx);
        }
    }

    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.hubs.owes() {
            self.hubs.settle();
        }
        let idle = Duration::from_millis(self.core.config.idle_stop_ms);
        if let Some(state) = &mut self.state {
            for filtered in state.filtered.values_mut() {
                if filtered.board.as_ref().is_some_and(Board::is_watched) || !filtered.waiting.is_empty() {
                    filtered.last_watched = Instant::now();
                }
            }
            // A filter that nobody looks through costs a count a second: it is forgotten soon.
            state.filtered.retain(|_, filtered| filtered.last_watched.elapsed() < idle.min(Duration::from_secs(10)));
        }
        if self.state.as_ref().is_some_and(State::is_watched) || !self.early.is_empty() {
            self.last_watched = Instant::now();
            self.poll(ctx);
        } else if self.last_watched.elapsed() > idle {
            ctx.stop();
        }
    }
}

impl Actor for World {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).increment(1);
        self.rebuild("start", ctx);
        ctx.run_interval(Duration::from_millis(self.core.config.head_check_ms.max(50)), |world, ctx| world.guard(ctx, World::beat));
        // New homes can put a city into views that did not show it: looked at twice a second, only if some extent changed.
        ctx.run_interval(Duration::from_millis(400), |world, ctx| world.guard(ctx, |world, _| world.retell()));
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).decrement(1);
        self.core.worlds.leave(self.tenant, &self.reached);
        let gone = self.hubs.ids().into_iter().map(|hub| (hub, Delivery::Gone(self.board_id(None), false))).collect();
        self.hubs.send_all(gone);
    }
}

impl Handler<Read<Vec<CityPoint>>> for World {
    type Result = ();
    fn handle(&mut self, read: Read<Vec<CityPoint>>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        let cities = match read.answer {
            Ok(cities) => cities,
            Err(why) => {
                metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
                self.failures += 1;
                tracing::warn!(error = %why, "a world could not be read");
                let build = self.build;
                ctx.run_later(Duration::from_millis(100) * 2u32.pow(self.failures.min(6)), move |world, ctx| {
                    if world.build == build {
                        world.read_all(ctx);
                    }
                });
                return;
            }
        };
        self.guard(ctx, |world, ctx| {
            world.failures = 0;
            let map = LiveMap::filled(WORLD_LEVELS, 0, cities);
            let base = Board::new(world.board_id(None), epoch::drawn(), 0, map, Rates::new(&world.core.config));
            let mut state = State::new(base);
            world.asks.drain(..).for_each(|ask| (ask.0)(&mut state));
            world.state = Some(state);
            metrics::histogram!(telemetry::REBUILD_SECONDS, "actor" => ACTOR).record(world.began.elapsed().as_secs_f64());
            for watch in std::mem::take(&mut world.early) {
                world.watch(watch, ctx);
            }
            // What happened while it was read.
            world.poll(ctx);
        });
    }
}

impl Handler<Read<Polled>> for World {
    type Result = ();
    fn handle(&mut self, read: Read<Polled>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        self.polling = false;
        match read.answer {
            Ok(polled) => self.guard(ctx, |world, ctx| {
                world.polled = polled.asked;
                if let Some(state) = &mut world.state {
                    state.merge(polled);
                    let stale: Vec<_> = state.filtered.iter().filter(|(_, f)| f.stale).map(|(filter, _)| filter.clone()).collect();
                    stale.iter().for_each(|filter| world.recount(filter, ctx));
                    world.soon(ctx);
                }
            }),
            Err(why) => {
                metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
                tracing::warn!(error = %why, "changed counts could not be read");
            }
        }
    }
}

impl Handler<Read<Counted>> for World {
    type Result = ();
    fn handle(&mut self, read: Read<Counted>, ctx: &mut Context<Self>) {
        if let (true, Ok(counted)) = (read.build == self.build, read.answer) {
            self.guard(ctx, |world, ctx| world.counted(counted, ctx));
        }
    }
}

impl Handler<Tell> for World {
    type Result = ();
    fn handle(&mut self, Tell(event): Tell, ctx: &mut Context<Self>) {
        self.guard(ctx, |world, ctx| {
            let (StreamName::City(city), Some(state)) = (event.stream, &mut world.state) else { return };
            if !state.apply(&event, city) {
                // A city that was not there: where it is stands in Postgres.
                world.poll(ctx);
                return;
            }
            let stale: Vec<_> = state.filtered.iter().filter(|(_, f)| f.stale).map(|(filter, _)| filter.clone()).collect();
            stale.iter().for_each(|filter| world.recount(filter, ctx));
            world.soon(ctx);
        });
    }
}

impl Handler<Watch> for World {
    type Result = ();
    fn handle(&mut self, watch: Watch, ctx: &mut Context<Self>) {
        self.guard(ctx, |world, ctx| world.watch(watch, ctx));
    }
}

impl Handler<Ask<State>> for World {
    type Result = ();
    fn handle(&mut self, ask: Ask<State>, ctx: &mut Context<Self>) {
        self.last_watched = Instant::now();
        match &self.state {
            None => self.asks.push(ask),
            Some(_) => self.guard(ctx, |world, _| {
                if let Some(state) = &mut world.state {
                    (ask.0)(state);
                }
            }),
        }
    }
}

/// A question to the world as a filter shows it.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(crate) struct AskFiltered(pub(crate) Arc<HomeFilter>, pub(crate) Ask<Board<CityPoint>>);

impl Handler<AskFiltered> for World {
    type Result = ();
    fn handle(&mut self, AskFiltered(filter, ask): AskFiltered, ctx: &mut Context<Self>) {
        self.last_watched = Instant::now();
        self.guard(ctx, |world, ctx| {
            let Some(state) = &mut world.state else {
                // Asked again when the world is there.
                let me = ctx.address();
                world.asks.push(Ask(Box::new(move |_| {
                    // do_send: as many as wait for the first build, which are bounded by the mailbox they came through.
                    me.do_send(AskFiltered(filter, ask));
                })));
                return;
            };
            let filtered = state.filtered.entry(filter.clone()).or_insert_with(Filtered::new);
            filtered.last_watched = Instant::now();
            match &mut filtered.board {
                Some(board) => (ask.0)(board),
                None => filtered.asks.push(ask),
            }
            world.recount(&filter, ctx);
        });
    }
}

impl Handler<Flush> for World {
    type Result = ();
    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush_soon = false;
        self.guard(ctx, World::flush);
    }
}

impl Handler<Drill> for World {
    type Result = ();
    fn handle(&mut self, drill: Drill, ctx: &mut Context<Self>) {
        match drill {
            Drill::Panic => self.guard(ctx, |_, _| panic!("a drill")),
            Drill::Kill => ctx.terminate(),
            // Counts are read again within a second; there is no turn to lose.
            Drill::LoseNext => {}
        }
    }
}
