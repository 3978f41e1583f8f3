//! The only wiring: what a running server is made of.

use actors::RelayHandle;
use gazetteer::Gazetteer;

use crate::store::Store;

/// What every edge and command can reach. Cheap to share: lives in an `Arc`.
pub struct App {
    pub store: Store,
    /// Where committed events are handed over. Never waited for.
    pub relay: RelayHandle,
    pub gazetteer: &'static Gazetteer,
}
