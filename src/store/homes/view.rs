//! What is in a part of the map, asked of Postgres: for the baseline, which keeps no map in memory. Called by `map::plain` and nothing else.
//!
//! Counted where the rows are: a view of clusters moves one row a tile and city. Row security lets Postgres use an index only for operators that
//! leak nothing, so a box is four comparisons of numbers over the index that [`OwnerStore::index_places`] makes, and not an operator on a box.

use domain::{BBox, CityId, HomeFilter, HomeId, Position, live::CityCounts};

use super::list::Conditions;
use crate::store::{OwnerStore, StoreError, TenantTx};

/// The matching homes of one city in one tile.
#[derive(Clone, Debug, PartialEq)]
pub struct CityTile {
    pub city: CityId,
    /// Columns from the date line eastwards, rows from the north; one outside the square world is negative or too large.
    pub x: i32,
    pub y: i32,
    /// Whether one of the city's homes in it, matching or not, is in the view itself.
    pub in_view: bool,
    pub homes: u32,
    /// Sums of positions in whole units of 1e-7 degrees, and the box around them; nothing without homes.
    pub sums: Option<(i64, i64, BBox)>,
}

/// A home that matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomeAt {
    pub id: HomeId,
    pub city: CityId,
    pub at: Position,
}

impl OwnerStore {
    /// The index of the baseline. Not in a migration: who does not measure does not pay for it with every write.
    pub async fn index_places(&mut self) -> Result<(), StoreError> {
        let index = "create index if not exists homes_of_place on homes (tenant_id, public_lat, public_lng) where status = 'active'";
        sqlx::query(index).execute(self.connection()).await?;
        Ok(())
    }
}

impl TenantTx {
    /// The cities with active homes.
    pub async fn count_homes(&mut self) -> Result<Vec<(CityId, CityCounts)>, StoreError> {
        let rows = sqlx::query!("select city_id, homes, hosts from city_counts where tenant_id = $1 and homes > 0 order by city_id", self.tenant().0)
            .fetch_all(&mut **self)
            .await?;
        Ok(rows.into_iter().map(|row| (CityId(row.city_id as u32), CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 })).collect())
    }

    /// Matching homes by city and by tile of a level, of the homes in a box; `view` is the part of it that is looked at.
    pub async fn count_homes_by_tile(&mut self, within: BBox, level: u8, view: BBox, filter: &HomeFilter) -> Result<Vec<CityTile>, StoreError> {
        let only = Conditions::of(filter);
        let (west, east) = longitudes(within);
        let rows = sqlx::query!(
            "select city_id as \"city_id!\", x as \"x!\", y as \"y!\", bool_or(seen) as \"in_view!\", count(*) filter (where matching) as \"homes!\",
                    (sum(round(public_lat * 1e7)) filter (where matching))::bigint as lat_sum,
                    (sum(round(public_lng * 1e7)) filter (where matching))::bigint as lng_sum,
                    min(public_lat) filter (where matching) as south, min(public_lng) filter (where matching) as west,
                    max(public_lat) filter (where matching) as north, max(public_lng) filter (where matching) as east
             from (
                select city_id, public_lat, public_lng,
                       least(floor((public_lng + 180) / 360 * $18::double precision), $18 - 1)::integer as x,
                       floor((0.5 - asinh(tan(radians(public_lat))) / (2 * pi())) * $18)::integer as y,
                       public_lat between $6 and $8
                           and case when $7::double precision <= $9::double precision then public_lng between $7 and $9
                               else public_lng >= $7 or public_lng <= $9 end as seen,
                       ($11::text[] is null or kind = any($11))
                           and ($12::smallint is null or guests >= $12)
                           and ($13::text is null or case when price is null then $14::integer is null
                                else currency = $13 and price >= coalesce($14, 0) and price <= coalesce($15::integer, 2147483647) end)
                           and ($16::date is null or exists (select 1 from rooms r where r.tenant_id = h.tenant_id and r.home_id = h.id and not exists
                                (select 1 from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id and n.arrive < $17::date and n.leave > $16))) as matching
                from homes h
                where tenant_id = $1 and status = 'active' and public_lat between $2 and $4
                  and public_lng between $10 and $19 and (public_lng >= $3 or public_lng <= $5)) as found
             group by city_id, x, y",
            self.tenant().0,
            within.south,
            within.west,
            within.north,
            within.east,
            view.south,
            view.west,
            view.north,
            view.east,
            west,
            only.kinds as Option<Vec<String>>,
            only.guests,
            only.currency,
            only.price_min,
            only.price_max,
            only.free_from,
            only.free_to,
            f64::from(1_u32 << level),
            east
        )
        .fetch_all(&mut **self)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let around = row.south.zip(row.west).zip(row.north.zip(row.east)).map(|((south, west), (north, east))| BBox { south, west, north, east });
                let sums = row.lat_sum.zip(row.lng_sum).zip(around).map(|((lat, lng), around)| (lat, lng, around));
                CityTile { city: CityId(row.city_id as u32), x: row.x, y: row.y, in_view: row.in_view, homes: row.homes as u32, sums }
            })
            .collect())
    }

    /// Matching homes in a box by their ids, of some cities or of all, at most `limit`; and how many there are.
    pub async fn homes_in(
        &mut self,
        within: BBox,
        filter: &HomeFilter,
        cities: Option<&[CityId]>,
        limit: Option<u32>,
    ) -> Result<(Vec<HomeAt>, u64), StoreError> {
        let only = Conditions::of(filter);
        let (west, east) = longitudes(within);
        let cities: Option<Vec<i64>> = cities.map(|cities| cities.iter().map(|city| i64::from(city.0)).collect());
        let rows = sqlx::query!(
            "select id, city_id, public_lat, public_lng, count(*) over () as \"total!\"
             from homes h
             where tenant_id = $1 and status = 'active' and public_lat between $2 and $4
               and public_lng between $6 and $16 and (public_lng >= $3 or public_lng <= $5)
               and ($7::text[] is null or kind = any($7))
               and ($8::smallint is null or guests >= $8)
               and ($9::text is null or case when price is null then $10::integer is null
                    else currency = $9 and price >= coalesce($10, 0) and price <= coalesce($11::integer, 2147483647) end)
               and ($12::date is null or exists (select 1 from rooms r where r.tenant_id = h.tenant_id and r.home_id = h.id and not exists
                    (select 1 from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id and n.arrive < $13::date and n.leave > $12)))
               and ($14::bigint[] is null or city_id = any($14))
             order by id limit $15",
            self.tenant().0,
            within.south,
            within.west,
            within.north,
            within.east,
            west,
            only.kinds as Option<Vec<String>>,
            only.guests,
            only.currency,
            only.price_min,
            only.price_max,
            only.free_from,
            only.free_to,
            cities as Option<Vec<i64>>,
            limit.map(i64::from),
            east
        )
        .fetch_all(&mut **self)
        .await?;
        let total = rows.first().map_or(0, |row| row.total as u64);
        let homes = rows.into_iter().map(|row| {
            let at = super::rows::position(row.public_lat, row.public_lng).map_err(|why| StoreError::BadRow { table: "homes", id: row.id.to_string(), why })?;
            Ok(HomeAt { id: HomeId(row.id), city: CityId(row.city_id as u32), at })
        });
        Ok((homes.collect::<Result<_, StoreError>>()?, total))
    }
}

/// Between which longitudes a box lies, for the index: over the date line, between any.
fn longitudes(within: BBox) -> (f64, f64) {
    if within.crosses_date_line() { (-180.0, 180.0) } else { (within.west, within.east) }
}
