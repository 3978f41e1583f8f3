//! The recorder, its buckets, and what each of our own series means. Other modules say `metrics::counter!(…)`; names live where they are counted.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds: from a lookup in memory to a request that should have been cut.
const SECONDS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What `/metrics` answers.
#[derive(Clone, Debug)]
pub struct Rendered(PrometheusHandle);

impl Rendered {
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Folds what was measured into its buckets; to be called now and then, or histograms grow between scrapes.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Installs the recorder of this process, once; later calls give the same.
pub fn install() -> Rendered {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    Rendered(
        HANDLE
            .get_or_init(|| {
                let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
                let recorder = builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
                let handle = recorder.handle();
                // Refused only if somebody else in this process has one: then theirs renders, and ours is empty.
                if metrics::set_global_recorder(recorder).is_err() {
                    tracing::warn!("another metrics recorder is installed in this process");
                }
                describe();
                handle
            })
            .clone(),
    )
}

/// Our own series: the server's. What http, live and commands count is described where it is counted.
const OURS: [(&str, Unit, Kind, &str); 10] = [
    ("posada_up_seconds", Unit::Seconds, Kind::Gauge, "Time since the start of this process."),
    ("posada_health", Unit::Count, Kind::Gauge, "1 while a component is well, by component."),
    ("posada_db_pool_connections", Unit::Count, Kind::Gauge, "Connections to Postgres, by state (idle, used)."),
    ("posada_db_pool_limit", Unit::Count, Kind::Gauge, "Connections to Postgres at most."),
    ("posada_db_ping_seconds", Unit::Seconds, Kind::Histogram, "One round trip to Postgres, with the wait for a connection."),
    ("posada_db_restarts_total", Unit::Count, Kind::Counter, "Times the embedded Postgres ended by itself and was started again."),
    ("posada_disk_free_bytes", Unit::Bytes, Kind::Gauge, "Free space where the data are."),
    ("process_resident_memory_bytes", Unit::Bytes, Kind::Gauge, "Memory in use."),
    ("process_cpu_seconds_total", Unit::Seconds, Kind::Gauge, "Processor time used, user and system."),
    ("process_open_fds", Unit::Count, Kind::Gauge, "Open file descriptors."),
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Says what each of our own series means.
pub fn describe() {
    for (name, unit, kind, meaning) in OURS {
        match kind {
            Kind::Counter => describe_counter!(name, unit, meaning),
            Kind::Gauge => describe_gauge!(name, unit, meaning),
            Kind::Histogram => describe_histogram!(name, unit, meaning),
        }
    }
}

/// The names of our own series.
pub fn names() -> impl Iterator<Item = &'static str> {
    OURS.into_iter().map(|(name, ..)| name)
}
