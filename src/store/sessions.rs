//! Sessions: begun at sign-in, ended at sign-out or by time; and who holds one, which every request asks.
//!
//! Called by the commands of sign-in and sign-out and by every edge ([`Store::principal`]). Tokens are never stored, only their hashes.

use std::time::Duration;

use domain::{AccountId, MemberId, TenantId, role::PlatformRole};
use time::OffsetDateTime;

use super::{
    Store, StoreError, TenantTx,
    principals::{Principal, PrincipalMember, Revocation},
};
use crate::secrets::TokenHash;

/// A session ends after this long whatever happens,
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// and after this long without use.
pub const IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Its last use is written down at most this often.
const USE_NOTED_EVERY: Duration = Duration::from_secs(5 * 60);
/// Ended sessions are kept this long, for whoever asks what happened.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl TenantTx {
    /// Begins a session; gives when it ends at the latest. The transaction must have been begun as this account.
    pub async fn begin_session(&mut self, account: AccountId, token: TokenHash, csrf: &str, user_agent: Option<&str>) -> Result<OffsetDateTime, StoreError> {
        let agent: Option<String> = user_agent.map(|agent| agent.chars().take(300).collect());
        let expires_at = sqlx::query_scalar!(
            "insert into sessions (token_hash, account_id, csrf, user_agent, expires_at) values ($1, $2, $3, $4, now() + make_interval(secs => $5))
             returning expires_at",
            &token.0,
            account.0,
            csrf,
            agent,
            LONGEST.as_secs_f64()
        )
        .fetch_one(&mut **self)
        .await?;
        Ok(expires_at)
    }

    /// Ends a session of the transaction's account; `false` where there is none that still runs. Whoever holds something for it hears after the commit.
    pub async fn end_session(&mut self, token: TokenHash) -> Result<bool, StoreError> {
        let done = sqlx::query!("update sessions set ended_at = now() where token_hash = $1 and ended_at is null", &token.0).execute(&mut **self).await?;
        self.revokes(Revocation::Session(token));
        Ok(done.rows_affected() == 1)
    }
}

impl Store {
    /// Who holds this token, in this tenant; one call of the database, or none when it was asked in the last seconds.
    ///
    /// `None`: unknown, ended, too old, or idle for too long. What a transaction of this node revoked is asked again at once.
    pub async fn principal(&self, tenant: TenantId, token: TokenHash) -> Result<Option<Principal>, StoreError> {
        if let Some(known) = self.principals().get(tenant, token, self.now()).await {
            return Ok(Some(known));
        }
        let before = self.principals().generation();
        let Some(row) = sqlx::query!(
            "select account_id as \"account_id!\", csrf as \"csrf!\", expires_at as \"expires_at!\", last_used_at as \"last_used_at!\",
                    member_id, name, platform_role
             from principal_by_token($1, $2, $3)",
            &token.0,
            tenant.0,
            IDLE.as_secs_f64()
        )
        .fetch_optional(&mut *self.connection().await?)
        .await?
        else {
            return Ok(None);
        };
        let member = match (row.member_id, row.name, row.platform_role) {
            (Some(id), Some(name), Some(role)) => {
                let role = PlatformRole::from_code(&role).ok_or_else(|| StoreError::BadRow {
                    table: "members",
                    id: id.to_string(),
                    why: format!("{role:?} is no platform role"),
                })?;
                Some(PrincipalMember { id: MemberId(id), name, role })
            }
            _ => None,
        };
        let principal = Principal { account: AccountId(row.account_id), session: token, member, csrf: row.csrf, expires_at: row.expires_at };
        self.principals().keep(tenant, principal.clone(), before).await;
        if self.now() - row.last_used_at > USE_NOTED_EVERY {
            let (store, account) = (self.clone(), principal.account);
            // Off the path of the request: nobody waits for it, and a lost one is noted by the next.
            tokio::spawn(async move {
                if let Err(error) = store.note_use(tenant, account, token).await {
                    tracing::debug!(%error, "a session's use was not noted");
                }
            });
        }
        Ok(Some(principal))
    }

    async fn note_use(&self, tenant: TenantId, account: AccountId, token: TokenHash) -> Result<(), StoreError> {
        let mut tx = self.begin_as_account(tenant, account).await?;
        // The age is asked again: of many who saw it, one writes.
        sqlx::query!(
            "update sessions set last_used_at = now() where token_hash = $1 and last_used_at < now() - make_interval(secs => $2)",
            &token.0,
            USE_NOTED_EVERY.as_secs_f64()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await.map(|_| ())
    }

    /// Forgets sessions that ended long ago, of everybody; gives how many.
    pub async fn forget_dead_sessions(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query_scalar!("select forget_dead_sessions($1, $2) as \"gone!\"", KEPT.as_secs_f64(), IDLE.as_secs_f64())
            .fetch_one(&mut *self.connection().await?)
            .await?;
        Ok(gone as u64)
    }
}
