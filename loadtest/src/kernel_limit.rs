//! *kernel limit*: what sending alone costs. No other server can be cheaper on these sockets.
//!
//! Frames come ready-made from one source and go to every viewer with one `send` each; nothing is parsed but a frame's length, nothing
//! encoded, nothing remembered. With `--every-ms` the frames of that time are sent as one. A viewer that takes no bytes keeps the rest waiting
//! for itself alone.

use std::{
    io::Write as _,
    net::TcpListener,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;
use rustix::{
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    fd::OwnedFd,
    io::Errno,
    net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send, sockopt},
    process::{Resource, getrlimit, setrlimit},
};

use crate::fleet::frames::Head;

#[derive(Args)]
pub struct KernelLimit {
    /// Gather frames for this long and send them as one; 0 sends each by itself
    #[arg(long, default_value_t = 0)]
    pub every_ms: u64,
}

const VIEWERS: u64 = u64::MAX;
const SOURCES: u64 = u64::MAX - 1;
/// The source's number: the first that is no viewer's.
const SOURCE: u64 = u64::MAX - 2;

struct Viewer {
    socket: OwnedFd,
    unsent: Vec<u8>,
}

struct Broadcast {
    epoll: OwnedFd,
    viewers: Vec<Option<Viewer>>,
    /// Frames, and the beginning of one, as they came.
    arrived: Vec<u8>,
    /// Where the whole ones end, and how many they are.
    whole: (usize, usize),
}

/// Prints where viewers and the source connect, and serves until it is ended.
pub fn run(settings: &KernelLimit) -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let (viewers, sources) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    rustix::net::listen(&viewers, 4096)?;
    viewers.set_nonblocking(true)?;
    sources.set_nonblocking(true)?;
    println!("viewers {} source {}", viewers.local_addr()?, sources.local_addr()?);
    std::io::stdout().flush()?;

    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &viewers, EventData::new_u64(VIEWERS), EventFlags::IN)?;
    epoll::add(&epoll, &sources, EventData::new_u64(SOURCES), EventFlags::IN)?;
    let mut broadcast = Broadcast { epoll, viewers: Vec::new(), arrived: Vec::new(), whole: (0, 0) };
    let (mut source, mut due) = (None, None);
    let (every, mut events) = (Duration::from_millis(settings.every_ms), [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 256]);
    loop {
        let wait = due.map(|due: Instant| timespec(due.saturating_duration_since(Instant::now())));
        let count = match epoll::wait(&broadcast.epoll, &mut events, wait.as_ref()) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            match event.data.u64() {
                VIEWERS => broadcast.accept(&viewers)?,
                SOURCES => {
                    let socket = accept_with(&sources, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
                    sockopt::set_tcp_nodelay(&socket, true)?;
                    epoll::add(&broadcast.epoll, &socket, EventData::new_u64(SOURCE), EventFlags::IN)?;
                    source = Some(socket);
                }
                SOURCE => {
                    let from = source.as_ref().context("a source without a socket")?;
                    let before = broadcast.whole.1;
                    let goes_on = broadcast.hear(from)?;
                    // One byte for each frame: the source knows that it was taken.
                    let _ = send(from, &vec![b'.'; broadcast.whole.1 - before], SendFlags::NOSIGNAL);
                    if !goes_on {
                        source = None;
                    }
                    if broadcast.whole.1 > 0 && due.is_none() {
                        due = Some(Instant::now() + every);
                    }
                }
                viewer => broadcast.turn(viewer as usize, event.flags)?,
            }
        }
        if due.is_some_and(|due| due <= Instant::now()) {
            broadcast.send(settings.every_ms > 0)?;
            due = None;
        }
    }
}

fn timespec(wait: Duration) -> Timespec {
    Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) }
}

impl Broadcast {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        loop {
            let socket = match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            sockopt::set_tcp_nodelay(&socket, true)?;
            epoll::add(&self.epoll, &socket, EventData::new_u64(self.viewers.len() as u64), EventFlags::RDHUP)?;
            self.viewers.push(Some(Viewer { socket, unsent: Vec::new() }));
        }
    }

    /// Takes what the source says; false when it has ended.
    fn hear(&mut self, source: &OwnedFd) -> Result<bool> {
        let mut buffer = [0; 64 * 1024];
        match recv(source, &mut buffer[..], RecvFlags::empty()) {
            Ok((0, _)) => return Ok(false),
            Ok((read, _)) => self.arrived.extend_from_slice(&buffer[..read]),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(true),
            Err(_) => return Ok(false),
        }
        while let Some(head) = Head::read(&self.arrived[self.whole.0..])
            && self.whole.0 + head.ends() <= self.arrived.len()
        {
            self.whole = (self.whole.0 + head.ends(), self.whole.1 + 1);
        }
        Ok(true)
    }

    /// Sends the whole frames to everyone, together or each by itself.
    fn send(&mut self, together: bool) -> Result<()> {
        let (end, _) = std::mem::take(&mut self.whole);
        let mut begin = 0;
        while begin < end {
            let length = match Head::read(&self.arrived[begin..end]) {
                Some(head) if !together => head.ends(),
                _ => end - begin,
            };
            let bytes = &self.arrived[begin..begin + length];
            for (number, viewer) in self.viewers.iter_mut().enumerate() {
                if let Some(viewer) = viewer {
                    viewer.give(number, bytes, &self.epoll)?;
                }
            }
            begin += length;
        }
        self.arrived.drain(..end);
        Ok(())
    }

    /// A viewer takes bytes again, or has left.
    fn turn(&mut self, number: usize, flags: EventFlags) -> Result<()> {
        let Some(viewer) = self.viewers.get_mut(number).and_then(Option::as_mut) else { return Ok(()) };
        if flags.intersects(EventFlags::HUP | EventFlags::RDHUP | EventFlags::ERR) {
            self.viewers[number] = None;
            return Ok(());
        }
        let rest = std::mem::take(&mut viewer.unsent);
        viewer.give(number, &rest, &self.epoll)?;
        if viewer.unsent.is_empty() {
            epoll::modify(&self.epoll, &viewer.socket, EventData::new_u64(number as u64), EventFlags::RDHUP)?;
        }
        Ok(())
    }
}

impl Viewer {
    fn give(&mut self, number: usize, bytes: &[u8], epoll: &OwnedFd) -> Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = match send(&self.socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN) => 0,
            // It has left, which its own turn says.
            Err(_) => return Ok(()),
        };
        if sent < bytes.len() {
            self.unsent.extend_from_slice(&bytes[sent..]);
            epoll::modify(epoll, &self.socket, EventData::new_u64(number as u64), EventFlags::OUT | EventFlags::RDHUP)?;
        }
        Ok(())
    }
}
