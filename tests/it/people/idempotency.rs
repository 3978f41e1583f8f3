//! A key's answer is given again, belongs to its caller, and exists exactly when the change does.

use futures_util::future::join_all;
use posada::store::{Claimed, KeptAnswer, Once};

use super::Ground;

fn once(caller: &str, key: &str, body: &str) -> Once {
    Once::new(caller, key, &[b"POST /api/v1/homes", body.as_bytes()])
}

fn answer(status: u16, body: &str) -> KeptAnswer {
    KeptAnswer { status, body: body.as_bytes().to_vec() }
}

#[tokio::test]
async fn an_answer_is_kept_with_the_change_and_only_with_it() {
    let ground = Ground::new().await;
    let tenant = ground.tenant.id;
    let ask = once("ana", "k", "{}");

    let mut tx = ground.store.begin_as_tenant(tenant).await.unwrap();
    assert_eq!(tx.claim_key(&ask).await.unwrap(), Claimed::Fresh);
    tx.keep_answer(ask.clone(), answer(201, "lost"));
    tx.take_back().await.unwrap(); // the change, and its answer with it

    let mut tx = ground.store.begin_as_tenant(tenant).await.unwrap();
    assert_eq!(tx.claim_key(&ask).await.unwrap(), Claimed::Fresh);
    let mut beside = ground.store.begin_as_tenant(tenant).await.unwrap();
    assert_eq!(beside.claim_key(&ask).await.unwrap(), Claimed::InProgress, "nobody waits for the first");
    drop(beside);
    tx.keep_answer(ask.clone(), answer(201, "made"));
    tx.commit().await.unwrap();

    let answered = Claimed::Answered(answer(201, "made"));
    for (asked, known) in [
        (ask.clone(), answered),
        (once("ana", "k", "{\"other\":1}"), Claimed::Reused),
        (once("ana", "k2", "{}"), Claimed::Fresh),
        (once("ben", "k", "{}"), Claimed::Fresh),
    ] {
        let mut tx = ground.store.begin_as_tenant(tenant).await.unwrap();
        assert_eq!(tx.claim_key(&asked).await.unwrap(), known, "{asked:?}");
        tx.take_back().await.unwrap();
    }
    let other = ground.tenant("other").await;
    let mut tx = ground.store.begin_as_tenant(other.id).await.unwrap();
    assert_eq!(tx.claim_key(&ask).await.unwrap(), Claimed::Fresh, "another community's key is another key");
    drop(tx);
    ground.stop().await;
}

#[tokio::test]
async fn of_many_with_one_key_at_once_one_does_the_work() {
    let ground = Ground::new().await;
    let ask = once("ana", "k", "{}");
    let all = join_all((0..30).map(|n| {
        let (store, ask, tenant) = (&ground.store, &ask, ground.tenant.id);
        async move {
            let mut tx = store.begin_as_tenant(tenant).await.unwrap();
            let claimed = tx.claim_key(ask).await.unwrap();
            if claimed == Claimed::Fresh {
                tx.keep_answer(ask.clone(), answer(201, &format!("by {n}")));
                tx.commit().await.unwrap();
            }
            claimed
        }
    }))
    .await;
    assert_eq!(all.iter().filter(|claimed| **claimed == Claimed::Fresh).count(), 1, "{all:?}");
    assert!(!all.contains(&Claimed::Reused));
    assert_eq!(ground.count("select count(*) from idempotency_keys").await, 1);
    ground.stop().await;
}

#[tokio::test]
async fn old_answers_are_forgotten_in_every_community() {
    let ground = Ground::new().await;
    for tenant in [ground.tenant.id, ground.tenant("other").await.id] {
        for key in ["old", "young"] {
            let mut tx = ground.store.begin_as_tenant(tenant).await.unwrap();
            tx.claim_key(&once("ana", key, "{}")).await.unwrap();
            tx.keep_answer(once("ana", key, "{}"), answer(204, ""));
            tx.commit().await.unwrap();
        }
    }
    sqlx::query("update idempotency_keys set created_at = now() - interval '49 hours' where key = 'old'").execute(ground.app.owner()).await.unwrap();
    // The server beside does the same at moments of its own.
    assert!(ground.store.forget_old_answers().await.unwrap() <= 2);
    assert_eq!(ground.count("select count(*) from idempotency_keys where key = 'old'").await, 0);
    assert_eq!(ground.count("select count(*) from idempotency_keys where key = 'young'").await, 2);
    ground.stop().await;
}
