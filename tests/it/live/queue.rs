//! What is asked of every outlet, asked of the queue outlet.

use super::{Watcher, spawn_over, watcher};

const OUTLET: actors::OutletKind = actors::OutletKind::Queue;

#[path = "encodings.rs"]
mod encodings;
#[path = "handshake.rs"]
mod handshake;
#[path = "hostile.rs"]
mod hostile;
#[path = "map.rs"]
pub mod map;
#[path = "pings.rs"]
mod pings;
#[path = "streams.rs"]
mod streams;
