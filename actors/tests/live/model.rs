//! A client as the protocol's document asks for: it holds what frames bring, and takes nothing that does not follow from what it holds.
#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap};

use actors::wire::{Chunk, Held, Item, Outcome, ResumeStream, ScopeName, ServerFrame, Since, Snapshot, StateDelta, TileMode};

/// One scope of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub epoch: String,
    pub tick: u64,
    pub level: u8,
    pub mode: TileMode,
    /// Items by tile and id.
    pub tiles: BTreeMap<String, BTreeMap<String, Item>>,
    unfinished: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub scopes: BTreeMap<ScopeName, Scope>,
    named: Vec<ScopeName>,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub views: HashMap<String, View>,
    /// The last event taken, per stream that was caught up or said where it is.
    pub streams: BTreeMap<String, u64>,
    pub events: Vec<(String, u64, String)>,
    pub welcomed: Option<actors::wire::Welcome>,
    pub errors: Vec<actors::wire::ErrorFrame>,
    pub goaway: Option<actors::wire::GoAway>,
    pub qos: Vec<actors::wire::Qos>,
    pub resets: Vec<actors::wire::Reset>,
    pub caught_up: Vec<(String, u64)>,
    pub pongs: usize,
    pub snapshots: usize,
    pub deltas: usize,
}

fn id(item: &Item) -> String {
    match item {
        Item::Home { id, .. } | Item::Cluster { id, .. } => id.clone(),
        Item::City { id, .. } => id.0.clone(),
    }
}

impl Model {
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
            ServerFrame::Ping {} => {}
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
            tiles.insert(k, full.into_iter().map(|item| (id(&item), item)).collect());
        }
        let scope = Scope { epoch: new.epoch, tick: new.tick, level: new.level, mode: new.mode, tiles, unfinished: new.more };
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
                    held.tiles.insert(k, full.into_iter().map(|item| (id(&item), item)).collect());
                }
                Chunk::Change { k, put, out } => {
                    let tile = held.tiles.entry(k).or_default();
                    for gone in out {
                        tile.remove(&gone);
                    }
                    tile.extend(put.into_iter().map(|item| (id(&item), item)));
                }
            }
        }
        held.tick = delta.tick;
        self.deltas += 1;
        Ok(())
    }

    /// Every item of a view, by id; fails if one is twice in a scope. (A home that moves from one city to another may be in both for a moment.)
    pub fn items(&self, view: &str) -> BTreeMap<String, Item> {
        let mut all = BTreeMap::new();
        for scope in self.views.get(view).into_iter().flat_map(|view| view.scopes.values()) {
            let mut here = BTreeMap::new();
            for (id, item) in scope.tiles.values().flatten() {
                assert!(here.insert(id.clone(), item.clone()).is_none(), "{id} is there twice");
            }
            all.extend(here);
        }
        all
    }

    /// Whether every scope that was named has come, whole.
    pub fn is_whole(&self, view: &str) -> bool {
        self.views.get(view).is_some_and(|view| view.named.iter().all(|scope| view.scopes.get(scope).is_some_and(|held| !held.unfinished)))
    }

    /// Homes that the view's items stand for: clusters and cities by their sums, homes one each.
    pub fn homes(&self, view: &str) -> u64 {
        let of = |item: &Item| match item {
            Item::Home { .. } => 1,
            Item::City { homes, .. } | Item::Cluster { homes, .. } => u64::from(*homes),
        };
        self.items(view).values().map(of).sum()
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

pub type Tiles = BTreeMap<String, BTreeMap<String, Item>>;

/// Full chunks as they come, parsed.
pub fn tiles<B: AsRef<[u8]>>(chunks: &[B]) -> Tiles {
    chunks
        .iter()
        .map(|chunk| match serde_json::from_slice(chunk.as_ref()).unwrap() {
            Chunk::Full { k, full } => (k, full.into_iter().map(|item| (id(&item), item)).collect()),
            Chunk::Change { k, .. } => panic!("a change where tile {k} should be whole"),
        })
        .collect()
}

/// Tiles that became empty are as if they had never come.
pub fn without_empty(tiles: &Tiles) -> Tiles {
    tiles.iter().filter(|(_, items)| !items.is_empty()).map(|(k, items)| (k.clone(), items.clone())).collect()
}
