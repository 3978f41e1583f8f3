//! The server from outside: real HTTP, real sockets, real Postgres. One module per capability; `harness` starts it all.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod faults;
mod harness;
mod homes;
mod http;
mod live;
mod operations;
mod people;
mod places;
mod siege;
mod stays;
mod tenancy;
