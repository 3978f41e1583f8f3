//! Many sockets written with one call of the kernel (io_uring), each as far as it has room, without waiting.
//!
//! Called by the hub of the live core for the frames of a flush. Knows sockets and bytes. A kernel or a sandbox that does not allow it says
//! so when a [`Post`] is opened; then sockets are written one by one.

use std::{fmt, io, os::fd::RawFd};

use bytes::Bytes;
use io_uring::{IoUring, opcode, types::Fd};
use rustix::net::SendFlags;

/// Letters that one call of the kernel takes.
const DEPTH: u32 = 1024;

/// For the thread that opened it, and no other.
pub struct Post {
    ring: IoUring,
}

/// Bytes for a socket, which stays open until they are sent.
#[derive(Debug)]
pub struct Letter {
    pub to: RawFd,
    pub bytes: Bytes,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}

impl Post {
    /// Fails where the kernel is older than 6.1 or io_uring is not allowed, as in many containers.
    pub fn open() -> io::Result<Self> {
        // All that happens, happens in the call: no other thread works for it, and none is interrupted.
        let ring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().setup_cqsize(2 * DEPTH).build(DEPTH)?;
        Ok(Self { ring })
    }

    /// Sends all; tells of each letter, by its place, of which its socket did not take every byte: how many it took, or why none
    /// ([`io::ErrorKind::WouldBlock`] if it has no room).
    ///
    /// An error: the ring is of no use any more, and what became of the letters that were not told of is not known.
    pub fn send(&mut self, letters: &[Letter], mut short: impl FnMut(usize, io::Result<usize>)) -> io::Result<()> {
        for (nth, some) in letters.chunks(DEPTH as usize).enumerate() {
            self.send_some(some, |n, taken| short(nth * DEPTH as usize + n, taken))?;
        }
        Ok(())
    }

    #[allow(unsafe_code)]
    fn send_some(&mut self, letters: &[Letter], mut short: impl FnMut(usize, io::Result<usize>)) -> io::Result<()> {
        let flags = (SendFlags::DONTWAIT | SendFlags::NOSIGNAL).bits() as i32;
        let mut queue = self.ring.submission();
        for (n, letter) in letters.iter().enumerate() {
            let send = opcode::Send::new(Fd(letter.to), letter.bytes.as_ptr(), letter.bytes.len() as u32).flags(flags).build().user_data(n as u64);
            // SAFETY: the kernel reads `letter.bytes`, which `letters` keeps in place until this function returns. It returns when every entry
            // has been answered, or when the call itself failed; an entry that must not wait is not read after the call that took it.
            if unsafe { queue.push(&send) }.is_err() {
                return Err(io::Error::other("the ring holds fewer entries than it was made for"));
            }
        }
        drop(queue);
        let mut open = letters.len();
        while open > 0 {
            match self.ring.submit_and_wait(open) {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy) => {}
                Err(error) => return Err(error),
            }
            for done in self.ring.completion() {
                open -= 1;
                let n = done.user_data() as usize;
                match usize::try_from(done.result()) {
                    Ok(taken) if taken == letters[n].bytes.len() => {}
                    Ok(taken) => short(n, Ok(taken)),
                    Err(_) => short(n, Err(io::Error::from_raw_os_error(-done.result()))),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        io::Read as _,
        os::{fd::AsRawFd as _, unix::net::UnixStream},
    };

    use super::*;

    /// None where this machine does not allow it: said, so that nobody takes it for a test that ran.
    fn post() -> Option<Post> {
        Post::open().inspect_err(|error| eprintln!("SKIPPED: io_uring is not allowed here: {error}")).ok()
    }

    fn letter(to: &UnixStream, bytes: &[u8]) -> Letter {
        Letter { to: to.as_raw_fd(), bytes: Bytes::copy_from_slice(bytes) }
    }

    #[test]
    fn everyone_gets_their_own() {
        let Some(mut post) = post() else { return };
        let mut pairs: Vec<(UnixStream, UnixStream)> = (0..300).map(|_| UnixStream::pair().unwrap()).collect();
        let count = pairs.len();
        for round in 0..8 {
            // In all more than the ring holds at once.
            let letters: Vec<Letter> = (0..5 * count).map(|n| letter(&pairs[n % count].0, format!("{round}.{n};").as_bytes())).collect();
            post.send(&letters, |n, taken| panic!("{n}: {taken:?}")).unwrap();
            for (n, (_, reader)) in pairs.iter_mut().enumerate() {
                let mut got = vec![0; 64];
                let read = reader.read(&mut got).unwrap();
                let sent: String = (0..5).map(|turn| format!("{round}.{};", turn * count + n)).collect();
                assert_eq!(std::str::from_utf8(&got[..read]).unwrap(), sent);
            }
        }
    }

    #[test]
    fn a_full_socket_and_a_broken_one_are_told_of_and_hold_nobody_up() {
        let Some(mut post) = post() else { return };
        let (full, _unread) = UnixStream::pair().unwrap();
        let (broken, its_other_end) = UnixStream::pair().unwrap();
        drop(its_other_end);
        let (fine, mut reader) = UnixStream::pair().unwrap();
        let much = vec![b'x'; 16 * 1024 * 1024];
        let letters = [letter(&full, &much), letter(&full, b"no room"), letter(&broken, b"gone"), letter(&fine, b"fine")];
        let mut told = Vec::new();
        post.send(&letters, |n, taken| told.push((n, taken.map_err(|error| error.kind())))).unwrap();
        assert!(matches!(told[0], (0, Ok(taken)) if taken > 0 && taken < much.len()), "{told:?}");
        assert_eq!(told[1..], [(1, Err(io::ErrorKind::WouldBlock)), (2, Err(io::ErrorKind::BrokenPipe))]);
        let mut got = [0; 4];
        reader.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"fine");
    }
}
