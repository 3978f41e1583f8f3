//! What connections look at: asking boards, taking their answers and ticks, by tile.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Context;
use bytes::Bytes;
use smallvec::SmallVec;

use super::{
    ConnId, Hub,
    conn::{Conn, What},
    view::{HeldPart, MOST_CITIES, Part, Seek, Shows, View, Whole, scopes_of, shows},
};
use crate::{
    board::Rates,
    messages::{Answer, BoardId, Look, Looked, Reached, Ticked, Watch, WatchKey},
    telemetry::{self, meters},
    wire::{ErrorFrame, Held, Outcome, Qos, Reset, ScopeName, ServerFrame, ViewFrame, ViewId},
};
use domain::{CityId, TenantId};

/// A look or a question without an answer is repeated after this: its message may have met a full mailbox or an actor that stopped.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is held back is written by the sweep, which may come a little early.
const SWEEP_JITTER: Duration = Duration::from_millis(50);
/// How often one view is told that it gets less.
const QOS_EVERY: Duration = Duration::from_secs(5);

/// A question that got no answer.
pub(super) enum Unanswered {
    Seek(ViewId),
    Part(WatchKey),
    Stream(domain::StreamName),
}

impl Conn {
    pub(super) fn unanswered(&self, now: Instant) -> Vec<Unanswered> {
        let late = |asked: Option<Instant>| asked.is_some_and(|asked| now.saturating_duration_since(asked) >= PATIENCE);
        let is_due = |part: &Part| late(part.asked) || (part.deferred && part.asked.is_some_and(|due| due <= now));
        let seeks = self.views.iter().filter(|view| view.seek.as_ref().is_some_and(|seek| late(seek.asked))).map(|view| Unanswered::Seek(view.id));
        let parts = self.views.iter().flat_map(|view| &view.parts).filter(|part| is_due(part)).map(|part| Unanswered::Part(part.key));
        let streams = self.subs.iter().filter(|(_, sub)| late(sub.asked)).map(|(stream, _)| Unanswered::Stream(*stream));
        seeks.chain(parts).chain(streams).collect()
    }

    /// Slows its views while their tenant is over its bytes, and says so. True if what was held back may be written.
    pub(super) fn pace(&mut self, rates: &Rates, now: Instant) -> bool {
        let (less, mut due, mut said) = (self.share.gets_less(now), false, Vec::new());
        for view in self.views.iter_mut().filter(|view| !view.parts.is_empty()) {
            let was = view.slowed.is_some();
            if was != less {
                let level = view.level();
                let usual = rates.hz(level);
                let hz = if less { (usual / 4.0).min(1.0) } else { usual };
                view.slowed = less.then(|| Duration::from_secs_f64(1.0 / hz).saturating_sub(SWEEP_JITTER));
                said.push(Qos { view: view.id, hz, level, skipped: std::mem::take(&mut view.skipped), reason: "tenant_bytes".into() });
                if less {
                    metrics::counter!(telemetry::LIMITED, "limit" => "tenant_bytes").increment(1);
                }
            }
            due |= was && view.waits() && !view.is_held_back(now);
        }
        said.into_iter().for_each(|qos| self.say(&ServerFrame::Qos(qos)));
        due
    }
}

