//! How bytes reach a socket. The hub writes into an [`Outlet`] and never knows what is behind it.
//!
//! [`queue`] makes one whose bytes the body of a response reads: it works behind every layer of HTTP. [`raw`] makes one that writes
//! into a socket itself, at once, and leaves only what the socket did not take. Both keep [`lanes`]: a bounded queue for events and
//! control frames, one batch of state. Never queues state: at most one batch of it is in flight for a viewer.

mod lanes;
mod queue;
mod raw;

use std::{
    io,
    os::fd::RawFd,
    time::{Duration, Instant},
};

use bytes::Bytes;
use smallvec::SmallVec;
use time::OffsetDateTime;

use crate::{framing::Framing, wire::Close};

pub use queue::{OutletBody, PIECE, QueueOutlet, queue};
pub use raw::{Line, RawEnd, RawOutlet, raw};

/// One frame ready to travel, and the commit it tells of, if it tells of one.
#[derive(Clone, Debug)]
pub struct Framed {
    pub bytes: Bytes,
    pub at: Option<OffsetDateTime>,
}

/// The frames of one write of state. Mostly one.
pub type Frames = SmallVec<[Framed; 1]>;

/// More waited than is kept for one connection. It is closed for it: nobody is left with a gap.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

pub trait Outlet: Send {
    fn framing(&self) -> Framing;
    /// Queues an event or control frame; it leaves before any state.
    fn push(&mut self, frame: Framed) -> Result<(), Overflow>;
    /// Whether the last state was accepted, so that the next may be given.
    fn takes_state(&self) -> bool;
    /// Takes the state of one flush: several frames, one write. What the socket took at once stays in `frames`, for its owner to count;
    /// what waits is taken out, and counted by the outlet when it has gone.
    fn state(&mut self, frames: &mut Frames, now: Instant);
    /// Where nothing waits: takes a frame as if its socket had taken all of it, and gives the socket, for the owner to write the frame there at
    /// once, together with others'. None: the frame goes the usual way.
    fn lend(&mut self, _now: Instant) -> Option<RawFd> {
        None
    }
    /// The socket that was lent took only so much of the frame, or is gone.
    fn fell_short(&mut self, _frame: &Framed, _taken: io::Result<usize>, _now: Instant) {}
    /// Asks to be told (by the outlet's own call of its owner) when there is room again.
    fn wake_when_free(&mut self);
    /// Event entries that still fit; none while more than half of the bytes are taken.
    fn room(&self) -> usize;
    /// Whether so many events of so many bytes together would be queued.
    fn fits(&self, entries: usize, bytes: usize) -> bool;
    /// How long something has waited without any of it being taken.
    fn stuck_for(&self, now: Instant) -> Duration;
    /// When something was last taken or given.
    fn quiet_since(&self) -> Instant;
    /// Says why and ends, after what is queued; what cannot be said any more is dropped.
    fn close(&mut self, close: Close);
}

/// Called by an outlet that has room again.
pub type Wake = Box<dyn Fn() + Send>;

/// What an outlet keeps at most for one connection.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub event_bytes: usize,
    pub event_entries: usize,
}
