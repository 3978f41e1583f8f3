//! The live core over real sockets: maps that move, streams that resume, hostile frames, revocation, drain.

mod conformance;
mod encodings;
mod hostile;
mod map;
#[path = "../../../actors/tests/live/model.rs"]
mod model;
mod sse;
mod streams;
pub mod watcher;

pub use model::Model;
pub use watcher::Watcher;
