//! What an operator may set about the HTTP edge: taken from the configuration, which has the bounds and the defaults; read by `serve` and
//! the middlewares.

use std::time::Duration;

use actors::OutletKind;

use crate::config::Config;

/// Settings of the HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The tenant of a request that names none; without one such a request is asked to name it.
    pub default_tenant: Option<String>,
    /// Where people reach it, `https://posada.example`: with https, cookies are `Secure` and HSTS is sent.
    pub public_url: Option<String>,
    /// Open connections at most, for each worker thread.
    pub connections_per_worker: usize,
    /// Connections accepted but not yet served, waiting in the kernel.
    pub backlog: u32,
    /// A client has so long to send its whole head; slower ones are cut (slow loris).
    pub head_within: Duration,
    /// A client has so long to send its whole body.
    pub body_within: Duration,
    /// A request that takes longer is given up.
    pub answer_within: Duration,
    /// An idle connection is kept for so long.
    pub keep_alive: Duration,
    /// How bytes reach a WebSocket.
    pub outlet: OutletKind,
    /// Open requests have so long to finish when the server stops.
    pub drain: Duration,
}

impl From<&Config> for HttpSettings {
    fn from(config: &Config) -> Self {
        let http = &config.http;
        Self {
            default_tenant: Some(config.tenancy.default.clone()).filter(|slug| !slug.is_empty()),
            public_url: http.public_url.clone(),
            connections_per_worker: http.connections_per_worker,
            backlog: http.backlog,
            head_within: Duration::from_secs(http.head_seconds),
            body_within: Duration::from_secs(http.body_seconds),
            answer_within: Duration::from_secs(http.answer_seconds),
            keep_alive: Duration::from_secs(http.keep_alive_seconds),
            outlet: config.live.outlet,
            drain: Duration::from_secs(config.shutdown.drain_seconds),
        }
    }
}

impl HttpSettings {
    /// Whether people reach us by https (a proxy in front ends TLS).
    pub fn https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether a browser's `Origin` is the public address.
    pub(super) fn is_public_url(&self, origin: &str) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.trim_end_matches('/').eq_ignore_ascii_case(origin))
    }
}
