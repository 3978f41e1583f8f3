//! Retires a paused home for good. It is kept: stays in it and what was said about them remain.
//!
//! Called by `http`. `domain::home` knows from where it can be done.

use domain::home::HomeMove;

use super::own_home::{CannotChangeHome, OwnHome, step};
use crate::store::{TenantTx, homes::HomeView};

pub async fn run(tx: &mut TenantTx, which: OwnHome) -> Result<HomeView, CannotChangeHome> {
    step(tx, which, HomeMove::Retire, "home_retired").await
}
