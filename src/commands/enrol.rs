//! What every way into a community shares: the member, their home city and its group, their roles and the groups these bring.
//!
//! Called by `sign_up` and `add_member`, inside their transaction: all of it becomes true, or nothing.

use std::collections::BTreeSet;

use domain::{
    AccountId, Languages, MemberId, PersonName,
    role::{CommunityRole, PlatformRole},
};

use super::place_city::{Located, settle};
use crate::store::{StoreError, TenantTx, members::NewMember};

/// What a person says of themselves when they join.
#[derive(Clone, Debug)]
pub struct Profile {
    pub name: PersonName,
    pub roles: BTreeSet<CommunityRole>,
    pub languages: Languages,
}

/// `None` where the account is a member already; then nothing is changed.
pub async fn run(
    tx: &mut TenantTx,
    account: AccountId,
    profile: &Profile,
    home: Option<&Located<'_>>,
    platform_role: PlatformRole,
) -> Result<Option<MemberId>, StoreError> {
    if tx.member_of_account(account).await?.is_some() {
        return Ok(None);
    }
    // The city before the member, as in every command: who makes one waits for nobody.
    let city = match home {
        Some(home) => Some(settle(tx, home).await?),
        None => None,
    };
    let new = NewMember { account, name: &profile.name, home_city: city.map(|c| c.city), languages: &profile.languages, platform_role };
    let Some(member) = tx.add_member(&new).await? else { return Ok(None) };
    tx.settle_city_group(member, city.map(|c| c.group)).await?;
    tx.set_roles(member, &profile.roles).await?;
    Ok(Some(member))
}
