//! Lists a new home: placed in its city, on offer at once, on every watching map after the commit.
//!
//! Called by `http`. Reviewing before anything is public comes with its own issue (ADR 0020); `HomeStatus::ON_LISTING` is the one place that says so.

use domain::{
    HomeId, MemberId, RoomId,
    cell::PublicPlace,
    home::{Fault, Home, HomeInput, HomeStatus, NewHome, Room},
};
use gazetteer::Gazetteer;
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    own_home::{not_over_since, tell},
    place_city::{CannotPlace, Wanted, place},
};
use crate::store::{
    StoreError, TenantTx,
    homes::{HomeView, SavedHome},
};

#[derive(Clone, Debug)]
pub struct ListHome {
    pub host: MemberId,
    pub input: HomeInput,
    pub now: OffsetDateTime,
}

#[derive(Debug, Error)]
pub enum CannotListHome {
    #[error("the input is not valid")]
    Invalid(Vec<Fault>),
    #[error(transparent)]
    Place(#[from] CannotPlace),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(tx: &mut TenantTx, gazetteer: &Gazetteer, order: ListHome) -> Result<HomeView, CannotListHome> {
    let NewHome { facts, rooms, position, city } = order.input.into_new().map_err(CannotListHome::Invalid)?;
    let (located, placed) = place(tx, gazetteer, &Wanted { city, at: position, ..Wanted::default() }).await?;
    let home = Home {
        id: HomeId(Uuid::now_v7()),
        host: order.host,
        city: placed.city,
        status: HomeStatus::ON_LISTING,
        facts,
        rooms: rooms.into_iter().map(|room| Room { id: RoomId(Uuid::now_v7()), name: room.name, guests: room.guests }).collect(),
        exact: located.at,
        approximate: located.approximate,
        public: PublicPlace::keep_or_choose(None, located.at, rand::random()),
        version: 1,
        created_at: order.now,
        updated_at: order.now,
    };
    tx.insert_home(&home).await?;
    let mut saved = tx.homes(&[home.id], not_over_since(order.now)).await?;
    let saved = SavedHome::from(saved.pop().ok_or_else(|| StoreError::Stale { table: "homes", id: home.id.to_string() })?);
    tell(tx, "home_listed", None, &saved).await?;
    Ok(saved.view)
}
