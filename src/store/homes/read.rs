//! Reading homes by id, with their rooms and the nights that are taken in them.

use std::collections::{BTreeMap, HashMap};

use domain::{
    CityId, HomeId, Nights, RoomId,
    home::{Home, Room},
    live::{CityCounts, HomePoint},
};
use time::Date;
use uuid::Uuid;

use super::rows::{HomeRow, RoomRow};
use crate::store::{StoreError, TenantTx, city_change::nights};

/// A home as it is read: itself, its host's name and the nights taken in its rooms.
#[derive(Clone, Debug)]
pub struct HomeView {
    pub home: Home,
    pub host_name: String,
    /// Ascending in each room; a room nobody is in is absent.
    pub taken: HashMap<RoomId, Vec<Nights>>,
}

impl HomeView {
    pub fn point(&self) -> HomePoint {
        self.home.point(|room| self.taken.get(&room).cloned().unwrap_or_default())
    }

    /// Without nights that end on this day or before it.
    pub fn since(mut self, day: Date) -> Self {
        self.taken.retain(|_, nights| {
            nights.retain(|nights| nights.leave() > day);
            !nights.is_empty()
        });
        self
    }
}

impl TenantTx {
    /// A home, locked until the end of this transaction.
    pub async fn home_to_change(&mut self, id: HomeId) -> Result<Option<Home>, StoreError> {
        let row = sqlx::query!(
            "select h.id, h.host_id, h.city_id, h.status, h.kind, h.offer, h.title, h.description, h.guests, h.bedrooms, h.beds, h.price, h.currency,
                    h.lat, h.lng, h.approximate, h.public_lat, h.public_lng, h.cell, h.version, h.created_at, h.updated_at,
                    r.ids as \"room_ids!\", r.names as \"room_names!\", r.guests as \"room_guests!\", r.of_version
             from homes h cross join
                  (select coalesce(array_agg(id order by position, id), '{}') as ids, coalesce(array_agg(name order by position, id), '{}') as names,
                          coalesce(array_agg(guests order by position, id), '{}') as guests,
                          (select version from homes where tenant_id = $1 and id = $2) as of_version
                   from rooms where tenant_id = $1 and home_id = $2) r
             where h.tenant_id = $1 and h.id = $2 for update of h",
            self.tenant().0,
            id.0
        )
        .fetch_optional(&mut **self)
        .await?;
        let Some(row) = row else { return Ok(None) };
        // Whoever waited for the lock gets the home as it is now, but the rest of the statement as it was before the wait.
        let rooms = if row.of_version == Some(row.version) {
            let rooms = row.room_ids.into_iter().zip(row.room_names).zip(row.room_guests);
            rooms.map(|((id, name), guests)| RoomRow { home_id: row.id, id, name, guests }.into_room()).collect::<Result<_, _>>()?
        } else {
            self.rooms_of(&[id.0]).await?.remove(&id.0).unwrap_or_default()
        };
        let home = HomeRow {
            id: row.id,
            host_id: row.host_id,
            city_id: row.city_id,
            status: row.status,
            kind: row.kind,
            offer: row.offer,
            title: row.title,
            description: row.description,
            guests: row.guests,
            bedrooms: row.bedrooms,
            beds: row.beds,
            price: row.price,
            currency: row.currency,
            lat: row.lat,
            lng: row.lng,
            approximate: row.approximate,
            public_lat: row.public_lat,
            public_lng: row.public_lng,
            cell: row.cell,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        home.into_home(rooms).map(Some)
    }

    /// A home that was locked and is left as it was, with what else is read of it. Its nights are those that its city's watchers are told: what is
    /// not over yet, in any time zone.
    pub async fn unchanged_home(&mut self, home: Home) -> Result<HomeView, StoreError> {
        let rooms: Vec<Uuid> = home.rooms.iter().map(|room| room.id.0).collect();
        let rows = sqlx::query!(
            "select m.name as \"name!\", n.room_id as \"room_id?\", n.arrive as \"arrive?\", n.leave as \"leave?\"
             from members m
             left join lateral (select * from stay_nights where tenant_id = $1 and room_id = any($3) and leave >= current_date - 1 offset 0) n on true
             where m.tenant_id = $1 and m.id = $2
             order by n.room_id, n.arrive",
            self.tenant().0,
            home.host.0,
            &rooms
        )
        .fetch_all(&mut **self)
        .await?;
        let host_name = rows.first().map(|row| row.name.clone()).unwrap_or_default();
        Ok(HomeView { home, host_name, taken: by_room(rows.into_iter().map(|row| (row.room_id, row.arrive, row.leave)))? })
    }

    /// Homes by their ids, in the order asked for; absent ones are left out. Nights from `since` on.
    pub async fn homes(&mut self, ids: &[HomeId], since: Date) -> Result<Vec<HomeView>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query_as!(
            HomeRow,
            "select id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency, lat, lng, approximate,
                    public_lat, public_lng, cell, version, created_at, updated_at
             from homes where tenant_id = $1 and id = any($2)",
            self.tenant().0,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        let place: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
        let mut views = self.with_rooms(rows, since).await?;
        views.sort_by_key(|view| place.get(&view.home.id.0).copied());
        Ok(views)
    }

    /// The counts of some cities, held until the commit, in order. Read them after the last change of rows and before `record`: so no later event
    /// carries older counts.
    pub async fn counts_of_cities(&mut self, cities: &[CityId]) -> Result<BTreeMap<CityId, CityCounts>, StoreError> {
        let ids: Vec<i64> = cities.iter().map(|city| i64::from(city.0)).collect();
        let rows = sqlx::query!(
            "select city_id, homes, hosts from city_counts where tenant_id = $1 and city_id = any($2) order by city_id for share",
            self.tenant().0,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        Ok(rows.into_iter().map(|row| (CityId(row.city_id as u32), CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 })).collect())
    }

    pub(super) async fn with_rooms(&mut self, rows: Vec<HomeRow>, since: Date) -> Result<Vec<HomeView>, StoreError> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut hosts: Vec<Uuid> = rows.iter().map(|row| row.host_id).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let mut rooms = self.rooms_of(&ids).await?;
        let room_ids: Vec<Uuid> = rooms.values().flatten().map(|room| room.id.0).collect();
        let taken = self.nights_taken(&room_ids, since).await?;
        let names: HashMap<Uuid, String> = sqlx::query!("select id, name from members where tenant_id = $1 and id = any($2)", self.tenant().0, &hosts)
            .fetch_all(&mut **self)
            .await?
            .into_iter()
            .map(|row| (row.id, row.name))
            .collect();
        rows.into_iter()
            .map(|row| {
                let (id, host) = (row.id, row.host_id);
                let rooms = rooms.remove(&id).unwrap_or_default();
                let taken = rooms.iter().filter_map(|room| Some((room.id, taken.get(&room.id)?.clone()))).collect();
                Ok(HomeView { home: row.into_home(rooms)?, host_name: names.get(&host).cloned().unwrap_or_default(), taken })
            })
            .collect()
    }

