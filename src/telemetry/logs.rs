//! Structured logs on standard error: one line of JSON per event for machines, coloured lines for people.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Starts logging. A second call in one process (tests) changes nothing.
pub fn init(log: &Log) {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !stderr().is_terminal(),
    };
    let started = if json {
        registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(stderr)).try_init()
    } else {
        registry.with(tracing_subscriber::fmt::layer().compact().with_target(false).with_ansi(stderr().is_terminal()).with_writer(stderr)).try_init()
    };
    drop(started);
}
