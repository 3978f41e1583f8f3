//! Every key there is, with its default. The first sentence of a doc comment says what it is, the rest what to know.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use actors::LiveConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory for everything that lasts: the embedded database, its log, the lock. Without it `./.posada`, and for root `/var/lib/posada`.
    pub data_dir: Option<PathBuf>,
    /// A baseline to measure against, not for use: no live map, no actors, nothing kept in memory; every view and every read is asked of Postgres, and `/live` is refused. The answers are the same.
    pub plain: bool,
    pub http: Http,
    pub metrics: Metrics,
    pub database: Database,
    pub tenancy: Tenancy,
    pub demo: Demo,
    pub health: Health,
    pub live: LiveConfig,
    pub shutdown: Shutdown,
    pub log: Log,
}

/// Pages, API and sockets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port for pages, API and sockets. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address under which people reach it, `https://posada.example`. Set it behind a proxy: cookies become `Secure`, and only this origin may change things.
    pub public_url: Option<String>,
    /// Threads that serve requests and sockets. 0 takes as many as there are cores.
    pub workers: usize,
    /// Open connections that each worker serves at most, WebSockets not counted (`live.node_connections`); more wait in the backlog. Each is a file descriptor.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_per_worker: usize,
    /// Connections that may wait in the kernel until a worker takes them; more are turned away. The kernel's own `somaxconn` bounds it too.
    #[schemars(range(min = 1, max = 65_535))]
    pub backlog: u32,
    /// Seconds a client has to send the whole head of a request; slower ones are cut off.
    #[schemars(range(min = 1, max = 300))]
    pub head_seconds: u64,
    /// Seconds a client has to send the whole body of a request, at most 64 KiB; slower ones are answered with 408.
    #[schemars(range(min = 1, max = 300))]
    pub body_seconds: u64,
    /// Seconds a request may take until its answer begins; longer ones are given up with 503, whatever they wait for.
    #[schemars(range(min = 1, max = 600))]
    pub answer_seconds: u64,
    /// Seconds an idle connection is kept for the next request. Behind a proxy, longer than the proxy keeps its own.
    #[schemars(range(min = 1, max = 3600))]
    pub keep_alive_seconds: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            workers: 0,
            connections_per_worker: 25_000,
            backlog: 4096,
            head_seconds: 10,
            body_seconds: 20,
            answer_seconds: 30,
            keep_alive_seconds: 75,
        }
    }
}

/// The operator's metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port of `/metrics`, in Prometheus' text form. Keep it away from the public; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)) }
    }
}

/// The embedded Postgres, or one of your own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Postgres of your own, `postgres://USER:PASSWORD@HOST/DATABASE`. Also read from `DATABASE_URL`. The user is `posada_app`, or one that may become it; without it the embedded Postgres is used.
    #[schemars(extend("secret" = true))]
    pub url: Option<String>,
    /// The same database for a user that is, or may become, `posada_owner`: it runs the migrations. Without it `database.url` is used for that as well.
    #[schemars(extend("secret" = true))]
    pub owner_url: Option<String>,
    /// Directory with the programs `initdb` and `postgres` for the embedded Postgres. Without it they are found on `PATH`, then under `/usr/lib/postgresql`, newest first.
    pub binaries: Option<PathBuf>,
    /// Connections the server may hold at once.
    #[schemars(range(min = 1, max = 1000))]
    pub pool_size: u32,
    /// Seconds a request waits for a connection before it is answered with 503.
    #[schemars(range(min = 1, max = 60))]
    pub acquire_timeout_seconds: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, owner_url: None, binaries: None, pool_size: 16, acquire_timeout_seconds: 3 }
    }
}

/// Which community a request is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tenancy {
    /// Slug of the tenant that is meant where neither the host name nor the path nor a header names one. Empty: none.
    pub default: String,
}

impl Default for Tenancy {
    fn default() -> Self {
        Self { default: "demo".to_owned() }
    }
}

/// The made-up tenant that a first start shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Demo {
    /// Make the tenant `demo` when the database has no tenant yet.
    pub on_first_start: bool,
    /// How many homes it has.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub homes: u32,
}

impl Default for Demo {
    fn default() -> Self {
        Self { on_first_start: true, homes: 12_000 }
    }
}

/// When the server calls itself well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Seconds between two looks at database, disk and actors.
    #[schemars(range(min = 1, max = 5))]
    pub every_seconds: u64,
    /// Free bytes below which the disk of the data directory counts as full.
    pub disk_free_bytes: u64,
    /// Seconds without a heartbeat after which an actor counts as stuck.
    #[schemars(range(min = 1, max = 60))]
    pub stuck_after_seconds: u64,
}

impl Default for Health {
    fn default() -> Self {
        Self { every_seconds: 2, disk_free_bytes: 256 << 20, stuck_after_seconds: 5 }
    }
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shutdown {
    /// Seconds between "not ready" and the closing of the doors: what a load balancer needs to notice. 0 where there is none.
    #[schemars(range(min = 0, max = 120))]
    pub notice_seconds: u64,
    /// Seconds that requests and sockets have to finish after SIGTERM; a second signal hurries.
    #[schemars(range(min = 0, max = 600))]
    pub drain_seconds: u64,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { notice_seconds: 0, drain_seconds: 10 }
    }
}

/// What is written to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `json` for machines, `pretty` for people, `auto` for pretty on a terminal.
    pub format: LogFormat,
    /// What is logged: a level, or levels per module, `info,posada=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info,actix_server=warn,sqlx::postgres::notice=warn".to_owned() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Json,
    Pretty,
}
