//! A transaction in which Postgres shows one tenant's rows and no others.

use std::ops::{Deref, DerefMut};

use domain::{AccountId, Event, TenantId};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{Store, StoreError};
use crate::caller::Caller;

/// The only way to tenant data. Rolled back when dropped; [`commit`](Self::commit) gives the events recorded in it, to be handed to the relay.
#[must_use]
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
    recorded: Vec<Event>,
}

impl Store {
    /// Begins a transaction for a caller. The context is local to the transaction: a connection that goes back to the pool remembers no tenant.
    pub async fn begin(&self, caller: &Caller) -> Result<TenantTx, StoreError> {
        let account = caller.account().map(|a| a.to_string()).unwrap_or_default();
        self.begin_with(caller.tenant, &account).await
    }

    /// Begins a transaction for work that nobody in particular gave: actors, imports, schedules.
    pub async fn begin_as_tenant(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        self.begin_with(tenant, "").await
    }

    /// Begins a transaction for an account whose password or token was just checked, member or not.
    pub async fn begin_as_account(&self, tenant: TenantId, account: AccountId) -> Result<TenantTx, StoreError> {
        self.begin_with(tenant, &account.to_string()).await
    }

    async fn begin_with(&self, tenant: TenantId, account: &str) -> Result<TenantTx, StoreError> {
        let mut tx = self.pool().begin().await?;
        sqlx::query!("select set_config('posada.tenant', $1, true) as tenant, set_config('posada.account', $2, true) as account", tenant.to_string(), account)
            .fetch_one(&mut *tx)
            .await?;
        Ok(TenantTx { tx, tenant, recorded: Vec::new() })
    }
}

impl TenantTx {
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Keeps an event that was written in this transaction until it has committed.
    pub(super) fn recorded(&mut self, events: impl IntoIterator<Item = Event>) {
        self.recorded.extend(events);
    }

    /// Commits and gives what is now true, in the order it was recorded.
    pub async fn commit(self) -> Result<Vec<Event>, StoreError> {
        self.tx.commit().await?;
        Ok(self.recorded)
    }
}

impl Deref for TenantTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}
