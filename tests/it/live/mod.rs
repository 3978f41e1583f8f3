//! The live core over real sockets: maps that move, streams that resume, hostile frames, revocation, drain.
//!
//! Whatever is said over a WebSocket is asked of both outlets: the same tests, each compiled for either. Maps also of the raw outlet without
//! io_uring.
#![allow(clippy::duplicate_mod)]

mod conformance;
mod one_by_one;
mod queue;
mod raw;
mod sse;
mod stalled;

pub use crate::harness::Watcher;

/// Where watchers look.
pub mod watcher {
    pub use crate::harness::BARCELONA;
}

/// A server whose WebSockets have this outlet.
async fn spawn_over(outlet: actors::OutletKind, change: impl FnOnce(&mut posada::config::Config)) -> crate::harness::TestApp {
    crate::harness::TestApp::spawn_with(|config| {
        config.live.outlet = outlet;
        change(config);
    })
    .await
}
