//! A view shown once, of what somebody has just read: things by themselves, or tiles summed elsewhere.
//!
//! Called by the baseline, which keeps no map and reads Postgres for every view: it counts in SQL and says it in the very bytes of a live map.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

use bytes::Bytes;
use domain::BBox;
use wire::Encoding;

use super::{
    Group, LiveMap, Matcher, Mode, Thing, ViewPlan, cluster_chunk, is_empty,
    sums::{Sums, Weight},
    tile::{Level, TileKey, tiling},
};

/// A view, and what its tiles show.
#[derive(Clone, Debug)]
pub struct Shown {
    pub plan: ViewPlan,
    /// JSON, without tiles that show nothing.
    pub tiles: Vec<Bytes>,
}

/// The homes of a tile, summed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summed {
    pub homes: u32,
    /// Sums of public positions in whole units of 1e-7 degrees.
    pub lat: i64,
    pub lng: i64,
    /// The smallest box around them.
    pub around: BBox,
}

impl Summed {
    /// A view of homes in the mode of clusters. Tiles of another level or outside the view are left out.
    pub fn shown(bbox: BBox, zoom: f64, levels: RangeInclusive<Level>, tiles: &HashMap<TileKey, Self>) -> Shown {
        let tiling = tiling(bbox, zoom, levels);
        let (mut total, mut chunks) = (Weight::default(), Vec::new());
        for tile in &tiling.tiles {
            let Some(Self { homes, lat, lng, around }) = tiles.get(tile).copied() else { continue };
            let sums = Sums::of_homes(homes, lat, lng, around);
            total += sums.weight;
            if let Some(cluster) = sums.cluster(false) {
                chunks.push(cluster_chunk(Encoding::Json, *tile, Some(&cluster)));
            }
        }
        Shown { plan: ViewPlan { level: tiling.level, mode: Mode::Clusters, tiles: tiling.tiles, covers: tiling.covers, total }, tiles: chunks }
    }
}

impl<T: Thing> LiveMap<T> {
    /// A view of everything on this map.
    pub fn shown(&self, bbox: BBox, zoom: f64) -> Shown {
        let filter = Arc::new(Matcher::default());
        let plan = self.view(bbox, zoom, &filter);
        let group = Group { level: plan.level, mode: plan.mode, filter, encoding: Encoding::Json };
        let chunks = plan.tiles.iter().map(|tile| (*tile, self.chunk(&group, *tile)));
        let tiles = chunks.filter(|(tile, chunk)| !is_empty(group.encoding, *tile, chunk)).map(|(_, chunk)| chunk).collect();
        Shown { plan, tiles }
    }
}
