//! What the live core is rebuilt from: a city's homes with the head of its stream, and the figures of a tenant's cities.

use domain::{
    BBox, CityId, HomeFilter, StreamName, TenantId,
    live::{CityCounts, HomePoint},
};
use time::OffsetDateTime;

use crate::store::{Store, StoreError, TenantTx};

/// A city as a number on the world map.
#[derive(Clone, Debug, PartialEq)]
pub struct CityFigures {
    pub id: CityId,
    pub counts: CityCounts,
    /// Smallest box around its homes' public positions; it may cross the date line.
    pub extent: Option<BBox>,
}

impl Store {
    /// A city's active homes and the head of its stream, as of one instant.
    pub async fn city_homes(&self, tenant: TenantId, city: CityId) -> Result<(Vec<HomePoint>, u64), StoreError> {
        let mut tx = self.begin_snapshot(tenant).await?;
        let head = sqlx::query_scalar!("select head from stream_heads where tenant_id = $1 and stream = $2", tenant.0, StreamName::City(city).to_string())
            .fetch_optional(&mut *tx)
            .await?
            .unwrap_or(0);
        Ok((tx.city_home_points(city).await?, head as u64))
    }

    /// The cities of a tenant that have active homes; with `since`, every city whose figures changed after that instant (then counts may be zero).
    pub async fn city_figures(&self, tenant: TenantId, since: Option<OffsetDateTime>) -> Result<Vec<CityFigures>, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        let rows = sqlx::query!(
            "select c.city_id, c.homes, c.hosts, e.south, e.north, e.west, e.east, e.west_round, e.east_round
             from city_counts c left join lateral (
                 select min(public_lat) as south, max(public_lat) as north, min(public_lng) as west, max(public_lng) as east,
                        min(case when public_lng < 0 then public_lng + 360 else public_lng end) as west_round,
                        max(case when public_lng < 0 then public_lng + 360 else public_lng end) as east_round
                 from homes h where h.tenant_id = c.tenant_id and h.city_id = c.city_id and h.status = 'active') e on true
             where c.tenant_id = $1 and ($2::timestamptz is null or c.changed_at > $2) and (c.homes > 0 or $2 is not null)
             order by c.city_id",
            tenant.0,
            since
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let edges = (row.south, row.north, row.west.zip(row.east), row.west_round.zip(row.east_round));
                let extent = match edges {
                    (Some(south), Some(north), Some(plain), Some(round)) => {
                        // Round the back of the world when that is the shorter way: a city on the date line is not as wide as the Earth.
                        let (west, east) = if round.1 - round.0 < plain.1 - plain.0 { round } else { plain };
                        BBox::new(south, west, north, east).ok()
                    }
                    _ => None,
                };
                CityFigures { id: CityId(row.city_id as u32), counts: CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 }, extent }
            })
            .collect())
    }

    /// Counts per city of the homes that match a filter.
    pub async fn city_figures_filtered(&self, tenant: TenantId, filter: &HomeFilter) -> Result<Vec<(CityId, CityCounts)>, StoreError> {
        let mut tx: TenantTx = self.begin_as_tenant(tenant).await?;
        tx.count_homes_by_city(filter).await
    }
}
