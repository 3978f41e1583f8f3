//! The live core's metrics, named and described in one place. No tenant, member or path is ever a label.

use std::sync::LazyLock;

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, histogram};

pub(crate) const CONNECTIONS: &str = "posada_live_connections";
pub(crate) const VIEWS: &str = "posada_live_views";
pub(crate) const ACTORS: &str = "posada_live_actors";
pub(crate) const CLOSED: &str = "posada_live_closed_total";
pub(crate) const RESUMES: &str = "posada_live_resumes_total";
pub(crate) const FRAMES: &str = "posada_live_frames_sent_total";
pub(crate) const SKIPPED: &str = "posada_live_frames_skipped_total";
pub(crate) const BYTES_SENT: &str = "posada_live_bytes_sent_total";
pub(crate) const BYTES_ENCODED: &str = "posada_live_bytes_encoded_total";
pub(crate) const STALENESS: &str = "posada_live_staleness_seconds";
pub(crate) const TICK: &str = "posada_live_tick_seconds";
pub(crate) const OVERRUNS: &str = "posada_live_tick_overruns_total";
pub(crate) const MAILBOX_FULL: &str = "posada_live_mailbox_full_total";
pub(crate) const REBUILDS: &str = "posada_live_rebuilds_total";
pub(crate) const REBUILD_SECONDS: &str = "posada_live_rebuild_seconds";
pub(crate) const PANICS: &str = "posada_live_panics_total";
pub(crate) const GAPS: &str = "posada_live_gaps_total";
pub(crate) const HEALS: &str = "posada_live_head_timer_heals_total";
pub(crate) const REFUSED: &str = "posada_live_handovers_refused_total";
pub(crate) const INTAKE: &str = "posada_live_relay_waiting";
pub(crate) const PUBLISHED: &str = "posada_live_events_published_total";
pub(crate) const LIMITED: &str = "posada_live_limits_applied_total";
pub(crate) const ACK_AGE: &str = "posada_live_ack_age_seconds";
pub(crate) const SOURCE_ERRORS: &str = "posada_live_source_errors_total";
pub(crate) const ERRORS_SENT: &str = "posada_live_error_frames_total";
pub(crate) const MESSAGES: &str = "posada_live_messages_total";
pub(crate) const MAILBOX_WAITING: &str = "posada_live_mailbox_waiting";
pub(crate) const MAILBOX_PEAK: &str = "posada_live_mailbox_peak";
pub(crate) const REVOKED: &str = "posada_live_revocation_seconds";

/// Every metric of the live core: name, kind, unit, words.
const ALL: &[(&str, char, Unit, &str)] = &[
    (CONNECTIONS, 'g', Unit::Count, "Open live connections, by kind (websocket, sse)."),
    (VIEWS, 'g', Unit::Count, "Map views held by open connections."),
    (ACTORS, 'g', Unit::Count, "Live actors, by kind (world, city, inbox)."),
    (CLOSED, 'c', Unit::Count, "Live connections closed, by reason."),
    (RESUMES, 'c', Unit::Count, "Views and streams brought back, by kind and outcome (resumed, snapshot, reset)."),
    (FRAMES, 'c', Unit::Count, "Frames handed to sockets, by frame."),
    (SKIPPED, 'c', Unit::Count, "State frames not made because the last one was still in flight."),
    (BYTES_SENT, 'c', Unit::Bytes, "Bytes accepted by sockets."),
    (BYTES_ENCODED, 'c', Unit::Bytes, "Bytes encoded; bytes sent divided by this is the encode-once ratio."),
    (STALENESS, 'h', Unit::Seconds, "From the commit of a change to the socket that accepted it, by lane."),
    (TICK, 'h', Unit::Seconds, "Time one flush of a world or city took, by actor."),
    (OVERRUNS, 'c', Unit::Count, "Flushes that took longer than their tick, by actor."),
    (MAILBOX_FULL, 'c', Unit::Count, "Messages a full mailbox refused, by actor; each is healed by its written policy."),
    (REBUILDS, 'c', Unit::Count, "Actors built from Postgres, by actor and reason (start, panic, heal)."),
    (REBUILD_SECONDS, 'h', Unit::Seconds, "Time to build an actor from Postgres, by actor."),
    (PANICS, 'c', Unit::Count, "Panics caught in actors, by actor. Every one is a bug."),
    (GAPS, 'c', Unit::Count, "Gaps in a stream that were read from Postgres, by actor."),
    (HEALS, 'c', Unit::Count, "Events that reached an actor only because the head timer looked."),
    (REFUSED, 'c', Unit::Count, "Events the relay's full intake refused; the head timer heals them."),
    (INTAKE, 'g', Unit::Count, "Transactions' events waiting in the relay's intake."),
    (PUBLISHED, 'c', Unit::Count, "Events the relay handed on."),
    (LIMITED, 'c', Unit::Count, "Limits applied, by limit."),
    (ACK_AGE, 'h', Unit::Seconds, "From an event's commit to its reader's ack."),
    (SOURCE_ERRORS, 'c', Unit::Count, "Reads of the source that failed, by actor; each is tried again."),
    (ERRORS_SENT, 'c', Unit::Count, "Error frames sent, by problem."),
    (MESSAGES, 'c', Unit::Count, "Messages posted to actors by actors and requests, by actor (the receiver's kind)."),
    (MAILBOX_WAITING, 'g', Unit::Count, "Messages waiting in mailboxes at the scrape, by actor; all of a kind together."),
    (MAILBOX_PEAK, 'g', Unit::Count, "The most that waited at once since the last scrape, by actor; all of a kind together."),
    (REVOKED, 'h', Unit::Seconds, "From a revocation to the close of the connections it ends."),
];

