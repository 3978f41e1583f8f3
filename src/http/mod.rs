//! The HTTP edge: parse, authenticate, authorise, limit; then a command, then its answer.
//!
//! All routes stand in [`routes`]. A request goes `edge` (id, times, headers) → routing → `gate` (what its row says) → its handler.
//! Handlers are about ten lines and decide nothing.

pub mod admission;
pub mod catalogue;
pub mod city_ref;
mod docs;
mod edge;
mod export;
pub mod extract;
mod gate;
pub mod headers;
pub mod health;
pub mod home_filter;
pub mod home_view;
mod homes;
pub mod openapi;
pub mod order;
pub mod page;
pub mod paging;
pub mod problem;
mod request_id;
pub mod route;
pub mod routes;
mod serve;
mod settings;
mod sockets;
mod tenancy;
mod tracing_span;
pub mod versions;

pub mod cities;
mod inbox;
mod map;
mod map_schema;
mod people;
mod people_problems;
mod roles;
mod search;
mod stays;
mod tenant;

pub use admission::{Admitted, Member, SeeMap};
pub use extract::{Json, Query};
pub use order::Order;
pub use paging::{Cursor, Page, Paging};
pub use problem::Problem;
pub use routes::routes;
pub use serve::serve;
pub use settings::HttpSettings;
pub use versions::IfMatch;

use crate::titles::Titles;

/// What the edge itself keeps: its settings, the tenants that requests name, and the words of homes that are searched.
#[derive(Debug)]
pub struct Edge {
    pub settings: HttpSettings,
    tenants: tenancy::Tenants,
    titles: Titles,
}
