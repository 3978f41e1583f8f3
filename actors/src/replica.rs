//! A client's side of the live protocol: it holds what frames bring, and takes nothing that does not follow from what it holds.
//!
//! Used by the conformance runner and by every test that watches. Knows the frames and nothing of how a server makes them; sends nothing itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::wire::{Chunk, Held, Item, Outcome, ResumeStream, ScopeName, ServerFrame, Since, Snapshot, StateDelta, TileMode};

/// One scope of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub epoch: String,
    pub tick: u64,
    pub level: u8,
    pub mode: TileMode,
    /// Things that matched when the snapshot was made.
    pub total: u64,
    /// Items by tile and id.
    pub tiles: BTreeMap<String, BTreeMap<String, Item>>,
    unfinished: bool,
}

impl Scope {
    /// Nothing is in two tiles: what moves is out of one and into another in one frame.
    fn holds_each_once(&self) -> Result<(), String> {
        let mut here = HashSet::new();
        let doubled = self.tiles.values().flat_map(BTreeMap::keys).find(|id| !here.insert(id.as_str()));
        doubled.map_or(Ok(()), |id| Err(format!("{id} is in two tiles")))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub scopes: BTreeMap<ScopeName, Scope>,
    named: Vec<ScopeName>,
}

#[derive(Clone, Debug, Default)]
pub struct Replica {
    pub views: HashMap<String, View>,
    /// The last event taken, per stream that was caught up or said where it is.
    pub streams: BTreeMap<String, u64>,
    pub events: Vec<(String, u64, String)>,
    pub welcomed: Option<crate::wire::Welcome>,
    pub errors: Vec<crate::wire::ErrorFrame>,
    pub goaway: Option<crate::wire::GoAway>,
    pub qos: Vec<crate::wire::Qos>,
    pub resets: Vec<crate::wire::Reset>,
    pub caught_up: Vec<(String, u64)>,
    pub pings: usize,
    pub pongs: usize,
    pub snapshots: usize,
    pub deltas: usize,
}

impl Replica {
    /// Takes a frame, or says why it does not follow.
    pub fn take(&mut self, frame: ServerFrame) -> Result<(), String> {
        if self.welcomed.is_none() && !matches!(frame, ServerFrame::Welcome(_) | ServerFrame::Error(_) | ServerFrame::Ping {}) {
            return Err(format!("before the welcome: {frame:?}"));
        }
        match frame {
            ServerFrame::Welcome(welcome) => {
                if self.welcomed.replace(welcome).is_some() {
                    return Err("a second welcome".into());
                }
            }
            ServerFrame::Snapshot(snapshot) => self.snapshot(snapshot)?,
            ServerFrame::Delta(delta) => self.delta(delta)?,
            ServerFrame::Event(event) => {
                let stream = event.stream.to_string();
                if let Some(last) = self.streams.get(&stream).filter(|last| event.seq != **last + 1) {
                    return Err(format!("{stream}: {} after {last}", event.seq));
                }
                self.streams.insert(stream.clone(), event.seq);
                self.events.push((stream, event.seq, event.kind));
            }
            ServerFrame::CaughtUp { stream, seq } => {
                let stream = stream.to_string();
                if self.streams.get(&stream).is_some_and(|last| *last != seq) {
                    return Err(format!("caught up at {seq} after {:?}", self.streams.get(&stream)));
                }
                self.streams.insert(stream.clone(), seq);
                self.caught_up.push((stream, seq));
            }
            ServerFrame::Reset(reset) => {
                match &reset.view {
                    Some(view) => {
                        if let (Some(view), Ok(scope)) = (self.views.get_mut(view.as_str()), reset.scope.parse()) {
                            view.scopes.remove(&scope);
                        }
                    }
                    None => {
                        self.streams.remove(&reset.scope);
                    }
                }
                self.resets.push(reset);
            }
            ServerFrame::Qos(qos) => self.qos.push(qos),
            ServerFrame::GoAway(goaway) => self.goaway = Some(goaway),
            ServerFrame::Error(error) => self.errors.push(error),
            ServerFrame::Ping {} => self.pings += 1,
            ServerFrame::Pong {} => self.pongs += 1,
        }
        Ok(())
    }

