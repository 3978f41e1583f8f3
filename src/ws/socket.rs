//! A socket that was taken over from HTTP: reading, writing and ending it without a buffer of its own.
//!
//! Called by whoever holds it. Knows bytes and their readiness, and nothing of what they say.

use std::{
    cell::RefCell,
    io,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;

/// After our last word the client has this to end its side: ending at once could take the word along.
const LINGER: Duration = Duration::from_secs(1);
/// Read at once, into a buffer that all connections of a thread share.
const READ: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<[u8; READ]> = const { RefCell::new([0; READ]) };
}

/// Gives on what came. False: nothing will come any more.
pub(super) fn poll_read(socket: &TcpStream, cx: &mut Context<'_>, mut take: impl FnMut(&[u8])) -> Poll<bool> {
    loop {
        if ready!(socket.poll_read_ready(cx)).is_err() {
            return Poll::Ready(false);
        }
        let read = SCRATCH.with_borrow_mut(|scratch| {
            let read = socket.try_read(scratch);
            if let Ok(length) = read {
                take(&scratch[..length]);
            }
            read
        });
        match read {
            Ok(length) => return Poll::Ready(length > 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Poll::Ready(false),
        }
    }
}

/// Writes all of it, however long the client takes.
pub(super) async fn write_all(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ends our side, and reads past what the client still sends, for a moment.
pub(super) async fn goodbye(socket: &TcpStream) {
    if rustix::net::shutdown(socket, rustix::net::Shutdown::Write).is_err() {
        return; // It is gone already.
    }
    let past = async {
        while socket.readable().await.is_ok() {
            match SCRATCH.with_borrow_mut(|scratch| socket.try_read(scratch)) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {}
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, past).await; // Late: it ends without it.
}
