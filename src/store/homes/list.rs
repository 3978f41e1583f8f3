//! Pages of homes, newest first: in a city, of a host, of the whole tenant. One keyset (the id, whose order is the order of making), one filter.
//!
//! Row security lets Postgres use an index only for operators that leak nothing: equality and order on plain types. Nights are compared as two
//! dates, never as ranges.

use domain::{CityId, HomeFilter, HomeId, MemberId};
use time::Date;
use uuid::Uuid;

use super::{read::HomeView, rows::HomeRow};
use crate::store::{StoreError, TenantTx};

/// Which homes are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Homes {
    /// A city's active ones.
    InCity(CityId),
    /// A member's own, whatever their status.
    OfHost(MemberId),
    /// All active ones of the tenant.
    Everywhere,
}

/// A page and where the next one begins; none: this was the last.
#[derive(Debug)]
pub struct HomePage {
    pub homes: Vec<HomeView>,
    pub next: Option<HomeId>,
}

/// The filter as parameters of a query.
pub(super) struct Conditions {
    pub(super) kinds: Option<Vec<String>>,
    pub(super) guests: Option<i16>,
    pub(super) currency: Option<&'static str>,
    pub(super) price_min: Option<i32>,
    pub(super) price_max: Option<i32>,
    pub(super) free_from: Option<Date>,
    pub(super) free_to: Option<Date>,
}

impl Conditions {
    pub(super) fn of(filter: &HomeFilter) -> Self {
        let bound = |amount: u32| i32::try_from(amount).unwrap_or(i32::MAX);
        Self {
            kinds: (!filter.kinds.is_empty()).then(|| filter.kinds.iter().map(|kind| kind.code().to_owned()).collect()),
            guests: filter.guests.map(i16::from),
            currency: filter.price.map(|price| price.currency.code()),
            price_min: filter.price.and_then(|price| price.min).map(bound),
            price_max: filter.price.and_then(|price| price.max).map(bound),
            free_from: filter.free.map(|free| free.0.arrive()),
            free_to: filter.free.map(|free| free.0.leave()),
        }
    }
}

impl TenantTx {
    /// Homes after a place in the list (`before` is the last id of the page before it), at most `limit`. Nights from `since` on.
    pub async fn list_homes(&mut self, which: Homes, filter: &HomeFilter, before: Option<HomeId>, limit: u16, since: Date) -> Result<HomePage, StoreError> {
        let before = before.map_or(Uuid::max(), Uuid::from);
        let wanted = i64::from(limit) + 1; // one more than the page: is there another?
        let mut rows = match which {
            Homes::InCity(city) => self.rows_in_city(city, filter, before, wanted).await?,
            Homes::OfHost(host) => self.rows_of_host(host, before, wanted).await?,
            Homes::Everywhere => self.rows_everywhere(filter, before, wanted).await?,
        };
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = if more { rows.last().map(|row| HomeId(row.id)) } else { None };
        Ok(HomePage { homes: self.with_rooms(rows, since).await?, next })
    }

    async fn rows_in_city(&mut self, city: CityId, filter: &HomeFilter, before: Uuid, limit: i64) -> Result<Vec<HomeRow>, StoreError> {
        let only = Conditions::of(filter);
        Ok(sqlx::query_as!(
            HomeRow,
            "select id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency, lat, lng, approximate,
                    public_lat, public_lng, cell, version, created_at, updated_at
             from homes h
             where tenant_id = $1 and city_id = $2 and status = 'active' and id < $3
               and ($5::text[] is null or kind = any($5))
               and ($6::smallint is null or guests >= $6)
               and ($7::text is null or case when price is null then $8::integer is null
                    else currency = $7 and price >= coalesce($8, 0) and price <= coalesce($9::integer, 2147483647) end)
               and ($10::date is null or exists (select 1 from rooms r where r.tenant_id = h.tenant_id and r.home_id = h.id and not exists
                    (select 1 from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id and n.arrive < $11::date and n.leave > $10)))
             order by id desc limit $4",
            self.tenant().0,
            i64::from(city.0),
            before,
            limit,
            only.kinds as Option<Vec<String>>,
            only.guests,
            only.currency,
            only.price_min,
            only.price_max,
            only.free_from,
            only.free_to
        )
        .fetch_all(&mut **self)
        .await?)
    }

    async fn rows_everywhere(&mut self, filter: &HomeFilter, before: Uuid, limit: i64) -> Result<Vec<HomeRow>, StoreError> {
        let only = Conditions::of(filter);
        Ok(sqlx::query_as!(
            HomeRow,
            "select id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency, lat, lng, approximate,
                    public_lat, public_lng, cell, version, created_at, updated_at
             from homes h
             where tenant_id = $1 and status = 'active' and id < $2
               and ($4::text[] is null or kind = any($4))
               and ($5::smallint is null or guests >= $5)
               and ($6::text is null or case when price is null then $7::integer is null
                    else currency = $6 and price >= coalesce($7, 0) and price <= coalesce($8::integer, 2147483647) end)
               and ($9::date is null or exists (select 1 from rooms r where r.tenant_id = h.tenant_id and r.home_id = h.id and not exists
                    (select 1 from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id and n.arrive < $10::date and n.leave > $9)))
             order by id desc limit $3",
            self.tenant().0,
            before,
            limit,
            only.kinds as Option<Vec<String>>,
            only.guests,
            only.currency,
            only.price_min,
            only.price_max,
            only.free_from,
            only.free_to
        )
        .fetch_all(&mut **self)
        .await?)
    }

    async fn rows_of_host(&mut self, host: MemberId, before: Uuid, limit: i64) -> Result<Vec<HomeRow>, StoreError> {
        Ok(sqlx::query_as!(
            HomeRow,
            "select id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency, lat, lng, approximate,
                    public_lat, public_lng, cell, version, created_at, updated_at
             from homes where tenant_id = $1 and host_id = $2 and id < $3 order by id desc limit $4",
            self.tenant().0,
            host.0,
            before,
            limit
        )
        .fetch_all(&mut **self)
        .await?)
    }

    /// Counts per city of the active homes that match a filter; cities without a match are absent.
    pub async fn count_homes_by_city(&mut self, filter: &HomeFilter) -> Result<Vec<(CityId, domain::live::CityCounts)>, StoreError> {
        let only = Conditions::of(filter);
        let rows = sqlx::query!(
            "select city_id, count(*) as \"homes!\", count(distinct host_id) as \"hosts!\"
             from homes h
             where tenant_id = $1 and status = 'active'
               and ($2::text[] is null or kind = any($2))
               and ($3::smallint is null or guests >= $3)
               and ($4::text is null or case when price is null then $5::integer is null
                    else currency = $4 and price >= coalesce($5, 0) and price <= coalesce($6::integer, 2147483647) end)
               and ($7::date is null or exists (select 1 from rooms r where r.tenant_id = h.tenant_id and r.home_id = h.id and not exists
                    (select 1 from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id and n.arrive < $8::date and n.leave > $7)))
             group by city_id order by city_id",
            self.tenant().0,
            only.kinds as Option<Vec<String>>,
            only.guests,
            only.currency,
            only.price_min,
            only.price_max,
            only.free_from,
            only.free_to
        )
        .fetch_all(&mut **self)
        .await?;
        Ok(rows.into_iter().map(|row| (CityId(row.city_id as u32), domain::live::CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 })).collect())
    }
}
