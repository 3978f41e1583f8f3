//! Someone proves who they are, and a session begins.
//!
//! Called by `http`. Whether an e-mail has an account cannot be told from the answer, nor from how long it takes. Also an account
//! that is nobody's member here is refused in the same words: which communities a person is in is theirs to know.

use domain::{AccountId, Email};
use thiserror::Error;
use time::OffsetDateTime;

use crate::{
    secrets::{CannotHash, Hasher, Password, Token, csrf},
    store::{Store, StoreError, Tenant, TenantTx, members::Member},
};

#[derive(Clone, Debug)]
pub struct SignIn {
    pub email: Email,
    pub password: Password,
    pub user_agent: Option<String>,
}

/// A session that has just begun. The token is shown here once and never again.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub token: Token,
    pub csrf: String,
    pub expires_at: OffsetDateTime,
    pub member: Member,
}

#[derive(Debug, Error)]
pub enum CannotSignIn {
    #[error("e-mail and password do not belong to a member here")]
    Wrong,
    #[error(transparent)]
    Hash(#[from] CannotHash),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(store: &Store, hasher: &Hasher, tenant: &Tenant, order: &SignIn) -> Result<SignedIn, CannotSignIn> {
    let known = store.credentials(&order.email).await?;
    let (account, hash) = known.map_or((None, None), |known| (Some(known.account), Some(known.password)));
    let right = hasher.verify(order.password.clone(), hash).await?;
    let (Some(account), true) = (account, right) else { return Err(CannotSignIn::Wrong) };

    let mut tx = store.begin_as_account(tenant.id, account).await?;
    let member = tx.member_of_account(account).await?.ok_or(CannotSignIn::Wrong)?;
    let (token, csrf, expires_at) = begin_session(&mut tx, account, order.user_agent.as_deref()).await?;
    let member = tx.member(member).await?.ok_or(CannotSignIn::Wrong)?;
    tx.commit().await?;
    Ok(SignedIn { token, csrf, expires_at, member })
}

pub(super) async fn begin_session(tx: &mut TenantTx, account: AccountId, user_agent: Option<&str>) -> Result<(Token, String, OffsetDateTime), StoreError> {
    let (token, csrf) = (Token::generate(), csrf());
    let expires_at = tx.begin_session(account, token.hash(), &csrf, user_agent).await?;
    Ok((token, csrf, expires_at))
}
