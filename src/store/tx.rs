//! A transaction in which Postgres shows one tenant's rows and no others.

use std::{
    ops::{Deref, DerefMut},
    time::Instant,
};

use domain::{AccountId, Event, TenantId, stay::StayState};
use sqlx::{AssertSqlSafe, Postgres, Transaction, pool::PoolConnection};

use super::{
    Once, Revocation, Store, StoreError,
    events::NewEvent,
    idempotency::KeptAnswer,
    measured::{Measured, Timing},
};
use crate::caller::Caller;

/// The only way to tenant data. Rolled back when dropped; [`commit`](Self::commit) gives the events recorded in it, to be handed to the relay.
#[must_use]
pub struct TenantTx {
    tx: Measured<Transaction<'static, Postgres>>,
    tenant: TenantId,
    /// Written last, so that the heads of their streams are held for as short as can be.
    to_record: Vec<NewEvent>,
    to_answer: Option<(Once, KeptAnswer)>,
    store: Store,
    revoked: Vec<Revocation>,
    moved: Vec<StayState>,
    timer: Timer,
}

/// Measures how long a transaction held its connection, whichever way it ends.
pub(super) struct Timer {
    begun: Instant,
    pub(super) outcome: &'static str,
}

impl Timer {
    pub(super) fn begin() -> Self {
        Self { begun: Instant::now(), outcome: "uncommitted" }
    }
}

/// Somebody who waits for a connection: counted while they wait, timed when they have one or have given up.
struct Waiting(Instant);

impl Waiting {
    fn begin() -> Self {
        metrics::gauge!("posada_db_pool_waiting").increment(1);
        Self(Instant::now())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("posada_db_pool_waiting").decrement(1);
        metrics::histogram!("posada_db_acquire_seconds").record(self.0.elapsed().as_secs_f64());
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        metrics::histogram!("posada_db_transaction_seconds", "outcome" => self.outcome).record(self.begun.elapsed().as_secs_f64());
    }
}

impl Store {
    /// Begins a transaction for a caller. The context is local to the transaction: a connection that goes back to the pool remembers no tenant.
    pub async fn begin(&self, caller: &Caller) -> Result<TenantTx, StoreError> {
        self.begin_with(caller.tenant, caller.account()).await
    }

    /// Begins a transaction for work that nobody in particular gave: actors, imports, schedules.
    pub async fn begin_as_tenant(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        self.begin_with(tenant, None).await
    }

    /// Begins a transaction for an account whose password or token was just checked, member or not.
    pub async fn begin_as_account(&self, tenant: TenantId, account: AccountId) -> Result<TenantTx, StoreError> {
        self.begin_with(tenant, Some(account)).await
    }

    /// Begins a transaction that reads everything as of one instant and writes nothing.
    pub async fn begin_snapshot(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        self.named("begin isolation level repeatable read, read only", tenant, None).await
    }

    async fn begin_with(&self, tenant: TenantId, account: Option<AccountId>) -> Result<TenantTx, StoreError> {
        self.named("begin", tenant, account).await
    }

    /// A connection for the few questions that belong to no tenant: who holds a token, which tenant a name means, whose time is over.
    pub(super) async fn connection(&self) -> Result<Measured<PoolConnection<Postgres>>, StoreError> {
        let _waiting = Waiting::begin();
        Ok(Measured(self.pool().acquire().await.map_err(|error| self.not_begun(error))?))
    }

    /// Begin and name go to Postgres together, one round trip for both. Nothing in the text is anybody's words: both ids are UUIDs.
    async fn named(&self, begin: &'static str, tenant: TenantId, account: Option<AccountId>) -> Result<TenantTx, StoreError> {
        let account = account.map(|account| account.to_string()).unwrap_or_default();
        let begin = format!("{begin}; set local posada.tenant = '{tenant}'; set local posada.account = '{account}'");
        let waiting = Waiting::begin();
        let tx = self.pool().begin_with(AssertSqlSafe(begin)).await;
        drop(waiting);
        Ok(TenantTx {
            tx: Measured(tx.map_err(|error| self.not_begun(error))?),
            tenant,
            to_record: Vec::new(),
            to_answer: None,
            store: self.clone(),
            revoked: Vec::new(),
            moved: Vec::new(),
            timer: Timer::begin(),
        })
    }
}

impl TenantTx {
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Records events: they are written by the commit, and take their places in their streams there.
    pub fn record(&mut self, events: impl IntoIterator<Item = NewEvent>) {
        self.to_record.extend(events);
    }

    /// Keeps the answer to a key claimed in this transaction: it is written by the commit.
    pub fn keep_answer(&mut self, once: Once, answer: KeptAnswer) {
        self.to_answer = Some((once, answer));
    }

    /// Keeps what this transaction takes away from somebody until its end; then whoever holds something for it hears.
    pub(super) fn revokes(&mut self, what: Revocation) {
        self.revoked.push(what);
    }

    /// Keeps how a stay moved until this has committed: then it is counted.
    pub(super) fn moved(&mut self, to: StayState) {
        self.moved.push(to);
    }

    /// Takes everything back and waits until that is done: whoever asks next meets nothing of it. A mere drop does so a moment later.
    pub async fn take_back(self) -> Result<(), StoreError> {
        Ok(self.tx.0.rollback().await?)
    }

    /// Ends a transaction that changes nothing, before its answer is heard: who asks with the same key at once is not told that this one is
    /// still going on.
    pub async fn free_key(self) {
        let _ = self.take_back().await; // a lost connection has taken it back already
    }

    /// Writes what was recorded and the answer that was kept, commits, and gives what is now true.
    ///
    /// Whatever was locked before stays locked before: the heads of streams come last, in the order of their names.
    pub async fn commit(mut self) -> Result<Vec<Event>, StoreError> {
        let (events, answer) = (std::mem::take(&mut self.to_record), self.to_answer.take());
        let recorded = self.write_last(events, answer).await?;
        let committing = Timing::of("commit");
        let done = self.tx.0.commit().await;
        drop(committing);
        self.timer.outcome = if done.is_ok() { "committed" } else { "unknown" };
        let since = Instant::now();
        // Also when nobody knows whether it was committed: asking once more does no harm.
        for what in self.revoked {
            self.store.revoke(what, since);
        }
        done?;
        for to in self.moved {
            metrics::counter!("posada_stays_total", "state" => to.code()).increment(1);
        }
        Ok(recorded)
    }
}

impl Deref for TenantTx {
    type Target = Measured<Transaction<'static, Postgres>>;
    fn deref(&self) -> &Self::Target {
        &self.tx
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}