const ACTOR_KINDS: &[&str] = &["hub", "world", "city", "inbox"];

/// A label and the values it is known to take.
type Known = (&'static str, &'static [&'static str]);

/// Counters with labels. Values that are known are shown from the start: Prometheus sees no increase in a series that begins at one, and
/// an alert on something rare would miss its first time. Those without known values are shown when they first count.
const FROM_ZERO: &[(&str, &[Known])] = &[
    (CLOSED, &[("reason", &["left", "normal", "stalled", "overflow", "bad_frame", "revoked", "restart"])]),
    (RESUMES, &[("kind", &["view", "stream"]), ("as", &["resumed", "snapshot", "reset"])]),
    (FRAMES, &[("frame", &["snapshot", "delta", "event"])]),
    (OVERRUNS, &[("actor", &["world", "city"])]),
    (MAILBOX_FULL, &[("actor", ACTOR_KINDS)]),
    (MESSAGES, &[("actor", ACTOR_KINDS)]),
    (REBUILDS, &[]),
    (PANICS, &[("actor", &["hub", "world", "city", "inbox", "relay"])]),
    (GAPS, &[("actor", &["hub", "city", "inbox"])]),
    (SOURCE_ERRORS, &[("actor", &["relay", "world", "city", "inbox"])]),
    (
        LIMITED,
        &[("limit", &["tenant_connections", "tenant_connects", "node_connections", "node_connects", "tenant_bytes", "tenant_snapshots", "views", "streams"])],
    ),
    (ERRORS_SENT, &[]),
];

/// What is counted for each delivery: looked up by name once.
pub(crate) struct Meters {
    pub(crate) snapshots: Counter,
    pub(crate) deltas: Counter,
    pub(crate) events: Counter,
    pub(crate) skipped: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) state_staleness: Histogram,
    pub(crate) event_staleness: Histogram,
}

/// Belongs to the recorder that is installed by the first use: a server installs its own before anything lives.
pub(crate) fn meters() -> &'static Meters {
    static METERS: LazyLock<Meters> = LazyLock::new(|| Meters {
        snapshots: counter!(FRAMES, "frame" => "snapshot"),
        deltas: counter!(FRAMES, "frame" => "delta"),
        events: counter!(FRAMES, "frame" => "event"),
        skipped: counter!(SKIPPED),
        bytes_sent: counter!(BYTES_SENT),
        state_staleness: histogram!(STALENESS, "lane" => "state"),
        event_staleness: histogram!(STALENESS, "lane" => "event"),
    });
    &METERS
}

/// Describes every metric to the installed recorder. Called once at start.
pub fn describe() {
    for (name, kind, unit, words) in ALL {
        match kind {
            'g' => describe_gauge!(*name, *unit, *words),
            'c' => {
                describe_counter!(*name, *unit, *words);
                from_zero(name);
            }
            _ => describe_histogram!(*name, *unit, *words),
        }
    }
}

fn from_zero(name: &'static str) {
    let labelled = FROM_ZERO.iter().find(|(of, _)| *of == name).map(|(_, labels)| *labels);
    match labelled {
        None => metrics::counter!(name).increment(0),
        Some([]) => {}
        Some([(label, values), more @ ..]) => values.iter().for_each(|value| match more {
            [] => metrics::counter!(name, *label => *value).increment(0),
            [(second, seconds), ..] => seconds.iter().for_each(|other| metrics::counter!(name, *label => *value, *second => *other).increment(0)),
        }),
    }
}

/// The names, for whoever checks that a dashboard asks only for what exists.
pub fn metric_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, ..)| *name)
}

/// Runs an actor's work; a panic is counted, reported and given back so that the actor is rebuilt.
pub(crate) fn guarded<R>(actor: &'static str, work: impl FnOnce() -> R) -> Option<R> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            metrics::counter!(PANICS, "actor" => actor).increment(1);
            tracing::error!(actor, panic = said, "a live actor panicked and is rebuilt from Postgres");
            None
        }
    }
}
