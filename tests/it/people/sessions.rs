//! How long a session lives, and how soon its end is felt.

use std::time::Duration;

use posada::{
    caller::{Caller, Who},
    commands::{sign_out, update_member},
    store::{Revocation, Store},
};
use sqlx::AssertSqlSafe;
use tokio::sync::broadcast::error::TryRecvError;

use super::{Ground, roles};
use crate::harness::eventually;

impl Ground {
    /// The same database seen by another server: nothing is kept from before.
    fn another_node(&self) -> Store {
        Store::new(self.store.pool().clone())
    }

    async fn session(&self, change: &str) {
        let sql = format!("update sessions set {change}");
        sqlx::query(AssertSqlSafe(sql)).execute(self.app.owner()).await.unwrap();
    }
}

#[tokio::test]
async fn signing_out_is_felt_at_once_and_heard() {
    let ground = Ground::new().await;
    let (ana, ben) = (ground.signs_up("ana@example.org").await, ground.signs_up("ben@example.org").await);
    let (tenant, token) = (ground.tenant.id, ana.token.hash());
    let principal = ground.store.principal(tenant, token).await.unwrap().unwrap();
    assert_eq!(principal.caller(tenant).member(), Some(ana.member.id));
    ground.store.principal(tenant, ben.token.hash()).await.unwrap().unwrap();
    assert!(principal.expires_at - time::OffsetDateTime::now_utc() > Duration::from_secs(29 * 86_400));

    let mut heard = ground.store.revocations();
    sign_out::run(&ground.store, tenant, &principal).await.unwrap();
    assert_eq!(ground.store.principal(tenant, token).await.unwrap(), None);
    assert_eq!(heard.try_recv().map(|heard| heard.what), Ok(Revocation::Session(token)));
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    assert!(ground.store.principal(tenant, ben.token.hash()).await.unwrap().is_some(), "the other session goes on");
    sign_out::run(&ground.store, tenant, &principal).await.unwrap();
    ground.stop().await;
}

#[tokio::test]
async fn a_session_ends_by_age_and_by_idleness() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let (tenant, token) = (ground.tenant.id, ana.token.hash());
    for (change, lives) in [
        ("last_used_at = now() - interval '14 days 1 minute'", false),
        ("last_used_at = now(), expires_at = now() - interval '1 second'", false),
        ("expires_at = now() + interval '1 minute', ended_at = now()", false),
        // Last: a look at a session that lives notes its use in the background, which would repair what the next one sees.
        ("last_used_at = now() - interval '13 days 23 hours', ended_at = null", true),
    ] {
        // Anew each time: nothing that one look has cached is seen by the next.
        ground.session(change).await;
        let seen = ground.another_node().principal(tenant, token).await.unwrap();
        assert_eq!(seen.is_some(), lives, "{change}");
    }
    assert_eq!(ground.store.forget_dead_sessions().await.unwrap(), 0, "kept for a while");
    ground.session("ended_at = now() - interval '91 days'").await;
    assert_eq!(ground.store.forget_dead_sessions().await.unwrap(), 1);
    ground.stop().await;
}

#[tokio::test]
async fn use_is_noted_now_and_then_and_not_each_time() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let (tenant, token) = (ground.tenant.id, ana.token.hash());
    let age = "select extract(epoch from now() - last_used_at)::bigint from sessions";
    ground.session("last_used_at = now() - interval '1 hour'").await;
    ground.another_node().principal(tenant, token).await.unwrap().unwrap();
    eventually(|| ground.count(age), |seconds| *seconds < 60).await;

    ground.session("last_used_at = now() - interval '4 minutes'").await;
    for _ in 0..5 {
        ground.another_node().principal(tenant, token).await.unwrap().unwrap();
    }
    assert!(ground.count(age).await >= 240);
    ground.stop().await;
}

#[tokio::test]
async fn a_changed_name_is_seen_at_once_and_heard_only_after_the_commit() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let (tenant, token) = (ground.tenant.id, ana.token.hash());
    let caller = ground.store.principal(tenant, token).await.unwrap().unwrap().caller(tenant);
    let mut heard = ground.store.revocations();

    let order = update_member::UpdateMember { name: Some("Ana María".parse().unwrap()), roles: Some(roles(&["dj"])), ..Default::default() };
    let mut tx = ground.store.begin(&caller).await.unwrap();
    update_member::run(&mut tx, ground.gazetteer, &caller, &order).await.unwrap();
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    drop(tx); // thought better of it
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(ground.store.principal(tenant, token).await.unwrap().unwrap().member.unwrap().name, "ana");

    let mut tx = ground.store.begin(&caller).await.unwrap();
    let member = update_member::run(&mut tx, ground.gazetteer, &caller, &order).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(member.name, "Ana María");
    assert_eq!(heard.try_recv().map(|heard| heard.what), Ok(Revocation::Member(tenant, ana.member.id)));
    assert_eq!(ground.store.principal(tenant, token).await.unwrap().unwrap().member.unwrap().name, "Ana María");

    // Nobody changes another's profile: the e-mail beside it is not theirs to see.
    let ben = ground.signs_up("ben@example.org").await;
    let Who::Member { name, role, .. } = caller.who else { panic!() };
    let mixed = Caller { tenant, who: Who::Member { account: ben.member.account, member: ana.member.id, name, role } };
    let mut tx = ground.store.begin(&mixed).await.unwrap();
    assert!(tx.member(ana.member.id).await.unwrap().is_none());
    drop(tx);
    ground.stop().await;
}