impl Hub {
    /// A view is opened or changed; the last one wins.
    pub(super) fn look(&mut self, id: ConnId, mut frame: ViewFrame, ctx: &mut Context<Self>) {
        let most = self.core.config.views as usize;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let tenant = conn.principal.tenant;
        if frame.since.is_empty()
            && let Some(since) = conn.kept.remove(&frame.id)
        {
            frame.since = since;
        }
        let resuming = (!conn.is_welcomed()).then_some(Outcome::Resumed);
        let at = conn.views.iter().position(|view| view.id == frame.id);
        if at.is_none() && conn.views.len() >= most {
            metrics::counter!(telemetry::LIMITED, "limit" => "views").increment(1);
            let what = What::View(frame.id);
            self.error(id, ErrorFrame::over_limit("view", format!("a connection has at most {most} views; unview one first"), 1_000));
            return self.decide(id, &what, Outcome::Reset, ctx);
        }
        let shows = shows(&frame.layers, frame.zoom);
        // What is held may be proved; nothing held is a snapshot for sure.
        let needs_snapshot = frame.since.is_empty() && !matches!(shows, Shows::Nothing);
        if needs_snapshot && let Err(wait) = conn.share.take_snapshot(Instant::now()) {
            metrics::counter!(telemetry::LIMITED, "limit" => "tenant_snapshots").increment(1);
            let what = What::View(frame.id);
            // Each comes back at a moment of its own.
            let after = wait.as_millis() as u64 + uuid::Uuid::new_v4().as_u64_pair().0 % 1_000 + 1;
            self.error(id, ErrorFrame::over_limit("view", format!("too many look anew at once; {} stays what it was, ask again", frame.id), after));
            return self.decide(id, &what, Outcome::Reset, ctx);
        }
        if let Some(at) = at {
            let old = conn.views.remove(at);
            self.give_up(tenant, old);
        } else {
            metrics::gauge!(telemetry::VIEWS).increment(1);
        }
        let mut view = View::new(frame);
        (view.resuming, view.taken) = (resuming, needs_snapshot);
        let view_id = view.id;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.views.reserve_exact(1); // most have one
        match shows {
            Shows::Nothing => {
                view.blank = true;
                conn.views.push(view);
                self.decide(id, &What::View(view_id), Outcome::Snapshot, ctx);
                self.soon(id, ctx);
            }
            Shows::World => {
                conn.views.push(view);
                self.set_scopes(id, &view_id, &[ScopeName::World], ctx);
            }
            Shows::Cities => {
                let key = self.core.next_id();
                view.seek = Some(Seek { key, asked: None });
                conn.views.push(view);
                self.parts.insert(key, (id, view_id));
                self.seek(id, &view_id);
            }
        }
    }

    pub(super) fn unview(&mut self, id: ConnId, view: &ViewId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let tenant = conn.principal.tenant;
        if let Some(at) = conn.views.iter().position(|v| v.id == *view) {
            let view = conn.views.remove(at);
            metrics::gauge!(telemetry::VIEWS).decrement(1);
            self.give_up(tenant, view);
        } else {
            self.error(id, ErrorFrame::new(Some("unview"), "unknown-view", "No such view", format!("this connection has no view {view}")));
        }
    }

    /// Asks the world which cities a view meets.
    fn seek(&mut self, id: ConnId, view: &ViewId) {
        let (Some(port), Some(conn)) = (self.port(), self.conns.get_mut(&id)) else { return };
        let tenant = conn.principal.tenant;
        let Some(view) = conn.view(view) else { return };
        let bbox = view.bbox;
        let Some(seek) = &mut view.seek else { return };
        seek.asked = Some(Instant::now());
        let watch = Watch::Where(port, seek.key, bbox);
        self.ask(tenant, &BoardId { tenant, scope: ScopeName::World, filter: None }, watch);
    }

    /// The cities a view meets now.
    pub(super) fn cities(&mut self, key: WatchKey, cities: &[CityId], ctx: &mut Context<Self>) {
        let Some((id, view_id)) = self.parts.get(&key).cloned() else { return };
        let Some(view) = self.conns.get_mut(&id).and_then(|conn| conn.view(&view_id)) else { return };
        let Some(seek) = view.seek.as_mut().filter(|seek| seek.key == key) else { return };
        seek.asked = None;
        view.is_wide = cities.len() > MOST_CITIES;
        let scopes = scopes_of(cities);
        self.set_scopes(id, &view_id, &scopes, ctx);
    }

