//! How the server is, at every moment.
//!
//! Owns one state per component, kept by the [`monitor`] every two seconds, so that asking costs nothing. Called by the HTTP edge
//! (`/health/…`), by `app` (draining) and by whoever beats a [`Heartbeat`]. Says no secret: no address, no user, no query.
//!
//! | question | fails when | what helps |
//! | --- | --- | --- |
//! | live | the monitor or an actor's thread no longer turns | a restart |
//! | ready | database gone, migrations pending, an actor dead or stuck, draining | wait, send people elsewhere |
//! | deep | any component is not well, the disk too | an operator |

mod heartbeat;
mod monitor;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

pub use heartbeat::Heartbeat;
pub use monitor::Monitor;
pub(crate) use monitor::free_bytes;

/// The monitor must have looked this recently, or nothing it said is true any more.
const LIVE_WITHIN: Duration = Duration::from_secs(8);

/// Of a component or of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Well,
    /// It does not do its work.
    Failing,
}

/// One component and since when it has been so.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Component {
    /// `database`, `migrations`, `disk`, `actor relay`, …
    pub component: String,
    pub state: State,
    /// When it came into this state.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub detail: String,
}

/// The answer to one question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Report {
    pub state: State,
    pub components: Vec<Component>,
}

impl Report {
    pub fn is_well(&self) -> bool {
        self.state == State::Well
    }

    /// What is not well.
    pub fn failing(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(|component| component.state == State::Failing)
    }

    fn of(components: Vec<Component>) -> Self {
        let well = components.iter().all(|component| component.state == State::Well);
        Self { state: if well { State::Well } else { State::Failing }, components }
    }
}

/// Shared by all; cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: std::time::Instant,
    components: Mutex<BTreeMap<String, Component>>,
    hearts: Mutex<Vec<heartbeat::Watch>>,
    monitor: heartbeat::Watch,
    /// Beaten by the monitor alone.
    beat: Heartbeat,
    draining: AtomicBool,
    stuck_after: Duration,
}

impl Health {
    pub fn new(stuck_after: Duration) -> Self {
        let (beat, monitor) = heartbeat::pair("monitor");
        Self(Arc::new(Inner {
            started: std::time::Instant::now(),
            components: Mutex::default(),
            hearts: Mutex::default(),
            monitor,
            beat,
            draining: AtomicBool::new(false),
            stuck_after,
        }))
    }

    /// A heart to be beaten at least once a second by an actor that the server cannot do without. Dropped without
    /// [`Heartbeat::retire`], the actor is dead.
    pub fn heartbeat(&self, actor: &str) -> Heartbeat {
        let (beat, watch) = heartbeat::pair(actor);
        let mut hearts = lock(&self.0.hearts);
        hearts.retain(|known| known.name != actor);
        hearts.push(watch);
        beat
    }

    /// An actor that keeps its own clock: `silent_for` says how long ago it last gave a sign of life.
    pub fn watch(&self, actor: &str, silent_for: impl Fn() -> Duration + Send + Sync + 'static) {
        lock(&self.0.hearts).push(heartbeat::Watch::of(actor, silent_for));
    }

    /// From now on not ready: the end has begun.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Does the process turn at all? Fails where only a restart helps.
    pub fn live(&self) -> Report {
        Report::of(vec![self.turning()])
    }

    /// Should people be sent here?
    pub fn ready(&self) -> Report {
        let mut components = self.components(|name| !matches!(name, "disk" | "clock"));
        components.extend(self.0.draining.load(Ordering::Relaxed).then(|| self.draining()));
        Report::of(components)
    }

    /// Everything.
    pub fn deep(&self) -> Report {
        let mut components = self.components(|_| true);
        components.extend(self.0.draining.load(Ordering::Relaxed).then(|| self.draining()));
        Report::of(components)
    }

    /// Sets the series of every component, the actors' and the process' own included: a monitor that is stuck could not.
    pub fn sample(&self) {
        for Component { component, state, .. } in self.deep().components {
            metrics::gauge!("posada_health", "component" => component).set(if state == State::Well { 1.0 } else { 0.0 });
        }
    }

    fn components(&self, which: impl Fn(&str) -> bool) -> Vec<Component> {
        let known = lock(&self.0.components);
        let mut all = vec![self.turning()];
        all.extend(known.values().filter(|component| which(&component.component)).cloned());
        drop(known);
        all.extend(self.actors());
        all
    }

    fn turning(&self) -> Component {
        let (state, detail) = match self.0.monitor.silent_for() {
            Some(silence) if silence > LIVE_WITHIN => (State::Failing, format!("nothing was looked at for {} s", silence.as_secs())),
            _ => (State::Well, "turning".to_owned()),
        };
        self.0.monitor.component("process", state, detail)
    }

    fn actors(&self) -> Vec<Component> {
        let mut hearts = lock(&self.0.hearts);
        hearts.retain(|watch| !watch.is_retired());
        hearts.iter().map(|watch| watch.judge(self.0.stuck_after)).collect()
    }

    fn draining(&self) -> Component {
        Component { component: "drain".to_owned(), state: State::Failing, since: OffsetDateTime::now_utc(), detail: "the server is being stopped".to_owned() }
    }

    /// Keeps what was found; `since` moves only when the state changes.
    fn found(&self, name: &str, state: State, detail: impl Into<String>) {
        let detail = detail.into();
        let mut components = lock(&self.0.components);
        match components.get_mut(name) {
            Some(known) if known.state == state => known.detail = detail,
            before => {
                if state == State::Failing {
                    tracing::warn!(component = name, detail, "not well");
                } else if before.is_some() {
                    tracing::info!(component = name, "well again");
                }
                let component = Component { component: name.to_owned(), state, since: OffsetDateTime::now_utc(), detail };
                components.insert(name.to_owned(), component);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_that_stops_beating_is_stuck_and_one_that_is_dropped_is_dead() {
        let health = Health::new(Duration::ZERO);
        let beat = health.heartbeat("relay");
        std::thread::yield_now();
        let stuck = health.ready();
        assert!(!stuck.is_well() && stuck.components[1].detail.contains("stuck"), "{stuck:?}");

        let health = Health::new(Duration::from_secs(60));
        let other = health.heartbeat("relay");
        other.beat();
        assert!(health.ready().is_well());
        drop((beat, other));
        let dead = health.ready();
        assert!(!dead.is_well() && dead.components[1].detail.contains("dead"), "{dead:?}");
    }

    #[test]
    fn an_actor_that_retires_is_not_missed_and_a_new_one_takes_the_place_of_a_dead_one() {
        let health = Health::new(Duration::from_secs(60));
        health.heartbeat("hub").retire();
        assert!(health.ready().is_well());
        drop(health.heartbeat("relay"));
        assert!(!health.ready().is_well());
        let _again = health.heartbeat("relay");
        assert!(health.ready().is_well());
    }

    #[test]
    fn draining_is_not_ready_but_alive() {
        let health = Health::new(Duration::from_secs(60));
        health.drain();
        assert!(health.live().is_well() && !health.ready().is_well());
    }

    #[test]
    fn a_full_disk_needs_an_operator_and_turns_nobody_away() {
        let health = Health::new(Duration::from_secs(60));
        health.found("disk", State::Failing, "full");
        assert!(health.ready().is_well() && !health.deep().is_well());
        let since = health.deep().components[1].since;
        health.found("disk", State::Failing, "fuller");
        assert_eq!(health.deep().components[1].since, since, "since tells when it began");
    }
}
