//! Frames of state: a header and tiles that were encoded once, joined.
//!
//! Called by the hub, once for everyone who gets the same. Knows the two encodings, and no view and no connection.

use bytes::Bytes;

use crate::{
    framing::Framing,
    wire::{
        Encoding, ServerFrame, Snapshot, StateDelta,
        binary::{self, Named},
    },
};

/// Bytes of tiles in one frame; a larger snapshot comes in several.
const FRAME: usize = 64 * 1024;

/// A snapshot in frames of a bounded size, `more` until the last.
pub(crate) fn snapshot(framing: Framing, mut head: Snapshot, part: u32, chunks: &[Bytes]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let (mut from, mut length) = (0, 0);
    head.more = true;
    for (at, chunk) in chunks.iter().enumerate() {
        if length > 0 && length + chunk.len() > FRAME {
            frames.push(join(framing, &Shell::snapshot(framing, &head, part), &chunks[from..at]));
            (from, length) = (at, 0);
        }
        length += chunk.len();
    }
    head.more = false;
    frames.push(join(framing, &Shell::snapshot(framing, &head, part), &chunks[from..]));
    frames
}

/// A delta; its part has a number where the encoding has such.
pub(crate) fn delta(framing: Framing, head: StateDelta, part: Option<Named>, chunks: &[Bytes]) -> Bytes {
    join(framing, &Shell::delta(head, part), chunks)
}

fn join(framing: Framing, shell: &Shell, chunks: &[Bytes]) -> Bytes {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(chunks.len() * 2 + 2);
    parts.push(&shell.head);
    for (at, chunk) in chunks.iter().enumerate() {
        if at > 0 && !shell.between.is_empty() {
            parts.push(shell.between);
        }
        parts.push(chunk);
    }
    parts.push(&shell.tail);
    framing.message(&parts)
}

/// What stands around the tiles of a frame.
struct Shell {
    head: Vec<u8>,
    between: &'static [u8],
    tail: Vec<u8>,
}

impl Shell {
    fn snapshot(framing: Framing, head: &Snapshot, part: u32) -> Self {
        match framing.encoding() {
            Encoding::Json => Self::json(&ServerFrame::Snapshot(head.clone())),
            Encoding::Binary => Self::binary(binary::snapshot(head, part)),
        }
    }

    fn delta(head: StateDelta, named: Option<Named>) -> Self {
        match named {
            None => Self::json(&ServerFrame::Delta(head)),
            Some(named) => Self::binary(binary::delta(&head, named)),
        }
    }

    /// A frame without tiles, cut where they belong.
    fn json(frame: &ServerFrame) -> Self {
        const TILES: &[u8] = br#""tiles":["#;
        let mut head = frame.json();
        let cut = head.windows(TILES.len()).rposition(|part| part == TILES).map_or(head.len(), |at| at + TILES.len());
        let tail = head.split_off(cut);
        Self { head, between: b",", tail }
    }

    /// Tiles follow a header, and nothing follows tiles.
    fn binary(head: Vec<u8>) -> Self {
        Self { head, between: b"", tail: Vec::new() }
    }
}
