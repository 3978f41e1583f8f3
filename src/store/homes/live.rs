//! What the live core is rebuilt from: a city's homes with the head of its stream, and the figures of a tenant's cities.

use domain::{
    BBox, CityId, HomeFilter, RoomId, StreamName, TenantId,
    live::{CityCounts, HomePoint, RoomNights},
};
use futures_util::TryStreamExt as _;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::store::{
    Store, StoreError, TenantTx,
    city_change::{Row, nights},
};

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
        // A hamlet and a metropolis want different plans, and a plan kept for any city would be one for the hamlet.
        sqlx::query!("select set_config('plan_cache_mode', 'force_custom_plan', true)").fetch_one(&mut *tx).await?;
        let taken = tx.city_nights(city).await?;
        Ok((tx.city_home_points(city, &taken).await?, head as u64))
    }

    /// The cities of a tenant that have active homes; with `since`, every city whose figures changed after that instant (then counts may be zero).
    pub async fn city_figures(&self, tenant: TenantId, since: Option<OffsetDateTime>) -> Result<Vec<CityFigures>, StoreError> {
        self.begin_as_tenant(tenant).await?.city_figures(since, None).await
    }

    /// Counts per city of the homes that match a filter.
    pub async fn city_figures_filtered(&self, tenant: TenantId, filter: &HomeFilter) -> Result<Vec<(CityId, CityCounts)>, StoreError> {
        let mut tx: TenantTx = self.begin_as_tenant(tenant).await?;
        tx.count_homes_by_city(filter).await
    }
}

impl TenantTx {
    /// As [`Store::city_figures`], of some cities or of all.
    pub async fn city_figures(&mut self, since: Option<OffsetDateTime>, only: Option<&[CityId]>) -> Result<Vec<CityFigures>, StoreError> {
        let tenant = self.tenant();
        let only: Option<Vec<i64>> = only.map(|cities| cities.iter().map(|city| i64::from(city.0)).collect());
        let rows = sqlx::query!(
            "select c.city_id, c.homes, c.hosts, e.south, e.north, e.west, e.east, e.west_round, e.east_round
             from city_counts c left join lateral (
                 select min(public_lat) as south, max(public_lat) as north, min(public_lng) as west, max(public_lng) as east,
                        min(case when public_lng < 0 then public_lng + 360 else public_lng end) as west_round,
                        max(case when public_lng < 0 then public_lng + 360 else public_lng end) as east_round
                 from homes h where h.tenant_id = c.tenant_id and h.city_id = c.city_id and h.status = 'active') e on true
             where c.tenant_id = $1 and ($2::timestamptz is null or c.changed_at > $2) and (c.homes > 0 or $2 is not null)
               and ($3::bigint[] is null or c.city_id = any($3))
             order by c.city_id",
            tenant.0,
            since,
            only as Option<Vec<i64>>
        )
        .fetch_all(&mut **self)
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
}

/// A room of a city, with one of its stays if it has any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    home: Uuid,
    position: i16,
    room: Uuid,
    nights: Option<(Date, Date)>,
}

impl TenantTx {
    /// The rooms of a city's active homes with the nights taken that are not yet over (in any time zone), in order.
    ///
    /// Joined and not looked up home by home, which costs four times as much for a hundred thousand; sorted here, because Postgres would
    /// sort on the disk.
    async fn city_nights(&mut self, city: CityId) -> Result<Vec<Taken>, StoreError> {
        let tenant = self.tenant().0;
        let mut rows = sqlx::query_as!(
            TakenRow,
            "select r.home_id as \"home!\", r.position as \"position!\", r.id as \"room!\", n.arrive as \"arrive?\", n.leave as \"leave?\"
             from homes h join rooms r on r.tenant_id = $1 and r.home_id = h.id
             left join stay_nights n on n.tenant_id = $1 and n.room_id = r.id and n.leave >= current_date - 1
             where h.tenant_id = $1 and h.city_id = $2 and h.status = 'active'",
            tenant,
            i64::from(city.0)
        )
        .fetch(&mut **self);
        let mut taken = Vec::new();
        while let Some(TakenRow { home, position, room, arrive, leave }) = rows.try_next().await? {
            taken.push(Taken { home, position, room, nights: arrive.zip(leave) });
        }
        taken.sort_unstable();
        Ok(taken)
    }

    /// A city's active homes as the map knows them, by id.
    async fn city_home_points(&mut self, city: CityId, taken: &[Taken]) -> Result<Vec<HomePoint>, StoreError> {
        let tenant = self.tenant().0;
        let mut found = sqlx::query_as!(
            Row,
            "select id, kind, offer, title, guests, price, currency, public_lat, public_lng
             from homes where tenant_id = $1 and city_id = $2 and status = 'active'",
            tenant,
            i64::from(city.0)
        )
        .fetch(&mut **self);
        let mut rows = Vec::new();
        while let Some(row) = found.try_next().await? {
            rows.push(row);
        }
        rows.sort_unstable_by_key(|row| row.id);
        // Both are in the order of homes: every home takes its rooms off the front.
        let mut rest = taken;
        let mut points = Vec::with_capacity(rows.len());
        for row in rows {
            let mine = rest.iter().take_while(|taken| taken.home == row.id).count();
            let (mine, later) = rest.split_at(mine);
            rest = later;
            let rooms = rooms_of(mine)?;
            points.push(row.into_point(|_| rooms)?);
        }
        Ok(points)
    }
}

struct TakenRow {
    home: Uuid,
    position: i16,
    room: Uuid,
    arrive: Option<Date>,
    leave: Option<Date>,
}

/// One home's rooms, from its part of the list.
fn rooms_of(taken: &[Taken]) -> Result<Vec<RoomNights>, StoreError> {
    let room = |stays: &[Taken]| {
        let taken = stays.iter().filter_map(|stay| stay.nights.map(|(arrive, leave)| nights(stay.room, arrive, leave)));
        Ok(RoomNights { id: RoomId(stays[0].room), taken: taken.collect::<Result<_, _>>()? })
    };
    taken.chunk_by(|a, b| a.room == b.room).map(room).collect()
}
