//! The raw outlet: state goes into the socket at once, by the hub's own call. What the socket does not take is kept, and written by the
//! connection's task when it takes more; the same task writes events and control frames, as many in one write as came together.
//!
//! The socket is a [`Line`], so that this knows no network. One mutex, never contended: hub and task live on the same thread.

use std::{
    io,
    os::fd::RawFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};

use super::{Bounds, Framed, Frames, Outlet, Overflow, Wake, lanes::Lanes};
use crate::{framing::Framing, wire::Close};

/// A socket that is written to without waiting.
pub trait Line: Send + Sync {
    /// Takes as much as it has room for; [`io::ErrorKind::WouldBlock`] if that is nothing.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// The socket itself, if others may write to it what [`try_write`](Self::try_write) would.
    fn socket(&self) -> Option<RawFd> {
        None
    }
    /// Ready when there may be room again.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// The hub's end of a raw outlet.
pub struct RawOutlet<L>(Arc<Ends<L>>);

/// The end of the connection's task.
pub struct RawEnd<L>(Arc<Ends<L>>);

struct Ends<L> {
    line: L,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    lanes: Lanes,
    /// What the socket has not taken yet of what was written last.
    left: Bytes,
}

/// How far a write got.
#[derive(Debug, PartialEq, Eq)]
enum Pumped {
    /// Nothing waits.
    Empty,
    /// The socket takes nothing more for now.
    Full,
    /// All was said, the close included; or the socket is gone.
    Ended,
}

pub fn raw<L: Line>(line: L, framing: Framing, bounds: Bounds, wake: Wake) -> (RawOutlet<L>, RawEnd<L>) {
    let ends = Arc::new(Ends { line, waiting: Mutex::new(Waiting { lanes: Lanes::new(framing, bounds, wake), left: Bytes::new() }) });
    (RawOutlet(ends.clone()), RawEnd(ends))
}

impl<L: Line> Ends<L> {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics half-way; a poisoned lock still holds what waits.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until nothing waits or the socket is full.
    fn pump(&self, waiting: &mut Waiting) -> Pumped {
        loop {
            if waiting.left.is_empty() {
                if waiting.lanes.has_ended() {
                    return Pumped::Ended;
                }
                match waiting.lanes.next() {
                    Some(bytes) => waiting.left = bytes,
                    None => return Pumped::Empty,
                }
            }
            match self.line.try_write(&waiting.left) {
                Ok(taken) if taken == waiting.left.len() => {
                    waiting.left = Bytes::new();
                    waiting.lanes.accepted();
                }
                Ok(0) => return Self::gone(waiting),
                Ok(taken) => {
                    waiting.left.advance(taken);
                    waiting.lanes.progressed();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pumped::Full,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Self::gone(waiting),
            }
        }
    }

    /// Writes a frame that nothing waits before. False if some of it is left over, or the socket is gone.
    fn write_through(&self, waiting: &mut Waiting, frame: &Framed, now: Instant) -> bool {
        match self.line.try_write(&frame.bytes) {
            Ok(taken) if taken == frame.bytes.len() => {
                waiting.lanes.passed(now);
                true
            }
            taken => {
                Self::keep_rest(waiting, frame, taken, now);
                false
            }
        }
    }

    /// The socket took so much of a frame that nothing waits before: the rest is for the connection's task.
    fn keep_rest(waiting: &mut Waiting, frame: &Framed, taken: io::Result<usize>, now: Instant) {
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
            Err(_) => {
                Self::gone(waiting);
                return waiting.lanes.wake_writer();
            }
        };
        waiting.lanes.began(frame.at, frame.bytes.len(), now);
        waiting.left = frame.bytes.slice(taken..);
        waiting.lanes.wake_writer();
    }

    fn gone(waiting: &mut Waiting) -> Pumped {
        waiting.left = Bytes::new();
        waiting.lanes.gone();
        Pumped::Ended
    }
}

impl<L> Clone for RawOutlet<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<L: Line> Outlet for RawOutlet<L> {
    fn framing(&self) -> Framing {
        self.0.lock().lanes.framing
    }

    fn push(&mut self, frame: Framed) -> Result<(), Overflow> {
        self.0.lock().lanes.push(frame)
    }

    fn takes_state(&self) -> bool {
        self.0.lock().lanes.takes_state()
    }

    fn state(&mut self, frames: &mut Frames, now: Instant) {
        let mut waiting = self.0.lock();
        // Mostly nothing waits and the socket has room: then the frame is the socket's, and nothing of it is kept.
        if frames.len() == 1 && waiting.left.is_empty() && waiting.lanes.is_idle() {
            if !self.0.write_through(&mut waiting, &frames[0], now) {
                frames.clear();
            }
            return;
        }
        waiting.lanes.state(frames, now);
        // While something is left over, the task waits for room already.
        if waiting.left.is_empty() && self.0.pump(&mut waiting) != Pumped::Empty {
            waiting.lanes.wake_writer();
        }
    }

