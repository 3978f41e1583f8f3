//! What a city's page says of it, and the titles of its homes.
//!
//! Called by the HTTP edge. Reads only.

use domain::{BBox, CityId, GroupId, HomeId, Position, StreamName, TenantId, live::CityCounts};

use super::{Store, StoreError, TenantTx};

/// A tenant's figures for one city; all zero where nothing was placed in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CityPage {
    pub counts: CityCounts,
    /// Members at home here.
    pub members: u32,
    pub group: Option<(GroupId, String)>,
    /// Smallest box around its homes' public positions; it may cross the date line.
    pub extent: Option<BBox>,
}

/// A home as search knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct HomeTitle {
    pub id: HomeId,
    /// Public.
    pub at: Position,
    pub title: String,
}

impl TenantTx {
    pub async fn city_page(&mut self, city: CityId) -> Result<CityPage, StoreError> {
        let row = sqlx::query!(
            "select coalesce(c.homes, 0) as \"homes!\", coalesce(c.hosts, 0) as \"hosts!\",
                    (select count(*) from members m where m.tenant_id = $1 and m.home_city = $2) as \"members!\",
                    g.id as \"group_id?\", g.name as \"group_name?\",
                    e.south, e.north, e.west, e.east, e.west_round, e.east_round
             from (values (1)) as one (row)
             left join city_counts c on c.tenant_id = $1 and c.city_id = $2
             left join groups g on g.tenant_id = $1 and g.kind = 'city' and g.city_id = $2
             cross join lateral (
                 select min(public_lat) as south, max(public_lat) as north, min(public_lng) as west, max(public_lng) as east,
                        min(case when public_lng < 0 then public_lng + 360 else public_lng end) as west_round,
                        max(case when public_lng < 0 then public_lng + 360 else public_lng end) as east_round
                 from homes h where h.tenant_id = $1 and h.city_id = $2 and h.status = 'active') e",
            self.tenant().0,
            i64::from(city.0)
        )
        .fetch_one(&mut **self)
        .await?;
        let extent = match (row.south, row.north, row.west.zip(row.east), row.west_round.zip(row.east_round)) {
            (Some(south), Some(north), Some(plain), Some(round)) => {
                // Round the back of the world when that is the shorter way.
                let (west, east) = if round.1 - round.0 < plain.1 - plain.0 { round } else { plain };
                BBox::new(south, west, north, east).ok()
            }
            _ => None,
        };
        Ok(CityPage {
            counts: CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 },
            members: row.members as u32,
            group: row.group_id.map(GroupId).zip(row.group_name),
            extent,
        })
    }

    /// Titles of the active homes of some cities, newest first.
    pub async fn home_titles(&mut self, cities: &[CityId]) -> Result<Vec<(CityId, HomeTitle)>, StoreError> {
        let ids: Vec<i64> = cities.iter().map(|city| i64::from(city.0)).collect();
        let rows = sqlx::query!(
            "select id, city_id, title, public_lat, public_lng from homes
             where tenant_id = $1 and city_id = any($2) and status = 'active' order by created_at desc, id",
            self.tenant().0,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        rows.into_iter()
            .map(|row| {
                let at = Position::new(row.public_lat, row.public_lng).map_err(|e| StoreError::BadRow {
                    table: "homes",
                    id: row.id.to_string(),
                    why: e.to_string(),
                })?;
                Ok((CityId(row.city_id as u32), HomeTitle { id: HomeId(row.id), at, title: row.title }))
            })
            .collect()
    }
}

impl Store {
    /// The heads of a tenant's city streams: a head that moved means that the city's homes may have changed, and every change moves it.
    pub async fn city_heads(&self, tenant: TenantId) -> Result<Vec<(CityId, i64)>, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        // ';' follows ':'. A range of a leakproof comparison stays an index scan under row security; `like` would not.
        let rows = sqlx::query!(
            "select stream, head from stream_heads where tenant_id = $1 and stream collate \"C\" >= 'city:' and stream collate \"C\" < 'city;'",
            tenant.0
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| match row.stream.parse() {
                Ok(StreamName::City(city)) => Ok((city, row.head)),
                _ => Err(StoreError::BadRow { table: "stream_heads", id: row.stream, why: "no city's stream".into() }),
            })
            .collect()
    }
}
