//! A fleet of viewers: thousands of connections on a few threads, at so little CPU that the server stays the one that is measured.
//!
//! Scenarios open a fleet, steer groups of its connections (open, stall, cut, bring back) and take its counts. Each thread waits on one epoll,
//! reads into one buffer, reads the heads of frames and hands their payloads to a [`Watch`], which knows what is being said. Nothing here
//! knows Posada. No TLS, no fragments, and a server's `Sec-WebSocket-Accept` is not checked: this is a meter, not a browser.

mod changes;
mod connection;
mod engine;
pub mod frames;
mod tally;
mod viewer;

use std::{
    net::SocketAddrV4,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::future::select_all;
use rustix::{
    event::EventfdFlags,
    fd::OwnedFd,
    process::{Resource, getrlimit, setrlimit},
};
use tokio::sync::{mpsc, oneshot, watch};

pub use changes::{Change, Changes};
pub use tally::{Tally, quantile_ms};
pub use viewer::{Listener, Look, Viewer};

use engine::{Engine, Order};

/// Which of a fleet's connections are meant.
pub type Group = u8;

/// What travels around payloads.
#[derive(Clone, Debug)]
pub enum Wire {
    /// WebSocket after a handshake for this path, with a subprotocol where one is wanted.
    WebSocket { path: String, subprotocol: Option<&'static str> },
    /// The client protocol of NATS: `MSG` with a payload.
    Nats,
    /// WebSocket frames without any handshake: what `kernel-limit` sends.
    Frames,
}

/// What connections say and how they hear. One for a whole fleet; what differs per connection is its memory.
pub trait Watch: Send + Sync + 'static {
    /// What one connection remembers, also when it is cut and comes back.
    type Memory: Default + Clone + Send + 'static;

    /// What is said when the way is open. With [`Wire::Nats`] raw lines, else text messages.
    fn opening(&self, memory: &Self::Memory) -> Vec<Vec<u8>>;

    /// Whether a connection counts as ready as soon as it has said its opening; else [`Next::Ready`] says so.
    fn ready_at_once(&self) -> bool {
        false
    }

    /// A message came, at this moment.
    fn heard(&self, memory: &mut Self::Memory, payload: &[u8], at: Instant, tally: &mut Tally) -> Next;

    /// The server ended the connection, perhaps with a close code: when to come back, if at all.
    fn ended(&self, _memory: &mut Self::Memory, _code: Option<u16>) -> Option<Duration> {
        None
    }
}

/// What a connection does after a message.
#[derive(Debug)]
pub enum Next {
    Go,
    /// What was asked for is there.
    Ready,
    Say(Vec<u8>),
    /// The server asked for patience: the connection ends and comes back after this.
    Later(Duration),
    /// Something is wrong with this connection, and it ends.
    Fail(String),
}

/// Where a fleet connects to, and how.
#[derive(Clone, Debug)]
pub struct Way {
    pub address: SocketAddrV4,
    pub wire: Wire,
    /// Threads that share the connections.
    pub threads: usize,
    /// Connections of one thread that may be between connecting and ready at once.
    pub at_once: usize,
    /// Small segments and little room for what was not read yet: the server soon feels who does not read.
    pub narrow: bool,
}

/// How many connections are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Asked for and not cut.
    pub wanted: usize,
    pub ready: usize,
    /// Ended for good, though nobody here wanted it.
    pub lost: usize,
}

impl Census {
    fn and(self, other: Self) -> Self {
        Self { wanted: self.wanted + other.wanted, ready: self.ready + other.ready, lost: self.lost + other.lost }
    }
}

pub struct Fleet<W: Watch> {
    crews: Vec<Crew<W>>,
    delivered: Arc<AtomicU64>,
    opened: usize,
}

/// One thread of a fleet, seen from outside.
struct Crew<W: Watch> {
    orders: mpsc::UnboundedSender<Order<W>>,
    bell: Arc<OwnedFd>,
    census: watch::Receiver<Census>,
    thread: Option<JoinHandle<Result<()>>>,
}

