//! The map core: things with a position, held so that views, clusters, filters and distances cost microseconds.
//!
//! A city's map holds homes, a tenant's world map holds cities; both are a [`LiveMap`]. Owned by one actor each, which puts and
//! removes what its stream tells it, and asks for bytes. Never talks to anyone, never waits, knows no viewer and no permission:
//! what is put in is public.
//!
//! - A view becomes a [`ViewPlan`]: tiles of one level, and clusters or entities ([`LiveMap::view`]).
//! - Bytes are made once per [`Group`] and tile ([`LiveMap::chunk`]) and shared by everyone who looks the same way.
//! - Bytes are JSON or protobuf, as the group asks for; the same tiles, the same things.
//! - What happened since the last look becomes changes of those tiles ([`LiveMap::take_changes`], [`LiveMap::change_chunk`]).
//!
//! Nothing is silently cut: the sums of a view's clusters are the matching things in the tiles it covers. Tiles end at 85.05°; what
//! lies beyond is in no view, but in [`LiveMap::nearest`], [`LiveMap::within`] and [`LiveMap::in_bbox`].

mod before;
mod binary;
mod changes;
mod chunk;
mod city;
mod handles;
mod home;
mod live_map;
mod matcher;
mod places;
mod shown;
mod sphere;
mod sums;
mod taken;
mod thing;
mod tile;

pub use changes::Changes;
pub use chunk::{Group, Mode};
pub(crate) use chunk::{cluster_chunk, is_empty};
pub use home::HomeEntity;
pub use live_map::{CITY_LEVELS, LiveMap, MOST_ENTITIES, ViewPlan, WORLD_LEVELS};
pub use matcher::Matcher;
pub use shown::{Shown, Summed};
pub(crate) use sums::Cluster;
pub use sums::Weight;
pub use thing::Thing;
pub use tile::{FINEST, Level, MAX_LAT, MOST_TILES, TileKey, Tiling, tiling};
