//! The raw outlet's socket: a WebSocket that was taken over from HTTP, written to by the hub and read by its session.
//!
//! Called by [`takeover`](super::takeover) with a socket whose handshake was answered. Knows bytes and their readiness; frames, tokens and
//! limits are the session's, as with the other outlet.

use std::{
    io,
    os::fd::{AsRawFd as _, RawFd},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use actors::outlet::{Line, RawEnd, RawOutlet, raw};
use bytes::BytesMut;
use futures_util::Stream;
use rustix::{
    io::Errno,
    net::{SendFlags, send},
};
use tokio::time::Sleep;

use super::{
    connect::wake,
    frames::{Frames, Inbound, Source, Wrong},
    session::{Opening, Session},
    socket::{goodbye, poll_read},
};

/// A close that its client does not take within this is not said: the socket ends without it.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

struct Socket(TcpStream);

impl Line for Socket {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Straight into the socket. That it is full the runtime has to find itself, or it would not say when there is room again.
        match send(&self.0, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(taken) => Ok(taken),
            Err(Errno::AGAIN) => self.0.try_write(bytes),
            Err(error) => Err(error.into()),
        }
    }

    fn socket(&self) -> Option<RawFd> {
        Some(self.0.as_raw_fd())
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_ready(cx)
    }
}

/// The socket's other direction.
struct Inlet(RawOutlet<Socket>);

impl Source for Inlet {
    fn poll_more(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<bool> {
        poll_read(&self.0.line().0, cx, |read| buffer.extend_from_slice(read))
    }
}

/// A client's frames, until nothing reaches it any more.
struct Reading {
    frames: Frames<Inlet>,
    all_read: bool,
}

impl Stream for Reading {
    type Item = Result<Inbound, Wrong>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What ends a session is its way out: the last word may still wait for room.
        if self.all_read {
            return Poll::Pending;
        }
        let came = ready!(Pin::new(&mut self.frames).poll_next(cx));
        self.all_read = came.is_none();
        if came.is_some() { Poll::Ready(came) } else { Poll::Pending }
    }
}

/// Serves a connection to its end. What is needed for as long stands in the future once.
pub(super) fn serve(opening: Opening, socket: TcpStream, came: BytesMut) -> impl Future<Output = ()> {
    let (live, id) = (&opening.app.live, opening.id);
    let hub = live.hub();
    let (outlet, end) = raw(Socket(socket), opening.framing, live.config().bounds(), wake(&hub, id));
    let frames = Frames::new(Inlet(outlet.clone()), came, live.config().frame_bytes as usize);
    let mut session = Session::new(opening, hub, outlet.clone());
    let mut reading = Reading { frames, all_read: false };
    let mut over = Some(Over { end, late: None });
    async move {
        session.run(&mut reading, |cx| over.as_mut().map_or(Poll::Ready(()), |over| over.poll(cx))).await;
        drop(over.take()); // Nothing is kept for it any more.
        Box::pin(goodbye(&outlet.line().0)).await;
    }
}

/// Whether all was said, or will never be.
struct Over {
    end: RawEnd<Socket>,
    late: Option<Pin<Box<Sleep>>>,
}

impl Over {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.poll_ended(cx).is_ready() {
            return Poll::Ready(());
        }
        if !self.end.is_closing() {
            return Poll::Pending;
        }
        self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WITHIN))).as_mut().poll(cx)
    }
}
