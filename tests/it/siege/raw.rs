//! A client that writes bytes: a WebSocket as no library would speak it, from whichever loopback address it likes.

use std::{net::SocketAddr, time::Duration};

use bytes::{Buf, BytesMut};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::harness::TENANT;

/// How long an answer may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a server sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Frame(Value),
    Pong(Vec<u8>),
    Close(u16),
    /// The connection ended, with or without a word.
    End,
}

#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    buffer: BytesMut,
}

/// A connection from 127.0.0.`from`.
pub async fn connected(address: SocketAddr, from: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0)))?;
    socket.connect(address).await
}

impl Raw {
    /// Shakes hands and says nothing.
    pub async fn opens(address: SocketAddr) -> Self {
        let mut stream = connected(address, 1).await.unwrap();
        let head = format!(
            "GET /t/{TENANT}/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: posada.v1.json\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut raw = Self { stream, buffer: BytesMut::new() };
        let end = loop {
            if let Some(at) = raw.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(raw.more().await, "no answer to the handshake: {:?}", raw.buffer);
        };
        assert!(raw.buffer.starts_with(b"HTTP/1.1 101"), "{:?}", raw.buffer);
        raw.buffer.advance(end);
        raw
    }

    /// A visitor that has been welcomed.
    pub async fn comes(address: SocketAddr) -> Self {
        let mut raw = Self::opens(address).await;
        raw.writes(&text(br#"{"t":"hello","client":"raw","version":1}"#)).await;
        loop {
            match raw.hears().await {
                Heard::Frame(frame) if frame["t"] == "welcome" => return raw,
                Heard::Frame(_) => {}
                other => panic!("{other:?} in place of a welcome"),
            }
        }
    }

    /// Writes; a server that has hung up meanwhile is no mistake of ours.
    pub async fn writes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Says that nothing more comes.
    pub async fn ends(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await.expect("the server answers or ends");
        read.is_ok_and(|count| count > 0)
    }

    pub async fn hears(&mut self) -> Heard {
        loop {
            match take(&mut self.buffer) {
                Some((0x1, payload)) => return Heard::Frame(serde_json::from_slice(&payload).unwrap()),
                Some((0x8, payload)) => return Heard::Close(payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]))),
                Some((0xA, payload)) => return Heard::Pong(payload),
                Some((0x9, _)) => {}
                Some((code, payload)) => panic!("a frame {code:#x} of {} bytes", payload.len()),
                None if self.more().await => {}
                None => return Heard::End,
            }
        }
    }
}

/// The next whole frame of a server: its code and its payload. Servers do not mask.
fn take(buffer: &mut BytesMut) -> Option<(u8, Vec<u8>)> {
    let (first, second) = (*buffer.first()?, *buffer.get(1)?);
    let (head, length) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?) as usize),
        length => (2, usize::from(length)),
    };
    if buffer.len() < head + length {
        return None;
    }
    buffer.advance(head);
    Some((first & 0x0f, buffer.split_to(length).to_vec()))
}

/// A client's frame with this first byte (final bit, reserved bits, code), masked by zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=65_535 => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend([0, 0, 0, 0]);
    out.extend_from_slice(payload);
    out
}

pub fn text(payload: &[u8]) -> Vec<u8> {
    frame(0x81, payload)
}
