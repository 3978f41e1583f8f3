//! One thread of a fleet: waits, reads, hands over, and does as it is ordered.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use rustix::{
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    fd::OwnedFd,
    io::Errno,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Census, Group, Tally, Watch, Way,
    connection::{Connection, Heard},
};

/// What a fleet tells its threads.
pub(super) enum Order<W: Watch> {
    /// Connections number `first`, `first + step`, … of the fleet.
    Open {
        count: usize,
        first: usize,
        step: usize,
        group: Group,
    },
    Stall {
        group: Group,
        stalled: bool,
    },
    Cut {
        group: Group,
    },
    BringBack {
        group: Group,
    },
    /// Answered when everything before was obeyed and told.
    Obeyed(oneshot::Sender<()>),
    Take(oneshot::Sender<Vec<Tally>>),
    Memories {
        group: Group,
        reply: oneshot::Sender<Vec<W::Memory>>,
    },
    End,
}

/// The bell's place among the connections' numbers.
const BELL: u64 = u64::MAX;
/// Bytes read at once; a frame that is longer makes the buffer grow.
const BUFFER: usize = 256 * 1024;

pub(super) struct Engine<W: Watch> {
    way: Way,
    watch: Arc<W>,
    orders: mpsc::UnboundedReceiver<Order<W>>,
    bell: Arc<OwnedFd>,
    census: watch::Sender<Census>,
    delivered: Arc<AtomicU64>,
    epoll: OwnedFd,
    connections: Vec<Connection<W::Memory>>,
    /// Who waits for a turn to connect.
    queue: VecDeque<usize>,
    /// Who comes back when.
    later: BinaryHeap<Reverse<(Instant, usize)>>,
    tallies: Vec<Tally>,
    buffer: Vec<u8>,
    /// Whether who is ready may have changed since it was told.
    changed: bool,
    /// Deliveries since the fleet was last told.
    fresh: u64,
}

