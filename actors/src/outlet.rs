//! How bytes reach a socket. The hub writes into an [`Outlet`] and never knows what is behind it.
//!
//! [`queue`] makes the default one: a bounded queue for events and control frames, one slot for state, and the stream that a
//! response body reads. One mutex, never contended: hub and body live on the same thread.
//!
//! Never queues state: at most one batch of it is in flight for a viewer.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use time::OffsetDateTime;

use crate::{framing::Framing, telemetry::meters, wire::Close};

/// One frame ready to travel, and the commit it tells of, if it tells of one.
#[derive(Clone, Debug)]
pub struct Framed {
    pub bytes: Bytes,
    pub at: Option<OffsetDateTime>,
}

/// More waited than is kept for one connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

pub trait Outlet: Send {
    fn framing(&self) -> Framing;
    /// Queues an event or control frame; it leaves before any state.
    fn push(&mut self, frame: Framed) -> Result<(), Overflow>;
    /// Whether the last state was accepted, so that the next may be given.
    fn takes_state(&self) -> bool;
    /// Takes the state of one flush out of `frames`: several frames, one write.
    fn state(&mut self, frames: &mut Vec<Framed>);
    /// Asks to be told (by the outlet's own call of its owner) when there is room again.
    fn wake_when_free(&mut self);
    /// Event entries that still fit.
    fn room(&self) -> usize;
    /// How long something has waited without any of it being taken.
    fn stuck_for(&self, now: Instant) -> Duration;
    /// When something was last taken or given.
    fn quiet_since(&self) -> Instant;
    /// Says why and ends, after what is queued; what cannot be said any more is dropped.
    fn close(&mut self, close: Close);
}

/// Called by an outlet that has room again.
pub type Wake = Box<dyn Fn() + Send>;

struct Lanes {
    framing: Framing,
    events: VecDeque<Framed>,
    event_bytes: usize,
    state: Vec<Framed>,
    in_flight: Vec<Option<OffsetDateTime>>,
    state_in_flight: bool,
    close: Option<Close>,
    ended: bool,
    wants_wake: bool,
    stuck_since: Option<Instant>,
    last: Instant,
    reader: Option<Waker>,
    wake: Wake,
    most_bytes: usize,
    most_entries: usize,
}

/// The hub's end of a queue outlet.
pub struct QueueOutlet(Arc<Mutex<Lanes>>);

/// The socket's end: the body of the response.
pub struct OutletBody(Arc<Mutex<Lanes>>);

/// A queue outlet of at most so many waiting event bytes and entries.
pub fn queue(framing: Framing, most_bytes: usize, most_entries: usize, wake: Wake) -> (QueueOutlet, OutletBody) {
    let lanes = Arc::new(Mutex::new(Lanes {
        framing,
        events: VecDeque::new(),
        event_bytes: 0,
        state: Vec::new(),
        in_flight: Vec::new(),
        state_in_flight: false,
        close: None,
        ended: false,
        wants_wake: false,
        stuck_since: None,
        last: Instant::now(),
        reader: None,
        wake,
        most_bytes,
        most_entries,
    }));
    (QueueOutlet(lanes.clone()), OutletBody(lanes))
}

