//! The live edge: WebSocket at `/live`, SSE at `/live/events`, and the documents that describe their frames.
//!
//! Parses, authenticates, limits; then the hub of this thread has the connection ([`actors::Live`]). Writes nothing itself, and
//! gives no command but what a client says it has taken and seen.

mod carry;
mod connect;
mod documents;
mod door;
mod frames;
mod raw;
mod revocations;
mod session;
mod socket;
mod sse;
mod takeover;

pub use connect::connect;
pub use documents::{asyncapi, proto, schema};
pub use revocations::follow as follow_revocations;
pub use sse::events;
pub use takeover::Takeovers;
