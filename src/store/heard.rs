//! Hears what others took away: another server, the command line, an operator at a prompt. Triggers write a row beside each such change;
//! this reads what is new since the last look.
//!
//! Called by the schedule, many times a second, on a connection of its own: a busy pool must not keep a revocation waiting. Decides
//! nothing; what is heard goes the way of what this server took away itself.
//!
//! Invariant: a revocation that has committed is heard by the first look that begins after it, however long its transaction took and
//! whatever committed meanwhile. The place is a transaction's number, not a row's: rows get numbers before they can be seen.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use domain::{MemberId, TenantId};
use sqlx::PgPool;

use super::{Revocation, Store, StoreError};
use crate::secrets::TokenHash;

/// Rows are kept this long; a server that heard nothing for half of it believes nothing any more.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How far a server has heard.
#[derive(Debug)]
pub struct Ear {
    pool: PgPool,
    /// Every transaction before this number has been heard.
    place: i64,
    /// Rows from there on that were heard already.
    known: HashSet<i64>,
    last: Instant,
}

impl Ear {
    /// Hears from now on. To be made before anything is kept of anybody.
    pub async fn begin(pool: PgPool, store: &Store) -> Result<Self, StoreError> {
        let last = Instant::now();
        let row = sqlx::query!("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as \"place!\", clock_timestamp() as \"clock!\"");
        let row = row.fetch_one(&pool).await?;
        store.read_clock(row.clock, Instant::now());
        let place = row.place;
        Ok(Self { pool, place, known: HashSet::new(), last })
    }

    /// Hears what is new and makes the store forget it; gives how many there were. After a failure the next look hears it all.
    ///
    /// `Err` also where so much may have been missed that everybody has to be asked anew: then the store has forgotten everything.
    pub async fn listen(&mut self, store: &Store) -> Result<usize, CannotHear> {
        let asked = Instant::now();
        let rows = sqlx::query!(
            "select clock_timestamp() as \"clock!\", next as \"next!\", id, session, tenant_id, member_id, age_seconds from revocations_from($1) order by id",
            self.place
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::from)?;
        let answered = Instant::now();
        let Some((next, clock)) = rows.first().map(|row| (row.next, row.clock)) else { return Ok(0) };
        store.read_clock(clock, answered);
        // Earlier than where we were: another database, restored from a copy.
        let missed = next < self.place || asked.duration_since(self.last) > KEPT / 2;
        let mut new = 0;
        let mut seen = HashSet::new();
        for row in rows {
            let Some(id) = row.id else { continue };
            seen.insert(id);
            if self.known.contains(&id) {
                continue;
            }
            let Some(what) = revocation(row.session, row.tenant_id, row.member_id) else { continue };
            let age = Duration::try_from_secs_f64(row.age_seconds.unwrap_or_default()).unwrap_or_default();
            store.revoke(what, answered.checked_sub(age).unwrap_or(answered));
            new += 1;
        }
        (self.place, self.known, self.last) = (next, seen, asked);
        if missed {
            store.forget_principals();
            return Err(CannotHear::Missed);
        }
        Ok(new)
    }
}

/// Why a look heard nothing, or not enough.
#[derive(Debug, thiserror::Error)]
pub enum CannotHear {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("revocations may have been missed; everybody has to be asked anew")]
    Missed,
}

fn revocation(session: Option<Vec<u8>>, tenant: Option<uuid::Uuid>, member: Option<uuid::Uuid>) -> Option<Revocation> {
    match (session, tenant, member) {
        (Some(hash), ..) => hash.try_into().ok().map(|hash| Revocation::Session(TokenHash(hash))),
        (None, Some(tenant), Some(member)) => Some(Revocation::Member(TenantId(tenant), MemberId(member))),
        (None, Some(tenant), None) => Some(Revocation::Tenant(TenantId(tenant))),
        (None, None, _) => None,
    }
}

impl Store {
    /// Whether visitors may see a tenant's map now.
    pub async fn shows_its_map(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        let shown = sqlx::query_scalar!("select public_map from tenants where id = $1", tenant.0).fetch_optional(&mut *tx).await?;
        Ok(shown == Some(true))
    }

    /// Forgets revocations that every server has heard long since; gives how many.
    pub async fn forget_revocations(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query_scalar!("select forget_revocations($1) as \"gone!\"", KEPT.as_secs_f64()).fetch_one(&mut *self.connection().await?).await?;
        Ok(gone as u64)
    }
}
