//! Saving homes. Every update names the version it leaves; zero rows is `Stale`.

use domain::{
    home::{Home, Room},
    live::CityCounts,
};
use uuid::Uuid;

use super::read::{HomeView, by_room};
use crate::store::{StoreError, TenantTx};

/// A home as it was saved.
#[derive(Debug)]
pub struct SavedHome {
    pub view: HomeView,
    /// The counts of its city, held until the commit; none: they may have changed with it, or nobody is told.
    pub counts: Option<CityCounts>,
}

impl From<HomeView> for SavedHome {
    fn from(view: HomeView) -> Self {
        Self { view, counts: None }
    }
}

impl TenantTx {
    /// A new home with its rooms.
    pub async fn insert_home(&mut self, home: &Home) -> Result<(), StoreError> {
        let tenant = self.tenant().0;
        let facts = &home.facts;
        sqlx::query!(
            "insert into homes (tenant_id, id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency,
                                lat, lng, approximate, public_lat, public_lng, cell, version, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22)",
            tenant,
            home.id.0,
            home.host.0,
            i64::from(home.city.0),
            home.status.code(),
            facts.kind.code(),
            facts.offer.code(),
            facts.title.as_str(),
            facts.description.as_str(),
            i16::from(facts.guests.get()),
            facts.bedrooms.map(i16::from),
            facts.beds.map(i16::from),
            facts.price.map(|p| p.amount as i32),
            facts.price.map(|p| p.currency.code()),
            home.exact.lat,
            home.exact.lng,
            home.approximate,
            home.public.at.lat,
            home.public.at.lng,
            i64::from(home.public.cell),
            home.version as i32,
            home.created_at
        )
        .execute(&mut **self)
        .await?;
        self.save_rooms(home, &[]).await
    }

    /// A home as it is now, over the one it was, with what else is read of it: as [`unchanged_home`](Self::unchanged_home). Gives it its next version.
    ///
    /// One statement for a change of what is said of the home, its counts with it: no part of a statement sees what another part or a trigger does,
    /// but here none of what is read is written. `for share` meets the newest row of the counts, whatever the statement saw when it began.
    pub async fn update_home(&mut self, was: &Home, mut home: Home) -> Result<SavedHome, StoreError> {
        let facts = &home.facts;
        let rooms: Vec<Uuid> = home.rooms.iter().map(|room| room.id.0).collect();
        let rows = sqlx::query!(
            "with saved as (
                 update homes set host_id = $3, city_id = $4, status = $5, kind = $6, offer = $7, title = $8, description = $9, guests = $10, bedrooms = $11,
                        beds = $12, price = $13, currency = $14, lat = $15, lng = $16, approximate = $17, public_lat = $18, public_lng = $19, cell = $20,
                        version = version + 1, updated_at = now()
                 where tenant_id = $1 and id = $2 and version = $21 and status = $22 and city_id = $23
                 returning version, updated_at
             ), counts as (
                 select homes, hosts from city_counts where tenant_id = $1 and city_id = $4 and $25::boolean for share
             )
             select s.version as \"version!\", s.updated_at as \"updated_at!\", m.name as \"name!\", c.homes as \"homes?\", c.hosts as \"hosts?\",
                    n.room_id as \"room_id?\", n.arrive as \"arrive?\", n.leave as \"leave?\"
             from saved s
             join members m on m.tenant_id = $1 and m.id = $3
             left join counts c on true
             left join lateral (select * from stay_nights where tenant_id = $1 and room_id = any($24) and leave >= current_date - 1 offset 0) n on true
             order by n.room_id, n.arrive",
            self.tenant().0,
            home.id.0,
            home.host.0,
            i64::from(home.city.0),
            home.status.code(),
            facts.kind.code(),
            facts.offer.code(),
            facts.title.as_str(),
            facts.description.as_str(),
            i16::from(facts.guests.get()),
            facts.bedrooms.map(i16::from),
            facts.beds.map(i16::from),
            facts.price.map(|p| p.amount as i32),
            facts.price.map(|p| p.currency.code()),
            home.exact.lat,
            home.exact.lng,
            home.approximate,
            home.public.at.lat,
            home.public.at.lng,
            i64::from(home.public.cell),
            was.version as i32,
            was.status.code(),
            i64::from(was.city.0),
            &rooms,
            is_only_said(was, &home)
        )
        .fetch_all(&mut **self)
        .await?;
        let first = rows.first().ok_or_else(|| StoreError::Stale { table: "homes", id: home.id.to_string() })?;
        home.version = first.version as u32;
        home.updated_at = first.updated_at;
        let host_name = first.name.clone();
        let counts = first.homes.zip(first.hosts).map(|(homes, hosts)| CityCounts { homes: homes as u32, hosts: hosts as u32 });
        let taken = by_room(rows.into_iter().map(|row| (row.room_id, row.arrive, row.leave)))?;
        if was.rooms != home.rooms {
            self.save_rooms(&home, &was.rooms).await?;
        }
        Ok(SavedHome { view: HomeView { home, host_name, taken }, counts })
    }

    /// Rooms that are gone are deleted; a room somebody ever asked a stay in is refused by the constraint `stays_tenant_id_room_id_fkey`.
    async fn save_rooms(&mut self, home: &Home, were: &[Room]) -> Result<(), StoreError> {
        let tenant = self.tenant().0;
        let gone: Vec<_> = were.iter().filter(|r| !home.rooms.iter().any(|now| now.id == r.id)).map(|r| r.id.0).collect();
        if !gone.is_empty() {
            sqlx::query!("delete from rooms where tenant_id = $1 and home_id = $2 and id = any($3)", tenant, home.id.0, &gone).execute(&mut **self).await?;
        }
        let ids: Vec<_> = home.rooms.iter().map(|r| r.id.0).collect();
        let names: Vec<_> = home.rooms.iter().map(|r| r.name.as_str().to_owned()).collect();
        let guests: Vec<_> = home.rooms.iter().map(|r| i16::from(r.guests.get())).collect();
        sqlx::query!(
            "insert into rooms (tenant_id, home_id, id, name, guests, position)
             select $1, $2, id, name, guests, (n - 1)::smallint from unnest($3::uuid[], $4::text[], $5::smallint[]) with ordinality as r (id, name, guests, n)
             on conflict (tenant_id, id) do update set name = excluded.name, guests = excluded.guests, position = excluded.position",
            tenant,
            home.id.0,
            &ids,
            &names,
            &guests
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

/// A change for the eyes of watchers that moves no counts and locks nothing but the home: another price, another title.
///
/// Not one of the public place, although it leaves the numbers as they are: its trigger writes to the city's row, and of two who both had a
/// share in that row already, none could.
fn is_only_said(was: &Home, home: &Home) -> bool {
    let stands = (home.host, home.city, home.status, home.public, &home.rooms) == (was.host, was.city, was.status, was.public, &was.rooms);
    stands && home.status.is_public() && home.facts != was.facts
}
