//! What a city's watchers are told: homes as the map knows them now, and the city's counts, read inside the transaction that changed them.

use std::collections::BTreeMap;

use domain::{
    CityId, Currency, HomeId, Nights, Position, Price, RoomId,
    home::{HomeKind, Offer},
    live::{CityChange, CityCounts, HomePoint, RoomNights},
};
use time::Date;
use uuid::Uuid;

use super::{StoreError, TenantTx};

impl TenantTx {
    /// For each city that some homes are in: the active ones as they are now, the others as gone, and the city's counts.
    ///
    /// Of homes that stay where they are: who moves them or takes them off the map knows where they stood, and says so.
    pub async fn city_changes(&mut self, homes: &[HomeId]) -> Result<BTreeMap<CityId, CityChange>, StoreError> {
        let tenant = self.tenant().0;
        let ids: Vec<Uuid> = homes.iter().map(|h| h.0).collect();
        // The homes are held first, as by whoever changes one: of an approval and an edit of the same home the later event tells of both.
        let rows = sqlx::query!(
            "select id, city_id, status = 'active' as \"active!\" from homes where tenant_id = $1 and id = any($2) order by id for share",
            tenant,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        // The cities' rows are held until the commit, in order: no later event of theirs can carry older counts.
        let held = sqlx::query!(
            "select city_id, homes, hosts from city_counts
             where tenant_id = $1 and city_id in (select city_id from homes where tenant_id = $1 and id = any($2))
             order by city_id for share",
            tenant,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        let counts: BTreeMap<i64, CityCounts> =
            held.into_iter().map(|row| (row.city_id, CityCounts { homes: row.homes as u32, hosts: row.hosts as u32 })).collect();
        let mut points: BTreeMap<HomeId, HomePoint> = self.home_points(homes).await?.into_iter().map(|p| (p.id, p)).collect();
        let mut changes: BTreeMap<CityId, CityChange> = BTreeMap::new();
        for row in rows {
            let counts = counts.get(&row.city_id).copied().unwrap_or_default();
            let change =
                changes.entry(CityId(row.city_id as u32)).or_insert_with(|| CityChange { put: Vec::new(), gone: Vec::new(), left: Some(Vec::new()), counts });
            match points.remove(&HomeId(row.id)) {
                Some(point) if row.active => change.put.push(point),
                _ => change.gone.push(HomeId(row.id)),
            }
        }
        Ok(changes)
    }

    /// Active homes as the map knows them. One by one through the keys: while an import fills the tables their statistics are old, and a plan
    /// for "any of these" may read them whole.
    pub async fn home_points(&mut self, homes: &[HomeId]) -> Result<Vec<HomePoint>, StoreError> {
        let tenant = self.tenant().0;
        let ids: Vec<Uuid> = homes.iter().map(|h| h.0).collect();
        let rows = sqlx::query_as!(
            Row,
            "select h.id as \"id!\", h.kind as \"kind!\", h.offer as \"offer!\", h.title as \"title!\", h.guests as \"guests!\", h.price, h.currency,
                    h.public_lat as \"public_lat!\", h.public_lng as \"public_lng!\"
             from (select distinct unnest($2::uuid[]) as id) w
             cross join lateral (select * from homes where tenant_id = $1 and id = w.id and status = 'active' offset 0) h order by h.id",
            tenant,
            &ids
        )
        .fetch_all(&mut **self)
        .await?;
        let mut rooms = self.room_nights(&ids).await?;
        rows.into_iter().map(|row| row.into_point(|home| rooms.remove(&home).unwrap_or_default())).collect()
    }

    /// The rooms of some homes in their order, each with the nights taken that are not yet over (in any time zone).
    async fn room_nights(&mut self, homes: &[Uuid]) -> Result<BTreeMap<HomeId, Vec<RoomNights>>, StoreError> {
        let rows = sqlx::query!(
            "select r.home_id as \"home_id!\", r.id as \"id!\", n.arrive as \"arrive?\", n.leave as \"leave?\"
             from (select distinct unnest($2::uuid[]) as id) h
             cross join lateral (select * from rooms where tenant_id = $1 and home_id = h.id offset 0) r
             left join lateral (select * from stay_nights where tenant_id = $1 and room_id = r.id and leave >= current_date - 1 offset 0) n on true
             order by r.home_id, r.position, r.id, n.arrive",
            self.tenant().0,
            homes
        )
        .fetch_all(&mut **self)
        .await?;
        let mut rooms: BTreeMap<HomeId, Vec<RoomNights>> = BTreeMap::new();
        for row in rows {
            let of_home = rooms.entry(HomeId(row.home_id)).or_default();
            if of_home.last().is_none_or(|last| last.id != RoomId(row.id)) {
                of_home.push(RoomNights { id: RoomId(row.id), taken: Vec::new() });
            }
            if let (Some(room), Some(arrive), Some(leave)) = (of_home.last_mut(), row.arrive, row.leave) {
                room.taken.push(nights(row.id, arrive, leave)?);
            }
        }
        Ok(rooms)
    }
}

/// A home's public facts.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) offer: String,
    pub(super) title: String,
    pub(super) guests: i16,
    pub(super) price: Option<i32>,
    pub(super) currency: Option<String>,
    pub(super) public_lat: f64,
    pub(super) public_lng: f64,
}

impl Row {
    /// With the rooms that the home is said to have.
    pub(super) fn into_point(self, rooms: impl FnOnce(HomeId) -> Vec<RoomNights>) -> Result<HomePoint, StoreError> {
        let bad = |why: String| StoreError::BadRow { table: "homes", id: self.id.to_string(), why };
        let price = match (self.price, self.currency.as_deref()) {
            (Some(amount), Some(code)) => {
                Some(Currency::from_code(code).map_err(|e| bad(e.to_string())).and_then(|c| Price::new(amount.into(), c).map_err(|e| bad(e.to_string())))?)
            }
            _ => None,
        };
        Ok(HomePoint {
            id: self.id.into(),
            kind: HomeKind::from_code(&self.kind).ok_or_else(|| bad(format!("kind {}", self.kind)))?,
            offer: Offer::from_code(&self.offer).ok_or_else(|| bad(format!("offer {}", self.offer)))?,
            guests: self.guests as u8,
            price,
            at: Position::new(self.public_lat, self.public_lng).map_err(|e| bad(e.to_string()))?,
            rooms: rooms(HomeId(self.id)),
            title: self.title,
        })
    }
}

pub(super) fn nights(room: Uuid, arrive: Date, leave: Date) -> Result<Nights, StoreError> {
    Nights::new(arrive, leave).map_err(|e| StoreError::BadRow { table: "stay_nights", id: room.to_string(), why: e.to_string() })
}
