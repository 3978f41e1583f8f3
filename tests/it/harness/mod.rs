//! The real server in this process, on a port and a database of its own, with people to use it.
//!
//! `TestApp::spawn().await` gives one. Every test has a database copied from a migrated template, in a cluster that lives as long as
//! the test process and not a moment longer. The server connects as `posada_app`, so row security is felt.

#![allow(dead_code, unused_imports)] // not every capability needs every help

mod client;
mod cluster;
#[path = "../../../actors/tests/live/model.rs"]
pub mod model;
pub mod people;
pub mod program;
pub mod prometheus;
pub mod proxy;
mod server;
pub mod watch;
mod watcher;

use std::{net::SocketAddr, time::Duration};

use posada::config::Config;
use sqlx::{PgPool, postgres::PgPoolOptions};

pub use client::{Answer, Client};
pub use model::Model;
pub use people::{CITY, Person};
use server::Server;
pub use watcher::{BARCELONA, Watcher};

/// A running server. Stop it with [`stop`](Self::stop); dropping it ends it as a crash would.
pub struct TestApp {
    server: Server,
    config: Config,
    database: cluster::Database,
    owner: PgPool,
}

/// The tenant that is there from the start: its map is public, and anyone may sign up.
pub const TENANT: &str = "demo";

impl TestApp {
    pub async fn spawn() -> Self {
        Self::spawn_with(|_| {}).await
    }

    /// With a changed configuration.
    pub async fn spawn_with(change: impl FnOnce(&mut Config)) -> Self {
        let database = cluster::database().await;
        let mut config = Config::default();
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.http.workers = 2;
        config.metrics.listen = config.http.listen;
        config.data_dir = Some(database.dir.clone());
        config.database.url = Some(database.url("posada_app"));
        config.database.owner_url = Some(database.url("posada_owner"));
        config.demo.on_first_start = false;
        config.shutdown.drain_seconds = 5;
        change(&mut config);
        let owner = PgPoolOptions::new().max_connections(2).connect_lazy(&database.url("posada_owner")).unwrap();
        let server = Server::start(config.clone()).await.unwrap();
        let app = Self { server, config, database, owner };
        app.make_tenant(TENANT).await;
        app
    }

    /// A server that is expected not to start, on a database that `seeded` has spoiled: why not.
    pub async fn refuses(seeded: &'static str, change: impl FnOnce(&mut Config)) -> String {
        let database = cluster::database().await;
        let owner = PgPoolOptions::new().max_connections(1).connect(&database.url("posada_owner")).await.unwrap();
        sqlx::raw_sql(seeded).execute(&owner).await.unwrap();
        owner.close().await;
        let mut config = Config::default();
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.metrics.listen = config.http.listen;
        config.database.url = Some(database.url("posada_app"));
        config.database.owner_url = Some(database.url("posada_owner"));
        config.demo.on_first_start = false;
        change(&mut config);
        match Server::start(config).await {
            Ok(_) => panic!("the server started"),
            Err(why) => why,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub fn metrics_address(&self) -> SocketAddr {
        self.server.metrics_address
    }

    /// What the server is made of, to look inside.
    pub fn app(&self) -> &posada::app::App {
        &self.server.app
    }

    /// The database as its owner, past row security: to prepare and to look, never what is tested.
    pub fn owner(&self) -> &PgPool {
        &self.owner
    }

    /// The address of the database for a role, as a test that connects by itself needs it.
    pub fn database_url(&self, role: &str) -> String {
        self.database.url(role)
    }

    /// Where the test's server writes what is not in the database.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.database.dir
    }

    /// Somebody who has not signed in.
    pub fn visitor(&self) -> Client {
        Client::new(self.address())
    }

    /// Another community on the same installation, with the same settings as the first.
    pub async fn make_tenant(&self, slug: &str) -> uuid::Uuid {
        let id = uuid::Uuid::now_v7();
        sqlx::query("insert into tenants (id, slug, name, public_map, sign_up) values ($1, $2, initcap($2), true, 'open')")
            .bind(id)
            .bind(slug)
            .execute(&self.owner)
            .await
            .unwrap();
        id
    }

    /// Ends the server as `kill -9` would and starts it again on the same database; its port may be another.
    pub async fn restart(&mut self) {
        self.server.kill().await;
        self.server = Server::start(self.config.clone()).await.unwrap();
    }

    /// Ends the server as `kill -9` would; its database goes on, for another server.
    pub async fn kill(&mut self) {
        self.server.kill().await;
    }

    /// Ends it properly. Fails if an actor is dead or stuck, or a thread of it panicked meanwhile.
    pub async fn stop(self) {
        if !self.server.is_running() {
            self.owner.close().await;
            return self.database.remove().await;
        }
        let ready = self.server.app.health.ready();
        let dead: Vec<_> = ready.failing().filter(|component| component.component.starts_with("actor ")).collect();
        assert!(dead.is_empty(), "{dead:?}");
        self.server.stop().await;
        self.owner.close().await;
        self.database.remove().await;
    }
}

/// Waits until something is so, or fails after half a minute with what it was last.
pub async fn eventually<T: std::fmt::Debug, F: Future<Output = T>>(mut look: impl FnMut() -> F, enough: impl Fn(&T) -> bool) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let seen = look().await;
        if enough(&seen) {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "after half a minute still {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
