//! Accounts: a person's sign-in for the installation, whatever communities they are in.
//!
//! Called by sign-up and sign-in. An account's row is seen only by its own account; finding one by e-mail, before anybody is
//! known, is a narrow function of the database that gives an id and a hash.

use domain::{AccountId, Email};

use super::{Store, StoreError, TenantTx};
use crate::secrets::PasswordHash;

/// What sign-in compares with.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub account: AccountId,
    pub password: PasswordHash,
}

impl Store {
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let row = sqlx::query!("select id as \"id!\", password_hash as \"password_hash!\" from account_by_email($1)", email.as_str())
            .fetch_optional(&mut *self.connection().await?)
            .await?;
        Ok(row.map(|row| Credentials { account: row.id.into(), password: PasswordHash(row.password_hash) }))
    }
}

impl TenantTx {
    /// Makes an account; `false` where the e-mail is taken. The transaction must have been begun as this account.
    pub async fn add_account(&mut self, account: AccountId, email: &Email, password: &PasswordHash) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "insert into accounts (id, email, password_hash) values ($1, $2, $3) on conflict (email) do nothing",
            account.0,
            email.as_str(),
            password.0
        )
        .execute(&mut **self)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
