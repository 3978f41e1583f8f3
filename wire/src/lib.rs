//! The live protocol's frames as types: what clients may say, and what they are told.
//!
//! Read by the hub and the WebSocket and SSE edges; JSON Schema and AsyncAPI are made from these same types.
//! Never does I/O, and never panics on anything a client can send: what is wrong becomes an [`ErrorFrame`].
//! A crate of its own, so that whoever only reads frames (the load test, a conformance runner) brings no actor with it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod binary;
mod client;
mod close;
mod encoding;
mod names;
pub mod published;
mod server;

pub use client::{ClientFrame, Held, Hello, Layer, Resume, ResumeStream, ResumeView, Since, Token, ViewFrame};
pub use close::Close;
pub use encoding::Encoding;
pub use names::{BadName, ScopeName, Stream, ViewId};
pub use server::{
    Chunk, CityText, ErrorFrame, EventFrame, GoAway, Item, Limits, Outcome, Qos, Reset, Resumed, ServerFrame, Snapshot, StateDelta, TileMode, Total, Welcome,
};

/// The subprotocol of the JSON encoding.
pub const SUBPROTOCOL: &str = Encoding::Json.subprotocol();
/// The version that `hello` names.
pub const VERSION: u32 = 1;
