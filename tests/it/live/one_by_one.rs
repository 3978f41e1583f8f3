//! Maps over the raw outlet where sockets are written one by one, as where the kernel does not allow more.

use super::{Watcher, watcher};

const OUTLET: actors::OutletKind = actors::OutletKind::Raw;

async fn spawn_over(outlet: actors::OutletKind, change: impl FnOnce(&mut posada::config::Config)) -> crate::harness::TestApp {
    super::spawn_over(outlet, |config| {
        config.live.io_uring = false;
        change(config);
    })
    .await
}

#[path = "map.rs"]
mod map;
