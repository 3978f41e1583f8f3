//! What an operator may set of the live core. Every value has a unit in its name and a bound with a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{outlet::Bounds, wire::Limits};

/// How bytes reach a WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutletKind {
    Queue,
    #[default]
    Raw,
}

/// Settings of the live core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// How bytes reach a WebSocket. `raw`: written into the socket as they are made, which costs least. `queue`: as the body of an HTTP response. The same protocol and the same door either way; server-sent events always come as a body.
    pub outlet: OutletKind,
    /// Whether raw sockets are written many at a time, by io_uring, where the kernel allows it.
    pub io_uring: bool,
    /// Threads for worlds, cities and inboxes; 0: one per two cores, at least one.
    pub threads: usize,
    /// A world, city or inbox that nobody watches stops after this.
    pub idle_stop_ms: u64,
    /// How often heads in Postgres are compared with what was handed over.
    pub head_check_ms: u64,
    /// How often what other servers and commands took away (a session, a membership, the look at a map) is heard of. What this server took
    /// away is known at once.
    #[schemars(range(min = 10, max = 5_000))]
    pub revocation_check_ms: u64,
    /// Deltas a second at most for views of zoom 13 and more. Above 40 a tick is 25 ms.
    pub near_hz: f64,
    /// The same for zoom 9 to 12.
    pub middle_hz: f64,
    /// The same below zoom 9, where the world is shown.
    pub far_hz: f64,
    /// A connection is pinged when for so many seconds nothing came from it, or nothing went to it; when nothing came for three times as long it is closed.
    pub ping_s: u32,
    /// A connection without a `hello` is closed after this.
    pub hello_ms: u64,
    /// Event bytes that may wait for one connection before it is closed (it can resume).
    pub queue_bytes: usize,
    /// Event frames that may wait for one connection.
    pub queue_entries: usize,
    /// A connection that takes nothing for this long gets no state until it reads again.
    pub stalled_ms: u64,
    /// And after this it is let go.
    pub let_go_ms: u64,
    /// Views of one connection.
    pub views: u32,
    /// Subscribed streams of one connection.
    pub streams: u32,
    /// Bytes of one frame from a client.
    pub frame_bytes: u32,
    /// Open connections of one tenant on this node.
    pub tenant_connections: u32,
    /// New connections a second of one tenant on this node.
    pub tenant_connects_per_s: u32,
    /// Snapshots a second of one tenant's views on this node. Beyond, new views are asked to come again, and repairs wait their turn.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub tenant_snapshots_per_s: u32,
    /// Bytes a second to one tenant's connections on this node. Beyond, its views are told of changes a quarter as often, and at most once a second.
    #[schemars(range(min = 1_000, max = 100_000_000_000_u64))]
    pub tenant_bytes_per_s: u64,
    /// Open connections on this node, all tenants. Each is a file descriptor.
    pub node_connections: u32,
    /// New connections a second on this node, all tenants.
    pub node_connects_per_s: u32,
    /// Reconnects a second that a drain spreads its clients to.
    pub drain_per_s: u32,
    /// A drain asks everyone to stay away at least this long: as long as nobody may be there to take them. Who came sooner would try again, and all at once.
    #[schemars(range(max = 60_000))]
    pub drain_away_ms: u64,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            outlet: OutletKind::Raw,
            io_uring: true,
            threads: 0,
            idle_stop_ms: 60_000,
            head_check_ms: 1_000,
            // One tick of a near view.
            revocation_check_ms: 100,
            near_hz: 10.0,
            middle_hz: 4.0,
            far_hz: 1.0,
            ping_s: 25,
            hello_ms: 5_000,
            queue_bytes: 256 * 1024,
            queue_entries: 1_000,
            stalled_ms: 2_000,
            let_go_ms: 30_000,
            views: 8,
            streams: 32,
            frame_bytes: 16 * 1024,
            tenant_connections: 50_000,
            tenant_connects_per_s: 1_000,
            // Everyone who may come in a second brings a view, and as many move theirs.
            tenant_snapshots_per_s: 2_000,
            tenant_bytes_per_s: 50_000_000,
            node_connections: 100_000,
            node_connects_per_s: 5_000,
            drain_per_s: 2_000,
            drain_away_ms: 2_000,
        }
    }
}

impl LiveConfig {
    /// What is kept at most for a connection that does not read.
    pub fn bounds(&self) -> Bounds {
        Bounds { event_bytes: self.queue_bytes, event_entries: self.queue_entries }
    }

    /// What one connection is told in `welcome`.
    pub fn limits(&self) -> Limits {
        Limits { views: self.views, streams: self.streams, tiles: crate::map::MOST_TILES as u32, frame_bytes: self.frame_bytes }
    }
}
