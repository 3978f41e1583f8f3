//! The frames of a flush that go into sockets which have nothing else to take: written together, with one call of the kernel for many.
//!
//! Filled by the writer, sent at the end of the flush. Where the kernel does not allow it, or the operator, nothing is taken and every outlet
//! writes its own.

use std::time::Instant;

use bytes::Bytes;
use post::{Letter, Post};
use time::OffsetDateTime;

use super::{ConnId, conn::Conn};
use crate::{
    numbered::Numbered,
    outlet::{Framed, Frames},
    wire::Close,
};

#[derive(Default)]
pub(super) struct Together {
    post: Option<Post>,
    letters: Vec<Letter>,
    /// Whose each letter is, and the commit it tells of.
    notes: Vec<(ConnId, Option<OffsetDateTime>)>,
}

impl Together {
    /// For this thread.
    pub(super) fn open() -> Self {
        let post = Post::open().inspect_err(|why| tracing::info!(%why, "io_uring is not to be had here: sockets are written one by one"));
        Self { post: post.ok(), ..Self::default() }
    }

    /// Takes what a connection gets, if that is one frame and its socket has nothing else to take.
    pub(super) fn take(&mut self, conn: &mut Conn, frames: &mut Frames, now: Instant) -> bool {
        if self.post.is_none() || frames.len() != 1 {
            return false;
        }
        let Some(to) = conn.outlet.lend(now) else { return false };
        self.letters.extend(frames.drain(..).map(|frame| {
            self.notes.push((conn.id, frame.at));
            Letter { to, bytes: frame.bytes }
        }));
        true
    }

    /// What was taken is not sent: its sockets may be gone, and their numbers somebody else's.
    pub(super) fn forget(&mut self) {
        self.letters.clear();
        self.notes.clear();
    }

    /// Sends what was taken. Tells of each frame that its socket took as a whole.
    pub(super) fn send(&mut self, conns: &mut Numbered<Box<Conn>>, now: Instant, mut went: impl FnMut(Option<OffsetDateTime>, &Bytes)) {
        let Some(post) = &mut self.post else { return };
        let (letters, notes) = (&self.letters, &self.notes);
        let mut short = Vec::new();
        let sent = post.send(letters, |n, taken| {
            short.push(n);
            if let Some(conn) = conns.get_mut(&notes[n].0) {
                conn.outlet.fell_short(&Framed { bytes: letters[n].bytes.clone(), at: notes[n].1 }, taken, now);
            }
        });
        if let Err(error) = sent {
            // Whoever may lack something comes back and says what they hold.
            tracing::error!(%error, "io_uring failed: sockets are written one by one from now on");
            for (id, _) in notes {
                if let Some(conn) = conns.get_mut(id) {
                    conn.outlet.close(Close::Restart);
                }
            }
            self.post = None;
        }
        short.sort_unstable();
        for (n, (letter, (_, at))) in letters.iter().zip(notes).enumerate() {
            if short.binary_search(&n).is_err() {
                went(*at, &letter.bytes);
            }
        }
        self.forget();
    }
}
