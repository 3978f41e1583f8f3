//! The live core: hot state in memory, rebuilt from Postgres at any time, streamed to whoever looks.
//!
//! Called by `app` and `ws`. Knows no HTTP and no SQL: what it needs of the outside are the traits in [`ports`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod map;
pub mod ports;
mod relay;
pub mod wire;

pub use relay::RelayHandle;
