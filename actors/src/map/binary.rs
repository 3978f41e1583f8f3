//! A tile in the binary encoding: the things of it by their handles, whole or only what changed of them.
//!
//! A handle comes from the thing's id, so that a viewer who held the tile in another process knows whom a change is of. Where two
//! things have the same, the map knows it, and the tile is said whole instead.

use bytes::Bytes;
use wire::binary::{messages, put_tile};

use super::{Thing, sums::Cluster, tile::TileKey};

/// All of a tile's things.
pub(super) fn whole<'a, T: Thing + 'a>(tile: TileKey, things: impl Iterator<Item = &'a T>) -> Bytes {
    let mut message = messages::Tile { key: tile.number(), whole: true, ..Default::default() };
    things.for_each(|thing| {
        thing.put(None, &mut message);
    });
    put_tile(&message).into()
}

/// A thing that changed in a tile: as viewers hold it, and as it is.
pub(super) struct Changed<'a, T> {
    pub(super) before: Option<&'a T>,
    pub(super) after: Option<&'a T>,
}

/// What changed in a tile; none if nothing that shows.
pub(super) fn change<'a, T: Thing + 'a>(tile: TileKey, changed: impl Iterator<Item = Changed<'a, T>>) -> Option<Bytes> {
    let mut message = messages::Tile { key: tile.number(), ..Default::default() };
    let mut says = false;
    for Changed { before, after } in changed {
        match (before, after) {
            (_, Some(after)) => says |= after.put(before, &mut message),
            (Some(before), None) => {
                message.out.push(T::handle(before.id()));
                says = true;
            }
            (None, None) => {}
        }
    }
    says.then(|| put_tile(&message).into())
}

/// A tile in the mode of clusters: the difference to what viewers hold of it, or all of it if that is nothing.
pub(super) fn cluster(tile: TileKey, now: Option<&Cluster>, held: Option<&Cluster>) -> Bytes {
    let message = messages::Tile { key: tile.number(), whole: now.is_none() || held.is_none(), cluster: now.map(|now| now.since(held)), ..Default::default() };
    put_tile(&message).into()
}

/// A field that is new or other than it was.
pub(super) fn changed<V: PartialEq>(before: Option<V>, now: V) -> Option<V> {
    (before.as_ref() != Some(&now)).then_some(now)
}

impl Cluster {
    fn since(&self, held: Option<&Self>) -> messages::Cluster {
        let (y, x) = self.middle;
        let from = held.map_or((0, 0), |held| held.middle);
        let side = |of: fn(&Self) -> i32, middle: i32| changed(held.map(of), of(self)).map(|side| middle.abs_diff(side));
        let counted = |of: fn(&Self) -> u32| self.counts_hosts.then(|| changed(held.map(of), of(self))).flatten();
        messages::Cluster {
            y: Some(y.wrapping_sub(from.0)).filter(|y| *y != 0),
            x: Some(x.wrapping_sub(from.1)).filter(|x| *x != 0),
            n: changed(held.map(|held| held.weight.things), self.weight.things),
            homes: counted(|cluster| cluster.weight.homes),
            hosts: counted(|cluster| cluster.weight.hosts),
            south: side(|cluster| cluster.bounds.south, y),
            west: side(|cluster| cluster.bounds.west, x),
            north: side(|cluster| cluster.bounds.north, y),
            east: side(|cluster| cluster.bounds.east, x),
        }
    }
}
