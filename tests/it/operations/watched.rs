//! A real Prometheus scrapes a real server: every panel of the dashboard has something to show, and what goes wrong wakes somebody.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};

use super::workload::one_of_everything;
use crate::harness::{Client, TENANT, TestApp, prometheus::Prometheus};

/// Title and expression of every query of the dashboard, with the interval that Grafana would put in.
fn queries() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(posada::validate::SHIPPED[0].1).unwrap();
    let panels = document["panels"].as_array().unwrap().clone();
    let of = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |target| (title.clone(), target["expr"].as_str().unwrap().replace("$__rate_interval", "1m")))
    };
    panels.iter().flat_map(of).collect()
}

#[test]
fn every_panel_says_what_it_shows_and_in_what() {
    let document: Value = serde_json::from_str(posada::validate::SHIPPED[0].1).unwrap();
    let mut seen = std::collections::HashSet::new();
    for panel in document["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap();
        assert!(seen.insert(title), "two panels are called {title}");
        assert!(panel["description"].as_str().is_some_and(|words| words.len() > 8), "{title} does not say what it shows");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has no unit");
        assert!(panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()), "{title} asks for nothing");
    }
}

#[tokio::test]
async fn every_query_of_the_dashboard_returns_data() {
    let app = TestApp::spawn().await;
    let prometheus = Prometheus::over(&[app.metrics_address()]).await;
    // Seen at rest first: Prometheus knows an increase only from a series that it has seen before.
    prometheus.until("scraping", async |p| p.ask("up == 1").await.is_ok_and(|up| up.len() == 1)).await;
    one_of_everything(&app).await;
    let queries = queries();
    assert!(queries.len() > 60, "{}", queries.len());
    let empty = async |p: &Prometheus| {
        let mut empty = Vec::new();
        for (title, expression) in &queries {
            if p.ask(expression).await.unwrap_or_else(|why| panic!("{title}: {why}")).is_empty() {
                empty.push(format!("{title}: {expression}"));
            }
        }
        empty
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let still = empty(&prometheus).await;
        if still.is_empty() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "without data: {still:#?}");
        // What is measured once must be scraped twice.
        one_of_everything(&app).await;
    }
    app.stop().await;
}

/// The program as a process of its own, so that what it counts is its own too. Its way to Postgres is a link that can be cut.
struct Apart {
    address: SocketAddr,
    metrics: SocketAddr,
    way: PathBuf,
    child: Child,
}

impl Apart {
    async fn serve(app: &TestApp) -> Self {
        let sockets = app.database_url("posada_app").split_once("host=").unwrap().1.to_owned();
        let way = std::env::temp_dir().join(format!("posada-way-{}", uuid::Uuid::now_v7().simple()));
        std::os::unix::fs::symlink(&sockets, &way).unwrap();
        let url = |role: &str| app.database_url(role).replace(&sockets, &way.display().to_string());
        let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let (address, metrics) = (free(), free());
        let child = Command::new(env!("CARGO_BIN_EXE_posada"))
            .arg("serve")
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| !name.starts_with("POSADA_") && name != "DATABASE_URL"))
            .env("POSADA_HTTP__LISTEN", address.to_string())
            .env("POSADA_METRICS__LISTEN", metrics.to_string())
            .env("POSADA_DATABASE__URL", url("posada_app"))
            .env("POSADA_DATABASE__OWNER_URL", url("posada_owner"))
            .env("POSADA_DEMO__ON_FIRST_START", "false")
            .env("POSADA_LOG__FILTER", "off")
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let apart = Self { address, metrics, way, child };
        let client = Client::new(address);
        let ready = async || client.try_send("GET", "/health/ready", &[], b"").await.is_ok_and(|answer| answer.status == 200);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while !ready().await {
            assert!(tokio::time::Instant::now() < deadline, "the server was not ready within a minute");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        apart
    }

    /// Postgres is there, and this server cannot reach it any more.
    async fn loses_postgres(&self, app: &TestApp) {
        std::fs::remove_file(&self.way).unwrap();
        let mut superuser = PgConnection::connect(&app.database_url("postgres")).await.unwrap();
        let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        sqlx::query(others).execute(&mut superuser).await.unwrap();
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.way); // cut already, mostly
    }
}

#[tokio::test]
async fn failures_a_lost_database_a_missing_backup_and_a_dead_server_wake_somebody() {
    let app = TestApp::spawn().await;
    let mut server = Apart::serve(&app).await;
    let prometheus = Prometheus::over(&[server.metrics]).await;
    let client = Client::new(server.address).in_tenant(TENANT);
    client.get("/api/v1/cities/3128760/homes").await.expect(200);
    // Nobody ever made a copy: that is said from the start.
    assert_eq!(prometheus.fires("BackupOverdue").await.summary, "No backup has ever succeeded");
    let others: Vec<_> = prometheus.alerts().await.into_iter().filter(|alert| alert.firing && alert.name != "BackupOverdue").collect();
    assert!(others.is_empty(), "{others:?}");

    server.loses_postgres(&app).await;
    prometheus
        .until("TooManyFailures", async |p| {
            client.get(&format!("/api/v1/homes/{}", uuid::Uuid::from_u128(1))).await.problem(503, "database-unreachable");
            p.alerts().await.iter().any(|alert| alert.name == "TooManyFailures" && alert.firing)
        })
        .await;
    assert!(prometheus.fires("TooManyFailures").await.summary.ends_with("of all answers of the last 5 minutes are failures of ours"));
    assert!(prometheus.fires("OutsideFailing").await.summary.contains("calls to postgres got no answer within a minute"));
    assert!(prometheus.fires("PostgresDown").await.summary.ends_with("cannot reach Postgres: writes are refused"));

    server.child.kill().await.unwrap();
    assert!(prometheus.fires("PosadaDown").await.summary.ends_with("does not answer Prometheus"));
    app.stop().await;
}
