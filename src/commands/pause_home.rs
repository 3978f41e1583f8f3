//! Takes a home off the map for now. Nights that were agreed stay agreed.
//!
//! Called by `http`. `domain::home` knows from where it can be done.

use domain::home::HomeMove;

use super::own_home::{CannotChangeHome, OwnHome, step};
use crate::store::{TenantTx, homes::HomeView};

pub async fn run(tx: &mut TenantTx, which: OwnHome) -> Result<HomeView, CannotChangeHome> {
    step(tx, which, HomeMove::Pause, "home_paused").await
}