    fn lend(&mut self, now: Instant) -> Option<RawFd> {
        let socket = self.0.line.socket()?;
        let mut waiting = self.0.lock();
        let is_free = waiting.left.is_empty() && waiting.lanes.is_idle();
        is_free.then(|| {
            waiting.lanes.passed(now);
            socket
        })
    }

    fn fell_short(&mut self, frame: &Framed, taken: io::Result<usize>, now: Instant) {
        Ends::<L>::keep_rest(&mut self.0.lock(), frame, taken, now);
    }

    fn wake_when_free(&mut self) {
        self.0.lock().lanes.wake_when_free();
    }

    fn room(&self) -> usize {
        self.0.lock().lanes.room()
    }

    fn fits(&self, entries: usize, bytes: usize) -> bool {
        self.0.lock().lanes.fits(entries, bytes)
    }

    fn stuck_for(&self, now: Instant) -> Duration {
        self.0.lock().lanes.stuck_for(now)
    }

    fn quiet_since(&self) -> Instant {
        self.0.lock().lanes.quiet_since()
    }

    fn close(&mut self, close: Close) {
        self.0.lock().lanes.close(close);
    }
}

impl<L: Line> RawOutlet<L> {
    pub fn line(&self) -> &L {
        &self.0.line
    }
}

impl<L: Line> RawEnd<L> {
    /// Writes what the hub could not. Ready when nothing will be written any more.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock();
        loop {
            match self.0.pump(&mut waiting) {
                Pumped::Ended => return Poll::Ready(()),
                Pumped::Empty => break,
                Pumped::Full => match self.0.line.poll_room(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => {
                        Ends::<L>::gone(&mut waiting);
                        return Poll::Ready(());
                    }
                    Poll::Pending => break,
                },
            }
        }
        if !waiting.lanes.writer.as_ref().is_some_and(|writer| writer.will_wake(cx.waker())) {
            waiting.lanes.writer = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// A close was asked for that has not been written yet.
    pub fn is_closing(&self) -> bool {
        self.0.lock().lanes.is_closing()
    }
}

impl<L> Drop for RawEnd<L> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.left = Bytes::new();
        waiting.lanes.gone();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Waker,
    };

    use smallvec::smallvec;

    use super::*;

    /// A socket with so much room.
    #[derive(Default)]
    struct Pipe {
        room: AtomicUsize,
        took: Mutex<Vec<u8>>,
        broken: std::sync::atomic::AtomicBool,
    }

