//! A tenant's cities: a row of the gazetteer becomes one the first time something is placed in it, once, with its group.
//!
//! Called by `commands::place_city` and nothing else: which city is meant was decided there. The keys (tenant, gazetteer id) and
//! (tenant, kind of group, city) settle races; no lock of the application takes part.

use domain::{CityId, GroupId};

use super::{StoreError, TenantTx};

/// A city as it was just placed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedCity {
    pub city: CityId,
    pub group: GroupId,
    /// This very call made it; of calls in parallel exactly one did.
    pub created: bool,
}

impl TenantTx {
    /// The city and its group, made if they are not there. `slug` and `name` are the gazetteer's.
    ///
    /// Waits for another transaction that is making the same city.
    pub async fn ensure_city(&mut self, city: CityId, slug: &str, name: &str) -> Result<PlacedCity, StoreError> {
        let tenant = self.tenant();
        // The common case by one indexed read: an insert that conflicts would take a row lock and a dead tuple's worth of work.
        if let Some(group) = self.city_group(city).await? {
            return Ok(PlacedCity { city, group, created: false });
        }
        // Named no key: of two that make the same city at once, either key may be the one that Postgres finds taken first.
        let made = sqlx::query!("insert into cities (tenant_id, id, slug) values ($1, $2, $3) on conflict do nothing", tenant.0, i64::from(city.0), slug)
            .execute(&mut **self)
            .await?;
        sqlx::query!(
            "insert into groups (tenant_id, id, kind, key, name, city_id) values ($1, $2, 'city', $3, $4, $5)
             on conflict do nothing",
            tenant.0,
            uuid::Uuid::now_v7(),
            city.to_string(),
            name,
            i64::from(city.0)
        )
        .execute(&mut **self)
        .await?;
        match self.city_group(city).await? {
            Some(group) => Ok(PlacedCity { city, group, created: made.rows_affected() == 1 }),
            None => Err(StoreError::BadRow { table: "groups", id: format!("city {city}"), why: "it was made and is not there".into() }),
        }
    }

    /// The group of a city that something was placed in before.
    pub async fn city_group(&mut self, city: CityId) -> Result<Option<GroupId>, StoreError> {
        let id = sqlx::query_scalar!("select id from groups where tenant_id = $1 and kind = 'city' and city_id = $2", self.tenant().0, i64::from(city.0))
            .fetch_optional(&mut **self)
            .await?;
        Ok(id.map(GroupId))
    }

    /// How many members call a city their home.
    pub async fn members_of_city(&mut self, city: CityId) -> Result<u64, StoreError> {
        let n = sqlx::query_scalar!("select count(*) as \"n!\" from members where tenant_id = $1 and home_city = $2", self.tenant().0, i64::from(city.0))
            .fetch_one(&mut **self)
            .await?;
        Ok(n as u64)
    }
}
