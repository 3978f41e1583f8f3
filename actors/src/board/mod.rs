//! A live map with its watchers: what changed, who is told, when, in bytes made once.
//!
//! Used by the world and city actors; talks to nobody, reads no clock (time is an argument), waits for nothing. What it gives back
//! is what its actor sends. Knows plans (equal views share one), never viewers.
//!
//! Every batch of changes is a tick. Groups are told at the rate of their class, first change after quiet at once; a tick's
//! deltas are told with what the watcher had before, so that conflation skips ticks and never changes.

#[cfg(test)]
mod encodings;
mod log;
mod plan;
#[cfg(test)]
mod proofs;
mod rate;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watcher;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{BBox, HomeFilter};
use time::OffsetDateTime;
use wire::Encoding;

use crate::{
    map::{Changes, Cluster, Group, LiveMap, Matcher, Mode, Thing, TileKey, ViewPlan, cluster_chunk, is_empty},
    mark::Mark,
    messages::{Answer, BoardId, Delivery, HubId, Look, Looked, Reached, Ticked, WatchKey},
    telemetry,
};
use log::Log;
use plan::{Plan, PlanId};
pub(crate) use rate::Rates;
use rate::{CLASSES, Pace, class_of};

/// A look is answered from a map whose changes have been told; under load that waits for at most this.
const SHORTEST: Duration = Duration::from_millis(25);
/// Chunks kept for those who look next; beyond this the cache starts anew.
const CACHED: usize = 20_000;

pub(crate) struct Board<T: Thing> {
    id: BoardId,
    epoch: Arc<str>,
    tick: u64,
    /// What the next tick will be called; the tick after this one, unless its actor said more.
    reached: u64,
    map: LiveMap<T>,
    plans: HashMap<PlanId, Plan>,
    watches: HashMap<(HubId, WatchKey), PlanId>,
    interest: HashMap<Group, HashMap<TileKey, Interest>>,
    classes: [Class<T>; CLASSES],
    waiting: Vec<(HubId, Look)>,
    sent: HashMap<HubId, u64>,
    log: Log,
    cache: HashMap<Group, HashMap<TileKey, Bytes>>,
    cached: usize,
    /// The oldest commit that no tick tells of yet.
    oldest: Option<OffsetDateTime>,
    rates: Rates,
    /// The day it was built on.
    born: i32,
    pace: Pace,
    /// The shortest usual time between two tells, of the classes that the last flush told.
    told: Option<Duration>,
}

/// What a look holds, seen from a board.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    /// To be answered now.
    Near,
    /// Of a tick before all that the board remembers.
    Past(u64),
    /// Of a tick that the board has not reached.
    Ahead,
}

/// A tile that somebody looks at.
#[derive(Default)]
struct Interest {
    plans: u32,
    /// The cluster that everyone who looks holds, where that is known: the binary encoding says the difference to it, and who comes later is
    /// given exactly it.
    held: Option<Cluster>,
}

/// Groups that are told equally often.
struct Class<T: Thing> {
    pending: Changes<T>,
    oldest: Option<OffsetDateTime>,
    last: Option<Instant>,
}

/// A whole answer for somebody who only asks once.
pub(crate) struct Once {
    pub(crate) epoch: Arc<str>,
    pub(crate) tick: u64,
    pub(crate) plan: ViewPlan,
    pub(crate) chunks: Vec<Bytes>,
}

impl<T: Thing> Board<T> {
    /// A map that begins with a tick. What was held of another epoch proves nothing here.
    pub(crate) fn new(id: BoardId, epoch: Arc<str>, tick: u64, map: LiveMap<T>, rates: Rates) -> Self {
        let class = || Class { pending: Changes::default(), oldest: None, last: None };
        let born = map.today();
        Self {
            id,
            epoch,
            tick,
            reached: tick,
            map,
            plans: HashMap::new(),
            watches: HashMap::new(),
            interest: HashMap::new(),
            classes: std::array::from_fn(|_| class()),
            waiting: Vec::new(),
            sent: HashMap::new(),
            log: Log::after(if T::FOLLOWS_A_STREAM { Mark::with(Mark::of(tick).seq) } else { tick }),
            cache: HashMap::new(),
            cached: 0,
            oldest: None,
            rates,
            born,
            pace: Pace::default(),
            told: None,
        }
    }

