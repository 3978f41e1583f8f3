//! What the commands of a host on their own home have in common: finding it, and telling its watchers what became of it.
//!
//! Called by `change_home`, `move_home`, `pause_home`, `resume_home` and `retire_home`. What is told is public: a change that nobody may see
//! (of a paused home, of an exact position whose public one stays) is told to nobody.

use std::collections::BTreeMap;

use domain::{
    CityId, HomeId, MemberId, Position, StreamName,
    home::{CannotMove, Fault, Home, HomeMove, HomeStatus},
    live::CityChange,
};
use thiserror::Error;
use time::{Date, OffsetDateTime};

use super::place_city::CannotPlace;
use crate::store::{
    StoreError, TenantTx,
    events::NewEvent,
    homes::{HomeView, SavedHome},
};

/// Whose home, which, and when.
#[derive(Clone, Copy, Debug)]
pub struct OwnHome {
    pub host: MemberId,
    pub home: HomeId,
    pub now: OffsetDateTime,
}

#[derive(Debug, Error)]
pub enum CannotChangeHome {
    /// Not there, or somebody else's: the same answer for both.
    #[error("there is no such home of yours")]
    NotYours,
    #[error("the home has changed since it was read: it is at version {now}")]
    Changed { now: u32 },
    #[error("a home that is {} is not changed any more", .0.code())]
    NotEditable(HomeStatus),
    #[error(transparent)]
    Move(#[from] CannotMove),
    #[error("the input is not valid")]
    Invalid(Vec<Fault>),
    #[error("a room that somebody asked a stay in cannot be taken away")]
    RoomInUse,
    #[error(transparent)]
    Place(#[from] CannotPlace),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for CannotChangeHome {
    fn from(error: StoreError) -> Self {
        match error.constraint() {
            Some("stays_tenant_id_room_id_fkey" | "stay_nights_tenant_id_room_id_fkey") => Self::RoomInUse,
            _ => Self::Store(error),
        }
    }
}

/// A host's home, locked. Somebody else's is not found.
pub(super) async fn load(tx: &mut TenantTx, which: OwnHome) -> Result<Home, CannotChangeHome> {
    match tx.home_to_change(which.home).await? {
        Some(home) if home.host == which.host => Ok(home),
        _ => Err(CannotChangeHome::NotYours),
    }
}

/// Takes a home one step on its way, and tells it.
pub(super) async fn step(tx: &mut TenantTx, which: OwnHome, step: HomeMove, told_as: &'static str) -> Result<HomeView, CannotChangeHome> {
    let was = load(tx, which).await?;
    let home = Home { status: was.status.after(step)?, ..was.clone() };
    let saved = tx.update_home(&was, home).await?;
    tell(tx, told_as, Some(&was), &saved).await?;
    Ok(saved.view.since(not_over_since(which.now)))
}

/// Saves what became of a home. One that is as it was is read and not written.
pub(super) async fn save(tx: &mut TenantTx, was: &Home, home: Home) -> Result<SavedHome, StoreError> {
    if home == *was { tx.unchanged_home(home).await.map(SavedHome::from) } else { tx.update_home(was, home).await }
}

/// Records what watchers of its city (of both cities, after a move) are to know of a home that was saved. Last in its transaction.
pub(super) async fn tell(tx: &mut TenantTx, told_as: &'static str, was: Option<&Home>, saved: &SavedHome) -> Result<(), StoreError> {
    let home = &saved.view.home;
    let left = was.filter(|was| was.status.is_public() && was.city != home.city).map(|was| was.city);
    // A paused home is on nobody's map: only that it is gone for good is of interest to who has it in a list.
    if !home.status.is_public() && !was.is_some_and(|was| was.status.is_public()) && home.status != HomeStatus::Retired {
        return Ok(());
    }
    let counts = match saved.counts {
        Some(counts) => BTreeMap::from([(home.city, counts)]),
        None => tx.counts_of_cities(&[home.city].into_iter().chain(left).collect::<Vec<CityId>>()).await?,
    };
    let put = if home.status.is_public() { vec![saved.view.point()] } else { Vec::new() };
    let stood: Vec<Position> = was.filter(|was| was.status.is_public()).map(|was| was.public.at).into_iter().collect();
    let mut events = Vec::with_capacity(2);
    if let Some(city) = left {
        let counts = counts.get(&city).copied().unwrap_or_default();
        let change = CityChange { put: Vec::new(), gone: vec![home.id], left: Some(stood.clone()), counts };
        events.push(NewEvent::new(StreamName::City(city), told_as, &change)?);
    }
    let gone = if put.is_empty() { vec![home.id] } else { Vec::new() };
    let stood = if left.is_none() && (put.is_empty() || was.is_some_and(|was| was.public != home.public)) { stood } else { Vec::new() };
    let change = CityChange { put, gone, left: Some(stood), counts: counts.get(&home.city).copied().unwrap_or_default() };
    events.push(NewEvent::new(StreamName::City(home.city), told_as, &change)?);
    tx.record(events);
    Ok(())
}

/// A night that ends after this day is not over yet, in any time zone.
pub fn not_over_since(now: OffsetDateTime) -> Date {
    now.date().previous_day().unwrap_or(Date::MIN)
}
