//! What time it is: the database's clock, which decides what has expired for every server alike.
//!
//! Read by the [`Ear`](super::heard::Ear) with each of its looks, carried on between two of them by the monotonic clock. So a jump of this
//! machine's wall clock ends no session, lets no request expire and moves no deadline; it is only said, by health and in a gauge.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use time::OffsetDateTime;

use super::Store;

/// A difference that no network and no busy machine explains.
const JUMP: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<Mutex<Option<Reading>>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    said: OffsetDateTime,
    at: Instant,
}

impl Reading {
    fn carried_to(self, now: Instant) -> OffsetDateTime {
        self.said + now.saturating_duration_since(self.at)
    }
}

impl Clock {
    fn now(&self, monotonic: Instant) -> Option<OffsetDateTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|reading| reading.carried_to(monotonic))
    }

    /// Takes a reading; gives by how much the database's clock jumped since the last one, if it did.
    fn read(&self, said: OffsetDateTime, at: Instant) -> Option<time::Duration> {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Reading { said, at })?;
        Some(said - before.carried_to(at)).filter(|jump| jump.unsigned_abs() > JUMP)
    }
}

impl Store {
    /// What time it is. Where the database's clock was never read (a command line tool) this machine's.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now(Instant::now()).unwrap_or_else(OffsetDateTime::now_utc)
    }

    /// Takes what the database's clock said a moment ago.
    pub(super) fn read_clock(&self, said: OffsetDateTime, at: Instant) {
        metrics::gauge!("posada_clock_offset_seconds").set((OffsetDateTime::now_utc() - said).as_seconds_f64());
        if let Some(jump) = self.clock.read(said, at) {
            tracing::warn!(seconds = jump.as_seconds_f64(), "the database's clock jumped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on_between_readings_and_follows_the_database() {
        let (clock, began, midnight) = (Clock::default(), Instant::now(), time::macros::datetime!(2031-05-01 0:00 UTC));
        let later = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(clock.now(began), None);
        assert_eq!(clock.read(midnight, began), None);
        assert_eq!(clock.now(later(60)), Some(midnight + Duration::from_secs(60)));
        assert_eq!(clock.read(midnight + Duration::from_secs(61), later(60)), None, "a second is no jump");
        assert_eq!(clock.read(midnight - Duration::from_secs(3_600), later(60)), Some(time::Duration::seconds(-3_661)));
        assert_eq!(clock.now(later(61)), Some(midnight - Duration::from_secs(3_599)));
    }
}
