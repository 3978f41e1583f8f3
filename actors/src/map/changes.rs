//! What changed on a map since somebody looked last, and the bytes that tell it.
//!
//! Taken by a map's owner once a tick. Several changes of one thing between two looks are one: from what it was to what it is.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;

use super::{
    LiveMap, Thing,
    chunk::{Group, Mode, change},
    live_map::Was,
    tile::{FINEST, Level, TileKey},
};

/// Everything that changed between two looks at a map.
///
/// It holds what was; what is comes from the map. So encode it before the map changes again, or [`Changes::absorb`] the later ones.
#[derive(Clone, Debug)]
pub struct Changes<T: Thing> {
    /// In the order of ids.
    changed: Vec<Changed<T>>,
    /// Every place that something left or came to: its code, and the index in `changed`. Ascending.
    places: Vec<(u64, u32)>,
}

#[derive(Clone, Debug)]
struct Changed<T: Thing> {
    id: T::Id,
    /// Shared by everyone who is told of it, each in their own time.
    before: Option<Arc<Was<T>>>,
}

impl<T: Thing> Default for Changes<T> {
    fn default() -> Self {
        Self { changed: Vec::new(), places: Vec::new() }
    }
}

impl<T: Thing> Changes<T> {
    pub(super) fn new(before: HashMap<T::Id, Option<Was<T>>>, map: &LiveMap<T>) -> Self {
        let mut changed: Vec<_> = before.into_iter().map(|(id, before)| Changed { id, before: before.map(Arc::new) }).collect();
        changed.sort_unstable_by_key(|changed| changed.id);
        let mut places = Vec::with_capacity(changed.len() * 2);
        for (i, one) in changed.iter().enumerate() {
            let codes = [one.before.as_ref().and_then(|was| was.code), map.placed(one.id).and_then(|(_, code)| code)];
            places.extend(codes.into_iter().flatten().map(|code| (code, i as u32)));
        }
        places.sort_unstable();
        places.dedup();
        Self { changed, places }
    }

    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// How many things changed.
    pub fn len(&self) -> usize {
        self.changed.len()
    }

    /// The tiles of a level that something changed in, each once, in no order that means anything.
    pub fn tiles(&self, level: Level) -> Vec<TileKey> {
        let mut tiles: Vec<_> = self.places.iter().map(|(code, _)| TileKey::of_code(*code, level.min(FINEST))).collect();
        tiles.dedup();
        tiles
    }

    /// Adds what changed later: as if both had been one look. For groups that are told less often.
    pub fn absorb(&mut self, later: Self) {
        let mut index: HashMap<T::Id, u32> = self.changed.iter().enumerate().map(|(i, changed)| (changed.id, i as u32)).collect();
        let mut moved = Vec::with_capacity(later.changed.len());
        for changed in later.changed {
            moved.push(*index.entry(changed.id).or_insert_with(|| {
                self.changed.push(changed);
                self.changed.len() as u32 - 1
            }));
        }
        self.places.extend(later.places.into_iter().map(|(code, i)| (code, moved[i as usize])));
        self.places.sort_unstable();
        self.places.dedup();
    }

    /// What changed in a tile, each once, in the order of ids.
    fn in_tile(&self, tile: TileKey) -> Vec<&Changed<T>> {
        let codes = tile.codes();
        let first = self.places.partition_point(|(code, _)| *code < codes.start);
        let mut which: Vec<u32> = self.places[first..].iter().take_while(|(code, _)| codes.contains(code)).map(|(_, i)| *i).collect();
        which.sort_unstable();
        which.dedup();
        let mut changed: Vec<_> = which.into_iter().map(|i| &self.changed[i as usize]).collect();
        changed.sort_unstable_by_key(|changed| changed.id);
        changed
    }
}

impl<T: Thing> LiveMap<T> {
    /// What changes for a group in a tile, none if nothing does.
    ///
    /// Entities: `{"k":…,"put":[…],"out":["id"…]}`; a move is `out` of one tile and `put` into another, what a filter no longer holds for
    /// is `out`. Clusters: the tile in full, as in [`LiveMap::chunk`]. A change that the group cannot see gives none.
    pub fn change_chunk(&self, group: &Group, tile: TileKey, changes: &Changes<T>) -> Option<Bytes> {
        let codes = tile.codes();
        let seen = |(thing, code): (&'_ T, Option<u64>)| code.is_some_and(|code| codes.contains(&code)) && thing.matches(&group.filter);
        let changed = changes.in_tile(tile);
        let pairs = changed.into_iter().filter_map(|changed| {
            let before = changed.before.as_ref().map(|was| (&was.thing, was.code)).filter(|was| seen(*was));
            let after = self.placed(changed.id).filter(|is| seen(*is));
            (before.is_some() || after.is_some()).then_some((changed.id, before.map(|(thing, _)| thing), after.map(|(thing, _)| thing)))
        });
        match group.mode {
            Mode::Clusters => {
                let differs = |before: Option<&T>, after: Option<&T>| match (before, after) {
                    (Some(before), Some(after)) => before.at() != after.at() || before.weight() != after.weight(),
                    _ => true,
                };
                let mut pairs = pairs;
                pairs.any(|(_, before, after)| differs(before, after)).then(|| self.chunk(group, tile))
            }
            Mode::Entities => {
                let (mut put, mut out) = (Vec::new(), Vec::new());
                for (id, before, after) in pairs {
                    match (before, after) {
                        (Some(before), Some(after)) if reads_the_same(before, after) => {}
                        (_, Some(after)) => put.push(after),
                        (_, None) => out.push(id),
                    }
                }
                (!put.is_empty() || !out.is_empty()).then(|| change::<T>(tile, &put, &out))
            }
        }
    }
}

/// Most changes of nights do not show in an item: nobody is sent bytes for them.
fn reads_the_same<T: Thing>(before: &T, after: &T) -> bool {
    let (mut a, mut b) = (Vec::with_capacity(256), Vec::with_capacity(256));
    before.write(&mut a);
    after.write(&mut b);
    a == b
}
