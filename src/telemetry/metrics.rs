//! The recorder, its buckets, and what each of our own series means. Other modules say `metrics::counter!(…)`; names live where they are counted.

use std::sync::OnceLock;

use metrics::{Label, Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds: from a lookup in memory to a request that should have been cut.
const SECONDS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The same for Postgres, where half a millisecond is long already.
const QUERY_SECONDS: [f64; 14] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The same for what is looked up in memory.
const LOOKUP_SECONDS: [f64; 9] = [0.000_001, 0.000_005, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1];

/// How many at once.
const SIZES: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

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
                let builder = PrometheusBuilder::new()
                    .set_buckets_for_metric(Matcher::Full("posada_gazetteer_lookup_seconds".to_owned()), &LOOKUP_SECONDS)
                    .and_then(|builder| builder.set_buckets_for_metric(Matcher::Prefix("posada_db_".to_owned()), &QUERY_SECONDS))
                    .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS))
                    .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES));
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

/// The series of the server, its edges and commands; the live core has a table of its own.
const OURS: &[(&str, Unit, Kind, &str)] = &[
    ("posada_build_info", Unit::Count, Kind::Gauge, "Always 1; which version runs, by version."),
    ("posada_up_seconds", Unit::Seconds, Kind::Gauge, "Time since the start of this process."),
    ("posada_health", Unit::Count, Kind::Gauge, "1 while a component is well, by component."),
    ("posada_http_requests_total", Unit::Count, Kind::Counter, "Requests answered, by method, route and status."),
    ("posada_http_request_seconds", Unit::Seconds, Kind::Histogram, "Time to answer, by method and route."),
    ("posada_http_in_flight", Unit::Count, Kind::Gauge, "Requests being answered now."),
    ("posada_problems_total", Unit::Count, Kind::Counter, "Refusals and failures that clients were told, by type of problem and class of status."),
    ("posada_http_panics_total", Unit::Count, Kind::Counter, "Panics caught in handlers, by route. Every one is a bug."),
    ("posada_command_seconds", Unit::Seconds, Kind::Histogram, "Time of a command with its commit, by command and outcome (done, refused, failed)."),
    (
        "posada_db_transaction_seconds",
        Unit::Seconds,
        Kind::Histogram,
        "Time a tenant's transaction held its connection, by outcome (committed, uncommitted: reads and what was taken back, unknown).",
    ),
    ("posada_approvals_batch_size", Unit::Count, Kind::Histogram, "Approvals of stays written in one transaction."),
    ("posada_import_homes_total", Unit::Count, Kind::Counter, "Homes taken in, by outcome (new, changed, unchanged)."),
    ("posada_import_refused_total", Unit::Count, Kind::Counter, "Rows of imports that were refused."),
    ("posada_stays_total", Unit::Count, Kind::Counter, "Stays that were asked for or answered, once committed, by the state they came to."),
    (
        "posada_gazetteer_lookup_seconds",
        Unit::Seconds,
        Kind::Histogram,
        "Time to find a place, by what was asked (id, name, position, prefix, box, nothing) and outcome (found, several, none, refused).",
    ),
    ("posada_schedule_seconds", Unit::Seconds, Kind::Histogram, "Time of a task that the clock gave, by task and outcome (done, failed)."),
    ("posada_schedule_last_done_timestamp_seconds", Unit::Seconds, Kind::Gauge, "When a task of the clock last succeeded, by task."),
    (
        "posada_outside_failures_total",
        Unit::Count,
        Kind::Counter,
        "Calls outside this process that got no answer, by service (postgres) and failure (unreachable, no_connection, out_of_resources).",
    ),
    (
        "posada_backup_last_success_timestamp_seconds",
        Unit::Seconds,
        Kind::Gauge,
        "When whoever makes copies last said that one succeeded (the time of DATA_DIR/last-backup); 0 if nobody ever did.",
    ),
    ("posada_db_query_seconds", Unit::Seconds, Kind::Histogram, "Time of a query until its last row, by query (its verb and table), and of a commit."),
    ("posada_db_pool_waiting", Unit::Count, Kind::Gauge, "Transactions and queries that wait for a connection now."),
    ("posada_db_pool_connections", Unit::Count, Kind::Gauge, "Connections to Postgres, by state (idle, used)."),
    ("posada_db_acquire_seconds", Unit::Seconds, Kind::Histogram, "Time somebody waited for a connection, given up waits included."),
    ("posada_cache_lookups_total", Unit::Count, Kind::Counter, "Looks into a cache, by cache (principals, rooms, tenants) and outcome (hit, miss)."),
    ("posada_revocations_heard_total", Unit::Count, Kind::Counter, "Sessions, members and tenants whose change was heard of, by whoever made it."),
    ("posada_db_pool_exhausted_total", Unit::Count, Kind::Counter, "Times no connection to Postgres became free in time."),
    ("posada_http_given_up_total", Unit::Count, Kind::Counter, "Requests given up after http.answer_seconds, by route."),
    ("posada_clock_offset_seconds", Unit::Seconds, Kind::Gauge, "How far this machine's clock is ahead of the database's."),
    ("posada_db_pool_limit", Unit::Count, Kind::Gauge, "Connections to Postgres at most."),
    ("posada_db_ping_seconds", Unit::Seconds, Kind::Histogram, "One round trip to Postgres, with the wait for a connection."),
    ("posada_db_restarts_total", Unit::Count, Kind::Counter, "Times the embedded Postgres ended by itself and was started again."),
    ("posada_disk_free_bytes", Unit::Bytes, Kind::Gauge, "Free space where the data are."),
    ("process_resident_memory_bytes", Unit::Bytes, Kind::Gauge, "Memory in use."),
    ("process_cpu_seconds_total", Unit::Seconds, Kind::Gauge, "Processor time used, user and system."),
    ("process_open_fds", Unit::Count, Kind::Gauge, "Open file descriptors."),
    ("process_max_fds", Unit::Count, Kind::Gauge, "File descriptors that may be open at most."),
    ("process_threads", Unit::Count, Kind::Gauge, "Threads."),
];

