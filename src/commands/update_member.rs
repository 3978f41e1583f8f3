//! A member changes what they say of themselves; groups follow their home city and their roles.
//!
//! Called by `http`, in the caller's transaction. What is absent stays as it is.

use std::collections::BTreeSet;

use domain::{CityId, Languages, PersonName, role::CommunityRole};
use gazetteer::Gazetteer;
use thiserror::Error;

use super::place_city::{CannotPlace, Wanted, place};
use crate::{
    caller::Caller,
    store::{StoreError, TenantTx, members::Member},
};

#[derive(Clone, Debug, Default)]
pub struct UpdateMember {
    pub name: Option<PersonName>,
    pub home_city: Option<CityId>,
    pub roles: Option<BTreeSet<CommunityRole>>,
    pub languages: Option<Languages>,
}

#[derive(Debug, Error)]
pub enum CannotUpdateMember {
    #[error("sign in first")]
    NotAMember,
    #[error("choose at least one role")]
    NoRole,
    #[error("the home city: {0}")]
    HomeCity(#[source] CannotPlace),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(tx: &mut TenantTx, gazetteer: &Gazetteer, caller: &Caller, order: &UpdateMember) -> Result<Member, CannotUpdateMember> {
    let id = caller.member().ok_or(CannotUpdateMember::NotAMember)?;
    if order.roles.as_ref().is_some_and(BTreeSet::is_empty) {
        return Err(CannotUpdateMember::NoRole);
    }
    if let Some(city) = order.home_city {
        let wanted = Wanted { city: Some(city), ..Wanted::default() };
        let (_, placed) = place(tx, gazetteer, &wanted).await.map_err(|error| match error {
            CannotPlace::Store(error) => CannotUpdateMember::Store(error),
            refused => CannotUpdateMember::HomeCity(refused),
        })?;
        // The member's row is locked by this: two moves at once go one after the other, and the groups follow the last.
        tx.set_home_city(id, city).await?;
        tx.settle_city_group(id, Some(placed.group)).await?;
    }
    if let Some(name) = &order.name {
        tx.rename_member(id, name).await?;
    }
    if let Some(languages) = &order.languages {
        tx.set_languages(id, languages).await?;
    }
    if let Some(roles) = &order.roles {
        tx.set_roles(id, roles).await?;
    }
    tx.member(id).await?.ok_or(CannotUpdateMember::NotAMember)
}
