//! Someone becomes a member of a community: account, member, home city with its group, roles with theirs, and a session, in one transaction.
//!
//! Called by `http`. Invariant: of two sign-ups with one e-mail one makes the account; the other must know its password.
//!
//! An e-mail that has an account already: with its password the same person joins this community too (or simply signs in, if
//! they had); without it the answer is [`CannotSignUp::Refused`]. See `docs/adr/0012-who-has-an-account.md`.

use domain::{AccountId, CityId, Email, role::PlatformRole};
use gazetteer::Gazetteer;
use thiserror::Error;

use super::{
    enrol::{self, Profile},
    place_city::{CannotPlace, Wanted, locate},
    sign_in::{SignedIn, begin_session},
};
use crate::{
    secrets::{CannotHash, Hasher, Password},
    store::{Claimed, KeptAnswer, Once, Store, StoreError, Tenant, tenants::SignUpRule},
};

#[derive(Clone, Debug)]
pub struct SignUp {
    pub email: Email,
    pub password: Password,
    pub profile: Profile,
    pub home_city: CityId,
    /// The request's `Idempotency-Key`, if it had one.
    pub key: Option<String>,
    pub user_agent: Option<String>,
}

#[derive(Debug, Error)]
pub enum CannotSignUp {
    #[error("this community adds its members itself")]
    Closed,
    #[error("choose at least one role")]
    NoRole,
    #[error("the home city: {0}")]
    HomeCity(#[source] CannotPlace),
    /// The e-mail has an account, and this is not its password. Says no more than that.
    #[error("no account could be made of this e-mail and password: if you have one already, use its password")]
    Refused,
    #[error("this Idempotency-Key was used for another sign-up")]
    KeyReused,
    #[error("a sign-up with this Idempotency-Key is under way")]
    InProgress,
    #[error(transparent)]
    Hash(#[from] CannotHash),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(store: &Store, hasher: &Hasher, gazetteer: &Gazetteer, tenant: &Tenant, order: &SignUp) -> Result<SignedIn, CannotSignUp> {
    if tenant.sign_up == SignUpRule::Closed {
        return Err(CannotSignUp::Closed);
    }
    if order.profile.roles.is_empty() {
        return Err(CannotSignUp::NoRole);
    }
    let wanted = Wanted { city: Some(order.home_city), ..Wanted::default() };
    let home = locate(gazetteer, &wanted).map_err(CannotSignUp::HomeCity)?;

    // A second round only for who lost a race for the e-mail: then the account is there, and the password decides.
    for _ in 0..2 {
        // Outside the transaction: nothing is locked while a password is hashed. Known or not, the work is the same.
        let (account, new_hash) = match store.credentials(&order.email).await? {
            Some(known) if hasher.verify(order.password.clone(), Some(known.password.clone())).await? => (known.account, None),
            Some(_) => return Err(CannotSignUp::Refused),
            None => (AccountId(uuid::Uuid::now_v7()), Some(hasher.hash(order.password.clone()).await?)),
        };
        let mut tx = store.begin_as_account(tenant.id, account).await?;
        let once = order.key.as_ref().map(|key| once(key, order));
        let first_time = match &once {
            None => false,
            Some(once) => match tx.claim_key(once).await? {
                Claimed::Fresh => true,
                // The password was right: the same person asks again, and a token is never kept to be given twice. A new session, then.
                Claimed::Answered(_) => false,
                Claimed::Reused => {
                    tx.free_key().await;
                    return Err(CannotSignUp::KeyReused);
                }
                Claimed::InProgress => {
                    tx.free_key().await;
                    return Err(CannotSignUp::InProgress);
                }
            },
        };
        if let Some(hash) = &new_hash
            && !tx.add_account(account, &order.email, hash).await?
        {
            tx.free_key().await;
            continue;
        }
        let member = match enrol::run(&mut tx, account, &order.profile, Some(&home), PlatformRole::Member).await? {
            Some(member) => member,
            None => tx.member_of_account(account).await?.ok_or_else(|| gone(account))?,
        };
        let (token, csrf, expires_at) = begin_session(&mut tx, account, order.user_agent.as_deref()).await?;
        let member = tx.member(member).await?.ok_or_else(|| gone(account))?;
        if let (Some(once), true) = (once, first_time) {
            tx.keep_answer(once, KeptAnswer { status: 201, body: member.id.to_string().into_bytes() });
        }
        tx.commit().await?;
        return Ok(SignedIn { token, csrf, expires_at, member });
    }
    Err(CannotSignUp::Refused)
}

/// What was asked, without the password: a fast hash of it at rest would undo the slow one.
fn once(key: &str, order: &SignUp) -> Once {
    let roles = order.profile.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(",");
    let languages = order.profile.languages.as_slice().join(",");
    let city = order.home_city.to_string();
    let asked = [order.email.as_str(), order.profile.name.as_str(), &city, &roles, &languages].map(str::as_bytes);
    Once::new("sign-up", key, &asked)
}

fn gone(account: AccountId) -> StoreError {
    StoreError::Stale { table: "members", id: format!("of account {account}") }
}
