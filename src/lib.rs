//! Posada's server. `main → cli → running → {http, ws, schedule} → commands → store → domain`, and `running, ws → actors → domain`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod caller;
pub mod cli;
pub mod commands;
pub mod config;
pub mod conformance;
pub mod database;
pub mod demo;
pub mod doctor;
pub mod embedded_postgres;
pub mod export;
pub mod health;
pub mod http;
pub mod import;
pub mod map;
pub mod running;
pub mod schedule;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod titles;
pub mod validate;
pub mod ws;
