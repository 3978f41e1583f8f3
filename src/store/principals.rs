//! Who holds which session, kept for a minute: every request and every socket asks.
//!
//! Owned by the [`Store`](super::Store). Keys begin with the tenant: who somebody is in one community says nothing about another.
//! A transaction that takes something away makes this node forget it exactly and at once as it commits, and the live edge hears; what others
//! took away is forgotten as it is heard of ([`heard`](super::heard)); a server that hears nothing for ten seconds forgets everybody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{AccountId, MemberId, TenantId, role::PlatformRole};
use moka::future::Cache;
use time::OffsetDateTime;
use tokio::sync::broadcast;

use super::Store;
use crate::{
    caller::{Caller, Who},
    secrets::TokenHash,
};

/// How long an answer is believed without asking, if nothing is heard against it.
const KEPT: Duration = Duration::from_secs(60);
/// How many at most, about 300 bytes each.
const MOST: u64 = 100_000;
/// Revocations that a slow listener may fall behind by; then it hears `Lagged` and must ask about all it holds.
const BACKLOG: usize = 1024;

/// A session's holder, seen from one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub account: AccountId,
    pub session: TokenHash,
    /// Who they are here; none for somebody who is a member elsewhere only.
    pub member: Option<PrincipalMember>,
    pub csrf: String,
    pub expires_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalMember {
    pub id: MemberId,
    pub name: String,
    pub role: PlatformRole,
}

impl Principal {
    pub fn caller(&self, tenant: TenantId) -> Caller {
        let who = match &self.member {
            Some(m) => Who::Member { account: self.account, member: m.id, name: m.name.clone(), role: m.role },
            None => Who::Visitor { account: Some(self.account) },
        };
        Caller { tenant, who }
    }
}

/// What was taken away or changed: whoever holds something for it asks again, or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Every session of an account.
    Account(AccountId),
    /// One session: its holder signed out.
    Session(TokenHash),
    /// What a member may do, or is called, changed, or they are no longer one: their sessions go on, with other eyes.
    Member(TenantId, MemberId),
    /// What a tenant shows to whom changed.
    Tenant(TenantId),
}

/// A revocation, and since when it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoking {
    pub what: Revocation,
    pub since: Instant,
}

/// Counts a look into a cache.
pub(crate) fn looked_up(cache: &'static str, found: bool) {
    metrics::counter!("posada_cache_lookups_total", "cache" => cache, "outcome" => if found { "hit" } else { "miss" }).increment(1);
}

#[derive(Clone, Debug)]
pub(super) struct Principals {
    cache: Cache<(TenantId, TokenHash), Principal>,
    /// Counts revocations, so that an answer read before one is never kept after it.
    generation: Arc<AtomicU64>,
    /// Counts those of tenants alone.
    tenants: Arc<AtomicU64>,
    revocations: broadcast::Sender<Revoking>,
}

impl Default for Principals {
    fn default() -> Self {
        Self::with_room(MOST)
    }
}

impl Principals {
    /// With room for so many; without any, nothing is kept.
    pub(super) fn with_room(most: u64) -> Self {
        let cache = Cache::builder().max_capacity(most).time_to_live(KEPT).support_invalidation_closures().build();
        Self { cache, generation: Arc::default(), tenants: Arc::default(), revocations: broadcast::Sender::new(BACKLOG) }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) async fn get(&self, tenant: TenantId, token: TokenHash, now: OffsetDateTime) -> Option<Principal> {
        let known = self.cache.get(&(tenant, token)).await.filter(|p| p.expires_at > now);
        looked_up("principals", known.is_some());
        known
    }

    /// Keeps an answer that was asked for at generation `before`.
    pub(super) async fn keep(&self, tenant: TenantId, principal: Principal, before: u64) {
        let key = (tenant, principal.session);
        self.cache.insert(key, principal).await;
        // A revocation between asking and now found nothing to forget, so it is forgotten here. One that comes later finds it.
        if self.generation() != before {
            self.cache.invalidate(&key).await;
        }
    }
}

