//! What the live core needs of the outside, as traits; the server's store fulfils them.

use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};

use domain::{
    CityId, Event, HomeFilter, MemberId, Position, StreamName, TenantId,
    live::{CityCounts, HomePoint},
    place::BBox,
};
use thiserror::Error;

pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send>>;

/// The truth, read side. Every answer is one consistent snapshot.
pub trait Source: Send + Sync + 'static {
    /// Names the database as long as its streams only go on: another one, or an older copy put in its place, has another name.
    fn lineage(&self) -> Answer<Arc<str>>;
    /// A city's active homes, and the head of its stream at that instant.
    fn city(&self, tenant: TenantId, city: CityId) -> Answer<CityState>;
    /// All cities of a tenant with their counts.
    fn world(&self, tenant: TenantId) -> Answer<Vec<CityPoint>>;
    /// Cities whose counts changed since an instant; may repeat, never omits. (Callers subtract an overlap.)
    fn world_changed_since(&self, tenant: TenantId, since: SystemTime) -> Answer<Vec<CityPoint>>;
    /// Counts per city of the homes that match a filter; cities without a match are absent.
    fn world_filtered(&self, tenant: TenantId, filter: HomeFilter) -> Answer<Vec<(CityId, CityCounts)>>;
    /// Events of a stream after `since`, ascending, at most `limit`.
    fn events(&self, tenant: TenantId, stream: StreamName, since: u64, limit: u32) -> Answer<Vec<Event>>;
    /// Heads of some streams of one tenant; absent is 0.
    fn heads(&self, tenant: TenantId, streams: Vec<StreamName>) -> Answer<Vec<(StreamName, u64)>>;
}

/// What clients say about a member's own stream; kept by the server's commands. Fire and forget: a lost one is said again.
pub trait Receipts: Send + Sync + 'static {
    fn delivered(&self, tenant: TenantId, member: MemberId, seq: u64) -> Answer<()>;
    fn seen(&self, tenant: TenantId, member: MemberId, seq: u64) -> Answer<()>;
}

#[derive(Clone, Debug)]
pub struct CityState {
    pub homes: Vec<HomePoint>,
    pub head: u64,
}

/// A city on the world map.
#[derive(Clone, Debug, PartialEq)]
pub struct CityPoint {
    pub id: CityId,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub at: Position,
    pub counts: CityCounts,
    /// Smallest box around its homes' public positions; none while it has none.
    pub extent: Option<BBox>,
}

#[derive(Debug, Error)]
#[error("the source did not answer: {0}")]
pub struct SourceError(pub String);