    fn snapshot(&mut self, new: Snapshot) -> Result<(), String> {
        let view = self.views.entry(new.view.as_str().to_owned()).or_default();
        view.named.clone_from(&new.scopes);
        view.scopes.retain(|scope, _| new.scopes.contains(scope));
        if new.scopes.is_empty() {
            return Ok(());
        }
        let follows = view.scopes.get(&new.scope).is_some_and(|held| held.unfinished && (&held.epoch, held.tick) == (&new.epoch, new.tick));
        let mut tiles = if follows { view.scopes.remove(&new.scope).map(|held| held.tiles).unwrap_or_default() } else { BTreeMap::new() };
        for chunk in new.tiles {
            let Chunk::Full { k, full } = chunk else { return Err("a change in a snapshot".into()) };
            tiles.insert(k, full.into_iter().map(|item| (item.id().to_owned(), item)).collect());
        }
        let scope = Scope { epoch: new.epoch, tick: new.tick, level: new.level, mode: new.mode, total: new.total.n, tiles, unfinished: new.more };
        scope.holds_each_once()?;
        view.scopes.insert(new.scope, scope);
        self.snapshots += 1;
        Ok(())
    }

    fn delta(&mut self, delta: StateDelta) -> Result<(), String> {
        let held = self.views.get_mut(delta.view.as_str()).and_then(|view| view.scopes.get_mut(&delta.scope));
        let Some(held) = held else { return Err(format!("a delta for {} {}, which is not held", delta.view, delta.scope)) };
        if held.unfinished || (&held.epoch, held.tick) != (&delta.epoch, delta.prev) {
            return Err(format!("a delta of {} from {} for one held of {} at {}", delta.epoch, delta.prev, held.epoch, held.tick));
        }
        for chunk in delta.tiles {
            match chunk {
                Chunk::Full { k, full } => {
                    held.tiles.insert(k, full.into_iter().map(|item| (item.id().to_owned(), item)).collect());
                }
                Chunk::Change { k, put, out } => {
                    let tile = held.tiles.entry(k).or_default();
                    for gone in out {
                        tile.remove(&gone);
                    }
                    tile.extend(put.into_iter().map(|item| (item.id().to_owned(), item)));
                }
            }
        }
        held.tick = delta.tick;
        self.deltas += 1;
        held.holds_each_once()
    }

    /// Every item of a view, by id. (A home that moves from one city to another may be in both for a moment.)
    pub fn items(&self, view: &str) -> BTreeMap<String, Item> {
        let scopes = self.views.get(view).into_iter().flat_map(|view| view.scopes.values());
        scopes.flat_map(|scope| scope.tiles.values().flatten()).map(|(id, item)| (id.clone(), item.clone())).collect()
    }

    /// Whether every scope that was named has come, whole.
    pub fn is_whole(&self, view: &str) -> bool {
        self.views.get(view).is_some_and(|view| view.named.iter().all(|scope| view.scopes.get(scope).is_some_and(|held| !held.unfinished)))
    }

    /// Homes that the view's items stand for: clusters and cities by their sums, homes one each.
    pub fn homes(&self, view: &str) -> u64 {
        self.items(view).values().map(Item::homes).sum()
    }

    /// What to say in `since`.
    pub fn since(&self, view: &str) -> Since {
        let scopes = self.views.get(view).into_iter().flat_map(|view| &view.scopes).filter(|(_, held)| !held.unfinished);
        scopes.map(|(scope, held)| (*scope, Held { epoch: held.epoch.clone(), tick: held.tick })).collect()
    }

    pub fn resume_streams(&self) -> Vec<ResumeStream> {
        self.streams.iter().filter_map(|(stream, since)| Some(ResumeStream { stream: stream.parse().ok()?, since: *since })).collect()
    }

    /// A new connection: what is held stays, what belonged to the old one is forgotten.
    pub fn reconnects(&mut self) {
        self.welcomed = None;
        self.goaway = None;
        for view in self.views.values_mut() {
            view.scopes.retain(|_, held| !held.unfinished);
        }
    }

    /// How an item of `resume` was answered.
    pub fn answered(&self, what: &str) -> Option<Outcome> {
        let resumed = &self.welcomed.as_ref()?.resumed;
        resumed.iter().find(|r| r.view.as_ref().is_some_and(|v| v.as_str() == what) || r.stream.is_some_and(|s| s.to_string() == what)).map(|r| r.outcome)
    }
}
