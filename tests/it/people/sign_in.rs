//! Who knows the password gets in; nobody learns more than that from trying.

use posada::{
    commands::sign_in::{self, CannotSignIn, SignIn},
    secrets::Password,
};
use sqlx::Row;

use super::{Ground, PASSWORD};

fn attempt(email: &str, password: &str) -> SignIn {
    SignIn { email: email.parse().unwrap(), password: Password::given(&password.into()).unwrap(), user_agent: None }
}

#[tokio::test]
async fn the_right_password_opens_and_everything_else_is_refused_in_the_same_words() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let again = sign_in::run(&ground.store, &ground.hasher, &ground.tenant, &attempt(" ANA@example.org", PASSWORD)).await.unwrap();
    assert_eq!(again.member, ana.member);
    assert_ne!(again.token.hash(), ana.token.hash());

    // An account that an import stands in for its hosts: nobody signs in to it, and nobody sees a fault of ours.
    sqlx::query("insert into accounts (id, email, password_hash) values (gen_random_uuid(), 'host@demo.invalid', '!')")
        .execute(ground.app.owner())
        .await
        .unwrap();
    let elsewhere = ground.tenant("elsewhere").await;
    let mut said = Vec::new();
    for (tenant, email, password) in [
        (&ground.tenant, "ana@example.org", "grapefruit tangO"),
        (&ground.tenant, "ana@example.org", ""),
        (&ground.tenant, "nobody@example.org", PASSWORD),
        (&ground.tenant, "host@demo.invalid", "!"),
        (&elsewhere, "ana@example.org", PASSWORD),
    ] {
        let refused = sign_in::run(&ground.store, &ground.hasher, tenant, &attempt(email, password)).await.unwrap_err();
        assert!(matches!(refused, CannotSignIn::Wrong), "{email}: {refused:?}");
        said.push(refused.to_string());
    }
    said.dedup();
    assert_eq!(said.len(), 1);
    assert_eq!(ground.count("select count(*) from sessions").await, 2, "only the two that were let in");
    ground.stop().await;
}

#[tokio::test]
async fn what_is_kept_opens_nothing() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let row =
        sqlx::query("select s.token_hash, s.csrf, to_jsonb(s)::text || to_jsonb(a)::text as everything from sessions s join accounts a on a.id = s.account_id")
            .fetch_one(ground.app.owner())
            .await
            .unwrap();
    assert_eq!(row.get::<Vec<u8>, _>("token_hash"), ana.token.hash().0);
    assert_eq!(row.get::<String, _>("csrf"), ana.csrf);
    let everything: String = row.get("everything");
    assert!(!everything.contains(ana.token.expose()) && !everything.contains(PASSWORD), "{everything}");
    assert!(everything.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    ground.stop().await;
}
