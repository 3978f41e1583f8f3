//! Puts a paused home back on the map.
//!
//! Called by `http`. `domain::home` knows from where it can be done.

use domain::home::HomeMove;

use super::own_home::{CannotChangeHome, OwnHome, step};
use crate::store::{TenantTx, homes::HomeView};

pub async fn run(tx: &mut TenantTx, which: OwnHome) -> Result<HomeView, CannotChangeHome> {
    step(tx, which, HomeMove::Resume, "home_resumed").await
}
