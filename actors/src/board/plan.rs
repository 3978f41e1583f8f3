//! A way of looking at a board, shared by everyone who looks the same way.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use domain::{BBox, HomeFilter};

use crate::{
    map::{Group, TileKey},
    messages::{HubId, WatchKey},
};

pub(super) type PlanId = u64;

pub(super) struct Plan {
    pub(super) group: Group,
    pub(super) tiles: Arc<[TileKey]>,
    pub(super) bbox: BBox,
    pub(super) zoom: f64,
    pub(super) asked: Arc<HomeFilter>,
    pub(super) watchers: HashSet<(HubId, WatchKey)>,
}

/// Equal for equal groups and tiles; only ever compared within one epoch.
pub(super) fn id_of(group: &Group, tiles: &[TileKey]) -> PlanId {
    let mut hasher = DefaultHasher::new();
    (group, tiles).hash(&mut hasher);
    hasher.finish()
}
