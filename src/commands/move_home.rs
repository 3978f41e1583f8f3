//! Moves a home: a pin put right, or another city altogether; then it is gone from one stream and put on the other in the same transaction.
//!
//! Called by `http`. Its public place stays as long as the exact one stays near the cell: whoever watches does not see a pin being put right.

use domain::{CityId, Position, cell::PublicPlace, home::Home, home::PlaceInput};
use gazetteer::Gazetteer;

use super::{
    own_home::{CannotChangeHome, OwnHome, load, not_over_since, save, tell},
    place_city::{Wanted, locate, settle},
};
use crate::store::{TenantTx, homes::HomeView};

/// A home that is moved by less stays in its city unless another is named: who drags a pin across the street does not change towns.
const STAYS_IN_CITY_M: f64 = 5_000.0;

#[derive(Clone, Copy, Debug)]
pub struct MoveHome {
    pub which: OwnHome,
    pub to: PlaceInput,
}

pub async fn run(tx: &mut TenantTx, gazetteer: &Gazetteer, order: MoveHome) -> Result<HomeView, CannotChangeHome> {
    let was = load(tx, order.which).await?;
    if !was.status.is_editable() {
        return Err(CannotChangeHome::NotEditable(was.status));
    }
    let home = moved(tx, gazetteer, was.clone(), Some(order.to.at), order.to.city).await?;
    let saved = save(tx, &was, home).await?;
    if saved.view.home.public != was.public || saved.view.home.city != was.city {
        tell(tx, "home_moved", Some(&was), &saved).await?;
    }
    Ok(saved.view.since(not_over_since(order.which.now)))
}

/// The home at another place, in the city that is named or near; the city is made if it is the first thing there.
pub(super) async fn moved(tx: &mut TenantTx, gazetteer: &Gazetteer, home: Home, to: Option<Position>, city: Option<CityId>) -> Result<Home, CannotChangeHome> {
    let stays = to.is_none_or(|to| !home.approximate && home.exact.metres_to(to) < STAYS_IN_CITY_M);
    // Only another city was named: then a position that was given stays if it can.
    let at = to.or(if home.approximate { None } else { Some(home.exact) });
    let located = locate(gazetteer, &Wanted { city: city.or(stays.then_some(home.city)), at, ..Wanted::default() })?;
    if located.city_id() != home.city {
        settle(tx, &located).await?;
    }
    Ok(Home {
        city: located.city_id(),
        exact: located.at,
        approximate: located.approximate,
        public: PublicPlace::keep_or_choose(Some(home.public), located.at, rand::random()),
        ..home
    })
}
