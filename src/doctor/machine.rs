//! What the machine gives: disk, ports, clock, file descriptors.

use std::{net::TcpListener, path::Path};

use rustix::process::{Resource, getrlimit};
use time::OffsetDateTime;

use super::Finding;
use crate::{config::Config, database::served_by, health::free_bytes};

/// Each socket is a descriptor, each connection to Postgres another.
const ENOUGH_DESCRIPTORS: u64 = 4096;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    vec![
        disk(config),
        port("port of http.listen", config, config.http.listen),
        port("port of metrics.listen", config, config.metrics.listen),
        clock(),
        descriptors(),
    ]
}

fn disk(config: &Config) -> Finding {
    let dir = config.data_dir();
    let there = dir.ancestors().find(|dir| dir.exists()).map_or_else(|| Path::new("/"), |dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    match free_bytes(there) {
        Ok(free) if free < config.health.disk_free_bytes => Finding::wrong(
            "disk",
            format!("{} MB free for {}", free >> 20, dir.display()),
            format!("make room, or lower health.disk_free_bytes (now {} MB)", config.health.disk_free_bytes >> 20),
        ),
        Ok(free) if free < 4 * config.health.disk_free_bytes => {
            Finding::advice("disk", format!("{} MB free for {}", free >> 20, dir.display()), "it is getting short: make room in time")
        }
        Ok(free) => Finding::fine("disk", format!("{} MB free for {}", free >> 20, dir.display())),
        Err(error) => Finding::wrong("disk", format!("{}: {error}", dir.display()), "choose a directory that can be read (POSADA_DATA_DIR)"),
    }
}

fn port(what: &'static str, config: &Config, address: std::net::SocketAddr) -> Finding {
    match (TcpListener::bind(address), served_by(&config.data_dir())) {
        (Ok(_), _) => Finding::fine(what, format!("{address} is free")),
        (Err(_), Some(pid)) => Finding::fine(what, format!("{address} is taken, and the server of this directory runs (process {pid})")),
        (Err(error), None) => Finding::wrong(what, format!("{address}: {error}"), "stop what listens there, or choose another address"),
    }
}

fn clock() -> Finding {
    let now = OffsetDateTime::now_utc();
    if (2026..2100).contains(&now.year()) {
        Finding::fine("clock", now.date().to_string())
    } else {
        Finding::wrong("clock", now.date().to_string(), "set the clock: sessions and nights depend on it")
    }
}

fn descriptors() -> Finding {
    // The server raises its own limit as far as it may.
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < ENOUGH_DESCRIPTORS => Finding::advice(
            "file descriptors",
            format!("at most {limit}"),
            format!("every open map is one: allow {ENOUGH_DESCRIPTORS} or more (LimitNOFILE= in systemd, ulimit -Hn)"),
        ),
        Some(limit) => Finding::fine("file descriptors", format!("at most {limit}")),
        None => Finding::fine("file descriptors", "no limit"),
    }
}
