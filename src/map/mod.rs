//! Who answers when somebody looks at the map: the live core, or, in the baseline, Postgres.
//!
//! Chosen once, by [`running`](crate::running), from the key `plain`; asked by `http` and `ws`, which do not know which it is. Both say the same.

mod plain;

use actors::{Admitted, Found, Live, MapAnswer, MapQuery, TooMany};
use domain::{BBox, HomeFilter, Position, TenantId};
use thiserror::Error;

pub use plain::Plain;

use crate::store::StoreError;

/// What answers.
pub enum Map {
    Live(Live),
    /// The baseline.
    Plain(Plain),
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum NoAnswer {
    #[error(transparent)]
    Live(#[from] actors::NoAnswer),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why there is no place for a connection.
#[derive(Debug, Error)]
pub enum NoPlace {
    #[error("over the limit {}", .0.limit)]
    TooMany(TooMany),
    #[error("the baseline has no live map")]
    Plain,
}

impl Map {
    /// What a view would be shown.
    pub async fn snapshot(&self, tenant: TenantId, query: MapQuery) -> Result<MapAnswer, NoAnswer> {
        Ok(match self {
            Self::Live(live) => live.snapshot(tenant, query).await?,
            Self::Plain(plain) => plain.snapshot(tenant, query).await?,
        })
    }

    /// The nearest matching homes of the tenant, whatever city they are in.
    pub async fn nearest(&self, tenant: TenantId, from: Position, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        Ok(match self {
            Self::Live(live) => live.nearest(tenant, from, most, filter).await?,
            Self::Plain(plain) => plain.nearest(tenant, from, most, filter).await?,
        })
    }

    /// The matching homes at most so many metres away, nearest first; `total` counts all of them.
    pub async fn within(&self, tenant: TenantId, from: Position, metres: f64, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        Ok(match self {
            Self::Live(live) => live.within(tenant, from, metres, most, filter).await?,
            Self::Plain(plain) => plain.within(tenant, from, metres, most, filter).await?,
        })
    }

    /// The matching homes in exactly this box, by id; `total` counts all of them.
    pub async fn in_view(&self, tenant: TenantId, bbox: BBox, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        Ok(match self {
            Self::Live(live) => live.in_view(tenant, bbox, most, filter).await?,
            Self::Plain(plain) => plain.in_view(tenant, bbox, most, filter).await?,
        })
    }

    /// A place for a new connection of a tenant.
    pub fn admit(&self, tenant: TenantId) -> Result<Admitted, NoPlace> {
        match self {
            Self::Live(live) => live.admit(tenant).map_err(NoPlace::TooMany),
            Self::Plain(_) => Err(NoPlace::Plain),
        }
    }
}
