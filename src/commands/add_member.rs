//! The operator makes someone a member, with any platform role: `posada member add`, and the first people of a demo.
//!
//! Called by the command line and the demo. Not bound by the tenant's rule for sign-up. Who has an account keeps its password.

use domain::{AccountId, Email, MemberId, TenantId, role::PlatformRole};
use thiserror::Error;

use super::{
    enrol::{self, Profile},
    place_city::Located,
};
use crate::{
    secrets::{CannotHash, Hasher, Password},
    store::{Store, StoreError},
};

#[derive(Clone, Debug)]
pub struct AddMember<'g> {
    pub email: Email,
    /// For a new account; ignored where there is one.
    pub password: Password,
    pub profile: Profile,
    /// From [`locate`](super::place_city::locate).
    pub home: Option<Located<'g>>,
    pub platform_role: PlatformRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    pub member: MemberId,
    pub account: AccountId,
    /// The account is new, and has the password given.
    pub new_account: bool,
}

#[derive(Debug, Error)]
pub enum CannotAddMember {
    #[error("{0} is a member here already")]
    AlreadyMember(Email),
    #[error("another account of {0} was made at the same moment: try again")]
    Raced(Email),
    #[error(transparent)]
    Hash(#[from] CannotHash),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(store: &Store, hasher: &Hasher, tenant: TenantId, order: &AddMember<'_>) -> Result<Added, CannotAddMember> {
    let known = store.credentials(&order.email).await?;
    let new_account = known.is_none();
    let account = known.map_or_else(|| AccountId(uuid::Uuid::now_v7()), |known| known.account);
    let hash = if new_account { Some(hasher.hash(order.password.clone()).await?) } else { None };

    let mut tx = store.begin_as_account(tenant, account).await?;
    if let Some(hash) = hash
        && !tx.add_account(account, &order.email, &hash).await?
    {
        return Err(CannotAddMember::Raced(order.email.clone()));
    }
    let member = enrol::run(&mut tx, account, &order.profile, order.home.as_ref(), order.platform_role)
        .await?
        .ok_or_else(|| CannotAddMember::AlreadyMember(order.email.clone()))?;
    tx.commit().await?;
    Ok(Added { member, account, new_account })
}