    pub(crate) fn map(&self) -> &LiveMap<T> {
        &self.map
    }

    /// The map, to be changed by something committed at `at`.
    pub(crate) fn change(&mut self, at: Option<OffsetDateTime>) -> &mut LiveMap<T> {
        self.oldest = match (self.oldest, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        &mut self.map
    }

    /// What the map has reached with the changes made so far: the name of the next tick.
    pub(crate) fn reach(&mut self, tick: u64) {
        self.reached = tick;
    }

    /// Where what a look holds lies, seen from here.
    pub(crate) fn distance(&self, look: &Look) -> Distance {
        match &look.have {
            Some(held) if self.is_mine(&held.epoch) && held.tick > self.reached.max(self.tick) => Distance::Ahead,
            Some(held) if self.is_mine(&held.epoch) && held.tick < self.log.from() => Distance::Past(held.tick),
            _ => Distance::Near,
        }
    }

    /// The first tick after which everything is remembered.
    pub(crate) fn remembers_from(&self) -> u64 {
        self.log.from()
    }

    /// Told what was before all that is remembered: the tiles that each tick touched at the finest level, nothing missing after `from`.
    pub(crate) fn look_back(&mut self, from: u64, older: Vec<(u64, Vec<TileKey>)>) {
        self.log.look_back(from, older);
    }

    fn is_mine(&self, epoch: &str) -> bool {
        epoch.split('.').next() == Some(&*self.epoch)
    }

    pub(crate) fn is_watched(&self) -> bool {
        !self.watches.is_empty() || !self.waiting.is_empty()
    }

    /// Registers a look; its answer comes with the next [`flush`](Self::flush).
    pub(crate) fn look(&mut self, hub: HubId, look: Look) {
        self.leave(hub, look.key);
        self.waiting.push((hub, look));
    }

    pub(crate) fn leave(&mut self, hub: HubId, key: WatchKey) {
        self.waiting.retain(|(h, look)| (*h, look.key) != (hub, key));
        let Some(id) = self.watches.remove(&(hub, key)) else { return };
        let Some(plan) = self.plans.get_mut(&id) else { return };
        plan.watchers.remove(&(hub, key));
        if plan.watchers.is_empty()
            && let Some(plan) = self.plans.remove(&id)
        {
            self.lose_interest(&plan);
        }
    }

    pub(crate) fn hub_gone(&mut self, hub: HubId) {
        let keys: Vec<_> = self.watches.keys().filter(|(h, _)| *h == hub).map(|(_, key)| *key).collect();
        keys.into_iter().for_each(|key| self.leave(hub, key));
        self.waiting.retain(|(h, _)| *h != hub);
        self.sent.remove(&hub);
    }

    /// When [`flush`](Self::flush) has something to do; none while nothing changed and nobody waits.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Instant> {
        self.gather();
        let classes = (0..CLASSES).filter(|c| !self.classes[*c].pending.is_empty() && self.is_class_watched(*c)).map(|c| self.due(c).unwrap_or(now));
        let looks = self.waiting.iter().map(|(_, look)| self.answerable(look).unwrap_or(now));
        classes.chain(looks).min()
    }

