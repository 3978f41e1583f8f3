//! Frames as the bytes that travel: with the WebSocket header in front, or as an SSE message.
//!
//! Server frames are unmasked, so the same bytes serve every viewer; they are joined once and shared.

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::{Close, Encoding, ServerFrame, binary};

/// How a connection wants its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    WebSocket,
    WebSocketBinary,
    Sse,
}

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const CLOSE: u8 = 0x88;

impl Framing {
    /// A WebSocket's, by the encoding it was opened with.
    pub const fn web_socket(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json => Self::WebSocket,
            Encoding::Binary => Self::WebSocketBinary,
        }
    }

    pub const fn encoding(self) -> Encoding {
        match self {
            Self::WebSocket | Self::Sse => Encoding::Json,
            Self::WebSocketBinary => Encoding::Binary,
        }
    }

    /// A frame that has no tiles to share.
    pub fn frame(self, frame: &ServerFrame) -> Bytes {
        match self.encoding() {
            Encoding::Json => self.message(&[&frame.json()]),
            Encoding::Binary => self.message(&[&binary::write(frame)]),
        }
    }

    /// One frame made of parts, copied once.
    pub fn message(self, parts: &[&[u8]]) -> Bytes {
        let length = parts.iter().map(|p| p.len()).sum();
        match self {
            Self::WebSocket | Self::WebSocketBinary => {
                let mut out = BytesMut::with_capacity(length + 10);
                header(&mut out, if self == Self::WebSocket { TEXT } else { BINARY }, length);
                parts.iter().for_each(|p| out.put_slice(p));
                out.freeze()
            }
            Self::Sse => {
                let mut out = BytesMut::with_capacity(length + 8);
                out.put_slice(b"data: ");
                parts.iter().for_each(|p| out.put_slice(p));
                out.put_slice(b"\n\n");
                out.freeze()
            }
        }
    }

    /// Keeps the way open: a WebSocket ping with a `ping` frame for the page to see, or an SSE comment with the same.
    pub fn ping(self) -> Bytes {
        let mut out = BytesMut::new();
        if self != Self::Sse {
            header(&mut out, PING, 0);
        }
        out.extend_from_slice(&self.frame(&ServerFrame::Ping {}));
        out.freeze()
    }

    /// The answer to a WebSocket ping.
    pub fn pong(payload: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(payload.len() + 2);
        header(&mut out, PONG, payload.len());
        out.put_slice(payload);
        out.freeze()
    }

    /// The last bytes of a connection. SSE has no close frame: it says why in a last message.
    pub fn close(self, close: Close) -> Bytes {
        match self {
            Self::WebSocket | Self::WebSocketBinary => {
                let reason = close.reason().as_bytes();
                let mut out = BytesMut::with_capacity(reason.len() + 4);
                header(&mut out, CLOSE, reason.len() + 2);
                out.put_u16(close.code());
                out.put_slice(reason);
                out.freeze()
            }
            Self::Sse => Bytes::from(format!("event: close\ndata: {{\"code\":{},\"reason\":\"{}\"}}\n\n", close.code(), close.reason())),
        }
    }
}

fn header(out: &mut BytesMut, first: u8, length: usize) {
    out.put_u8(first);
    match length {
        0..=125 => out.put_u8(length as u8),
        126..=0xffff => {
            out.put_u8(126);
            out.put_u16(length as u16);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
}

/// An SSE message with an id, so that `Last-Event-ID` says where its reader stood.
pub fn sse_with_id(id: &str, parts: &[&[u8]]) -> Bytes {
    let mut out = BytesMut::with_capacity(id.len() + 16 + parts.iter().map(|p| p.len()).sum::<usize>());
    out.put_slice(b"id: ");
    out.put_slice(id.as_bytes());
    out.put_slice(b"\n");
    out.extend_from_slice(&Framing::Sse.message(parts));
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let body = vec![b'x'; length];
            let framed = Framing::WebSocket.message(&[&body]);
            assert_eq!(Framing::WebSocketBinary.message(&[&body])[1..], framed[1..], "but for the kind of message");
            let head = match length {
                0..=125 => 2,
                126..=65_535 => 4,
                _ => 10,
            };
            assert_eq!((framed.len(), framed[0]), (length + head, TEXT));
        }
    }

    #[test]
    fn a_close_carries_its_code() {
        let bytes = Framing::WebSocket.close(Close::Revoked);
        assert_eq!(&bytes[2..4], &4501u16.to_be_bytes());
        assert!(Framing::Sse.close(Close::Restart).starts_with(b"event: close\ndata: {\"code\":1012"));
    }
}