// Cutting groups off and bringing them back has no scenario yet; its tests keep it honest.
#[cfg_attr(not(test), allow(dead_code))]
impl<W: Watch> Fleet<W> {
    /// A fleet without connections yet.
    pub fn start(way: &Way, watch: W) -> Result<Self> {
        raise_descriptors()?;
        let (watch, delivered) = (Arc::new(watch), Arc::new(AtomicU64::new(0)));
        let crew = |number: usize| -> Result<Crew<W>> {
            let (orders, heard) = mpsc::unbounded_channel();
            let bell = Arc::new(rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
            let (counted, census) = watch::channel(Census::default());
            let engine = Engine::new(way.clone(), Arc::clone(&watch), heard, Arc::clone(&bell), counted, Arc::clone(&delivered))?;
            let thread = std::thread::Builder::new().name(format!("fleet-{number}")).spawn(move || engine.run())?;
            Ok(Crew { orders, bell, census, thread: Some(thread) })
        };
        Ok(Self { crews: (0..way.threads.max(1)).map(crew).collect::<Result<_>>()?, delivered, opened: 0 })
    }

    /// Opens more connections, as members of a group, and waits until all of the fleet are ready. Fails early when one is lost for good.
    pub async fn open(&mut self, count: usize, group: Group, patience: Duration) -> Result<()> {
        self.begin(count, group)?;
        self.ready(self.opened, patience).await
    }

    /// Asks for more connections, as members of a group, and waits for none.
    pub fn begin(&mut self, count: usize, group: Group) -> Result<()> {
        let crews = self.crews.len();
        for (number, crew) in self.crews.iter().enumerate() {
            let first = self.opened + number;
            crew.order(Order::Open { count: count.saturating_sub(number).div_ceil(crews), first, step: crews, group })?;
        }
        self.opened += count;
        Ok(())
    }

    /// Waits until so many connections are ready.
    pub async fn ready(&mut self, count: usize, patience: Duration) -> Result<()> {
        let until = tokio::time::Instant::now() + patience;
        // The orders before were obeyed, so the census knows them.
        self.obeyed().await?;
        while self.census().ready < count {
            if self.census().wanted - self.census().lost < count {
                return Err(self.why_not_ready(count).await);
            }
            let changes = self.crews.iter_mut().map(|crew| Box::pin(crew.census.changed()));
            let changed = tokio::time::timeout_at(until, select_all(changes)).await.map(|(changed, ..)| changed);
            match changed {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(self.why_ended()),
                Err(_) => return Err(self.why_not_ready(count).await),
            }
        }
        Ok(())
    }

    /// Stops reading from a group's sockets, or reads again.
    pub fn stall(&self, group: Group, stalled: bool) -> Result<()> {
        self.crews.iter().try_for_each(|crew| crew.order(Order::Stall { group, stalled }))
    }

    /// Cuts a group's connections off without a word, as a lost network does. What they remember stays.
    pub fn cut(&self, group: Group) -> Result<()> {
        self.crews.iter().try_for_each(|crew| crew.order(Order::Cut { group }))
    }

    /// Brings a group's cut connections back, with what they remember.
    pub fn bring_back(&self, group: Group) -> Result<()> {
        self.crews.iter().try_for_each(|crew| crew.order(Order::BringBack { group }))
    }

    pub fn census(&self) -> Census {
        self.crews.iter().map(|crew| *crew.census.borrow()).fold(Census::default(), |a, b| a.and(b))
    }

    /// Changes delivered to all viewers since the start; a turn of the threads behind.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    /// What was counted since the last time, by group; the counts begin anew.
    pub async fn take(&self) -> Result<Vec<Tally>> {
        let mut all: Vec<Tally> = Vec::new();
        for crew in &self.crews {
            for (group, tally) in crew.ask(Order::Take).await?.iter().enumerate() {
                if all.len() <= group {
                    all.resize_with(group + 1, Tally::default);
                }
                all[group].add(tally);
            }
        }
        Ok(all)
    }

    /// What was counted since the last time, in all groups together.
    pub async fn take_all(&self) -> Result<Tally> {
        let mut all = Tally::default();
        self.take().await?.iter().for_each(|tally| all.add(tally));
        Ok(all)
    }

    /// What a group's connections remember.
    pub async fn memories(&self, group: Group) -> Result<Vec<W::Memory>> {
        let mut all = Vec::new();
        for crew in &self.crews {
            all.extend(crew.ask(|reply| Order::Memories { group, reply }).await?);
        }
        Ok(all)
    }

    /// Ends the threads, and says what went wrong in them.
    pub async fn end(mut self) -> Result<()> {
        for mut crew in std::mem::take(&mut self.crews) {
            crew.order(Order::End)?;
            let thread = crew.thread.take().context("a thread that ended twice")?;
            tokio::task::spawn_blocking(move || thread.join()).await?.map_err(|_| anyhow!("a fleet's thread panicked"))??;
        }
        Ok(())
    }

    async fn obeyed(&self) -> Result<()> {
        for crew in &self.crews {
            crew.ask(Order::Obeyed).await?;
        }
        Ok(())
    }

    async fn why_not_ready(&self, count: usize) -> anyhow::Error {
        match self.take_all().await {
            Ok(tally) => anyhow!("{} of {count} connections are ready; asked to come later: {}; {:?}", self.census().ready, tally.refused, tally.failures),
            Err(error) => error,
        }
    }

    fn why_ended(&mut self) -> anyhow::Error {
        let ended = self.crews.iter_mut().filter_map(|crew| crew.thread.take_if(|thread| thread.is_finished()));
        let why = ended.filter_map(|thread| thread.join().ok()).find_map(Result::err);
        why.unwrap_or_else(|| anyhow!("a fleet's thread ended early"))
    }
}

impl<W: Watch> Crew<W> {
    fn order(&self, order: Order<W>) -> Result<()> {
        ensure!(self.orders.send(order).is_ok(), "a fleet's thread has ended");
        rustix::io::write(&self.bell, &1_u64.to_ne_bytes())?;
        Ok(())
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order<W>) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.order(order(reply))?;
        answer.await.context("a fleet's thread has ended")
    }
}

impl<W: Watch> Drop for Crew<W> {
    fn drop(&mut self) {
        // Whoever does not wait for the end still has no thread left behind.
        let _ = self.order(Order::End);
    }
}

/// Every connection is a file descriptor: take as many as we may have.
fn raise_descriptors() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of file descriptors cannot be raised")
}

#[cfg(test)]
mod tests;
