//! Brings the database that the configuration names: the embedded cluster, or a Postgres of one's own; its roles, its migrations, its pools.
//!
//! Called by `app` and by the commands of the CLI. The server's pool is always `posada_app`, which feels row security and owns
//! nothing; migrations run as `posada_owner`. Nothing here serves as either of them longer than it must, and nothing as a superuser.

mod lock;
mod roles;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};
use thiserror::Error;

use lock::{Lock, LockError};
pub use lock::{Purpose, served_by};

use crate::{
    config::Config,
    embedded_postgres::{Cluster, ClusterError, Options},
};

/// The migrations of this program, in order.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// For so long after its last use a connection is taken for a good one.
const TRUSTED: Duration = Duration::from_secs(1);

/// The name of the database in an embedded cluster.
const NAME: &str = "posada";

#[derive(Debug, Error)]
pub enum DatabaseError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("{key} is not a Postgres address: {why}; expected postgres://USER:PASSWORD@HOST/DATABASE")]
    NotAnAddress { key: &'static str, why: String },
    #[error("the database at {place} cannot be reached")]
    Unreachable { place: String, source: sqlx::Error },
    #[error("the database roles are not there and {user} may not make them; let a superuser run migrations/bootstrap/roles.sql once, then: {grant}")]
    NoRoles { user: String, grant: String },
    #[error("the sign-in role {user} may not become {role}; a superuser allows it by: grant {role} to {user}")]
    MayNotBecome { user: String, role: &'static str },
    #[error("the migration {version} was changed after it had been applied here: this database was made by another build; start with another data directory")]
    ChangedMigration { version: i64 },
    #[error("the database has the migration {version}, which this build does not know: it was written by a newer one")]
    NewerDatabase { version: i64 },
    #[error("migrating failed")]
    Migrating(#[source] MigrateError),
    #[error("the database refused")]
    Refused(#[from] sqlx::Error),
}

/// What the migrations of this build and those of the database say about each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Of this build, not applied yet.
    pub here: Vec<i64>,
    /// Applied, and unknown to this build.
    pub newer: Vec<i64>,
    /// Applied in another form than this build has.
    pub changed: Vec<i64>,
}

impl Pending {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// An open database. An embedded cluster that it started is stopped by [`stop`](Self::stop), or at the latest when it is dropped.
#[derive(Debug)]
pub struct Database {
    app: PgPool,
    ear: PgPool,
    owner: PgConnectOptions,
    become_owner: bool,
    place: String,
    embedded: Option<Embedded>,
}

/// A cluster that we run, and our right to.
#[derive(Clone, Debug)]
struct Embedded {
    cluster: Arc<Mutex<Option<Cluster>>>,
    _lock: Arc<Lock>,
}

impl Database {
    /// Opens it and makes sure of roles and database; migrations are a step of their own.
    pub async fn open(config: &Config, purpose: Purpose) -> Result<Self, DatabaseError> {
        match &config.database.url {
            Some(url) => Self::open_url(config, url).await,
            None => Self::open_embedded(config, purpose).await,
        }
    }

    async fn open_embedded(config: &Config, purpose: Purpose) -> Result<Self, DatabaseError> {
        let dir = config.data_dir();
        let options = Options { dir: dir.clone(), binaries: config.database.binaries.clone(), throw_away: false };
        let (connect, embedded) = match lock::take(&dir, purpose).await? {
            lock::Outcome::Ours(lock) => {
                let cluster = blocking(move || Cluster::start(&options)).await?;
                let connect = cluster.connect();
                (connect, Some(Embedded { cluster: Arc::new(Mutex::new(Some(cluster))), _lock: Arc::new(lock) }))
            }
            lock::Outcome::Beside(connect) => (*connect, None),
        };
        let place = format!("{} (embedded)", dir.display());
        let mut superuser = connected(&connect.clone().username("postgres").database("postgres"), &place).await?;
        roles::make(&mut superuser).await?;
        roles::make_database(&mut superuser, NAME).await?;
        superuser.close().await?;
        let database = Self {
            app: pool(config, config.database.pool_size, connect.clone().username("posada_app").database(NAME), false),
            ear: pool(config, 1, connect.clone().username("posada_app").database(NAME), false),
            owner: connect.username("posada_owner").database(NAME),
            become_owner: false,
            place,
            embedded,
        };
        Ok(database)
    }

    async fn open_url(config: &Config, url: &str) -> Result<Self, DatabaseError> {
        let parse = |key, url: &str| url.parse::<PgConnectOptions>().map_err(|e| DatabaseError::NotAnAddress { key, why: e.to_string() });
        let app = parse("database.url", url)?;
        let owner = match &config.database.owner_url {
            Some(url) => parse("database.owner_url", url)?,
            None => app.clone(),
        };
        let place = format!("{} on {}", app.get_database().unwrap_or(app.get_username()), app.get_host());
        let mut connection = connected(&owner, &place).await?;
        roles::make_if_allowed(&mut connection).await?;
        let become_owner = roles::must_become(&mut connection, "posada_owner").await?;
        if become_owner {
            roles::own_database(&mut connection).await?;
        }
        connection.close().await?;
        let mut connection = connected(&app, &place).await?;
        let become_app = roles::must_become(&mut connection, "posada_app").await?;
        connection.close().await?;
        let ear = pool(config, 1, app.clone(), become_app);
        Ok(Self { app: pool(config, config.database.pool_size, app, become_app), ear, owner, become_owner, place, embedded: None })
    }

    /// The pool of the server, as `posada_app`.
    pub fn app(&self) -> &PgPool {
        &self.app
    }

    /// One connection as the app beside that pool, for what must be heard while the pool is busy.
    pub fn ear(&self) -> &PgPool {
        &self.ear
    }

    /// Where it is, without secrets.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// One connection as `posada_owner`: for migrations and for what only an operator may do. Close it soon.
    pub async fn owner(&self) -> Result<PgConnection, DatabaseError> {
        let mut connection = connected(&self.owner, &self.place).await?;
        if self.become_owner {
            sqlx::query("set role posada_owner").execute(&mut connection).await?;
        }
        Ok(connection)
    }

    /// Applies what is missing; of several that start together one does it and the others wait. Gives the versions it applied.
    pub async fn migrate(&self) -> Result<Vec<i64>, DatabaseError> {
        let before = self.pending().await?;
        if before.is_none() {
            return Ok(Vec::new());
        }
        let mut owner = self.owner().await?;
        MIGRATIONS.run(&mut owner).await.map_err(|error| match error {
            MigrateError::VersionMismatch(version) => DatabaseError::ChangedMigration { version },
            MigrateError::VersionMissing(version) => DatabaseError::NewerDatabase { version },
            other => DatabaseError::Migrating(other),
        })?;
        // Health asks as the app whether migrations are pending.
        sqlx::query("grant select on _sqlx_migrations to posada_app").execute(&mut owner).await?;
        owner.close().await?;
        Ok(before.here)
    }

    pub async fn pending(&self) -> Result<Pending, DatabaseError> {
        Ok(pending(&self.app).await?)
    }

    /// What keeps the embedded cluster alive; none for a Postgres of one's own.
    pub fn reviver(&self) -> Option<Reviver> {
        self.embedded.as_ref().map(|embedded| Reviver(Arc::clone(&embedded.cluster)))
    }

    /// Closes the pools, and stops the cluster if it is ours.
    pub async fn stop(self) {
        // A connection that is still lent out must not hold up the stop: Postgres ends it.
        let _ = tokio::time::timeout(Duration::from_secs(5), async { tokio::join!(self.app.close(), self.ear.close()) }).await;
        if let Some(embedded) = self.embedded {
            let stopped = tokio::task::spawn_blocking(move || {
                if let Some(cluster) = embedded.cluster.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take() {
                    cluster.stop();
                }
            });
            let _ = stopped.await;
        }
    }
}

/// Starts an embedded cluster again that has ended by itself.
#[derive(Clone, Debug)]
pub struct Reviver(Arc<Mutex<Option<Cluster>>>);

impl Reviver {
    /// To be called now and then. True if it had ended.
    pub async fn revive(&self) -> Result<bool, DatabaseError> {
        let cluster = Arc::clone(&self.0);
        blocking(move || {
            let mut cluster = cluster.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let Some(cluster) = cluster.as_mut() else { return Ok(false) };
            if cluster.is_running() {
                return Ok(false);
            }
            cluster.start_again().map(|()| true)
        })
        .await
    }
}

/// Which migrations are missing, as the app's role sees it.
pub async fn pending(pool: &PgPool) -> Result<Pending, sqlx::Error> {
    let there: Option<String> = sqlx::query_scalar("select to_regclass('public._sqlx_migrations')::text").fetch_one(pool).await?;
    let applied: Vec<(i64, Vec<u8>)> = match there {
        Some(_) => sqlx::query_as("select version, checksum from public._sqlx_migrations where success order by version").fetch_all(pool).await?,
        None => Vec::new(),
    };
    let mut pending = Pending::default();
    for migration in MIGRATIONS.iter() {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => pending.here.push(migration.version),
            Some((_, checksum)) if checksum.as_slice() != migration.checksum.as_ref() => pending.changed.push(migration.version),
            Some(_) => {}
        }
    }
    pending.newer = applied.iter().map(|(version, _)| *version).filter(|version| MIGRATIONS.iter().all(|m| m.version != *version)).collect();
    Ok(pending)
}

/// Where an embedded cluster would write, for `doctor` and `health`.
pub fn data_of(dir: &Path) -> PathBuf {
    dir.join("postgres")
}

fn pool(config: &Config, most: u32, options: PgConnectOptions, become_app: bool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_seconds))
        // A ping before each use would be a round trip of every transaction. What was used a moment ago is taken as it is: should Postgres have
        // gone in that moment, one request meets it, as it would have met it a moment later.
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if become_app {
                    sqlx::query("set role posada_app").execute(connection).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options.application_name("posada"))
}

async fn connected(options: &PgConnectOptions, place: &str) -> Result<PgConnection, DatabaseError> {
    let connecting = PgConnection::connect_with(options);
    match tokio::time::timeout(Duration::from_secs(10), connecting).await {
        Ok(connection) => connection.map_err(|source| DatabaseError::Unreachable { place: place.to_owned(), source }),
        Err(_) => Err(DatabaseError::Unreachable { place: place.to_owned(), source: sqlx::Error::PoolTimedOut }),
    }
}

/// Runs what blocks (starting and stopping a process) beside the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static) -> Result<T, DatabaseError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
