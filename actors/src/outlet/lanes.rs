//! What waits for one connection, in the order in which it leaves: events, then state, then the close.
//!
//! Used by the outlets, under their lock. Knows what was given and what was taken; how bytes travel is the outlet's.

use std::{
    collections::VecDeque,
    task::Waker,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use time::OffsetDateTime;

use super::{Bounds, Framed, Frames, Overflow, Wake};
use crate::{framing::Framing, telemetry::meters, wire::Close};

/// One write: enough to fill a packet many times, little enough to stay interruptible.
const WRITE: usize = 64 * 1024;

pub(super) struct Lanes {
    pub(super) framing: Framing,
    events: VecDeque<Framed>,
    event_bytes: usize,
    state: Frames,
    in_flight: SmallVec<[Option<OffsetDateTime>; 1]>,
    state_in_flight: bool,
    close: Option<Close>,
    /// Nothing leaves any more: the close was given out, or the socket is gone.
    ended: bool,
    wants_wake: bool,
    stuck_since: Option<Instant>,
    last: Instant,
    /// Whoever writes, asleep until there is something to write.
    pub(super) writer: Option<Waker>,
    wake: Wake,
    bounds: Bounds,
}

impl Lanes {
    pub(super) fn new(framing: Framing, bounds: Bounds, wake: Wake) -> Self {
        Self {
            framing,
            events: VecDeque::new(),
            event_bytes: 0,
            state: SmallVec::new(),
            in_flight: SmallVec::new(),
            state_in_flight: false,
            close: None,
            ended: false,
            wants_wake: false,
            stuck_since: None,
            last: Instant::now(),
            writer: None,
            wake,
            bounds,
        }
    }

    /// Queues an event, or ends the connection that has no room for it.
    pub(super) fn push(&mut self, frame: Framed) -> Result<(), Overflow> {
        if self.ended || self.close.is_some() {
            return Ok(()); // Nobody would ever get it, and that is known.
        }
        if !self.fits(1, frame.bytes.len()) {
            self.close(Close::Overflow);
            return Err(Overflow);
        }
        self.event_bytes += frame.bytes.len();
        self.events.push_back(frame);
        self.given(Instant::now());
        self.wake_writer();
        Ok(())
    }

    /// Whether so many events of so many bytes together would be queued.
    pub(super) fn fits(&self, entries: usize, bytes: usize) -> bool {
        self.events.len() + entries <= self.bounds.event_entries && self.event_bytes + bytes <= self.bounds.event_bytes
    }

    pub(super) fn takes_state(&self) -> bool {
        !self.state_in_flight && self.state.is_empty() && self.close.is_none() && !self.ended
    }

    pub(super) fn state(&mut self, frames: &mut Frames, now: Instant) {
        if self.ended || self.close.is_some() {
            return frames.clear();
        }
        self.state.extend(frames.drain(..));
        self.given(now);
    }

    /// Nothing waits, and nothing has been said for the last time.
    pub(super) fn is_idle(&self) -> bool {
        self.events.is_empty() && self.takes_state()
    }

    /// A frame of state went past the lanes, into the socket.
    pub(super) fn passed(&mut self, now: Instant) {
        self.last = now;
        self.stuck_since = None;
        if std::mem::take(&mut self.wants_wake) {
            (self.wake)();
        }
    }

    /// A frame of state is on its way, though not all of it was taken yet.
    pub(super) fn began(&mut self, at: Option<OffsetDateTime>, length: usize, now: Instant) {
        self.state_in_flight = true;
        self.in_flight.push(at);
        self.last = now;
        self.stuck_since = Some(now);
        meters().bytes_sent.increment(length as u64);
    }

    pub(super) fn wake_when_free(&mut self) {
        self.wants_wake = true;
    }

    pub(super) fn room(&self) -> usize {
        if self.event_bytes > self.bounds.event_bytes / 2 { 0 } else { self.bounds.event_entries.saturating_sub(self.events.len()) }
    }

    pub(super) fn stuck_for(&self, now: Instant) -> Duration {
        self.stuck_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    pub(super) fn quiet_since(&self) -> Instant {
        self.last
    }

    pub(super) fn close(&mut self, close: Close) {
        if self.close.is_some() || self.ended {
            return;
        }
        self.close = Some(close);
        // Who comes back goes on from the last they were told, so that still leaves.
        if close != Close::Restart {
            self.state.clear();
        }
        if close == Close::Revoked {
            // Not theirs any more, also what was on its way.
            self.events.clear();
            self.event_bytes = 0;
        }
        self.given(Instant::now());
        self.wake_writer();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.close.is_some()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    fn given(&mut self, now: Instant) {
        self.last = now;
        self.stuck_since.get_or_insert(now);
    }

    pub(super) fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// What goes out next, in one piece; noted as in flight. None: nothing waits.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let bytes = match (self.events.is_empty(), self.state.len(), self.close) {
            (true, 0, None) => return None,
            // Shared bytes travel as they are.
            (true, 1, None) => {
                self.state_in_flight = true;
                let frame = self.state.pop()?;
                self.in_flight.push(frame.at);
                frame.bytes
            }
            _ => self.joined(),
        };
        self.last = Instant::now();
        self.stuck_since = Some(self.last);
        meters().bytes_sent.increment(bytes.len() as u64);
        Some(bytes)
    }

    fn joined(&mut self) -> Bytes {
        let mut all = BytesMut::new();
        while all.len() < WRITE
            && let Some(frame) = self.events.pop_front()
        {
            self.event_bytes -= frame.bytes.len();
            self.in_flight.push(frame.at);
            all.extend_from_slice(&frame.bytes);
        }
        if self.events.is_empty() {
            // Most connections are quiet most of the time, and keep no room.
            self.events = VecDeque::new();
            for frame in std::mem::take(&mut self.state) {
                self.state_in_flight = true;
                self.in_flight.push(frame.at);
                all.extend_from_slice(&frame.bytes);
            }
            if let Some(close) = self.close {
                self.ended = true;
                all.extend_from_slice(&self.framing.close(close));
            }
        }
        all.freeze()
    }

    /// Some of what is in flight was taken, though not all.
    pub(super) fn progressed(&mut self) {
        self.last = Instant::now();
        self.stuck_since = Some(self.last);
    }

    /// What was given out last has been taken.
    pub(super) fn accepted(&mut self) {
        self.stuck_since = None;
        if !self.in_flight.is_empty() {
            let staleness = if self.state_in_flight { &meters().state_staleness } else { &meters().event_staleness };
            let mut now = None;
            for at in std::mem::take(&mut self.in_flight).into_iter().flatten() {
                let now = *now.get_or_insert_with(OffsetDateTime::now_utc);
                staleness.record((now - at).as_seconds_f64().max(0.0));
            }
        }
        self.state_in_flight = false;
        if std::mem::take(&mut self.wants_wake) {
            (self.wake)();
        }
    }

    /// The connection is gone: nothing more is kept for it.
    pub(super) fn gone(&mut self) {
        self.ended = true;
        self.events = VecDeque::new();
        self.event_bytes = 0;
        self.state = SmallVec::new();
        self.in_flight = SmallVec::new();
        self.stuck_since = None;
        (self.wake)();
    }
}