impl<W: Watch> Engine<W> {
    pub(super) fn new(
        way: Way,
        watch: Arc<W>,
        orders: mpsc::UnboundedReceiver<Order<W>>,
        bell: Arc<OwnedFd>,
        census: watch::Sender<Census>,
        delivered: Arc<AtomicU64>,
    ) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self {
            way,
            watch,
            orders,
            bell,
            census,
            delivered,
            epoll,
            connections: Vec::new(),
            queue: VecDeque::new(),
            later: BinaryHeap::new(),
            tallies: vec![Tally::default()],
            buffer: vec![0; BUFFER],
            changed: false,
            fresh: 0,
        })
    }

    pub(super) fn run(mut self) -> Result<()> {
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 1024];
        loop {
            self.connect();
            self.tell();
            let count = match epoll::wait(&self.epoll, &mut events, self.patience().as_ref()) {
                Ok(count) => count,
                Err(Errno::INTR) => 0,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let (number, flags) = (event.data.u64(), event.flags);
                if number != BELL {
                    self.turn(number as usize, flags)?;
                } else if !self.obey()? {
                    return Ok(());
                }
            }
            self.delivered.fetch_add(std::mem::take(&mut self.fresh), Relaxed);
        }
    }

    /// Begins what may begin now.
    fn connect(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((due, number))) = self.later.peek()
            && due <= now
        {
            self.later.pop();
            self.queue.push_back(number);
        }
        if self.queue.is_empty() {
            return;
        }
        let mut under_way = self.connections.iter().filter(|connection| connection.is_under_way()).count();
        while under_way < self.way.at_once
            && let Some(number) = self.queue.pop_front()
        {
            let connection = &mut self.connections[number];
            if !connection.is_wanted() || connection.is_there() {
                continue;
            }
            match connection.begin(number, &self.way, &self.epoll) {
                Ok(()) => under_way += 1,
                Err(error) => {
                    self.tallies[usize::from(connection.group)].fail(format!("cannot connect: {error}"));
                    self.later.push(Reverse((now + connection.again(), number)));
                }
            }
        }
    }

    /// Says how many are ready, when that has changed.
    fn tell(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut now = Census::default();
        for connection in &self.connections {
            now.wanted += usize::from(connection.is_wanted());
            now.ready += usize::from(connection.is_ready());
            now.lost += usize::from(connection.is_lost());
        }
        self.census.send_if_modified(|told| std::mem::replace(told, now) != now);
    }

    /// How long nothing is due.
    fn patience(&self) -> Option<Timespec> {
        let Reverse((due, _)) = self.later.peek()?;
        let wait = due.saturating_duration_since(Instant::now()) + Duration::from_micros(100);
        Some(Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) })
    }

    /// A socket can be read or written.
    fn turn(&mut self, number: usize, flags: EventFlags) -> Result<()> {
        let connection = &mut self.connections[number];
        let tally = &mut self.tallies[usize::from(connection.group)];
        let (before, was_ready) = (tally.deliveries, connection.is_ready());
        let heard = connection.turn(flags, &self.way, &*self.watch, &mut self.buffer, tally);
        self.fresh += tally.deliveries - before;
        self.changed |= was_ready != connection.is_ready() || !matches!(heard, Ok(Heard::Goes));
        match heard {
            Ok(Heard::Goes) => connection.listen(number, &self.epoll)?,
            Ok(Heard::ComeLater(wait)) => {
                tally.refused += 1;
                connection.leave();
                self.later.push(Reverse((Instant::now() + wait, number)));
            }
            Ok(Heard::Ended(code)) => {
                tally.ended += 1;
                let open = connection.was_open();
                connection.leave();
                // Before it was open nothing is lost by trying again: the server was not there yet, or no longer.
                let again = if open { self.watch.ended(&mut connection.memory, code) } else { Some(connection.again()) };
                match again {
                    Some(wait) => self.later.push(Reverse((Instant::now() + wait, number))),
                    None => {
                        connection.lose();
                        tally.fail(match code {
                            Some(code) => format!("the server closed the connection with {code}"),
                            None => "the server ended the connection".to_owned(),
                        });
                    }
                }
            }
            Err(why) => {
                tally.fail(why);
                connection.lose();
            }
        }
        Ok(())
    }

    /// Does what was ordered; false when that is to end.
    fn obey(&mut self) -> Result<bool> {
        let mut rung = [0; 8];
        match rustix::io::read(&self.bell, &mut rung) {
            Ok(_) | Err(Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        self.changed = true;
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Open { count, first, step, group } => {
                    for number in 0..count {
                        self.queue.push_back(self.connections.len());
                        self.connections.push(Connection::new(first + number * step, group));
                    }
                    self.tallies.resize_with(self.tallies.len().max(usize::from(group) + 1), Tally::default);
                }
                Order::Stall { group, stalled } => {
                    for (number, connection) in self.connections.iter_mut().enumerate().filter(|(_, connection)| connection.group == group) {
                        connection.stall(stalled);
                        connection.listen(number, &self.epoll)?;
                    }
                }
                Order::Cut { group } => self.connections.iter_mut().filter(|connection| connection.group == group).for_each(Connection::cut),
                Order::BringBack { group } => {
                    for (number, connection) in self.connections.iter_mut().enumerate().filter(|(_, c)| c.group == group && !c.is_wanted()) {
                        connection.want();
                        self.queue.push_back(number);
                    }
                }
                Order::Obeyed(reply) => {
                    self.changed = true;
                    self.tell();
                    let _ = reply.send(());
                }
                Order::Take(reply) => {
                    let fresh = vec![Tally::default(); self.tallies.len()];
                    // Whoever asked and is gone needs no answer.
                    let _ = reply.send(std::mem::replace(&mut self.tallies, fresh));
                }
                Order::Memories { group, reply } => {
                    let of_group = self.connections.iter().filter(|connection| connection.group == group);
                    let _ = reply.send(of_group.map(|connection| connection.memory.clone()).collect());
                }
                Order::End => return Ok(false),
            }
        }
        Ok(true)
    }
}
