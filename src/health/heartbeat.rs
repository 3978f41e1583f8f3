//! A sign of life: an actor beats, the health report listens.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use time::OffsetDateTime;

use super::{Component, State, lock};

const ALIVE: u8 = 0;
const DEAD: u8 = 1;
const RETIRED: u8 = 2;

#[derive(Debug)]
struct Heart {
    made: Instant,
    /// Milliseconds from `made` to the last beat.
    last: AtomicU64,
    life: AtomicU8,
}

/// Held by the actor. Dropping it is death, unless it retired.
#[derive(Debug)]
pub struct Heartbeat(Arc<Heart>);

impl Heartbeat {
    pub fn beat(&self) {
        self.0.last.store(self.0.made.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Ends on purpose: nobody will miss it.
    pub fn retire(self) {
        self.0.life.store(RETIRED, Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        let _ = self.0.life.compare_exchange(ALIVE, DEAD, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Held by the health report.
pub(super) struct Watch {
    pub(super) name: String,
    heart: Arc<Heart>,
    /// Asked instead of the heart, where an actor keeps its own clock.
    clock: Option<Clock>,
    /// The last judgement and when it was first made.
    since: Mutex<(State, OffsetDateTime)>,
}

pub(super) fn pair(name: &str) -> (Heartbeat, Watch) {
    let heart = heart();
    let since = Mutex::new((State::Well, OffsetDateTime::now_utc()));
    (Heartbeat(Arc::clone(&heart)), Watch { name: name.to_owned(), heart, clock: None, since })
}

fn heart() -> Arc<Heart> {
    Arc::new(Heart { made: Instant::now(), last: AtomicU64::new(0), life: AtomicU8::new(ALIVE) })
}

type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("name", &self.name).field("heart", &self.heart).finish_non_exhaustive()
    }
}

impl Watch {
    pub(super) fn of(name: &str, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), heart: heart(), clock: Some(Box::new(clock)), since: Mutex::new((State::Well, OffsetDateTime::now_utc())) }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.heart.life.load(Ordering::Relaxed) == RETIRED
    }

    /// Since the last beat, or since it was made if there was none.
    pub(super) fn silent_for(&self) -> Option<Duration> {
        if let Some(clock) = &self.clock {
            return Some(clock());
        }
        self.heart.made.elapsed().checked_sub(Duration::from_millis(self.heart.last.load(Ordering::Relaxed)))
    }

    pub(super) fn judge(&self, stuck_after: Duration) -> Component {
        let silence = self.silent_for().unwrap_or_default();
        let (state, detail) = match self.heart.life.load(Ordering::Relaxed) {
            DEAD => (State::Failing, "dead".to_owned()),
            _ if silence > stuck_after => (State::Failing, format!("stuck: no sign of life for {} s", silence.as_secs())),
            _ => (State::Well, "beating".to_owned()),
        };
        self.component(&format!("actor {}", self.name), state, detail)
    }

    pub(super) fn component(&self, name: &str, state: State, detail: String) -> Component {
        let mut since = lock(&self.since);
        if since.0 != state {
            *since = (state, OffsetDateTime::now_utc());
        }
        Component { component: name.to_owned(), state, since: since.1, detail }
    }
}
