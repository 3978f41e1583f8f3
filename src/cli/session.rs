//! A command's way to the database: opened before it, closed after it, and after Ctrl-C as well.

use std::pin::pin;

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::{
    config::Config,
    database::{Database, DatabaseError, Purpose},
    store::{OwnerStore, Store, Tenant},
};

#[derive(Debug, Error)]
#[error("interrupted")]
pub struct Interrupted;

/// The open database of one command.
pub struct Session {
    pub database: Database,
}

impl Session {
    /// As the app: feels row security, sees what a tenant's transaction sees.
    pub fn store(&self) -> Store {
        Store::new(self.database.app().clone())
    }

    /// As the owner: for what only an operator may do.
    pub async fn owner(&self) -> Result<OwnerStore, DatabaseError> {
        Ok(OwnerStore::new(self.database.owner().await?))
    }

    /// Fails where migrations are missing: a command must not meet tables it does not know.
    pub async fn migrated(&self) -> anyhow::Result<&Self> {
        let pending = self.database.pending().await?;
        anyhow::ensure!(pending.is_none(), "the database is not at the version of this build: run `posada migrate`");
        Ok(self)
    }

    pub async fn tenant(&self, slug: &str) -> anyhow::Result<Tenant> {
        let tenant = self.migrated().await?.store().tenant_by_slug(slug).await?;
        tenant.ok_or_else(|| no_tenant(slug))
    }
}

pub(super) fn no_tenant(slug: &str) -> anyhow::Error {
    anyhow::anyhow!("there is no community {slug:?}; `posada tenant list` lists them")
}

/// Opens the database, works, closes it. A cluster that was started for this is stopped before this returns.
pub fn with(config: &Config, work: impl AsyncFnOnce(&Session) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    // Dropping the runtime waits for what blocks: a start that Ctrl-C met half-way is finished and then undone.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupted = pin!(interrupted()?);
        let database = tokio::select! {
            opened = Database::open(config, Purpose::Command) => opened?,
            () = &mut interrupted => return Err(Interrupted.into()),
        };
        let session = Session { database };
        let outcome = tokio::select! {
            outcome = work(&session) => outcome,
            () = &mut interrupted => Err(Interrupted.into()),
        };
        session.database.stop().await;
        outcome
    })
}

/// Comes true with the next Ctrl-C or SIGTERM.
pub fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
    })
}
