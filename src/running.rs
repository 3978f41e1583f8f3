//! The only wiring: what a running server is made of, in the order in which it comes up and goes down.
//!
//! Called by `cli::serve` and by the test harness, which starts the very same server. Decides nothing about requests.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::dev::{Server, ServerHandle};
use actors::Live;
use gazetteer::Gazetteer;
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::{
    app::App,
    commands::{acknowledge::Acknowledgements, approve_stay::Approvals},
    config::Config,
    database::{Database, DatabaseError, Purpose},
    demo::{self, Filling},
    health::{Health, Monitor},
    http::{self, HttpSettings},
    map::{Map, Plain},
    schedule,
    secrets::Hasher,
    store::{OwnerStore, Store, StoreError, heard::Ear, live::LiveSource},
    telemetry::{self, PerTenant},
    validate::{Invalid, Parts},
    ws::follow_revocations,
};

#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the demo could not be made")]
    Demo(#[from] demo::CannotMakeDemo),
    #[error("{key} = {address}: {source}; stop what listens there, or choose another address")]
    Listen { key: &'static str, address: SocketAddr, source: io::Error },
    #[error("the server could not be started")]
    Serve(#[source] io::Error),
}

/// A server that is up. Dropping it is a crash; [`stop`](Self::stop) is an end.
pub struct Running {
    pub app: Arc<App>,
    address: SocketAddr,
    metrics_address: SocketAddr,
    database: Database,
    http: ServerHandle,
    metrics: ServerHandle,
    _monitor: Monitor,
    /// What happens because a moment has come.
    schedule: JoinHandle<()>,
    /// Hears what other servers and commands take away.
    ear: JoinHandle<()>,
    /// Fills the demo, if there is one that is not full yet.
    demo: Option<JoinHandle<()>>,
}

impl Running {
    /// Database, migrations, then everything that needs them, then the doors.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let rendered = telemetry::install();
        // The doors are taken first, so that a second server on the same address fails before it touches anything.
        let http_door = listen("http.listen", config.http.listen)?;
        let metrics_door = listen("metrics.listen", config.metrics.listen)?;
        // Opening the gazetteer takes 0.1 s of a core; Postgres is being waited for meanwhile.
        tokio::task::spawn_blocking(Gazetteer::embedded);
        let database = Database::open(&config, Purpose::Serve).await?;
        let applied = database.migrate().await?;
        if !applied.is_empty() {
            tracing::info!(count = applied.len(), "migrations applied");
        }
        let store = match config.plain {
            false => Store::new(database.app().clone()),
            true => Store::keeping_nothing(database.app().clone()),
        };
        // Before anything is kept of anybody.
        let ear = Ear::begin(database.ear().clone(), &store).await?;
        let health = Health::new(Duration::from_secs(config.health.stuck_after_seconds));
        let monitor = Monitor::start(health.clone(), &config, &database, rendered.clone()).await;
        let source = LiveSource { store: store.clone(), gazetteer: Gazetteer::embedded() };
        let kept = store.clone();
        let live = Live::start(config.live.clone(), Arc::new(source), |relay| Arc::new(Acknowledgements { store: kept, relay }));
        actix_web::rt::spawn(follow_revocations(store.clone(), live.clone()));
        let relay = live.relay();
        let approvals = Approvals::start(store.clone(), relay.clone());
        let (gazetteer, hasher, per_tenant) = (Gazetteer::embedded(), Hasher::default(), PerTenant::default());
        let map = match config.plain {
            false => Map::Live(live.clone()),
            true => Map::Plain(Plain::open(store.clone(), gazetteer, OwnerStore::new(database.owner().await?)).await?),
        };
        let app = Arc::new(App { store, health, relay, live, map, approvals, gazetteer, hasher, config, per_tenant });

        let beating = app.live.clone();
        app.health.watch("relay", move || Duration::from_millis(beating.health().relay_silent_ms));
        Parts::shipped(&app.config, database.pending().await?, app.health.ready()).validate()?;
        let demo = first_start(&app, &database).await?;
        let (address, metrics_address) = (address_of(&http_door)?, address_of(&metrics_door)?);
        let http = serve(&app, http_door).map_err(StartError::Serve)?;
        let metrics = telemetry::serve(Arc::clone(&app), rendered, metrics_door).map_err(StartError::Serve)?;
        let schedule = schedule::start(app.store.clone(), app.relay.clone());
        let hear_every = Duration::from_millis(app.config.live.revocation_check_ms.max(10));
        let ear = schedule::hear_revocations(ear, app.store.clone(), app.live.clone(), hear_every, app.health.heartbeat("revocations"));
        let running = Self { app, address, metrics_address, database, http: http.handle(), metrics: metrics.handle(), _monitor: monitor, schedule, ear, demo };
        actix_web::rt::spawn(http);
        actix_web::rt::spawn(metrics);
        Ok(running)
    }

    /// Where pages, API and sockets are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/metrics` is.
    pub fn metrics_address(&self) -> SocketAddr {
        self.metrics_address
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whether there is a demo to sign in to.
    pub fn has_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// Ends it in order: not ready, doors, then the database. When `hurry` comes true, nobody is waited for any longer.
    pub async fn stop(self, hurry: impl Future<Output = ()>) {
        self.app.health.drain();
        let ends = async {
            tokio::time::sleep(Duration::from_secs(self.app.config.shutdown.notice_seconds)).await;
            self.app.live.drain(Duration::from_secs(self.app.config.shutdown.drain_seconds)).await;
            self.http.stop(true).await;
        };
        tokio::select! {
            () = ends => {}
            () = hurry => self.http.stop(false).await,
        }
        self.schedule.abort();
        self.ear.abort();
        self.metrics.stop(false).await;
        self.database.stop().await;
    }
}

/// On a database without any tenant: the demo. It is there at once, and fills in the background while one looks.
async fn first_start(app: &Arc<App>, database: &Database) -> Result<Option<JoinHandle<()>>, StartError> {
    if !app.config.demo.on_first_start {
        return Ok(None);
    }
    let mut owner = OwnerStore::new(database.owner().await?);
    let tenants = owner.tenants().await?;
    if !tenants.is_empty() && tenants.iter().all(|tenant| tenant.slug != demo::SLUG) {
        return Ok(None);
    }
    let tenant = demo::found(&mut owner, &app.store, &app.hasher).await?;
    let app = Arc::clone(app);
    Ok(Some(tokio::spawn(async move {
        let filling = Filling { store: &app.store, relay: &app.relay, tenant: &tenant, homes: app.config.demo.homes };
        match demo::fill(filling, |done| tracing::debug!(done, "demo homes")).await {
            Ok(()) => tracing::info!(homes = app.config.demo.homes, "the demo is full"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the demo is not full; the next start goes on"),
        }
    })))
}

fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { key, address, source })
}

fn address_of(door: &TcpListener) -> Result<SocketAddr, StartError> {
    door.local_addr().map_err(StartError::Serve)
}

fn serve(app: &Arc<App>, door: TcpListener) -> io::Result<Server> {
    let config = &app.config;
    let workers = match config.http.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        workers => workers,
    };
    http::serve(Arc::clone(app), HttpSettings::from(config), door, workers)
}
