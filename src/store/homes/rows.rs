//! Rows of `homes` and `rooms` as domain values. An impossible row is an error that names its table and id.

use domain::{
    CityId, Currency, HomeId, MemberId, Position, Price, RoomId,
    cell::{Cell, PublicPlace},
    home::{Capacity, Description, Home, HomeFacts, HomeKind, HomeStatus, Offer, Room, RoomName, Title},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::store::StoreError;

/// Every column of a home but those of its import.
pub(super) struct HomeRow {
    pub id: Uuid,
    pub host_id: Uuid,
    pub city_id: i64,
    pub status: String,
    pub kind: String,
    pub offer: String,
    pub title: String,
    pub description: String,
    pub guests: i16,
    pub bedrooms: Option<i16>,
    pub beds: Option<i16>,
    pub price: Option<i32>,
    pub currency: Option<String>,
    pub lat: f64,
    pub lng: f64,
    pub approximate: bool,
    pub public_lat: f64,
    pub public_lng: f64,
    pub cell: i64,
    pub version: i32,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

pub(super) struct RoomRow {
    pub home_id: Uuid,
    pub id: Uuid,
    pub name: String,
    pub guests: i16,
}

impl HomeRow {
    pub(super) fn into_home(self, rooms: Vec<Room>) -> Result<Home, StoreError> {
        let id = self.id;
        self.read(rooms).map_err(|why| StoreError::BadRow { table: "homes", id: id.to_string(), why })
    }

    fn read(self, rooms: Vec<Room>) -> Result<Home, String> {
        Ok(Home {
            id: HomeId(self.id),
            host: MemberId(self.host_id),
            city: CityId(u32::try_from(self.city_id).map_err(|_| format!("city {}", self.city_id))?),
            status: HomeStatus::from_code(&self.status).ok_or_else(|| format!("status {:?}", self.status))?,
            facts: HomeFacts {
                kind: HomeKind::from_code(&self.kind).ok_or_else(|| format!("kind {:?}", self.kind))?,
                offer: Offer::from_code(&self.offer).ok_or_else(|| format!("offer {:?}", self.offer))?,
                title: Title::parse(&self.title).map_err(|bad| format!("title {bad}"))?,
                description: Description::parse(&self.description).map_err(|bad| format!("description {bad}"))?,
                guests: capacity(self.guests)?,
                bedrooms: small(self.bedrooms)?,
                beds: small(self.beds)?,
                price: price(self.price, self.currency.as_deref())?,
            },
            rooms,
            exact: Position::new(self.lat, self.lng).map_err(|_| "its position".to_owned())?,
            approximate: self.approximate,
            public: public_place(self.cell, self.public_lat, self.public_lng)?,
            version: u32::try_from(self.version).map_err(|_| format!("version {}", self.version))?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl RoomRow {
    pub(super) fn into_room(self) -> Result<Room, StoreError> {
        let id = self.id;
        let read = || {
            let name = RoomName::parse(&self.name).map_err(|bad| format!("name {bad}"))?;
            Ok(Room { id: RoomId(id), name, guests: capacity(self.guests)? })
        };
        read().map_err(|why| StoreError::BadRow { table: "rooms", id: id.to_string(), why })
    }
}

pub(super) fn position(lat: f64, lng: f64) -> Result<Position, String> {
    Position::new(lat, lng).map_err(|bad| bad.to_string())
}

pub(super) fn public_place(cell: i64, lat: f64, lng: f64) -> Result<PublicPlace, String> {
    Ok(PublicPlace { cell: Cell::try_from(cell).map_err(|bad| bad.to_string())?, at: position(lat, lng)? })
}

pub(super) fn capacity(guests: i16) -> Result<Capacity, String> {
    u8::try_from(guests).ok().and_then(Capacity::new).ok_or_else(|| format!("{guests} guests"))
}

fn small(number: Option<i16>) -> Result<Option<u8>, String> {
    number.map(|n| u8::try_from(n).map_err(|_| format!("a number of {n}"))).transpose()
}

pub(super) fn price(amount: Option<i32>, currency: Option<&str>) -> Result<Option<Price>, String> {
    match (amount, currency) {
        (Some(amount), Some(currency)) => {
            let currency = Currency::from_code(currency).map_err(|e| e.to_string())?;
            Price::new(i64::from(amount), currency).map(Some).map_err(|e| e.to_string())
        }
        _ => Ok(None),
    }
}
