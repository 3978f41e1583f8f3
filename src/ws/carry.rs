//! The queue outlet's connection: an ordinary request and an ordinary answer, whose bytes go to and from the socket without HTTP in between.
//!
//! Called by [`takeover`](super::takeover). What comes after the request is its payload, what the answer's body gives is written, as the
//! framework would do it; but the framework keeps two buffers of 8 kB for each connection and copies through them, and an open map is
//! quiet most of the time. Knows no frame and no session.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::{
    Payload,
    body::{BoxBody, MessageBody as _},
    error::PayloadError,
};
use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

use super::socket::{goodbye, poll_read, write_all};

/// What comes after a request.
struct Incoming {
    socket: Rc<TcpStream>,
    /// What came with it.
    came: Option<Bytes>,
}

/// What a socket gives, as the payload of the request that came by it.
pub(super) fn payload(socket: &Rc<TcpStream>, came: BytesMut) -> Payload {
    let came = (!came.is_empty()).then(|| came.freeze());
    Payload::Stream { payload: Box::pin(Incoming { socket: Rc::clone(socket), came }) }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(came) = self.came.take() {
            return Poll::Ready(Some(Ok(came)));
        }
        let mut bytes = Bytes::new();
        let more = poll_read(&self.socket, cx, |read| bytes = Bytes::copy_from_slice(read));
        more.map(|more| more.then_some(Ok(bytes)))
    }
}

/// Writes what the body of an answer gives, to its end or the connection's.
pub(super) async fn carry(socket: Rc<TcpStream>, mut body: BoxBody) {
    while let Some(Ok(bytes)) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
        if write_all(&socket, &bytes).await.is_err() {
            break;
        }
    }
    drop(body); // Who writes hears that nobody reads.
    Box::pin(goodbye(&socket)).await;
    // Who reads hears that nothing comes.
    let _ = rustix::net::shutdown(&*socket, rustix::net::Shutdown::Both); // It may be gone already.
}