fn lock(lanes: &Mutex<Lanes>) -> MutexGuard<'_, Lanes> {
    // Nothing in here panics half-way; a poisoned lock still holds whole lanes.
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lanes {
    fn given(&mut self) {
        let now = Instant::now();
        self.last = now;
        self.stuck_since.get_or_insert(now);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl QueueOutlet {
    /// The same outlet, for the connection's own control frames (a pong, a close).
    pub fn twin(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Outlet for QueueOutlet {
    fn framing(&self) -> Framing {
        lock(&self.0).framing
    }

    fn push(&mut self, frame: Framed) -> Result<(), Overflow> {
        let mut lanes = lock(&self.0);
        if lanes.ended || lanes.close.is_some() {
            return Ok(());
        }
        if lanes.events.len() >= lanes.most_entries || lanes.event_bytes + frame.bytes.len() > lanes.most_bytes {
            return Err(Overflow);
        }
        lanes.event_bytes += frame.bytes.len();
        lanes.events.push_back(frame);
        lanes.given();
        Ok(())
    }

    fn takes_state(&self) -> bool {
        let lanes = lock(&self.0);
        !lanes.state_in_flight && lanes.state.is_empty() && lanes.close.is_none() && !lanes.ended
    }

    fn state(&mut self, frames: &mut Vec<Framed>) {
        let mut lanes = lock(&self.0);
        lanes.state.append(frames);
        lanes.given();
    }

    fn wake_when_free(&mut self) {
        lock(&self.0).wants_wake = true;
    }

    fn room(&self) -> usize {
        let lanes = lock(&self.0);
        if lanes.event_bytes > lanes.most_bytes / 2 { 0 } else { lanes.most_entries.saturating_sub(lanes.events.len()) }
    }

    fn stuck_for(&self, now: Instant) -> Duration {
        lock(&self.0).stuck_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    fn quiet_since(&self) -> Instant {
        lock(&self.0).last
    }

    fn close(&mut self, close: Close) {
        let mut lanes = lock(&self.0);
        if lanes.close.is_none() && !lanes.ended {
            lanes.close = Some(close);
            lanes.state.clear();
            if close == Close::Revoked {
                // Not theirs any more, also what was on its way.
                lanes.events.clear();
                lanes.event_bytes = 0;
            }
            lanes.given();
        }
    }
}

/// One write: enough to fill a packet many times, little enough to stay interruptible.
const WRITE: usize = 64 * 1024;

impl Stream for OutletBody {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut lanes = lock(&self.0);
        if lanes.ended {
            return Poll::Ready(None);
        }
        accepted(&mut lanes);
        let Some(bytes) = lanes.write() else {
            if !lanes.reader.as_ref().is_some_and(|reader| reader.will_wake(cx.waker())) {
                lanes.reader = Some(cx.waker().clone());
            }
            return Poll::Pending;
        };
        lanes.last = Instant::now();
        lanes.stuck_since = Some(lanes.last);
        meters().bytes_sent.increment(bytes.len() as u64);
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Lanes {
    /// What goes out next, in one piece; noted as in flight. None: nothing waits.
    fn write(&mut self) -> Option<Bytes> {
        let alone = match (self.events.is_empty(), self.state.len(), self.close) {
            (true, 0, None) => return None,
            (true, 1, None) => self.state.pop(),
            _ => None,
        };
        if let Some(frame) = alone {
            self.state_in_flight = true;
            self.in_flight.push(frame.at);
            return Some(frame.bytes);
        }
        let mut all = BytesMut::new();
        while all.len() < WRITE
            && let Some(frame) = self.events.pop_front()
        {
            self.event_bytes -= frame.bytes.len();
            self.in_flight.push(frame.at);
            all.extend_from_slice(&frame.bytes);
        }
        if self.events.is_empty() && !self.state.is_empty() {
            self.state_in_flight = true;
            for frame in self.state.drain(..) {
                self.in_flight.push(frame.at);
                all.extend_from_slice(&frame.bytes);
            }
        }
        if self.events.is_empty()
            && let Some(close) = self.close
        {
            self.ended = true;
            all.extend_from_slice(&self.framing.close(close));
        }
        Some(all.freeze())
    }
}

/// The body was polled again: what it gave last has been taken by the connection.
fn accepted(lanes: &mut Lanes) {
    lanes.stuck_since = None;
    if !lanes.in_flight.is_empty() {
        let now = OffsetDateTime::now_utc();
        let staleness = if lanes.state_in_flight { &meters().state_staleness } else { &meters().event_staleness };
        for at in lanes.in_flight.drain(..).flatten() {
            staleness.record((now - at).as_seconds_f64().max(0.0));
        }
    }
    lanes.state_in_flight = false;
    if std::mem::take(&mut lanes.wants_wake) {
        (lanes.wake)();
    }
}

impl Drop for OutletBody {
    fn drop(&mut self) {
        // The connection is gone: nothing more is kept for it.
        let mut lanes = lock(&self.0);
        lanes.ended = true;
        lanes.events.clear();
        lanes.state.clear();
        (lanes.wake)();
    }
}