    /// Everything that is due: deltas of classes, answers to looks, views that changed between clusters and things.
    pub(crate) fn flush(&mut self, now: Instant) -> Vec<(HubId, Delivery)> {
        self.told = None;
        self.gather();
        let mut out = Vec::new();
        for class in 0..CLASSES {
            if self.due(class).is_none_or(|due| due <= now) {
                self.tell(class, now, &mut out);
            }
        }
        let (ready, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, look)| self.answerable(look).is_none_or(|due| due <= now));
        self.waiting = later;
        for (hub, look) in ready {
            let looked = self.answer(hub, look, now, &mut out);
            out.push((hub, Delivery::Looked(Box::new(looked))));
        }
        out
    }

    /// Tells everything now, and every hub with watchers how far that is: what comes after it is told by somebody else.
    pub(crate) fn settle(&mut self, now: Instant) -> Vec<(HubId, Delivery)> {
        self.gather();
        let mut out = Vec::new();
        (0..CLASSES).for_each(|class| self.tell(class, now, &mut out));
        self.tick = self.tick.max(self.reached);
        let hubs: HashSet<HubId> = self.watches.keys().map(|(hub, _)| *hub).collect();
        for hub in hubs {
            let n = self.sent.entry(hub).or_default();
            *n += 1;
            out.push((hub, Delivery::Reached(Reached { board: self.id.clone(), n: *n, tick: self.tick })));
        }
        out
    }

    /// The last [`flush`](Self::flush) took so long. Over its share of the time between two, the next ones are further apart; whoever is told
    /// of the next tick, or looks, hears of that too.
    pub(crate) fn spent(&mut self, took: Duration) {
        if let Some(usual) = self.told {
            self.pace.spent(usual, took);
        }
    }

    /// The same answer as a snapshot, for somebody who does not stay.
    pub(crate) fn once(&mut self, bbox: BBox, zoom: f64, filter: &HomeFilter) -> Once {
        self.gather();
        let matcher = Arc::new(Matcher::new(filter));
        let plan = self.map.view(bbox, zoom, &matcher);
        let group = Group { level: plan.level, mode: plan.mode, filter: matcher, encoding: Encoding::Json };
        let chunks = plan
            .tiles
            .iter()
            .map(|tile| (*tile, self.chunk(&group, *tile, false)))
            .filter(|(tile, c)| !is_empty(group.encoding, *tile, c))
            .map(|(_, c)| c)
            .collect();
        Once { epoch: self.plan_epoch(plan::id_of(&group, &plan.tiles)), tick: self.tick, plan, chunks }
    }

    /// Takes what changed since the last look into every class, as one tick.
    fn gather(&mut self) {
        let changes = self.map.take_changes();
        if changes.is_empty() {
            return;
        }
        self.tick = if self.reached > self.tick { self.reached } else { self.tick + 1 };
        self.log.add(self.tick, &changes);
        for (group, chunks) in &mut self.cache {
            for tile in changes.tiles(group.level) {
                self.cached -= usize::from(chunks.remove(&tile).is_some());
            }
        }
        let at = self.oldest.take();
        for class in &mut self.classes {
            class.pending.absorb(changes.clone());
            class.oldest = class.oldest.or(at);
        }
    }

    fn is_class_watched(&self, class: usize) -> bool {
        self.interest.keys().any(|group| class_of(group.level) == class)
    }

    /// When a class may be told again; none: at once.
    fn due(&self, class: usize) -> Option<Instant> {
        self.classes[class].last.map(|last| last + self.rates.every(class) * self.pace.stretch())
    }

    /// When a look may be answered; none: at once, unless its class was told just now and has more to tell.
    fn answerable(&self, look: &Look) -> Option<Instant> {
        let class = &self.classes[class_of(self.map.level_of(look.bbox, look.zoom))];
        class.last.filter(|_| !class.pending.is_empty()).map(|last| last + SHORTEST)
    }

    /// Tells a class what is pending. What nobody watches is forgotten: who looks next gets it whole.
    fn tell(&mut self, class: usize, now: Instant, out: &mut Vec<(HubId, Delivery)>) {
        if self.classes[class].pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.classes[class].pending);
        let at = self.classes[class].oldest.take();
        if !self.is_class_watched(class) {
            return;
        }
        self.classes[class].last = Some(now);
        let usual = self.rates.every(class);
        self.told = Some(self.told.map_or(usual, |told| told.min(usual)));
        let mut groups = Vec::new();
        for (group, tiles) in self.interest.iter_mut().filter(|(group, _)| class_of(group.level) == class) {
            let told = |tile| self.map.change_since(group, tile, &pending, &mut tiles.get_mut(&tile)?.held).map(|bytes| (tile, bytes));
            let chunks: Vec<_> = pending.tiles(group.level).into_iter().filter_map(told).collect();
            if !chunks.is_empty() {
                metrics::counter!(telemetry::BYTES_ENCODED).increment(chunks.iter().map(|(_, b)| b.len() as u64).sum());
                groups.push((group.clone(), chunks));
            }
        }
        if groups.is_empty() {
            return;
        }
        let touched: HashSet<&Group> = groups.iter().map(|(group, _)| group).collect();
        let hubs: HashSet<HubId> =
            self.plans.values().filter(|plan| touched.contains(&plan.group)).flat_map(|plan| plan.watchers.iter().map(|(hub, _)| *hub)).collect();
        let flips: Vec<PlanId> = self.plans.iter().filter(|(_, plan)| touched.contains(&plan.group) && self.flips(plan)).map(|(id, _)| *id).collect();
        let groups = Arc::new(groups);
        for hub in hubs {
            let n = self.sent.entry(hub).or_default();
            *n += 1;
            out.push((
                hub,
                Delivery::Ticked(Ticked { board: self.id.clone(), n: *n, tick: self.tick, at, stretch: self.pace.stretch(), groups: groups.clone() }),
            ));
        }
        for id in flips {
            self.flip(id, now, out);
        }
    }

    fn flips(&self, plan: &Plan) -> bool {
        crate::map::Mode::for_things(self.map.count(&plan.tiles, &plan.group.filter).things) != plan.group.mode
    }

    /// A view changes between clusters and things: everyone with this plan gets a new snapshot.
    fn flip(&mut self, id: PlanId, now: Instant, out: &mut Vec<(HubId, Delivery)>) {
        let Some(plan) = self.plans.get(&id) else { return };
        let (bbox, zoom, filter, encoding) = (plan.bbox, plan.zoom, plan.asked.clone(), plan.group.encoding);
        let watchers: Vec<_> = plan.watchers.iter().copied().collect();
        for (hub, key) in watchers {
            self.leave(hub, key);
            let look = Look { key, bbox, zoom, filter: filter.clone(), encoding, have: None };
            let looked = self.answer(hub, look, now, out);
            out.push((hub, Delivery::Looked(Box::new(looked))));
        }
    }

    fn answer(&mut self, hub: HubId, look: Look, now: Instant, out: &mut Vec<(HubId, Delivery)>) -> Looked {
        let filter = Arc::new(if self.id.filter.is_some() { Matcher::default() } else { Matcher::new(&look.filter) });
        let view = self.map.view(look.bbox, look.zoom, &filter);
        // What is pending for the class is told first: a delta compares with what its watchers were told, and this one is told what is now.
        self.tell(class_of(view.level), now, out);
        let group = Group { level: view.level, mode: view.mode, filter, encoding: look.encoding };
        let id = plan::id_of(&group, &view.tiles);
        let epoch = self.plan_epoch(id);
        let is_first = !self.plans.contains_key(&id);
        if is_first {
            let tiles: Arc<[TileKey]> = view.tiles.as_slice().into();
            let counts = self.interest.entry(group.clone()).or_default();
            tiles.iter().for_each(|tile| counts.entry(*tile).or_default().plans += 1);
            self.plans.insert(id, Plan { group: group.clone(), tiles, bbox: look.bbox, zoom: look.zoom, asked: look.filter.clone(), watchers: HashSet::new() });
        }
        let answer = self.prove(&look, id, &group, &view, is_first);
        let ViewPlan { covers, total, .. } = view;
        let tiles = self.plans.get_mut(&id).map(|plan| {
            plan.watchers.insert((hub, look.key));
            plan.tiles.clone()
        });
        self.watches.insert((hub, look.key), id);
        Looked {
            key: look.key,
            board: self.id.clone(),
            epoch,
            tick: self.tick,
            group,
            tiles: tiles.unwrap_or_default(),
            covers,
            total,
            stretch: self.pace.stretch(),
            answer,
        }
    }

    /// Whether what the client holds can be brought up to now; if not, everything.
    fn prove(&mut self, look: &Look, id: PlanId, group: &Group, view: &ViewPlan, is_first: bool) -> Answer {
        let held = look.have.as_ref().filter(|held| held.epoch == *self.plan_epoch(id) && held.tick <= self.tick);
        let touched = held.and_then(|held| self.touched_since(held.tick, group, &view.tiles).map(|touched| (held.tick, touched)));
        if let Some((prev, touched)) = touched {
            let tiles = view.tiles.iter().filter(|tile| touched.contains(tile));
            return Answer::Repair { prev, chunks: tiles.map(|tile| self.chunk(group, *tile, is_first)).collect() };
        }
        let unknown_epoch = look.have.as_ref().is_some_and(|held| !self.is_mine(&held.epoch));
        let chunks = view
            .tiles
            .iter()
            .map(|tile| (*tile, self.chunk(group, *tile, is_first)))
            .filter(|(tile, c)| !is_empty(group.encoding, *tile, c))
            .map(|(_, c)| c)
            .collect();
        Answer::Whole { chunks, unknown_epoch }
    }

    /// The tiles that may differ from what is held at a tick, which may have been told by another process; none if that is not known.
    fn touched_since(&self, held: u64, group: &Group, tiles: &[TileKey]) -> Option<HashSet<TileKey>> {
        let mut touched = self.log.touched_since(held, group.level)?;
        if !T::FOLLOWS_A_STREAM {
            return Some(touched);
        }
        let (then, today) = (Mark::of(held).day, self.map.today());
        // Which nights of the past were taken is forgotten, by each process at another moment.
        if group.filter.nights().is_some_and(|(from, _)| from < today) {
            return None;
        }
        match then - today {
            0 => {}
            // No event tells that a day has passed.
            -1 | 1 if group.mode == Mode::Entities => touched.extend(tiles.iter().filter(|tile| self.map.turns_on(**tile, then))),
            -1 | 1 => {}
            _ if then >= self.born && then < today => {} // The log has the midnights since.
            _ => return None,
        }
        Some(touched)
    }

    /// A whole tile. `is_first`: for the first who looks this way.
    fn chunk(&mut self, group: &Group, tile: TileKey, is_first: bool) -> Bytes {
        if (group.mode, group.encoding) == (Mode::Clusters, Encoding::Binary) {
            let bytes = self.shared_cluster(group, tile, is_first);
            metrics::counter!(telemetry::BYTES_ENCODED).increment(bytes.len() as u64);
            return bytes;
        }
        if let Some(bytes) = self.cache.get(group).and_then(|chunks| chunks.get(&tile)) {
            return bytes.clone();
        }
        let bytes = self.map.chunk(group, tile);
        metrics::counter!(telemetry::BYTES_ENCODED).increment(bytes.len() as u64);
        if self.cached >= CACHED {
            self.cache.clear();
            self.cached = 0;
        }
        self.cache.entry(group.clone()).or_default().insert(tile, bytes.clone());
        self.cached += 1;
        bytes
    }

    /// A cluster that differences will be said to: what everyone holds who looks at it, and if nobody does, what is now.
    fn shared_cluster(&mut self, group: &Group, tile: TileKey, is_first: bool) -> Bytes {
        let mut interest = self.interest.get_mut(group).and_then(|tiles| tiles.get_mut(&tile));
        let held = interest.as_ref().and_then(|interest| interest.held);
        let now = held.or_else(|| self.map.cluster(group, tile));
        if let Some(interest) = interest.as_mut().filter(|interest| is_first && interest.plans == 1) {
            interest.held = now;
        }
        cluster_chunk(group.encoding, tile, now.as_ref())
    }

    /// The epoch of a plan: equal only for the same build, box, level, mode and filter.
    fn plan_epoch(&self, id: PlanId) -> Arc<str> {
        format!("{}.{id:016x}", self.epoch).into()
    }

    fn lose_interest(&mut self, plan: &Plan) {
        let Some(counts) = self.interest.get_mut(&plan.group) else { return };
        for tile in plan.tiles.iter() {
            if let Some(interest) = counts.get_mut(tile) {
                interest.plans -= 1;
                if interest.plans == 0 {
                    counts.remove(tile);
                }
            }
        }
        if counts.is_empty() {
            self.interest.remove(&plan.group);
        }
    }
}
