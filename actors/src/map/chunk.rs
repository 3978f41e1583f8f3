//! JSON of a tile, as the live protocol says: made once per group and tile, shared by everyone who looks the same way.
//!
//! Items stand in the order of their ids, so equal states give equal bytes.

use std::{io::Write, sync::Arc};

use bytes::Bytes;
use domain::BBox;

use super::{
    LiveMap, MOST_ENTITIES, Matcher, Thing,
    sums::Sums,
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

/// Those who look the same way and share bytes. Everything on a map is public, so that no audience is needed here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    pub level: Level,
    pub mode: Mode,
    pub filter: Arc<Matcher>,
}

impl<T: Thing> LiveMap<T> {
    /// All that a group sees in a tile: `{"k":"13/4141/3060","full":[…]}`. The tile is of the group's level.
    pub fn chunk(&self, group: &Group, tile: TileKey) -> Bytes {
        let mut out = Vec::with_capacity(160);
        let _ = write!(out, r#"{{"k":"{tile}","full":["#);
        match group.mode {
            Mode::Clusters => {
                let sums = self.sums(tile, &group.filter);
                if sums.weight.things > 0 {
                    write_cluster::<T>(&mut out, tile, &sums);
                }
            }
            Mode::Entities => {
                let mut things: Vec<&T> = self.in_tile(tile).filter(|thing| thing.matches(&group.filter)).collect();
                things.sort_unstable_by_key(|thing| thing.id());
                write_items(&mut out, &things);
            }
        }
        out.extend_from_slice(b"]}");
        out.into()
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

fn write_cluster<T: Thing>(out: &mut Vec<u8>, tile: TileKey, sums: &Sums) {
    let (lat, lng) = sums.middle();
    let BBox { south, west, north, east } = sums.bounds().degrees();
    let _ = write!(out, r#"{{"id":"{tile}","c":"cluster","y":"#);
    write_degrees(out, f64::from(lat) / 1e7);
    out.extend_from_slice(br#","x":"#);
    write_degrees(out, f64::from(lng) / 1e7);
    let _ = write!(out, r#","n":{},"homes":{}"#, sums.weight.things, sums.weight.homes);
    if T::COUNTS_HOSTS {
        let _ = write!(out, r#","hosts":{}"#, sums.weight.hosts);
    }
    for (i, degrees) in [south, west, north, east].into_iter().enumerate() {
        out.extend_from_slice(if i == 0 { br#","box":["# } else { b"," });
        write_degrees(out, degrees);
    }
    out.extend_from_slice(b"]}");
}

/// The shortest decimal that reads back as the same number.
pub(super) fn write_degrees(out: &mut Vec<u8>, degrees: f64) {
    // A position's numbers are finite, and writing into a Vec cannot fail.
    let _ = serde_json::to_writer(out, &degrees);
}

/// A whole number.
pub(super) fn write_number(out: &mut Vec<u8>, number: u32) {
    let _ = serde_json::to_writer(out, &number);
}

/// A JSON string with everything escaped that must be.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}
