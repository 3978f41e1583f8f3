//! One throw-away Postgres for this test process, and a database per test copied from a migrated template.

use std::{
    path::PathBuf,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use posada::{
    database::MIGRATIONS,
    embedded_postgres::{Cluster, Options},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::watch::Watch;

const TEMPLATE: &str = "template_posada";
const ROLES: &str = include_str!("../../../migrations/bootstrap/roles.sql");
struct Shared {
    cluster: Cluster,
    dir: PathBuf,
    _watch: Watch,
}

static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("posada-it-{}", std::process::id()));
    let watch = Watch::over(&dir);
    let cluster = Cluster::start(&Options { dir: dir.clone(), binaries: None, throw_away: true }).unwrap();
    // In a runtime of its own: connections belong to the one they were made in.
    let connect = cluster.connect().username("postgres");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut postgres = PgConnection::connect_with(&connect.clone().database("postgres")).await.unwrap();
            sqlx::raw_sql(ROLES).execute(&mut postgres).await.unwrap();
            run(&mut postgres, format!("create database {TEMPLATE} owner posada_owner")).await;
            let mut owner = PgConnection::connect_with(&connect.username("posada_owner").database(TEMPLATE)).await.unwrap();
            MIGRATIONS.run(&mut owner).await.unwrap();
            run(&mut owner, "grant select on _sqlx_migrations to posada_app".to_owned()).await;
            owner.close().await.unwrap();
            postgres.close().await.unwrap();
        });
    })
    .join()
    .unwrap();
    Mutex::new(Shared { cluster, dir, _watch: watch })
});

/// A database of one test.
pub(super) struct Database {
    name: String,
    socket: PathBuf,
    /// For whatever the test's server writes beside the database.
    pub(super) dir: PathBuf,
}

impl Database {
    pub(super) fn url(&self, role: &str) -> String {
        format!("postgres://{role}@localhost/{}?host={}", self.name, self.socket.display())
    }

    pub(super) async fn remove(self) {
        let mut postgres = superuser().await;
        run(&mut postgres, format!("drop database if exists {} with (force)", self.name)).await;
        postgres.close().await.unwrap();
    }
}

pub(super) async fn database() -> Database {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // The first to come starts the cluster, which blocks.
    let dir = tokio::task::spawn_blocking(|| shared().dir.clone()).await.unwrap();
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut postgres = superuser().await;
    run(&mut postgres, format!("create database {name} template {TEMPLATE} owner posada_owner")).await;
    postgres.close().await.unwrap();
    let own = dir.join(&name);
    std::fs::create_dir_all(&own).unwrap();
    Database { name, socket: dir.join("postgres"), dir: own }
}

fn shared() -> std::sync::MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

async fn superuser() -> PgConnection {
    let connect = shared().cluster.connect().username("postgres").database("postgres");
    PgConnection::connect_with(&connect).await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}
