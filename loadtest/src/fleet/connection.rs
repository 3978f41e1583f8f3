//! One connection of a fleet: a raw socket, how far it has come, and the bytes of a message that is not whole yet.

use std::{
    net::SocketAddrV4,
    time::{Duration, Instant},
};

use memchr::memmem;
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::Errno,
    net::{AddressFamily, Ipv4Addr, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, recv, send, socket_with, sockopt},
};

use super::{
    Group, Next, Tally, Watch, Way, Wire,
    frames::{self, Head},
};

/// One loopback address has some 28,000 ports to connect from; the fleet takes another one after so many.
const PER_ADDRESS: usize = 20_000;
/// The most a message may be long: a server that says more is not understood rather than believed.
const LONGEST: usize = 64 << 20;
/// What a narrow connection keeps unread, and the payload of its packets, bytes.
const NARROW_BUFFER: usize = 16 * 1024;
const NARROW_SEGMENT: u32 = 1_200;

pub(super) struct Connection<M> {
    pub(super) group: Group,
    pub(super) memory: M,
    /// Its number in the fleet.
    number: usize,
    socket: Option<OwnedFd>,
    phase: Phase,
    wanted: bool,
    stalled: bool,
    /// How often it met no server since it was last open.
    failed: u32,
    interest: EventFlags,
    /// The beginning of a message whose end has not come.
    carry: Vec<u8>,
    /// What the socket has not taken yet.
    unsent: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Away,
    Connecting,
    Shaking,
    Open,
    Ready,
    /// Ended for good.
    Lost,
}

/// What a turn at a socket brought.
pub(super) enum Heard {
    Goes,
    /// The server has no place now.
    ComeLater(Duration),
    /// The server ended it, perhaps with a code.
    Ended(Option<u16>),
}

impl<M: Default> Connection<M> {
    pub(super) fn new(number: usize, group: Group) -> Self {
        Self {
            group,
            memory: M::default(),
            number,
            socket: None,
            phase: Phase::Away,
            wanted: true,
            stalled: false,
            failed: 0,
            interest: EventFlags::empty(),
            carry: Vec::new(),
            unsent: Vec::new(),
        }
    }
}

