//! How homes look in answers. The one place where an exact position can get into one: only when the reader is the home's host.

use std::collections::HashMap;

use domain::{
    CityId, HomeId, MemberId, Nights, Position, Price, RoomId,
    home::{HomeKind, HomeStatus, Offer},
};
use gazetteer::Gazetteer;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use super::city_ref::CityRef;
use crate::store::homes::HomeView as Seen;

/// A home, as its reader may know it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Home)]
pub struct HomeAnswer {
    pub id: HomeId,
    /// Grows by one with every change; send it as `If-Match` with an edit.
    pub version: u32,
    pub status: HomeStatus,
    /// What its host can do to the status now; empty for everybody else.
    pub moves: Vec<&'static str>,
    pub host: HostRef,
    pub city: CityRef,
    pub kind: HomeKind,
    pub offer: Offer,
    pub title: String,
    pub description: String,
    pub guests: u8,
    #[schema(required)]
    pub bedrooms: Option<u8>,
    #[schema(required)]
    pub beds: Option<u8>,
    /// Per night; null: free.
    #[schema(required)]
    pub price: Option<Price>,
    /// The public position: a point of the home's neighbourhood that never changes while the home stays there.
    pub position: Position,
    /// The exact position; null for everybody but its host.
    #[schema(required)]
    pub exact: Option<Position>,
    /// Only the city was known when it was placed.
    pub approximate: bool,
    pub rooms: Vec<RoomAnswer>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// The reader is its host.
    pub mine: bool,
}

/// Who offers a home.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HostRef {
    pub id: MemberId,
    pub name: String,
}

/// A room and the nights that are taken in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Room)]
pub struct RoomAnswer {
    pub id: RoomId,
    pub name: String,
    pub guests: u8,
    /// Half-open, ascending: arrive on the first date, leave on the second.
    #[schema(value_type = Vec<[String; 2]>)]
    pub taken: Vec<Nights>,
}

/// A home in a list or on the map.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HomeCard {
    pub id: HomeId,
    pub city: CityId,
    pub kind: HomeKind,
    pub offer: Offer,
    pub title: String,
    pub guests: u8,
    #[schema(required)]
    pub price: Option<Price>,
    /// Public position, degrees.
    pub lat: f64,
    pub lng: f64,
    /// A room is free for the night that begins today, where the home is.
    pub free_tonight: bool,
    /// How many rooms.
    pub rooms: usize,
}

impl HomeAnswer {
    pub fn of(gazetteer: &Gazetteer, seen: Seen, reader: Option<MemberId>, now: OffsetDateTime) -> Self {
        let city = CityRef::of(gazetteer, seen.home.city);
        let today = local_date(now, &city.time_zone);
        let Seen { home, host_name, mut taken } = seen;
        let mine = reader == Some(home.host);
        let moves = home.status.moves().filter(|step| mine && step.is_the_hosts()).map(domain::home::HomeMove::code).collect();
        let rooms = home.rooms.into_iter().map(|room| {
            let nights = taken.remove(&room.id).unwrap_or_default();
            let taken = nights.into_iter().filter(|nights| nights.leave() > today).collect();
            RoomAnswer { id: room.id, name: room.name.to_string(), guests: room.guests.get(), taken }
        });
        Self {
            id: home.id,
            version: home.version,
            status: home.status,
            moves,
            host: HostRef { id: home.host, name: host_name },
            city,
            kind: home.facts.kind,
            offer: home.facts.offer,
            title: home.facts.title.to_string(),
            description: home.facts.description.to_string(),
            guests: home.facts.guests.get(),
            bedrooms: home.facts.bedrooms,
            beds: home.facts.beds,
            price: home.facts.price,
            position: home.public.at,
            exact: mine.then_some(home.exact),
            approximate: home.approximate,
            rooms: rooms.collect(),
            created_at: home.created_at,
            updated_at: home.updated_at,
            mine,
        }
    }
}

/// Makes cards; knows what day it is in each city it has met.
pub struct Cards<'g> {
    gazetteer: &'g Gazetteer,
    now: OffsetDateTime,
    today: HashMap<CityId, Date>,
}

impl<'g> Cards<'g> {
    pub fn new(gazetteer: &'g Gazetteer, now: OffsetDateTime) -> Self {
        Self { gazetteer, now, today: HashMap::new() }
    }

    pub fn card(&mut self, seen: &Seen) -> HomeCard {
        let home = &seen.home;
        let today = *self.today.entry(home.city).or_insert_with(|| {
            let zone = self.gazetteer.get(home.city.0).map_or("UTC", |city| city.time_zone);
            local_date(self.now, zone)
        });
        let busy = |nights: &Nights| nights.arrive() <= today && today < nights.leave();
        HomeCard {
            id: home.id,
            city: home.city,
            kind: home.facts.kind,
            offer: home.facts.offer,
            title: home.facts.title.to_string(),
            guests: home.facts.guests.get(),
            price: home.facts.price,
            lat: home.public.at.lat,
            lng: home.public.at.lng,
            free_tonight: home.rooms.iter().any(|room| !seen.taken.get(&room.id).is_some_and(|nights| nights.iter().any(busy))),
            rooms: home.rooms.len(),
        }
    }
}

/// What day it is in a zone; UTC's where the zone is not known.
pub fn local_date(now: OffsetDateTime, zone: &str) -> Date {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let there = Timestamp::from_second(now.unix_timestamp()).map(|at| at.to_zoned(zone).date());
    let there = there.ok().and_then(|date| {
        let month = time::Month::try_from(date.month() as u8).ok()?;
        Date::from_calendar_date(i32::from(date.year()), month, date.day() as u8).ok()
    });
    there.unwrap_or_else(|| now.date())
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_day_is_that_of_the_place_over_a_change_of_clocks() {
        assert_eq!(local_date(datetime!(2026-11-23 12:30 UTC), "Pacific/Auckland"), date!(2026 - 11 - 24));
        assert_eq!(local_date(datetime!(2026-11-23 02:30 UTC), "America/Argentina/Buenos_Aires"), date!(2026 - 11 - 22));
        assert_eq!(local_date(datetime!(2026-03-28 23:30 UTC), "Europe/Madrid"), date!(2026 - 03 - 29));
        assert_eq!(local_date(datetime!(2026-03-29 22:30 UTC), "Europe/Madrid"), date!(2026 - 03 - 30));
        assert_eq!(local_date(datetime!(2026-10-25 22:30 UTC), "Europe/Madrid"), date!(2026 - 10 - 25));
        assert_eq!(local_date(datetime!(2026-10-25 23:30 UTC), "Europe/Madrid"), date!(2026 - 10 - 26));
        assert_eq!(local_date(datetime!(2026-11-23 12:30 UTC), "Nowhere/Here"), date!(2026 - 11 - 23));
    }
}