impl Store {
    /// Forgets what is kept about somebody, then tells the live edge. Called by [`TenantTx::commit`](super::TenantTx::commit) for what the
    /// transaction took away, never before it has; and for what others took away. Twice does no harm.
    pub(super) fn revoke(&self, what: Revocation, since: Instant) {
        let principals = self.principals();
        principals.generation.fetch_add(1, Ordering::SeqCst);
        if matches!(what, Revocation::Tenant(_)) {
            principals.tenants.fetch_add(1, Ordering::SeqCst);
            let _ = principals.revocations.send(Revoking { what, since }); // Nobody listening is fine.
            return;
        }
        let forgotten = principals.cache.invalidate_entries_if(move |(tenant, token), p| match what {
            Revocation::Account(account) => p.account == account,
            Revocation::Session(session) => *token == session,
            Revocation::Member(of, member) => *tenant == of && p.member.as_ref().is_some_and(|m| m.id == member),
            Revocation::Tenant(_) => false,
        });
        if let Err(error) = forgotten {
            tracing::error!(%error, "kept principals could not be forgotten one by one: forgetting all");
            principals.cache.invalidate_all();
        }
        let _ = principals.revocations.send(Revoking { what, since }); // Nobody listening is fine.
    }

    /// Forgets everything that is kept about anybody: for a server that may have missed what was taken away.
    pub fn forget_principals(&self) {
        let principals = self.principals();
        principals.generation.fetch_add(1, Ordering::SeqCst);
        principals.tenants.fetch_add(1, Ordering::SeqCst);
        principals.cache.invalidate_all();
    }

    /// Changes whenever a tenant has: what was kept of one at another number is no longer believed.
    pub fn tenants_generation(&self) -> u64 {
        self.principals().tenants.load(Ordering::SeqCst)
    }

    /// Revocations from now on, for the live edge. After `Lagged` a listener must ask about everybody it holds.
    pub fn revocations(&self) -> broadcast::Receiver<Revoking> {
        self.principals().revocations.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(n: u128) -> Principal {
        Principal {
            account: AccountId(uuid::Uuid::from_u128(n)),
            session: TokenHash([n as u8; 32]),
            member: Some(PrincipalMember { id: MemberId(uuid::Uuid::from_u128(100 + n)), name: "Ana".into(), role: PlatformRole::Member }),
            csrf: "c".into(),
            expires_at: OffsetDateTime::now_utc() + Duration::from_secs(60),
        }
    }

    fn store() -> Store {
        // Never connects: these tests ask only what is kept.
        Store::new(sqlx::PgPool::connect_lazy("postgres://nobody@localhost/none").unwrap())
    }

    #[tokio::test]
    async fn a_revocation_forgets_what_it_names_and_nothing_else() {
        let (store, tenant) = (store(), TenantId(uuid::Uuid::from_u128(1)));
        for n in 1..=4 {
            store.principals().keep(tenant, principal(n), 0).await;
        }
        let mut heard = store.revocations();
        store.revoke(Revocation::Session(principal(1).session), Instant::now());
        store.revoke(Revocation::Account(principal(2).account), Instant::now());
        store.revoke(Revocation::Member(tenant, MemberId(uuid::Uuid::from_u128(103))), Instant::now());
        store.revoke(Revocation::Member(TenantId(uuid::Uuid::from_u128(2)), MemberId(uuid::Uuid::from_u128(104))), Instant::now());
        for n in 1..=3 {
            assert_eq!(store.principals().get(tenant, principal(n).session, OffsetDateTime::now_utc()).await, None, "{n}");
        }
        assert!(store.principals().get(tenant, principal(4).session, OffsetDateTime::now_utc()).await.is_some(), "another tenant's member is somebody else");
        assert_eq!(heard.recv().await.map(|heard| heard.what), Ok(Revocation::Session(principal(1).session)));
    }

    #[tokio::test]
    async fn an_answer_older_than_a_revocation_is_not_kept() {
        let (store, tenant) = (store(), TenantId(uuid::Uuid::from_u128(1)));
        let before = store.principals().generation();
        // The database is being asked; meanwhile the session ends.
        store.revoke(Revocation::Session(principal(1).session), Instant::now());
        store.principals().keep(tenant, principal(1), before).await;
        assert_eq!(store.principals().get(tenant, principal(1).session, OffsetDateTime::now_utc()).await, None);
    }

    #[tokio::test]
    async fn an_expired_session_is_not_believed_and_tenants_are_apart() {
        let (store, tenant) = (store(), TenantId(uuid::Uuid::from_u128(1)));
        let expired = Principal { expires_at: OffsetDateTime::now_utc() - Duration::from_secs(1), ..principal(1) };
        store.principals().keep(tenant, expired, 0).await;
        store.principals().keep(tenant, principal(2), 0).await;
        assert_eq!(store.principals().get(tenant, principal(1).session, OffsetDateTime::now_utc()).await, None);
        assert_eq!(store.principals().get(TenantId(uuid::Uuid::from_u128(2)), principal(2).session, OffsetDateTime::now_utc()).await, None);
    }
}
