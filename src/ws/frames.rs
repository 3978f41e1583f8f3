//! WebSocket frames from a client's bytes: whole messages, control frames, and every way in which they can be wrong.
//!
//! A frame's length is looked at before its bytes are waited for, so that nobody can make the server keep what it will not take.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_http::ws::{OpCode, Parser};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inbound {
    Text(String),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    Close,
}

/// What was wrong. Nothing can be read after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    TooBig,
    NotText,
    Protocol(&'static str),
    Gone,
}

/// Where a client's bytes come from.
pub(super) trait Source {
    /// Adds what came to `buffer`. False: nothing will come any more.
    fn poll_more(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<bool>;
}

impl Source for web::Payload {
    fn poll_more(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<bool> {
        let read = ready!(Pin::new(self).poll_next(cx));
        Poll::Ready(match read {
            Some(Ok(bytes)) => {
                buffer.extend_from_slice(&bytes);
                true
            }
            Some(Err(_)) | None => false,
        })
    }
}

pub(super) struct Frames<S> {
    source: S,
    /// Empty, and without room, while nothing is under way: most connections are quiet most of the time.
    buffer: BytesMut,
    /// The pieces of a message that came in several frames, and whether it is a text.
    message: Option<(BytesMut, bool)>,
    most: usize,
    ended: bool,
    eof: bool,
}

impl<S> Frames<S> {
    /// Frames that came with the request, in `buffer`, and then from its source.
    pub(super) fn new(source: S, buffer: BytesMut, most: usize) -> Self {
        Self { source, buffer, message: None, most, ended: false, eof: false }
    }

    /// The next whole thing in the buffer.
    fn next(&mut self) -> Option<Result<Inbound, Wrong>> {
        loop {
            if announced(&self.buffer).is_some_and(|length| length > self.most as u64) {
                return Some(Err(Wrong::TooBig));
            }
            let (last, code, data) = match Parser::parse(&mut self.buffer, true, self.most) {
                Ok(Some(frame)) => frame,
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!(%error, "a client broke the WebSocket protocol");
                    return Some(Err(Wrong::Protocol("frame")));
                }
            };
            let data = data.unwrap_or_default();
            match code {
                OpCode::Ping | OpCode::Pong | OpCode::Close if !last => return Some(Err(Wrong::Protocol("a control frame in pieces"))),
                OpCode::Ping => return Some(Ok(Inbound::Ping(data.freeze()))),
                OpCode::Pong => return Some(Ok(Inbound::Pong)),
                OpCode::Close => return Some(Ok(Inbound::Close)),
                OpCode::Bad => return Some(Err(Wrong::Protocol("an unknown frame"))),
                OpCode::Text | OpCode::Binary if self.message.is_some() => return Some(Err(Wrong::Protocol("a message inside a message"))),
                OpCode::Text | OpCode::Binary if last => return Some(said(data, code == OpCode::Text)),
                OpCode::Text | OpCode::Binary => self.message = Some((data, code == OpCode::Text)),
                OpCode::Continue => {
                    let Some((message, _)) = &mut self.message else { return Some(Err(Wrong::Protocol("a continuation of nothing"))) };
                    if message.len() + data.len() > self.most {
                        return Some(Err(Wrong::TooBig));
                    }
                    message.extend_from_slice(&data);
                    if last {
                        return self.message.take().map(|(whole, is_text)| said(whole, is_text));
                    }
                }
            }
        }
    }
}

fn said(bytes: BytesMut, is_text: bool) -> Result<Inbound, Wrong> {
    if !is_text {
        return Ok(Inbound::Binary(bytes.freeze()));
    }
    std::str::from_utf8(&bytes).map(|text| Inbound::Text(text.to_owned())).map_err(|_| Wrong::NotText)
}

/// The length that the next frame says it has, once enough of its header is there.
fn announced(buffer: &[u8]) -> Option<u64> {
    match buffer.get(1)? & 0x7f {
        126 => Some(u64::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?))),
        127 => Some(u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?)),
        length => Some(u64::from(length)),
    }
}

impl<S: Source + Unpin> Stream for Frames<S> {
    type Item = Result<Inbound, Wrong>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if let Some(next) = self.next() {
                self.ended = next.is_err() || matches!(next, Ok(Inbound::Close));
                return Poll::Ready(Some(next));
            }
            if self.eof {
                self.ended = true;
                return Poll::Ready(Some(Err(Wrong::Gone)));
            }
            if self.buffer.is_empty() {
                self.buffer = BytesMut::new();
            }
            let Self { source, buffer, .. } = &mut *self;
            self.eof = !ready!(source.poll_more(cx, buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match body.len() {
            length @ 0..=125 => out.push(0x80 | length as u8),
            length => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(&[0, 0, 0, 0]); // A mask that changes nothing.
        out.extend_from_slice(body);
        out
    }

    fn read(bytes: &[u8]) -> Vec<Result<Inbound, Wrong>> {
        let mut frames = Frames::new((), BytesMut::from(bytes), 200);
        let mut all = Vec::new();
        while let Some(next) = frames.next() {
            let stop = next.is_err();
            all.push(next);
            if stop {
                break;
            }
        }
        all
    }

    #[test]
    fn messages_come_whole_or_in_pieces() {
        assert_eq!(read(&masked(0x81, b"hi")), [Ok(Inbound::Text("hi".into()))]);
        let pieces = [masked(0x01, b"a"), masked(0x89, b"p"), masked(0x00, b"b"), masked(0x80, b"c")].concat();
        assert_eq!(read(&pieces), [Ok(Inbound::Ping(Bytes::from_static(b"p"))), Ok(Inbound::Text("abc".into()))]);
        let binary = [masked(0x02, &[0xff]), masked(0x80, &[0x00])].concat();
        assert_eq!(read(&binary), [Ok(Inbound::Binary(Bytes::from_static(&[0xff, 0x00])))]);
        assert_eq!(read(&[masked(0x02, b"a"), masked(0x81, b"b")].concat()), [Err(Wrong::Protocol("a message inside a message"))]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read(&masked(0x80, b"x")), [Err(Wrong::Protocol("a continuation of nothing"))]);
        assert_eq!(read(&masked(0x09, b"x")), [Err(Wrong::Protocol("a control frame in pieces"))]);
        assert_eq!(read(&masked(0x81, &[0xff, 0xfe])), [Err(Wrong::NotText)]);
        assert_eq!(read(&[0x81, 0x02, b'h', b'i']), [Err(Wrong::Protocol("frame"))], "not masked");
        assert_eq!(read(&[0xc1, 0x80, 0, 0, 0, 0]), [Err(Wrong::Protocol("frame"))], "reserved bits");
        assert_eq!(read(&[[masked(0x01, &[b'a'; 150]), masked(0x80, &[b'a'; 100])].concat()].concat()), [Err(Wrong::TooBig)], "in pieces");
    }

    #[test]
    fn a_frame_too_big_is_refused_by_its_header() {
        assert_eq!(read(&[0x81, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0]), [Err(Wrong::TooBig)]);
        assert_eq!(read(&[0x81, 0xfe, 0x01, 0x00]), [Err(Wrong::TooBig)]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            read(&bytes);
        }
    }
}
