//! What the live core reads, from Postgres: the ports' implementation.
//!
//! Called by the actors only. Every answer is one consistent snapshot; a city's homes and the head of its stream are of one instant.

use std::{sync::Arc, time::SystemTime};

use actors::ports::{Answer, CityPoint, CityState, Source, SourceError};
use domain::{CityId, Event, HomeFilter, MemberId, Position, StreamName, TenantId, live::CityCounts};
use gazetteer::Gazetteer;
use time::OffsetDateTime;

use super::{Store, StoreError, homes::CityFigures};

/// Postgres as the live core sees it, with the gazetteer's word for where cities are.
#[derive(Clone)]
pub struct LiveSource {
    pub store: Store,
    pub gazetteer: &'static Gazetteer,
}

/// A city's figures with its name and place. One that the gazetteer does not know cannot be shown; that is an error in the data.
pub(crate) fn point(gazetteer: &Gazetteer, figures: CityFigures) -> Option<CityPoint> {
    let CityFigures { id, counts, extent } = figures;
    let found = gazetteer.get(id.0).and_then(|city| Position::new(city.lat, city.lon).ok().map(|at| (city, at)));
    let Some((city, at)) = found else {
        tracing::error!(city = %id, "a city of a tenant is not in the gazetteer");
        return None;
    };
    Some(CityPoint { id, name: city.name.to_owned(), country: city.country.to_owned(), at, counts, extent })
}

impl LiveSource {
    fn points(&self, tenant: TenantId, since: Option<OffsetDateTime>) -> Answer<Vec<CityPoint>> {
        let this = self.clone();
        // Actors count by this machine's clock, rows by the database's: what both know is how long ago it was. Before it was set back: everything.
        let since = since
            .map(|since| (OffsetDateTime::now_utc() - since).try_into().map_or(OffsetDateTime::UNIX_EPOCH, |ago: std::time::Duration| this.store.now() - ago));
        Box::pin(async move {
            let figures = this.store.city_figures(tenant, since).await.map_err(failed)?;
            Ok(figures.into_iter().filter_map(|figures| point(this.gazetteer, figures)).collect())
        })
    }
}

fn failed(error: StoreError) -> SourceError {
    let mut said = error.to_string();
    if let Some(cause) = std::error::Error::source(&error) {
        said = format!("{said}: {cause}");
    }
    SourceError(said)
}

impl Source for LiveSource {
    fn lineage(&self) -> Answer<Arc<str>> {
        let store = self.store.clone();
        Box::pin(async move { store.lineage().await.map_err(failed) })
    }

    fn city(&self, tenant: TenantId, city: CityId) -> Answer<CityState> {
        let store = self.store.clone();
        Box::pin(async move {
            let (homes, head) = store.city_homes(tenant, city).await.map_err(failed)?;
            Ok(CityState { homes, head })
        })
    }

    fn world(&self, tenant: TenantId) -> Answer<Vec<CityPoint>> {
        self.points(tenant, None)
    }

    fn world_changed_since(&self, tenant: TenantId, since: SystemTime) -> Answer<Vec<CityPoint>> {
        self.points(tenant, Some(since.into()))
    }

    fn world_filtered(&self, tenant: TenantId, filter: HomeFilter) -> Answer<Vec<(CityId, CityCounts)>> {
        let store = self.store.clone();
        Box::pin(async move { store.city_figures_filtered(tenant, &filter).await.map_err(failed) })
    }

    fn events(&self, tenant: TenantId, stream: StreamName, since: u64, limit: u32) -> Answer<Vec<Event>> {
        let store = self.store.clone();
        Box::pin(async move { store.events_after(tenant, stream, since, limit).await.map_err(failed) })
    }

    fn heads(&self, tenant: TenantId, streams: Vec<StreamName>) -> Answer<Vec<(StreamName, u64)>> {
        let store = self.store.clone();
        Box::pin(async move { store.heads(tenant, &streams).await.map_err(failed) })
    }
}

impl Store {
    /// Whether somebody is (still) a member.
    pub async fn is_member(&self, tenant: TenantId, member: MemberId) -> Result<bool, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        let found = sqlx::query_scalar!("select exists (select from members where tenant_id = $1 and id = $2) as \"is!\"", tenant.0, member.0)
            .fetch_one(&mut *tx)
            .await?;
        Ok(found)
    }
}