impl<M> Connection<M> {
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(super) fn is_there(&self) -> bool {
        !matches!(self.phase, Phase::Away | Phase::Lost)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    pub(super) fn is_lost(&self) -> bool {
        self.phase == Phase::Lost
    }

    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::Shaking | Phase::Open)
    }

    pub(super) fn was_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Ready)
    }

    pub(super) fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
    }

    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Ends it, and it stays away until it is wanted again.
    pub(super) fn cut(&mut self) {
        self.wanted = false;
        self.leave();
    }

    /// Ends it without a word. A reset leaves no port waiting, so that thousands may come back at once.
    pub(super) fn leave(&mut self) {
        if let Some(socket) = self.socket.take() {
            let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
        }
        self.phase = Phase::Away;
        // Freed, not kept: a fleet of many must not grow with what each once heard.
        self.carry = Vec::new();
        self.unsent = Vec::new();
    }

    /// Ends it, and it is not tried again.
    pub(super) fn lose(&mut self) {
        self.leave();
        self.phase = Phase::Lost;
    }

    /// When it tries again after it met no server: as our page does, twice as long each time, each at its own moment.
    pub(super) fn again(&mut self) -> Duration {
        let wait = backoff(self.failed, self.number as u64);
        self.failed = self.failed.saturating_add(1);
        wait
    }

    /// Begins to connect.
    pub(super) fn begin(&mut self, at: usize, way: &Way, epoll: &OwnedFd) -> Result<(), Errno> {
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if way.narrow {
            // Both are said when connecting; without small segments the kernel gives a sender on loopback 2.6 MB to begin with.
            sockopt::set_socket_recv_buffer_size(&socket, NARROW_BUFFER)?;
            socket2::SockRef::from(&socket).set_tcp_mss(NARROW_SEGMENT).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
        }
        let nth = self.number / PER_ADDRESS;
        if nth > 0 && way.address.ip().is_loopback() {
            bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 1 + (nth % 250) as u8), 0))?;
        }
        match connect(&socket, &way.address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        self.interest = EventFlags::OUT;
        epoll::add(epoll, &socket, EventData::new_u64(at as u64), self.interest)?;
        self.socket = Some(socket);
        self.phase = Phase::Connecting;
        Ok(())
    }

    /// Waits for what it can use now.
    pub(super) fn listen(&mut self, at: usize, epoll: &OwnedFd) -> Result<(), Errno> {
        let Some(socket) = &self.socket else { return Ok(()) };
        let mut interest = EventFlags::empty();
        interest.set(EventFlags::IN, !self.stalled && self.phase != Phase::Connecting);
        interest.set(EventFlags::OUT, self.phase == Phase::Connecting || !self.unsent.is_empty());
        if interest != self.interest {
            epoll::modify(epoll, socket, EventData::new_u64(at as u64), interest)?;
            self.interest = interest;
        }
        Ok(())
    }

    /// Writes and reads what can be, and hands whole messages to the watch. An error says why the connection cannot go on.
    pub(super) fn turn<W: Watch<Memory = M>>(
        &mut self,
        flags: EventFlags,
        way: &Way,
        watch: &W,
        buffer: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> Result<Heard, String> {
        let Some(socket) = &self.socket else { return Ok(Heard::Goes) };
        if self.phase == Phase::Connecting {
            if let Err(error) | Ok(Err(error)) = sockopt::socket_error(socket) {
                tally.fail(format!("cannot connect: {error}"));
                return Ok(Heard::Ended(None));
            }
            self.greet(way, watch);
        }
        if flags.intersects(EventFlags::OUT) {
            self.flush();
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return self.read(way, watch, buffer, tally);
        }
        Ok(Heard::Goes)
    }

    /// The way is open: says what comes first.
    fn greet<W: Watch<Memory = M>>(&mut self, way: &Way, watch: &W) {
        match &way.wire {
            Wire::WebSocket { path, subprotocol } => {
                let subprotocol = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: cG9zYWRhIGxvYWR0ZXN0IQ==\r\n{subprotocol}\r\n",
                    way.address
                );
                self.unsent.extend_from_slice(request.as_bytes());
                self.phase = Phase::Shaking;
            }
            Wire::Nats | Wire::Frames => self.open(way, watch),
        }
        self.flush();
    }

    fn open<W: Watch<Memory = M>>(&mut self, way: &Way, watch: &W) {
        self.failed = 0;
        self.phase = if watch.ready_at_once() { Phase::Ready } else { Phase::Open };
        for payload in watch.opening(&self.memory) {
            self.say(way, &payload);
        }
    }

    fn say(&mut self, way: &Way, payload: &[u8]) {
        match way.wire {
            Wire::Nats => self.unsent.extend_from_slice(payload),
            Wire::WebSocket { .. } | Wire::Frames => self.unsent.extend_from_slice(&frames::masked(frames::TEXT, payload)),
        }
    }

    /// Sends what waits; what the socket does not take waits on. A broken socket shows when it is read.
    fn flush(&mut self) {
        if let Some(socket) = &self.socket
            && !self.unsent.is_empty()
            && let Ok(sent) = send(socket, &self.unsent, SendFlags::NOSIGNAL)
        {
            self.unsent.drain(..sent);
        }
    }

    fn read<W: Watch<Memory = M>>(&mut self, way: &Way, watch: &W, buffer: &mut Vec<u8>, tally: &mut Tally) -> Result<Heard, String> {
        let Some(socket) = &self.socket else { return Ok(Heard::Goes) };
        let kept = self.carry.len();
        if buffer.len() < kept * 2 {
            buffer.resize(kept * 2, 0);
        }
        let read = match recv(socket, &mut buffer[kept..], RecvFlags::empty()) {
            Ok((0, _)) => return Ok(Heard::Ended(None)),
            Ok((read, _)) => read,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Heard::Goes),
            Err(_) => return Ok(Heard::Ended(None)),
        };
        let at = Instant::now();
        tally.bytes += read as u64;
        buffer[..kept].copy_from_slice(&self.carry);
        let bytes = &buffer[..kept + read];
        let mut taken = 0;
        while taken < bytes.len() {
            match self.message(&bytes[taken..], way, watch, at, tally)? {
                Step::Taken(length) => taken += length,
                Step::Wait => break,
                Step::Stop(heard) => return Ok(heard),
            }
        }
        self.keep(&bytes[taken..])?;
        self.flush();
        Ok(Heard::Goes)
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), String> {
        if rest.len() > LONGEST {
            return Err(format!("a message of more than {LONGEST} bytes"));
        }
        if rest.is_empty() && self.carry.capacity() > 0 {
            self.carry = Vec::new();
        } else {
            self.carry.clear();
            self.carry.extend_from_slice(rest);
        }
        Ok(())
    }

    /// Takes one message from the front of some bytes.
    fn message<W: Watch<Memory = M>>(&mut self, bytes: &[u8], way: &Way, watch: &W, at: Instant, tally: &mut Tally) -> Result<Step, String> {
        match (&way.wire, self.phase) {
            (Wire::WebSocket { .. }, Phase::Shaking) => self.answer(bytes, way, watch),
            (Wire::WebSocket { .. } | Wire::Frames, _) => self.frame(bytes, way, watch, at, tally),
            (Wire::Nats, _) => self.line(bytes, way, watch, at, tally),
        }
    }

    /// The answer to the handshake.
    fn answer<W: Watch<Memory = M>>(&mut self, bytes: &[u8], way: &Way, watch: &W) -> Result<Step, String> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(Step::Wait) };
        let head = String::from_utf8_lossy(&bytes[..end]);
        match head.split(' ').nth(1) {
            Some("101") => {
                self.open(way, watch);
                Ok(Step::Taken(end + 4))
            }
            Some("503") => {
                let named = |line: &str| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?.1.trim().parse().ok();
                Ok(Step::Stop(Heard::ComeLater(Duration::from_secs(head.lines().find_map(named).unwrap_or(1)))))
            }
            _ => Err(format!("the handshake was answered with {}", head.lines().next().unwrap_or_default())),
        }
    }

    fn frame<W: Watch<Memory = M>>(&mut self, bytes: &[u8], way: &Way, watch: &W, at: Instant, tally: &mut Tally) -> Result<Step, String> {
        let Some(head) = Head::read(bytes) else { return Ok(Step::Wait) };
        let Some(payload) = bytes.get(head.starts..head.ends()) else { return Ok(Step::Wait) };
        match head.opcode {
            frames::TEXT | frames::BINARY if head.whole => {
                tally.frames += 1;
                if let Next::Later(wait) = self.hear(payload, way, watch, at, tally)? {
                    return Ok(Step::Stop(Heard::ComeLater(wait)));
                }
            }
            frames::PING => self.unsent.extend_from_slice(&frames::masked(frames::PONG, payload)),
            frames::PONG => {}
            frames::CLOSE => return Ok(Step::Stop(Heard::Ended(payload.first_chunk().map(|code| u16::from_be_bytes(*code))))),
            _ => return Err("a fragmented or unknown frame, which is not spoken here".to_owned()),
        }
        Ok(Step::Taken(head.ends()))
    }

    /// One line of NATS, with the payload that it announces.
    fn line<W: Watch<Memory = M>>(&mut self, bytes: &[u8], way: &Way, watch: &W, at: Instant, tally: &mut Tally) -> Result<Step, String> {
        let Some(end) = memmem::find(bytes, b"\r\n") else { return Ok(Step::Wait) };
        let line = &bytes[..end];
        if line.starts_with(b"MSG ") {
            let length = line.rsplit(|byte| *byte == b' ').next().and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            let length = length.ok_or_else(|| format!("not a line of NATS: {}", String::from_utf8_lossy(line)))?;
            let Some(payload) = bytes.get(end + 2..end + 2 + length).filter(|_| bytes.len() >= end + 4 + length) else { return Ok(Step::Wait) };
            tally.frames += 1;
            self.hear(payload, way, watch, at, tally)?;
            return Ok(Step::Taken(end + 4 + length));
        }
        match line.split(|byte| *byte == b' ').next() {
            Some(b"PING") => self.unsent.extend_from_slice(b"PONG\r\n"),
            Some(b"PONG") => self.phase = Phase::Ready,
            Some(b"-ERR") => return Err(format!("the server says {}", String::from_utf8_lossy(line))),
            _ => {}
        }
        Ok(Step::Taken(end + 2))
    }

    fn hear<W: Watch<Memory = M>>(&mut self, payload: &[u8], way: &Way, watch: &W, at: Instant, tally: &mut Tally) -> Result<Next, String> {
        let next = watch.heard(&mut self.memory, payload, at, tally);
        match &next {
            Next::Go | Next::Later(_) => {}
            Next::Ready => self.phase = Phase::Ready,
            Next::Say(payload) => self.say(way, payload),
            Next::Fail(why) => return Err(why.clone()),
        }
        Ok(next)
    }
}

/// Between half and the whole of 500 ms, 1 s, 2 s … 30 s. Every connection has its own moments, the same ones in every run.
fn backoff(failed: u32, number: u64) -> Duration {
    let most = 500_u64.saturating_mul(1 << failed.min(16)).min(30_000);
    // Knuth's multiplicative hash: neighbours land far apart.
    let chance = (number + 1).wrapping_mul(u64::from(failed) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    Duration::from_millis(most / 2 + ((most / 2 * chance) >> 24))
}

/// What taking one message came to.
enum Step {
    /// So many bytes were it.
    Taken(usize),
    /// It is not whole yet.
    Wait,
    Stop(Heard),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_meets_no_server_comes_later_each_time_and_not_with_all_the_others() {
        for (failed, most) in [(0, 500), (1, 1_000), (3, 4_000), (40, 30_000)] {
            let waits: Vec<u64> = (0..1_000).map(|number| backoff(failed, number).as_millis() as u64).collect();
            assert!(waits.iter().all(|wait| (most / 2..=most).contains(wait)), "{failed}");
            let early = waits.iter().filter(|wait| **wait < most * 3 / 4).count();
            assert!((400..600).contains(&early), "spread evenly: {early} of 1000 in the first half");
        }
    }
}
