//! A watcher of a board without a hub: joins what it is told as the hub does, and reads the bytes as a client does.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use domain::{BBox, HomeFilter, TenantId};
use uuid::Uuid;
use wire::{
    Chunk, Encoding, Held, Item, ServerFrame, Snapshot, StateDelta, Total,
    binary::{Named, Reader},
};

use crate::{
    board::Board,
    frames,
    framing::Framing,
    map::{Group, HomeEntity, Mode, TileKey},
    messages::{Answer, BoardId, Delivery, HubId, Look, Looked, Ticked},
    wire::ScopeName,
};

const PART: u32 = 1;
const SCOPE: ScopeName = ScopeName::City(domain::CityId(3_128_760));

pub(super) fn board_id() -> BoardId {
    BoardId { tenant: TenantId(Uuid::from_u128(1)), scope: SCOPE, filter: None }
}

pub(super) struct Watcher {
    framing: Framing,
    hub: HubId,
    /// What it looks at: box, zoom and filter.
    asks: (BBox, f64, Arc<HomeFilter>),
    held: Option<(Held, Group, Arc<[TileKey]>)>,
    is_named: bool,
    reader: Reader,
    /// Takes no ticks, as one whose socket is full.
    pub(super) is_behind: bool,
    /// Whether the last look was answered from what it held.
    pub(super) is_resumed: bool,
    /// What it was told, its epochs made equal.
    pub(super) told: Vec<ServerFrame>,
    pub(super) snapshot_bytes: usize,
    pub(super) delta_bytes: usize,
}

impl Watcher {
    pub(super) fn new(encoding: Encoding, bbox: BBox, zoom: f64, filter: HomeFilter) -> Self {
        Self {
            framing: Framing::web_socket(encoding),
            hub: encoding as u64,
            asks: (bbox, zoom, Arc::new(filter)),
            held: None,
            is_named: false,
            reader: Reader::default(),
            is_behind: false,
            is_resumed: false,
            told: Vec::new(),
            snapshot_bytes: 0,
            delta_bytes: 0,
        }
    }

    /// Looks, with what it holds.
    pub(super) fn looks(&self, board: &mut Board<HomeEntity>) {
        board.look(self.hub, self.look());
    }

    pub(super) fn look(&self) -> Look {
        let (bbox, zoom, filter) = self.asks.clone();
        let have = self.held.as_ref().map(|(held, ..)| held.clone());
        Look { key: 1, bbox, zoom, filter, encoding: self.framing.encoding(), have }
    }

    /// Its connection breaks: what it holds stays.
    pub(super) fn reconnects(&mut self) {
        self.is_named = false;
        self.reader.reconnects();
    }

    pub(super) fn mode(&self) -> Option<Mode> {
        self.held.as_ref().map(|(_, group, _)| group.mode)
    }

    /// What it is shown now, by tile and id, of all that it was told; empty tiles are as if they had never been.
    pub(super) fn shown(&self) -> BTreeMap<String, BTreeMap<String, Item>> {
        let mut shown = BTreeMap::new();
        for frame in &self.told {
            let tiles = match frame {
                ServerFrame::Snapshot(snapshot) => {
                    shown.clear();
                    &snapshot.tiles
                }
                ServerFrame::Delta(delta) => &delta.tiles,
                _ => continue,
            };
            tiles.iter().for_each(|tile| put(&mut shown, tile));
        }
        shown.retain(|_, items| !items.is_empty());
        shown
    }

    /// Takes what is for it.
    pub(super) fn hears(&mut self, deliveries: &[(HubId, Delivery)]) {
        let hub = self.hub;
        for (_, delivery) in deliveries.iter().filter(|(to, _)| *to == hub) {
            match delivery {
                Delivery::Looked(looked) => self.looked(looked),
                Delivery::Ticked(ticked) if !self.is_behind => self.ticked(ticked),
                Delivery::Ticked(_) => {}
                _ => panic!("a board says nothing else"),
            }
        }
    }

