//! What changed on a map since somebody looked last, and the bytes that tell it.
//!
//! Taken by a map's owner once a tick. Several changes of one thing between two looks are one: from what it was to what it is.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use wire::Encoding;

use super::{
    LiveMap, Thing,
    before::Was,
    binary,
    chunk::{Group, Mode, change, cluster_chunk},
    sums::Cluster,
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
    pub(super) fn new(before: Vec<(T::Id, Option<Was<T>>)>, map: &LiveMap<T>) -> Self {
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
    /// is `out`. Clusters: the tile in full, as in [`LiveMap::chunk`]. A change that the group cannot see gives none. In the binary encoding
    /// of what changed only the fields that are different; if it concerns a thing that shares its handle with another, the tile in full.
    pub fn change_chunk(&self, group: &Group, tile: TileKey, changes: &Changes<T>) -> Option<Bytes> {
        self.change_since(group, tile, changes, &mut None)
    }

    /// The same where it is known what cluster the group holds of the tile, which is kept current: the binary encoding says the
    /// difference to it. (JSON says all of it, and remembers nothing.)
    pub(crate) fn change_since(&self, group: &Group, tile: TileKey, changes: &Changes<T>, held: &mut Option<Cluster>) -> Option<Bytes> {
        let codes = tile.codes();
        let is_seen = |thing: &T, code: Option<u64>| code.is_some_and(|code| codes.contains(&code)) && thing.matches(&group.filter);
        let in_tile = changes.in_tile(tile);
        let seen = in_tile.iter().filter_map(|changed| {
            let before = changed.before.as_ref().filter(|was| is_seen(&was.thing, was.code)).map(|was| &was.thing);
            let after = self.placed(changed.id).filter(|(thing, code)| is_seen(thing, *code)).map(|(thing, _)| thing);
            (before.is_some() || after.is_some()).then_some(binary::Changed { before, after })
        });
        match (group.mode, group.encoding) {
            (Mode::Clusters, encoding) => {
                let mut seen = seen;
                if !seen.any(|changed| shows_in_sums(&changed)) {
                    return None;
                }
                let now = self.cluster(group, tile);
                Some(match encoding {
                    Encoding::Json => cluster_chunk(encoding, tile, now.as_ref()),
                    Encoding::Binary => binary::cluster(tile, now.as_ref(), std::mem::replace(held, now).as_ref()),
                })
            }
            (Mode::Entities, Encoding::Json) => {
                let (mut put, mut out) = (Vec::new(), Vec::new());
                for changed in seen {
                    match (changed.before, changed.after) {
                        (Some(before), Some(after)) if reads_the_same(before, after) => {}
                        (_, Some(after)) => put.push(after),
                        (Some(before), None) => out.push(before.id()),
                        (None, None) => {}
                    }
                }
                (!put.is_empty() || !out.is_empty()).then(|| change::<T>(tile, &put, &out))
            }
            (Mode::Entities, Encoding::Binary) => {
                let told = binary::change(tile, seen)?;
                let is_clear = in_tile.iter().all(|changed| self.is_own(T::handle(changed.id)));
                Some(if is_clear { told } else { self.chunk(group, tile) })
            }
        }
    }
}

fn shows_in_sums<T: Thing>(changed: &binary::Changed<'_, T>) -> bool {
    match (changed.before, changed.after) {
        (Some(before), Some(after)) => before.at() != after.at() || before.weight() != after.weight(),
        _ => true,
    }
}

/// Most changes of nights do not show in an item: nobody is sent bytes for them.
fn reads_the_same<T: Thing>(before: &T, after: &T) -> bool {
    let (mut a, mut b) = (Vec::with_capacity(256), Vec::with_capacity(256));
    before.write(&mut a);
    after.write(&mut b);
    a == b
}
