//! The queue outlet: what the hub writes waits until the body of a response is read. One mutex, never contended: hub and body live on
//! the same thread.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::Stream;

use super::{Bounds, Framed, Frames, Outlet, Overflow, Wake, lanes::Lanes};
use crate::{framing::Framing, wire::Close};

/// Bytes of one piece of a body that HTTP writes. It copies each into a buffer that keeps the size it once had: what is larger than this
/// comes in pieces, so that a large snapshot does not stay with a quiet connection.
pub const PIECE: usize = 4 * 1024;

/// The hub's end of a queue outlet.
#[derive(Clone)]
pub struct QueueOutlet(Arc<Mutex<Lanes>>);

/// The socket's end: the body of the response.
pub struct OutletBody {
    lanes: Arc<Mutex<Lanes>>,
    /// Bytes that are given on at once, at most.
    piece: usize,
    /// What was taken out last and not yet given on.
    left: Bytes,
}

pub fn queue(framing: Framing, bounds: Bounds, piece: usize, wake: Wake) -> (QueueOutlet, OutletBody) {
    let lanes = Arc::new(Mutex::new(Lanes::new(framing, bounds, wake)));
    (QueueOutlet(lanes.clone()), OutletBody { lanes, piece, left: Bytes::new() })
}

fn lock(lanes: &Mutex<Lanes>) -> MutexGuard<'_, Lanes> {
    // Nothing in here panics half-way; a poisoned lock still holds whole lanes.
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outlet for QueueOutlet {
    fn framing(&self) -> Framing {
        lock(&self.0).framing
    }

    fn push(&mut self, frame: Framed) -> Result<(), Overflow> {
        lock(&self.0).push(frame)
    }

    fn takes_state(&self) -> bool {
        lock(&self.0).takes_state()
    }

    fn state(&mut self, frames: &mut Frames, now: Instant) {
        let mut lanes = lock(&self.0);
        lanes.state(frames, now);
        lanes.wake_writer();
    }

    fn wake_when_free(&mut self) {
        lock(&self.0).wake_when_free();
    }

    fn room(&self) -> usize {
        lock(&self.0).room()
    }

    fn fits(&self, entries: usize, bytes: usize) -> bool {
        lock(&self.0).fits(entries, bytes)
    }

    fn stuck_for(&self, now: Instant) -> Duration {
        lock(&self.0).stuck_for(now)
    }

    fn quiet_since(&self) -> Instant {
        lock(&self.0).quiet_since()
    }

    fn close(&mut self, close: Close) {
        lock(&self.0).close(close);
    }
}

impl Stream for OutletBody {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { lanes, piece, left } = self.get_mut();
        if left.is_empty() {
            let mut lanes = lock(lanes);
            if lanes.has_ended() {
                return Poll::Ready(None);
            }
            // Polled again: what it gave last has been taken by the connection.
            lanes.accepted();
            match lanes.next() {
                Some(bytes) => *left = bytes,
                None => {
                    lanes.writer = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        let piece = if left.len() > *piece { left.split_to(*piece) } else { std::mem::take(left) };
        Poll::Ready(Some(Ok(piece)))
    }
}

impl Drop for OutletBody {
    fn drop(&mut self) {
        lock(&self.lanes).gone();
    }
}
