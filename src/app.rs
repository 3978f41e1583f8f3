//! What every edge and command can reach of a running server. Put together by [`running`](crate::running), the only wiring.

use actors::{Live, RelayHandle};
use gazetteer::Gazetteer;

use crate::{commands::approve_stay::Approvals, config::Config, health::Health, map::Map, secrets::Hasher, store::Store, telemetry::PerTenant};

/// Cheap to share: lives in an `Arc`.
pub struct App {
    pub config: Config,
    pub store: Store,
    pub health: Health,
    /// Where committed events are handed over. Never waited for.
    pub relay: RelayHandle,
    /// Worlds, cities and inboxes in memory, and those who look at them.
    pub live: Live,
    /// Who answers when somebody looks at the map.
    pub map: Map,
    pub gazetteer: &'static Gazetteer,
    /// Bounds how many passwords are hashed at once, for all edges together.
    pub hasher: Hasher,
    /// Where hosts' approvals are handed in, to be written many at once.
    pub approvals: Approvals,
    /// Who takes how much.
    pub per_tenant: PerTenant,
}
