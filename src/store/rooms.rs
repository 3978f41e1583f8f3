//! Rooms as somebody read them a moment ago: whoever asks for a stay has mostly just looked at the home.
//!
//! Filled by the page of a home and by requests, asked by the short way of a request ([`at_once`](super::at_once)). Nothing here is believed: the statement
//! that keeps a request looks whether home and host are still what was read, and does nothing where they are not.

use std::time::Duration;

use domain::{HomeId, RoomId, TenantId};
use moka::future::Cache;

use super::{Store, at_once::RoomOnOffer, homes::HomeView, looked_up};

/// How long a room is remembered that nobody asks for.
const KEPT: Duration = Duration::from_secs(600);
/// Rooms at most, about 400 bytes each.
const MOST: u64 = 50_000;

/// By home and by the room that is named; none stands for the first.
#[derive(Clone, Debug)]
pub(super) struct Rooms(Cache<(TenantId, HomeId, Option<RoomId>), RoomOnOffer>);

impl Rooms {
    pub(super) fn with_room(most: u64) -> Self {
        Self(Cache::builder().max_capacity(most).time_to_idle(KEPT).build())
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self::with_room(MOST)
    }
}

impl Store {
    /// A room as it was read last. Whether its nights are free is not known.
    pub async fn known_room(&self, tenant: TenantId, home: HomeId, room: Option<RoomId>) -> Option<RoomOnOffer> {
        let known = self.rooms().0.get(&(tenant, home, room)).await;
        looked_up("rooms", known.is_some());
        known
    }

    /// Remembers what was read of a room under the name that was asked for.
    pub async fn remember_room(&self, tenant: TenantId, asked: Option<RoomId>, room: &RoomOnOffer) {
        self.rooms().0.insert((tenant, room.home, asked), RoomOnOffer { taken: false, ..room.clone() }).await;
    }

    /// Remembers the rooms of a home that is on offer and that somebody looks at.
    pub async fn remember_rooms(&self, tenant: TenantId, seen: &HomeView) {
        let home = &seen.home;
        if !home.status.is_public() {
            return;
        }
        for (n, room) in home.rooms.iter().enumerate() {
            let read = RoomOnOffer {
                home: home.id,
                home_version: home.version,
                title: home.facts.title.as_str().to_owned(),
                city: home.city,
                host: home.host,
                host_name: seen.host_name.clone(),
                room: room.id,
                room_name: room.name.as_str().to_owned(),
                guests: room.guests.get(),
                price: home.facts.price,
                taken: false,
            };
            if n == 0 {
                self.remember_room(tenant, None, &read).await;
            }
            self.remember_room(tenant, Some(room.id), &read).await;
        }
    }

    /// What was remembered of a room did not hold.
    pub async fn forget_room(&self, tenant: TenantId, home: HomeId, room: Option<RoomId>) {
        self.rooms().0.invalidate(&(tenant, home, room)).await;
    }
}
