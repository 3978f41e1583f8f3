//! The live core: hot state in memory, rebuilt from Postgres at any time, streamed to whoever looks.
//!
//! Called by `app`, `http` and `ws` through [`Live`]. Knows no HTTP and no SQL: what it needs of the outside are the traits in
//! [`ports`]. Every actor may be killed at any time: what it owns is read from Postgres again.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod board;
mod city;
pub mod config;
mod core;
mod epoch;
pub mod extent;
mod frames;
pub mod framing;
mod gates;
mod hub;
mod hubs;
mod inbox;
mod live;
mod mailbox;
pub mod map;
mod mark;
mod messages;
mod numbered;
pub mod outlet;
pub mod ports;
mod questions;
mod relay;
pub mod replica;
mod revoked;
mod shares;
mod telemetry;
mod world;

pub use city::today;
pub use config::{LiveConfig, OutletKind};
pub use gates::{Admitted, TooMany};
pub use hub::{ConnId, Hub, Join, Principal, Revoked, Said, Shows, scopes_of, shows};
pub use live::{Health, Live, OfTenant, Target};
pub use messages::Drill;
pub use questions::{Found, HomeCard, MapAnswer, MapQuery, NoAnswer, ScopeAnswer};
pub use relay::RelayHandle;
pub use telemetry::{describe as describe_metrics, metric_names};
pub use wire;

pub(crate) use city::City;
pub(crate) use inbox::Inbox;
pub(crate) use world::World;
