//! All SQL. Every query on tenant data goes through a [`TenantTx`], or names its tenant itself ([`at_once`]).
//!
//! Called by commands (and by the live core through its ports). Decides nothing; constraints settle races.

pub mod accounts;
pub mod at_once;
pub mod cities;
mod city_change;
pub mod city_page;
mod clock;
pub mod demo;
pub mod events;
pub mod groups;
pub mod heard;
pub mod homes;
pub mod idempotency;
mod lineage;
pub mod live;
mod measured;
pub mod members;
pub mod operator;
pub mod principals;
mod rooms;
pub mod sessions;
pub mod stays;
pub mod tenants;
mod tx;

use sqlx::PgPool;
use thiserror::Error;

pub use idempotency::{Claimed, Done, KeptAnswer, Once};
pub(crate) use principals::looked_up;
pub use principals::{Principal, PrincipalMember, Revocation, Revoking};
pub use tenants::{OwnerStore, Tenant};
pub use tx::TenantTx;

/// The database as the role `posada_app`, which feels row security.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    principals: principals::Principals,
    rooms: rooms::Rooms,
    clock: clock::Clock,
    keeps: bool,
}

impl Store {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, principals: principals::Principals::default(), rooms: rooms::Rooms::default(), clock: clock::Clock::default(), keeps: true }
    }

    /// One that keeps no answer: everything is asked of Postgres each time. For the baseline.
    pub fn keeping_nothing(pool: PgPool) -> Self {
        Self { principals: principals::Principals::with_room(0), rooms: rooms::Rooms::with_room(0), keeps: false, ..Self::new(pool) }
    }

    /// Room for kept answers: as many as somebody would keep, or none.
    pub(crate) fn room(&self, most: u64) -> u64 {
        if self.keeps { most } else { 0 }
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What became of a wait for a connection: where every one of them is in use the database is there, and nothing was begun.
    fn not_begun(&self, error: sqlx::Error) -> StoreError {
        let busy = matches!(error, sqlx::Error::PoolTimedOut) && self.pool.size() >= self.pool.options().get_max_connections();
        if busy {
            outside_failed("postgres", "no_connection");
            metrics::counter!("posada_db_pool_exhausted_total").increment(1);
            return StoreError::Busy(error);
        }
        error.into()
    }

    fn rooms(&self) -> &rooms::Rooms {
        &self.rooms
    }

    fn principals(&self) -> &principals::Principals {
        &self.principals
    }
}

/// Why the store could not do it. Constraint violations are mapped by the query that may cause them, by the constraint's name.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No connection in time, or it broke: the outcome of a write is unknown.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// Every connection is in use, or Postgres takes no more: nothing was begun.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// Postgres has no room left: nothing was changed.
    #[error("the database has no room left")]
    Full(#[source] sqlx::Error),
    /// A row that the domain cannot read.
    #[error("{table} {id} is not valid: {why}")]
    BadRow { table: &'static str, id: String, why: String },
    /// The row was not in the state that the update was to leave.
    #[error("{table} {id} has changed meanwhile")]
    Stale { table: &'static str, id: String },
    #[error("the database refused")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match failure(&error) {
            Some(failure) => {
                outside_failed("postgres", failure);
                match error.as_database_error().and_then(|db| db.code()).as_deref() {
                    Some("53100") => Self::Full(error),
                    Some("53300") => Self::Busy(error),
                    _ => Self::Unreachable(error),
                }
            }
            None => Self::Refused(error),
        }
    }
}

/// Counts a call to something outside this process that got no answer.
pub(crate) fn outside_failed(service: &'static str, failure: &'static str) {
    metrics::counter!("posada_outside_failures_total", "service" => service, "failure" => failure).increment(1);
}

/// How Postgres failed to answer, in a word; none where it answered no.
pub(crate) fn failure(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::PoolTimedOut => Some("no_connection"),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => Some("unreachable"),
        // 57P01 … 57P03: shutting down, crashed, starting up. 53xxx: out of disk, memory, connections. 08xxx: connection.
        sqlx::Error::Database(db) if db.code().is_some_and(|c| c.starts_with("57P") || c.starts_with("08")) => Some("unreachable"),
        sqlx::Error::Database(db) if db.code().is_some_and(|c| c.starts_with("53")) => Some("out_of_resources"),
        _ => None,
    }
}

impl StoreError {
    /// Postgres ended this transaction in favour of another one (deadlock, serialisation): the same work may succeed now.
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(db)) if matches!(db.code().as_deref(), Some("40P01" | "40001")))
    }

    /// The name of the constraint that refused, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Refused(sqlx::Error::Database(db)) => db.constraint(),
            _ => None,
        }
    }
}