    fn looked(&mut self, looked: &Looked) {
        self.is_behind = false;
        self.is_resumed = matches!(looked.answer, Answer::Repair { .. });
        let prev = self.held.as_ref().map(|(held, ..)| held.tick);
        self.held = Some((Held { epoch: looked.epoch.to_string(), tick: looked.tick }, looked.group.clone(), looked.tiles.clone()));
        match &looked.answer {
            Answer::Whole { chunks, .. } => {
                let head = Snapshot {
                    view: "map".parse().unwrap(),
                    scopes: vec![SCOPE],
                    scope: SCOPE,
                    epoch: looked.epoch.to_string(),
                    tick: looked.tick,
                    level: looked.group.level,
                    mode: looked.group.mode.into(),
                    covers: looked.covers,
                    total: Total { n: u64::from(looked.total.things) },
                    tiles: Vec::new(),
                    more: false,
                };
                self.is_named = true;
                for bytes in frames::snapshot(self.framing, head, PART, chunks) {
                    self.snapshot_bytes += bytes.len();
                    self.reads(&bytes);
                }
            }
            Answer::Repair { prev: from, chunks } => {
                assert_eq!(prev, Some(*from));
                if !chunks.is_empty() {
                    self.delta(*from, looked.tick, chunks);
                } else if let Some((held, ..)) = &mut self.held {
                    held.tick = *from;
                }
            }
        }
    }

    fn ticked(&mut self, ticked: &Ticked) {
        let Some((held, group, tiles)) = &mut self.held else { return };
        let touched = ticked.groups.iter().filter(|(told, _)| told == group).flat_map(|(_, chunks)| chunks);
        let chunks: Vec<_> = touched.filter(|(tile, _)| tiles.contains(tile)).map(|(_, bytes)| bytes.clone()).collect();
        if !chunks.is_empty() && ticked.tick > held.tick {
            let prev = std::mem::replace(&mut held.tick, ticked.tick);
            self.delta(prev, ticked.tick, &chunks);
        }
    }

    fn delta(&mut self, prev: u64, tick: u64, chunks: &[bytes::Bytes]) {
        let epoch = self.held.as_ref().map(|(held, ..)| held.epoch.clone()).unwrap();
        let head = StateDelta { view: "map".parse().unwrap(), scope: SCOPE, epoch, prev, tick, tiles: Vec::new() };
        let named = Named { part: PART, is_new: !std::mem::replace(&mut self.is_named, true) };
        let bytes = frames::delta(self.framing, head, (self.framing.encoding() == Encoding::Binary).then_some(named), chunks);
        self.delta_bytes += bytes.len();
        self.reads(&bytes);
    }

    /// Reads a WebSocket frame as its client does.
    fn reads(&mut self, bytes: &[u8]) {
        let payload = match bytes[1] {
            127 => &bytes[10..],
            126 => &bytes[4..],
            _ => &bytes[2..],
        };
        let mut frame = match self.framing.encoding() {
            Encoding::Json => serde_json::from_slice(payload).unwrap(),
            Encoding::Binary => self.reader.read(payload).unwrap(),
        };
        match &mut frame {
            ServerFrame::Snapshot(snapshot) => snapshot.epoch.clear(),
            ServerFrame::Delta(delta) => delta.epoch.clear(),
            _ => {}
        }
        // How many frames a large snapshot comes in depends on its bytes; what it says does not.
        if let (Some(ServerFrame::Snapshot(begun)), ServerFrame::Snapshot(next)) = (self.told.last_mut(), &mut frame)
            && begun.more
        {
            begun.tiles.append(&mut next.tiles);
            begun.more = next.more;
            return;
        }
        self.told.push(frame);
    }
}

fn put(shown: &mut BTreeMap<String, BTreeMap<String, Item>>, tile: &Chunk) {
    let id = |item: &Item| match item {
        Item::Home { id, .. } | Item::Cluster { id, .. } => id.clone(),
        Item::City { id, .. } => id.0.clone(),
    };
    let by_id = |items: &[Item]| items.iter().map(|item| (id(item), item.clone())).collect::<Vec<_>>();
    match tile {
        Chunk::Full { k, full } => {
            shown.insert(k.clone(), by_id(full).into_iter().collect());
        }
        Chunk::Change { k, put, out } => {
            let items = shown.entry(k.clone()).or_default();
            out.iter().for_each(|id| assert!(items.remove(id).is_some(), "what goes was there"));
            items.extend(by_id(put));
        }
    }
}

/// Flushes whatever is due by then, and everyone hears it.
pub(super) fn flush(board: &mut Board<HomeEntity>, now: Instant, watchers: &mut [Watcher]) {
    let deliveries = board.flush(now);
    watchers.iter_mut().for_each(|watcher| watcher.hears(&deliveries));
}
