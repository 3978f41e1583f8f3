//! Bytes of a tile, as the live protocol says: made once per group and tile, shared by everyone who looks the same way. Here the JSON ones.
//!
//! Items stand in the order of their ids, so equal states give equal bytes.

use std::{io::Write, sync::Arc};

use bytes::Bytes;
use domain::{BBox, Position};
use wire::{Encoding, TileMode, binary};

use super::{
    LiveMap, MOST_ENTITIES, Matcher, Thing, binary as in_binary,
    sums::Cluster,
    tile::{Level, TileKey},
};

/// Whether a view shows sums or things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    Clusters,
    Entities,
}

impl Mode {
    /// The mode of a view in which so many things match.
    pub const fn for_things(things: u32) -> Self {
        if things > MOST_ENTITIES { Self::Clusters } else { Self::Entities }
    }

    /// The word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Entities => "entities",
        }
    }
}

impl From<Mode> for TileMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Clusters => Self::Clusters,
            Mode::Entities => Self::Entities,
        }
    }
}

/// Those who look the same way and share bytes. Everything on a map is public, so that no audience is needed here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    pub level: Level,
    pub mode: Mode,
    pub filter: Arc<Matcher>,
    pub encoding: Encoding,
}

impl<T: Thing> LiveMap<T> {
    /// All that a group sees in a tile: `{"k":"13/4141/3060","full":[…]}`, or the same as a tile of the binary encoding. The tile is of the
    /// group's level.
    pub fn chunk(&self, group: &Group, tile: TileKey) -> Bytes {
        match (group.mode, group.encoding) {
            (Mode::Clusters, encoding) => cluster_chunk(encoding, tile, self.cluster(group, tile).as_ref()),
            (Mode::Entities, Encoding::Json) => {
                let seen = self.seen(group, tile);
                let mut out = Vec::with_capacity(64 + seen.len() * 240);
                let _ = write!(out, r#"{{"k":"{tile}","full":["#);
                write_items(&mut out, &seen);
                out.extend_from_slice(b"]}");
                out.into()
            }
            (Mode::Entities, Encoding::Binary) => in_binary::whole(tile, self.seen(group, tile).into_iter()),
        }
    }

    /// What a tile is in the mode of clusters; none if nothing matches in it.
    pub(crate) fn cluster(&self, group: &Group, tile: TileKey) -> Option<Cluster> {
        self.sums(tile, &group.filter).cluster(T::COUNTS_HOSTS)
    }

    /// What matches in a tile, in the order of ids.
    fn seen(&self, group: &Group, tile: TileKey) -> Vec<&T> {
        let mut things: Vec<&T> = self.in_tile(tile).filter(|thing| thing.matches(&group.filter)).collect();
        things.sort_unstable_by_key(|thing| thing.id());
        things
    }
}

/// A whole tile in the mode of clusters.
pub(crate) fn cluster_chunk(encoding: Encoding, tile: TileKey, cluster: Option<&Cluster>) -> Bytes {
    match encoding {
        Encoding::Json => {
            let mut out = Vec::with_capacity(160);
            let _ = write!(out, r#"{{"k":"{tile}","full":["#);
            if let Some(cluster) = cluster {
                write_cluster(&mut out, tile, cluster);
            }
            out.extend_from_slice(b"]}");
            out.into()
        }
        Encoding::Binary => in_binary::cluster(tile, cluster, None),
    }
}

/// Whether a whole chunk shows nothing: a snapshot leaves it out.
pub(crate) fn is_empty(encoding: Encoding, tile: TileKey, chunk: &Bytes) -> bool {
    match encoding {
        Encoding::Json => chunk.ends_with(br#""full":[]}"#),
        Encoding::Binary => *chunk == in_binary::cluster(tile, None, None),
    }
}

/// A tile's change: what is new or different, and what is no longer there.
pub(super) fn change<T: Thing>(tile: TileKey, put: &[&T], out: &[T::Id]) -> Bytes {
    let mut bytes = Vec::with_capacity(64 + put.len() * 200 + out.len() * 40);
    let _ = write!(bytes, r#"{{"k":"{tile}","put":["#);
    write_items(&mut bytes, put);
    bytes.extend_from_slice(br#"],"out":["#);
    for (i, id) in out.iter().enumerate() {
        let _ = write!(bytes, r#"{}"{id}""#, if i == 0 { "" } else { "," });
    }
    bytes.extend_from_slice(b"]}");
    bytes.into()
}

fn write_items<T: Thing>(out: &mut Vec<u8>, things: &[&T]) {
    for (i, thing) in things.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        thing.write(out);
    }
}

fn write_cluster(out: &mut Vec<u8>, tile: TileKey, cluster: &Cluster) {
    let (lat, lng) = cluster.middle;
    let BBox { south, west, north, east } = cluster.bounds.degrees();
    let _ = write!(out, r#"{{"id":"{tile}","c":"cluster","y":"#);
    write_degrees(out, binary::degrees(lat));
    out.extend_from_slice(br#","x":"#);
    write_degrees(out, binary::degrees(lng));
    let _ = write!(out, r#","n":{},"homes":{}"#, cluster.weight.things, cluster.weight.homes);
    if cluster.counts_hosts {
        let _ = write!(out, r#","hosts":{}"#, cluster.weight.hosts);
    }
    for (i, degrees) in [south, west, north, east].into_iter().enumerate() {
        out.extend_from_slice(if i == 0 { br#","box":["# } else { b"," });
        write_degrees(out, degrees);
    }
    out.extend_from_slice(b"]}");
}

/// Where a thing is, to the centimetre: `"y":41.39,"x":2.17`.
pub(super) fn write_place(out: &mut Vec<u8>, at: Position) {
    out.extend_from_slice(br#""y":"#);
    write_degrees(out, binary::degrees(binary::units(at.lat)));
    out.extend_from_slice(br#","x":"#);
    write_degrees(out, binary::degrees(binary::units(at.lng)));
}

/// The shortest decimal that reads back as the same number.
fn write_degrees(out: &mut Vec<u8>, degrees: f64) {
    // A position's numbers are finite, and writing into a Vec cannot fail.
    let _ = serde_json::to_writer(out, &degrees);
}

/// A whole number.
pub(super) fn write_number(out: &mut Vec<u8>, number: u32) {
    let _ = serde_json::to_writer(out, &number);
}

/// A JSON string with everything escaped that must be.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    // Hardly any has such a byte. All are looked at, not until the first: many at a time.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\'));
    if !is_plain {
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_written_as_json_has_it(text in prop_oneof!["\\PC{0,40}", any::<String>(), "[\"\\\\/\u{0}-\u{20}\u{7f}a]{0,6}"]) {
            let mut out = b"before".to_vec();
            write_text(&mut out, &text);
            prop_assert_eq!(&out[6..], serde_json::to_vec(&text).unwrap());
        }
    }
}
