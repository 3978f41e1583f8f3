//! A database that is slow, busy or stuck: requests end with a clear word in bounded time, the live map does not notice, and all is well
//! again by itself.

use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::raw::PATIENCE;
use crate::harness::{BARCELONA, Client, TestApp, Watcher, eventually};

/// What every reader of members waits for, until it is dropped.
async fn members_locked(app: &TestApp) -> PgConnection {
    let mut holder = PgConnection::connect(&app.database_url("posada_owner")).await.unwrap();
    sqlx::raw_sql("begin; lock table members in access exclusive mode").execute(&mut holder).await.unwrap();
    holder
}

/// Until so many of the server's connections wait behind a lock.
async fn waiting(app: &TestApp, count: i64) {
    let waiting = "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())";
    eventually(|| async { sqlx::query_scalar::<_, i64>(waiting).fetch_one(app.owner()).await.unwrap() }, |waits| *waits == count).await;
}

async fn metric(app: &TestApp, name: &str) -> f64 {
    let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    text.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[actix_web::test]
async fn an_exhausted_pool_refuses_in_time_and_leaves_the_map_alone() {
    let app = TestApp::spawn_with(|config| (config.database.pool_size, config.database.acquire_timeout_seconds) = (2, 1)).await;
    let ana = app.member().await;
    let mut watcher = Watcher::comes(&app, None).await;
    watcher.looks("map", BARCELONA, 12.0).await;
    let _ = ana.get("/api/v1/members/me").await.expect(200);
    let exhausted = metric(&app, "posada_db_pool_exhausted_total").await;

    let lock = members_locked(&app).await;
    let mut behind = Vec::new();
    for _ in 0..2 {
        let ana = ana.clone();
        behind.push(tokio::spawn(async move { ana.get("/api/v1/members/me").await }));
    }
    // Both connections wait behind the lock; whoever comes next is told so, and when to come back.
    waiting(&app, 2).await;
    let refused = ana.get("/api/v1/members/me").await;
    assert_eq!((refused.header("retry-after"), refused.json()["type"].as_str()), (Some("1"), Some("/problems/busy")));
    assert!(metric(&app, "posada_db_pool_exhausted_total").await > exhausted);
    // In the middle of it: the map, and what is served from memory.
    watcher.settles().await;
    watcher.looks("map", [41.36, 2.10, 41.42, 2.20], 13.0).await;
    let mut another = Watcher::comes(&app, None).await;
    another.looks("map", BARCELONA, 12.0).await;
    let _ = app.visitor().get("/health/live").await.expect(200);

    lock.close().await.unwrap();
    for waited in behind {
        let _ = tokio::time::timeout(PATIENCE, waited).await.expect("an answer").unwrap().expect(200);
    }
    eventually(|| ana.get("/api/v1/members/me"), |answer| answer.status == 200).await;
    eventually(|| async { app.visitor().get("/health/ready").await.status }, |status| *status == 200).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_slow_database_ends_requests_in_bounded_time_and_changes_nothing_half() {
    let app = TestApp::spawn_with(|config| config.http.answer_seconds = 1).await;
    let ana = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&ana.token)).await;
    watcher.looks("map", BARCELONA, 12.0).await;

    let lock = members_locked(&app).await;
    let keyed = ana.client.clone().with("Idempotency-Key", "slow-rename");
    let order = json!({ "name": "Ana the Patient" });
    let given_up = keyed.patch("/api/v1/members/me", &order).await;
    assert_eq!(given_up.header("retry-after"), Some("5"));
    given_up.problem(503, "too-slow");
    watcher.settles().await;
    watcher.looks("map", [41.36, 2.10, 41.42, 2.20], 13.0).await;
    lock.close().await.unwrap();

    // The same key, as it was told: done once.
    let done = eventually(|| keyed.patch("/api/v1/members/me", &order), |answer| answer.status == 200).await;
    assert_eq!(done.json()["name"], "Ana the Patient");
    watcher.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_revocation_is_heard_while_the_pool_is_exhausted() {
    let app = TestApp::spawn_with(|config| (config.database.pool_size, config.database.acquire_timeout_seconds) = (1, 1)).await;
    let (ana, ben) = (app.member().await, app.member().await);
    let mut watcher = Watcher::comes(&app, Some(&ana.token)).await;
    let _ = ben.get("/api/v1/members/me").await.expect(200);
    let lock = members_locked(&app).await;
    let behind = tokio::spawn(async move { ben.get("/api/v1/members/me").await });
    waiting(&app, 1).await;
    ana.get("/api/v1/members/me").await.problem(503, "busy");
    sqlx::query("update sessions set ended_at = now() where account_id = (select id from accounts where email = $1)")
        .bind(&ana.email)
        .execute(app.owner())
        .await
        .unwrap();
    assert_eq!(watcher.until_closed().await, 4501);
    lock.close().await.unwrap();
    let _ = behind.await.unwrap().expect(200);
    app.stop().await;
}
