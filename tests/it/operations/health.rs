use std::time::{Duration, Instant};

use posada::embedded_postgres::{Cluster, Options};
use serde_json::Value;
use sqlx::Connection;

use crate::harness::{Client, TestApp, eventually, watch::Watch};

/// The promise: within this, the right answer has flipped.
const FLIPS_WITHIN: Duration = Duration::from_secs(10);

async fn status(client: &Client, question: &str) -> (u16, Value) {
    let answer = client.get(&format!("/health/{question}")).await;
    (answer.status, answer.json())
}

/// Waits for a status, and fails if it took longer than promised.
async fn becomes(client: &Client, question: &str, wanted: u16) -> Value {
    let begun = Instant::now();
    let (_, report) = eventually(|| status(client, question), |(status, _)| *status == wanted).await;
    assert!(begun.elapsed() < FLIPS_WITHIN, "{question} took {:?}", begun.elapsed());
    report
}

fn component<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["components"].as_array().unwrap().iter().find(|c| c["component"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[tokio::test]
async fn a_healthy_server_says_so_to_every_question() {
    let app = TestApp::spawn().await;
    for question in ["live", "ready", "deep"] {
        let (status, report) = status(&app.visitor(), question).await;
        assert_eq!((status, &report["state"]), (200, &Value::from("well")), "{report}");
    }
    let (_, deep) = status(&app.visitor(), "deep").await;
    for name in ["process", "database", "migrations", "disk"] {
        assert!(component(&deep, name)["since"].as_str().unwrap().contains('T'), "{deep}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_database_that_goes_and_comes_back_flips_ready_and_deep_but_not_live() {
    let dir = std::env::temp_dir().join(format!("posada-health-{}", uuid::Uuid::now_v7()));
    let _watch = Watch::over(&dir);
    let options = Options { dir: dir.clone(), binaries: None, throw_away: true };
    let start = {
        let options = options.clone();
        move || Cluster::start(&options).unwrap()
    };
    let cluster = tokio::task::spawn_blocking(start.clone()).await.unwrap();
    let mut postgres = sqlx::PgConnection::connect_with(&cluster.connect().username("postgres").database("postgres")).await.unwrap();
    sqlx::raw_sql("create database own").execute(&mut postgres).await.unwrap();
    postgres.close().await.unwrap();
    // One superuser for everything: the server becomes its roles by itself.
    let url = format!("postgres://postgres@localhost/own?host={}", dir.join("postgres").display());
    let app = TestApp::spawn_with(|config| {
        config.database.url = Some(url);
        config.database.owner_url = None;
        config.health.every_seconds = 1;
    })
    .await;
    let client = app.visitor();
    assert_eq!(status(&client, "deep").await.0, 200);

    tokio::task::spawn_blocking(move || cluster.stop()).await.unwrap();
    let report = becomes(&client, "ready", 503).await;
    assert_eq!(component(&report, "database")["state"], "failing");
    assert!(!report.to_string().contains("own") && !report.to_string().contains("postgres:"), "no place and no name: {report}");
    assert_eq!((status(&client, "live").await.0, status(&client, "deep").await.0), (200, 503));

    let cluster = tokio::task::spawn_blocking(start).await.unwrap();
    becomes(&client, "ready", 200).await;
    becomes(&client, "deep", 200).await;
    app.stop().await;
    tokio::task::spawn_blocking(move || cluster.stop()).await.unwrap();
}

#[tokio::test]
async fn a_pending_migration_flips_ready() {
    let app = TestApp::spawn_with(|config| config.health.every_seconds = 1).await;
    let client = app.visitor();
    let last = "select max(version) from _sqlx_migrations";
    let version: i64 = sqlx::query_scalar(last).fetch_one(app.owner()).await.unwrap();
    sqlx::query("update _sqlx_migrations set success = false where version = $1").bind(version).execute(app.owner()).await.unwrap();
    let report = becomes(&client, "ready", 503).await;
    assert!(component(&report, "migrations")["detail"].as_str().unwrap().contains(&version.to_string()), "{report}");
    assert_eq!(status(&client, "live").await.0, 200);
    sqlx::query("update _sqlx_migrations set success = true where version = $1").bind(version).execute(app.owner()).await.unwrap();
    becomes(&client, "ready", 200).await;
    app.stop().await;
}

#[tokio::test]
async fn a_full_disk_flips_deep_alone() {
    let app = TestApp::spawn_with(|config| config.health.disk_free_bytes = u64::MAX / 2).await;
    let (deep, report) = status(&app.visitor(), "deep").await;
    assert_eq!((deep, &component(&report, "disk")["state"]), (503, &Value::from("failing")));
    assert_eq!((status(&app.visitor(), "ready").await.0, status(&app.visitor(), "live").await.0), (200, 200));
    app.stop().await;
}

#[tokio::test]
async fn a_dead_and_a_stuck_actor_flip_ready() {
    let app = TestApp::spawn_with(|config| config.health.stuck_after_seconds = 3).await;
    let client = app.visitor();
    drop(app.app().health.heartbeat("test"));
    let report = becomes(&client, "ready", 503).await;
    assert_eq!(component(&report, "actor test")["detail"], "dead");

    let heart = app.app().health.heartbeat("test");
    becomes(&client, "ready", 200).await;
    // On a busy machine another actor may miss a beat as well: what counts is that this one is found out.
    let stuck = |(status, report): &(u16, Value)| *status == 503 && component(report, "actor test")["detail"].as_str().unwrap().starts_with("stuck");
    eventually(|| status(&client, "ready"), stuck).await;
    heart.beat();
    becomes(&client, "ready", 200).await;
    heart.retire();
    becomes(&client, "deep", 200).await;
    app.stop().await;
}