    async fn rooms_of(&mut self, homes: &[Uuid]) -> Result<HashMap<Uuid, Vec<Room>>, StoreError> {
        let rows = sqlx::query_as!(
            RoomRow,
            "select home_id, id, name, guests from rooms where tenant_id = $1 and home_id = any($2) order by home_id, position, id",
            self.tenant().0,
            homes
        )
        .fetch_all(&mut **self)
        .await?;
        let mut rooms: HashMap<Uuid, Vec<Room>> = HashMap::with_capacity(homes.len());
        for row in rows {
            rooms.entry(row.home_id).or_default().push(row.into_room()?);
        }
        Ok(rooms)
    }

    /// The nights taken in some rooms, ascending, of those that end after `since`.
    pub(super) async fn nights_taken(&mut self, rooms: &[Uuid], since: Date) -> Result<HashMap<RoomId, Vec<Nights>>, StoreError> {
        let rows = sqlx::query!(
            "select room_id, arrive, leave from stay_nights where tenant_id = $1 and room_id = any($2) and leave > $3 order by room_id, arrive",
            self.tenant().0,
            rooms,
            since
        )
        .fetch_all(&mut **self)
        .await?;
        by_room(rows.into_iter().map(|row| (Some(row.room_id), Some(row.arrive), Some(row.leave))))
    }
}

/// Nights by their rooms, in the order they come in; a row of nulls says that there are none.
pub(super) fn by_room(rows: impl Iterator<Item = (Option<Uuid>, Option<Date>, Option<Date>)>) -> Result<HashMap<RoomId, Vec<Nights>>, StoreError> {
    let mut taken: HashMap<RoomId, Vec<Nights>> = HashMap::new();
    for row in rows {
        if let (Some(room), Some(arrive), Some(leave)) = row {
            taken.entry(RoomId(room)).or_default().push(nights(room, arrive, leave)?);
        }
    }
    Ok(taken)
}