    impl Line for Arc<Pipe> {
        fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
            if self.broken.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let takes = bytes.len().min(self.room.load(Ordering::SeqCst));
            self.room.fetch_sub(takes, Ordering::SeqCst);
            self.took.lock().unwrap().extend_from_slice(&bytes[..takes]);
            if takes == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(takes) }
        }

        fn socket(&self) -> Option<RawFd> {
            Some(7)
        }

        fn poll_room(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.room.load(Ordering::SeqCst) > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }
    }

    struct Wakes(AtomicUsize);

    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Bench {
        pipe: Arc<Pipe>,
        outlet: RawOutlet<Arc<Pipe>>,
        end: RawEnd<Arc<Pipe>>,
        freed: Arc<AtomicUsize>,
        wakes: Arc<Wakes>,
    }

    impl Bench {
        fn new(room: usize) -> Self {
            let (pipe, freed) = (Arc::new(Pipe { room: room.into(), ..Pipe::default() }), Arc::new(AtomicUsize::new(0)));
            let told = freed.clone();
            let wake = Box::new(move || {
                told.fetch_add(1, Ordering::SeqCst);
            });
            let (outlet, end) = raw(pipe.clone(), Framing::WebSocket, Bounds { event_bytes: 1_000, event_entries: 3 }, wake);
            Self { pipe, outlet, end, freed, wakes: Arc::new(Wakes(AtomicUsize::new(0))) }
        }

        /// The task's turn.
        fn turn(&self) -> Poll<()> {
            self.end.poll_ended(&mut Context::from_waker(&Waker::from(self.wakes.clone())))
        }

        fn state(&mut self, bytes: &'static [u8]) {
            self.outlet.state(&mut smallvec![Framed { bytes: Bytes::from_static(bytes), at: None }], Instant::now());
        }

        fn took(&self) -> String {
            String::from_utf8_lossy(&std::mem::take(&mut *self.pipe.took.lock().unwrap())).into_owned()
        }
    }

    #[test]
    fn state_is_written_by_the_call_that_gives_it() {
        let mut bench = Bench::new(100);
        assert!(bench.turn().is_pending());
        bench.state(b"one");
        assert_eq!((bench.took().as_str(), bench.outlet.takes_state()), ("one", true));
        assert_eq!(bench.wakes.0.load(Ordering::SeqCst), 0, "nobody is woken for it");
    }

    #[test]
    fn what_the_socket_does_not_take_is_written_when_it_does() {
        let mut bench = Bench::new(2);
        assert!(bench.turn().is_pending());
        bench.state(b"one");
        assert_eq!((bench.took().as_str(), bench.outlet.takes_state()), ("on", false));
        assert_eq!(bench.wakes.0.load(Ordering::SeqCst), 1, "the task has to wait for room");
        bench.outlet.wake_when_free();
        assert!(bench.turn().is_pending());
        assert_eq!(bench.freed.load(Ordering::SeqCst), 0);
        bench.pipe.room.store(10, Ordering::SeqCst);
        assert!(bench.turn().is_pending());
        assert_eq!((bench.took().as_str(), bench.outlet.takes_state(), bench.freed.load(Ordering::SeqCst)), ("e", true, 1));
    }

    #[test]
    fn a_socket_is_lent_only_while_nothing_waits_and_what_falls_short_is_written_later() {
        let mut bench = Bench::new(0);
        let frame = Framed { bytes: Bytes::from_static(b"one"), at: None };
        assert!(bench.turn().is_pending());
        assert_eq!((bench.outlet.lend(Instant::now()), bench.outlet.takes_state()), (Some(7), true));
        bench.outlet.fell_short(&frame, Ok(1), Instant::now());
        assert_eq!((bench.outlet.takes_state(), bench.wakes.0.load(Ordering::SeqCst)), (false, 1), "the task has to wait for room");
        assert_eq!(bench.outlet.lend(Instant::now()), None, "nothing may overtake the rest");
        bench.pipe.room.store(10, Ordering::SeqCst);
        assert!(bench.turn().is_pending());
        assert_eq!((bench.took().as_str(), bench.outlet.takes_state()), ("ne", true));
        bench.outlet.push(frame.clone()).unwrap();
        assert_eq!(bench.outlet.lend(Instant::now()), None, "events leave before state");
        assert!(bench.turn().is_pending());
        assert_eq!(bench.took(), "one");
        assert!(bench.outlet.lend(Instant::now()).is_some());
        bench.outlet.fell_short(&frame, Err(io::ErrorKind::WouldBlock.into()), Instant::now());
        assert!(bench.turn().is_pending());
        assert_eq!(bench.took(), "one", "of a full socket all is left");
        assert!(bench.outlet.lend(Instant::now()).is_some());
        bench.outlet.fell_short(&frame, Err(io::ErrorKind::BrokenPipe.into()), Instant::now());
        assert!(bench.turn().is_ready() && !bench.outlet.takes_state());
    }

    #[test]
    fn events_leave_together_and_before_state() {
        let mut bench = Bench::new(100);
        assert!(bench.turn().is_pending());
        for event in [b"a", b"b"] {
            bench.outlet.push(Framed { bytes: Bytes::from_static(event), at: None }).unwrap();
        }
        assert_eq!((bench.took().as_str(), bench.wakes.0.load(Ordering::SeqCst)), ("", 1), "one turn of the task for both");
        bench.state(b"s");
        assert_eq!(bench.took(), "abs");
        for _ in 0..3 {
            bench.outlet.push(Framed { bytes: Bytes::from_static(b"x"), at: None }).unwrap();
        }
        assert_eq!(bench.outlet.push(Framed { bytes: Bytes::from_static(b"x"), at: None }), Err(Overflow));
        assert!(bench.end.is_closing(), "whoever has no room for an event is not left without it");
        assert!(bench.turn().is_ready());
        let said = bench.took();
        assert!(said.starts_with("xxx") && said.ends_with("overflow"), "{said:?}");
    }

    #[test]
    fn a_close_is_said_after_what_waits_and_nothing_after_it() {
        let mut bench = Bench::new(100);
        bench.outlet.push(Framed { bytes: Bytes::from_static(b"a"), at: None }).unwrap();
        bench.outlet.close(Close::Restart);
        assert!(bench.end.is_closing() && !bench.outlet.takes_state());
        bench.state(b"late");
        assert!(bench.turn().is_ready());
        let said = bench.took();
        assert!(said.starts_with('a') && said.ends_with("restart") && !said.contains("late"), "{said:?}");
        assert!(bench.turn().is_ready());
    }

    #[test]
    fn what_is_revoked_is_not_said_any_more() {
        let mut bench = Bench::new(100);
        bench.outlet.push(Framed { bytes: Bytes::from_static(b"a"), at: None }).unwrap();
        bench.outlet.close(Close::Revoked);
        assert!(bench.turn().is_ready());
        let said = bench.took();
        assert!(!said.starts_with('a') && said.ends_with("revoked"), "{said:?}");
    }

    #[test]
    fn a_broken_socket_ends_it_and_keeps_nothing() {
        let mut bench = Bench::new(100);
        assert!(bench.turn().is_pending());
        bench.pipe.broken.store(true, Ordering::SeqCst);
        bench.state(b"one");
        assert_eq!((bench.wakes.0.load(Ordering::SeqCst), bench.freed.load(Ordering::SeqCst)), (1, 1));
        assert!(bench.turn().is_ready() && !bench.outlet.takes_state());
        assert_eq!(bench.outlet.push(Framed { bytes: Bytes::from_static(b"x"), at: None }), Ok(()));
    }
}