    /// A view has these scopes from now on: looks at the new ones, gives up the others and says so.
    fn set_scopes(&mut self, id: ConnId, view_id: &ViewId, scopes: &[ScopeName], ctx: &mut Context<Self>) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let tenant = conn.principal.tenant;
        let mut numbers: Vec<u32> = conn.views.iter().flat_map(|view| &view.parts).map(|part| part.number).collect();
        let Some(view) = conn.view(view_id) else { return };
        let filter = (!view.filter.is_empty()).then(|| view.filter.clone());
        let (stay, leave): (SmallVec<[Part; 1]>, SmallVec<[Part; 1]>) =
            std::mem::take(&mut view.parts).into_iter().partition(|part| scopes.contains(&part.board.scope));
        let known: Vec<ScopeName> = stay.iter().map(|part| part.board.scope).collect();
        view.parts = stay;
        view.parts.reserve_exact(scopes.len().saturating_sub(known.len()));
        let mut new = Vec::new();
        for scope in scopes.iter().filter(|scope| !known.contains(scope)) {
            let key = self.core.next_id();
            // A city's board serves every filter, a world has one for each.
            let filter = filter.clone().filter(|_| *scope == ScopeName::World);
            let mut part = Part::new(key, free_number(&numbers), BoardId { tenant, scope: *scope, filter });
            numbers.push(part.number);
            part.taken = std::mem::take(&mut view.taken);
            view.parts.push(part);
            new.push(key);
        }
        // Frames stand in the order of the scopes, whatever came first.
        view.parts.sort_by_key(|part| part.board.scope);
        let left: Vec<_> = leave.iter().filter(|part| part.held.is_some()).map(|part| part.board.scope).collect();
        for scope in left {
            conn.say(&ServerFrame::Reset(Reset { scope: scope.to_string(), view: Some(*view_id), reason: "left_view".into(), epoch: None }));
        }
        for part in leave {
            self.give_up_part(tenant, &part);
        }
        for key in new {
            self.parts.insert(key, (id, *view_id));
            self.ask_part(id, view_id, key);
        }
        self.tell_qos(id, view_id);
        self.soon(id, ctx);
    }

    /// Looks at a part's board, with what the client holds of it.
    fn ask_part(&mut self, id: ConnId, view_id: &ViewId, key: WatchKey) {
        let (Some(port), Some(conn)) = (self.port(), self.conns.get_mut(&id)) else { return };
        let (tenant, share, encoding, now) = (conn.principal.tenant, conn.share.clone(), conn.framing.encoding(), Instant::now());
        let Some(view) = conn.view(view_id) else { return };
        let (bbox, zoom, filter) = (view.bbox, view.zoom, view.filter.clone());
        let since = view.since.clone();
        let Some(part) = view.parts.iter_mut().find(|part| part.key == key) else { return };
        if part.deferred && part.asked.is_some_and(|due| now < due) {
            return; // Its turn comes.
        }
        let have = match &part.held {
            Some(held) if held.epoch.is_empty() => None,
            Some(held) => Some(Held { epoch: held.epoch.to_string(), tick: held.sent }),
            None => since.get(&part.board.scope).cloned(),
        };
        (part.asked, part.deferred) = (Some(now), false);
        if (have.is_none() || part.is_rebuilt) && !std::mem::replace(&mut part.taken, true) {
            let wait = share.reserve_snapshot(now);
            if !wait.is_zero() {
                // The sweep asks when its turn has come.
                metrics::counter!(telemetry::LIMITED, "limit" => "tenant_snapshots").increment(1);
                (part.asked, part.deferred) = (Some(now + wait), true);
                return;
            }
        }
        let board = part.board.clone();
        self.ask(tenant, &board, Watch::Look(port, Look { key, bbox, zoom, filter, encoding, have }));
    }

    /// A part is behind and its outlet takes state again.
    pub(super) fn repair(&mut self, key: WatchKey) {
        if let Some((id, view)) = self.parts.get(&key).cloned() {
            self.ask_part(id, &view, key);
        }
    }

    /// A board's answer.
    pub(super) fn looked(&mut self, looked: Looked, ctx: &mut Context<Self>) {
        let Some((id, view_id)) = self.parts.get(&looked.key).cloned() else {
            // The view is gone or changed; its leave is on the way, or crossed this.
            return self.ask(looked.board.tenant, &looked.board, Watch::Leave(self.id, looked.key));
        };
        self.lose_interest(looked.key, &looked.board);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let share = conn.share.clone();
        let Some(view) = conn.view(&view_id) else { return };
        let Some(part) = view.parts.iter_mut().find(|part| part.key == looked.key) else { return };
        if matches!(looked.answer, Answer::Whole { .. }) && !part.taken {
            share.owe_snapshot(Instant::now());
        }
        (part.deferred, part.taken, part.is_rebuilt) = (false, false, false);
        let rebuilt = part.held.as_ref().is_some_and(|held| !held.epoch.is_empty() && build(&held.epoch) != build(&looked.epoch));
        (part.asked, part.behind) = (None, false);
        part.deltas.clear();
        let mut outcome = Outcome::Resumed;
        let interest = self.boards.entry(looked.board.clone()).or_default();
        let was = interest.stretches(looked.stretch);
        let epoch = interest.enter(looked.key, id, looked.epoch, looked.group.clone(), looked.tiles);
        let mut held = HeldPart { epoch, group: looked.group, sent: looked.tick, newest: looked.tick };
        match looked.answer {
            Answer::Repair { prev, chunks } => {
                held.sent = prev;
                part.whole = None;
                if !chunks.is_empty() {
                    part.deltas.push(super::view::Waiting { tick: looked.tick, at: None, chunks: chunks.into() });
                } else {
                    held.sent = prev.max(looked.tick.min(prev));
                }
            }
            Answer::Whole { chunks, unknown_epoch } => {
                outcome = if unknown_epoch { Outcome::Reset } else { Outcome::Snapshot };
                part.reset = if unknown_epoch && !rebuilt {
                    Some("unknown_epoch")
                } else if rebuilt {
                    Some("rebuilt")
                } else {
                    None
                };
                part.whole = Some(Box::new(Whole { tick: looked.tick, covers: looked.covers, things: u64::from(looked.total.things), chunks }));
            }
        }
        part.held = Some(held);
        if let Some(worst) = &mut view.resuming {
            *worst = (*worst).max(outcome);
            if view.parts.iter().all(|part| part.held.is_some()) {
                let worst = *worst;
                view.resuming = None;
                self.decide(id, &What::View(view_id), worst, ctx);
            }
        }
        if was != looked.stretch {
            self.tell_stretch(&looked.board, None);
        } else if was > 1 {
            self.tell_stretch(&looked.board, Some(looked.key));
        }
        self.soon(id, ctx);
    }

    /// Says to one or all who look at a board how often its ticks come now.
    fn tell_stretch(&mut self, board: &BoardId, only: Option<WatchKey>) {
        let rates = Rates::new(&self.core.config);
        let Some(interest) = self.boards.get(board) else { return };
        let stretch = interest.stretch();
        for key in interest.watches().iter().filter(|key| only.is_none_or(|only| only == **key)) {
            let Some((id, view_id)) = self.parts.get(key) else { continue };
            let Some(conn) = self.conns.get_mut(id) else { continue };
            let Some(view) = conn.view(view_id) else { continue };
            let level = view.level();
            let (hz, skipped) = (rates.hz(level) / f64::from(stretch), std::mem::take(&mut view.skipped));
            conn.say(&ServerFrame::Qos(Qos { view: *view_id, hz, level, skipped, reason: "busy".into() }));
        }
    }

    /// Changed tiles: each goes to those who look at it.
    pub(super) fn ticked(&mut self, ticked: &Ticked, ctx: &mut Context<Self>) {
        let Some(interest) = self.boards.get_mut(&ticked.board) else { return };
        if !interest.follows(ticked) {
            return self.look_again(&ticked.board, true);
        }
        if interest.stretches(ticked.stretch) != ticked.stretch {
            self.tell_stretch(&ticked.board, None);
        }
        let Some(interest) = self.boards.get(&ticked.board) else { return };
        let mut slow = Vec::new();
        for told in interest.told(ticked) {
            for (key, id) in told.watchers {
                let Some(conn) = self.conns.get_mut(id) else { continue };
                let Some(took) = conn.views.iter_mut().find_map(|view| view.add(*key, ticked, &told.chunks)) else { continue };
                if !took {
                    slow.push(*key);
                }
                self.ready.add(conn);
            }
        }
        self.flush_soon(ctx);
        meters().skipped.increment(slow.len() as u64);
        for key in slow {
            if let Some((id, view)) = self.parts.get(&key).cloned() {
                self.tell_qos(id, &view);
            }
        }
    }

    /// Nothing but what was told has changed up to a tick: whoever waits for nothing is told so.
    pub(super) fn reached(&mut self, reached: &Reached, ctx: &mut Context<Self>) {
        let Some(interest) = self.boards.get_mut(&reached.board) else { return };
        if !interest.counts(reached.n) {
            return self.look_again(&reached.board, true);
        }
        // One for each way of looking: frames of the same chunks are joined once, and say its epoch.
        let mut nothing: HashMap<Arc<str>, Arc<[Bytes]>> = HashMap::new();
        for key in interest.watches() {
            let Some((id, view_id)) = self.parts.get(&key).cloned() else { continue };
            let Some(view) = self.conns.get_mut(&id).and_then(|conn| conn.view(&view_id)) else { continue };
            let Some(part) = view.parts.iter_mut().find(|part| part.key == key) else { continue };
            let epoch = part.held.as_ref().map(|held| held.epoch.clone()).unwrap_or_default();
            if part.add(reached.tick, None, nothing.entry(epoch).or_insert_with(|| Arc::new([]))) {
                self.soon(id, ctx);
            }
        }
    }

    /// Everything of a board is asked for again: repaired if it still stands (`proves`), whole if it is being rebuilt.
    pub(super) fn look_again(&mut self, board: &BoardId, proves: bool) {
        let Some(interest) = self.boards.get_mut(board) else { return self.seek_again(board) };
        interest.begin_anew();
        for key in interest.watches() {
            let Some((id, view_id)) = self.parts.get(&key).cloned() else { continue };
            if let Some(part) = self.conns.get_mut(&id).and_then(|conn| conn.view(&view_id)).and_then(|view| view.parts.iter_mut().find(|p| p.key == key)) {
                part.fall_behind();
                part.behind = true;
                part.is_rebuilt |= !proves;
            }
            self.ask_part(id, &view_id, key);
        }
        if !proves {
            self.seek_again(board);
        }
    }

    /// A world that is rebuilt has forgotten who asks for its cities.
    fn seek_again(&mut self, board: &BoardId) {
        if board.scope != ScopeName::World || board.filter.is_some() {
            return;
        }
        let seeks: Vec<_> = self
            .conns
            .values()
            .filter(|conn| conn.principal.tenant == board.tenant)
            .flat_map(|conn| conn.views.iter().filter(|view| view.seek.is_some()).map(|view| (conn.id, view.id)))
            .collect();
        seeks.into_iter().for_each(|(id, view)| self.seek(id, &view));
    }

    pub(super) fn ask_again(&mut self, id: ConnId, unanswered: Unanswered) {
        match unanswered {
            Unanswered::Seek(view) => self.seek(id, &view),
            Unanswered::Part(key) => self.repair(key),
            Unanswered::Stream(stream) => self.replay(id, stream),
        }
    }

    /// Says that a view gets less than it could, at most once in a while.
    fn tell_qos(&mut self, id: ConnId, view_id: &ViewId) {
        let rates = Rates::new(&self.core.config);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(view) = conn.view(view_id) else { return };
        // One that is slowed was told, and is told again when that ends.
        if (view.skipped == 0 && !view.is_wide) || view.slowed.is_some() || view.told_qos.is_some_and(|at| at.elapsed() < QOS_EVERY) {
            return;
        }
        view.told_qos = Some(Instant::now());
        let level = view.level();
        let reason = if view.skipped > 0 { "slow_reader" } else { "wide_view" };
        let qos = Qos { view: *view_id, hz: rates.hz(level), level, skipped: std::mem::take(&mut view.skipped), reason: reason.into() };
        conn.say(&ServerFrame::Qos(qos));
    }

    /// Gives up all a view watches.
    pub(super) fn give_up(&mut self, tenant: TenantId, view: View) {
        if let Some(seek) = view.seek {
            self.parts.remove(&seek.key);
            self.ask(tenant, &BoardId { tenant, scope: ScopeName::World, filter: None }, Watch::Leave(self.id, seek.key));
        }
        for part in view.parts {
            self.give_up_part(tenant, &part);
        }
    }

    fn give_up_part(&mut self, tenant: TenantId, part: &Part) {
        self.parts.remove(&part.key);
        self.lose_interest(part.key, &part.board);
        self.ask(tenant, &part.board, Watch::Leave(self.id, part.key));
    }

    fn lose_interest(&mut self, key: WatchKey, board: &BoardId) {
        let Some(interest) = self.boards.get_mut(board) else { return };
        interest.leave(key);
        if interest.is_empty() {
            self.boards.remove(board);
        }
    }
}

/// The least number that no other part has: connections that look the same way say the same, and share bytes.
fn free_number(taken: &[u32]) -> u32 {
    (1..).find(|number| !taken.contains(number)).unwrap_or(0)
}

/// The part of an epoch that names the build.
fn build(epoch: &str) -> &str {
    epoch.split('.').next().unwrap_or(epoch)
}
