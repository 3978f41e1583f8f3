//! The shape of a map's snapshot, for the API's document. The bytes come from the live core, which encodes each tile once for everybody.
#![allow(dead_code)] // read by utoipa only

use domain::{HomeId, Price, home::HomeKind};
use utoipa::ToSchema;

/// What a view of the map shows.
#[derive(ToSchema)]
pub(super) struct MapSnapshot {
    /// The world below zoom 9, else the cities in the view.
    scopes: Vec<MapScope>,
    /// South, west, north, east of all tiles shown: at least what was asked for.
    covers: [f64; 4],
    total: MapTotal,
}

/// One live map: `world`, or `city:{id}`.
#[derive(ToSchema)]
pub(super) struct MapScope {
    scope: String,
    /// With `tick`, the place in the live protocol from which changes follow.
    epoch: String,
    tick: u64,
    /// Zoom level of its tiles.
    level: u8,
    mode: MapMode,
    covers: [f64; 4],
    total: ScopeTotal,
    tiles: Vec<MapChunk>,
}

/// Whether tiles hold clusters or single things.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MapMode {
    Clusters,
    Entities,
}

/// Matching homes, and cities with one, in the tiles.
#[derive(ToSchema)]
pub(super) struct MapTotal {
    homes: u64,
    cities: u64,
}

/// Matching things of a scope in the tiles.
#[derive(ToSchema)]
pub(super) struct ScopeTotal {
    n: u64,
}

/// What is in one tile.
#[derive(ToSchema)]
pub(super) struct MapChunk {
    /// `zoom/x/y`.
    k: String,
    full: Vec<MapItem>,
}

/// A thing on the map; `c` says which.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)]
pub(super) enum MapItem {
    Home(HomeItem),
    City(CityItem),
    Cluster(ClusterItem),
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct HomeItem {
    c: HomeTag,
    id: HomeId,
    /// Latitude, degrees.
    y: f64,
    /// Longitude, degrees.
    x: f64,
    kind: HomeKind,
    title: String,
    guests: u8,
    /// Absent: free.
    #[schema(nullable = false)]
    price: Option<Price>,
    /// A room is free tonight.
    tonight: bool,
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct CityItem {
    c: CityTag,
    /// GeoNames id, as text.
    id: String,
    y: f64,
    x: f64,
    name: String,
    country: String,
    homes: u32,
    hosts: u32,
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct ClusterItem {
    c: ClusterTag,
    /// The tile, `zoom/x/y`.
    id: String,
    y: f64,
    x: f64,
    /// How many things it stands for.
    n: u32,
    homes: u32,
    /// Of clusters of cities only.
    #[schema(nullable = false)]
    hosts: Option<u32>,
    /// South, west, north, east of what it stands for.
    #[serde(rename = "box")]
    bounds: [f64; 4],
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HomeTag {
    Home,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CityTag {
    City,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClusterTag {
    Cluster,
}