/// One series: its labels with their values.
type Labels = &'static [(&'static str, &'static str)];

/// Counters with labels (but not the one of refused rows, whose reasons are many). Those known are shown from the start: Prometheus sees no increase in a series that begins at one, and an alert
/// on something rare would miss its first time. The others are shown when they first count.
const FROM_ZERO: &[(&str, &[Labels])] = &[
    ("posada_http_requests_total", &[]),
    ("posada_problems_total", &[]),
    ("posada_http_panics_total", &[]), // by the gate, for every route
    (
        "posada_outside_failures_total",
        &[
            &[("service", "postgres"), ("failure", "unreachable")],
            &[("service", "postgres"), ("failure", "no_connection")],
            &[("service", "postgres"), ("failure", "out_of_resources")],
        ],
    ),
    (
        "posada_stays_total",
        &[&[("state", "requested")], &[("state", "approved")], &[("state", "declined")], &[("state", "withdrawn")], &[("state", "expired")]],
    ),
    ("posada_import_homes_total", &[&[("outcome", "new")], &[("outcome", "changed")], &[("outcome", "unchanged")]]),
    (
        "posada_cache_lookups_total",
        &[
            &[("cache", "principals"), ("outcome", "hit")],
            &[("cache", "principals"), ("outcome", "miss")],
            &[("cache", "tenants"), ("outcome", "hit")],
            &[("cache", "tenants"), ("outcome", "miss")],
        ],
    ),
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Says what each series means, and shows the counters before they count: a panel about something rare is not empty.
fn describe() {
    for (name, unit, kind, meaning) in OURS {
        match kind {
            Kind::Counter => {
                describe_counter!(*name, *unit, *meaning);
                from_zero(name);
            }
            Kind::Gauge => describe_gauge!(*name, *unit, *meaning),
            Kind::Histogram => describe_histogram!(*name, *unit, *meaning),
        }
    }
    metrics::gauge!("posada_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    actors::describe_metrics();
}

fn from_zero(name: &'static str) {
    match FROM_ZERO.iter().find(|(of, _)| *of == name) {
        Some((_, series)) => series.iter().for_each(|labels| {
            let labels: Vec<Label> = labels.iter().map(|(label, value)| Label::from_static_parts(label, value)).collect();
            metrics::counter!(name, labels).increment(0);
        }),
        None => metrics::counter!(name).increment(0),
    }
}

/// The names of all series.
pub fn names() -> impl Iterator<Item = &'static str> {
    OURS.iter().map(|(name, ..)| *name).chain(actors::metric_names())
}
