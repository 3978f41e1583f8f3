//! The live core as the server holds it: started once, asked by HTTP, joined by connections, told what was committed.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::{Addr, Arbiter, Recipient, Supervisor};
use domain::{CityId, StreamName, TenantId};
use futures_util::future::join_all;
use tokio::sync::mpsc;

use crate::{
    Hub,
    config::LiveConfig,
    core::Core,
    gates::{Admitted, TooMany},
    hub::{ConnId, Revoked, ToHubs},
    mailbox,
    messages::{Drill, Settle},
    ports::{Receipts, Source},
    relay::{INTAKE, Relay, RelayHandle},
    telemetry,
};

/// How long cities may take to tell what they have before everyone is asked to go.
const SETTLE: Duration = Duration::from_secs(1);

/// The live core. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    pub(crate) core: Arc<Core>,
    relay: Recipient<Drill>,
    _arbiters: Arc<Pool>,
}

/// The threads; stopped when the last `Live` goes.
struct Pool(Vec<Arbiter>);

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.iter().for_each(|arbiter| {
            arbiter.stop();
        });
    }
}

/// What to break in a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Relay,
    World(TenantId),
    City(TenantId, CityId),
    Inbox(TenantId, StreamName),
}

/// How the core is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Since the relay last looked at its streams.
    pub relay_silent_ms: u64,
    pub worlds: usize,
    pub cities: usize,
    pub inboxes: usize,
    pub hubs: usize,
}

/// One tenant's part of this node. The last three count since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfTenant {
    pub tenant: TenantId,
    pub connections: u32,
    /// Newcomers that a limit of theirs refused.
    pub refused: u64,
    pub snapshots: u64,
    /// Given to outlets.
    pub bytes: u64,
}

/// A hub, and the core it belongs to.
type HubOf = (Weak<Core>, Addr<Hub>);

thread_local! {
    /// This thread's hub, for each core that runs in the process (tests run many).
    static HUBS: RefCell<HashMap<usize, HubOf>> = RefCell::default();
}

impl Live {
    /// Starts the relay and the threads; worlds, cities and inboxes start when somebody looks. Needs a running actix system.
    /// `receipts` gets the relay's handle: what clients say they took is told to others.
    pub fn start(config: LiveConfig, source: Arc<dyn Source>, receipts: impl FnOnce(RelayHandle) -> Arc<dyn Receipts>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = if config.threads == 0 { (cores / 2).max(1) } else { config.threads };
        let arbiters: Vec<_> = (0..threads).map(|_| Arbiter::new()).collect();
        let (give, intake) = mpsc::channel(INTAKE);
        let pool = arbiters.iter().map(Arbiter::handle).collect();
        let relay = RelayHandle::new(give);
        let core = Arc::new(Core::new(config, source, receipts(relay.clone()), relay, pool));
        let intake = Arc::new(Mutex::new(intake));
        let relay = {
            let core = core.clone();
            Supervisor::start_in_arbiter(&arbiters[0].handle(), move |_| Relay::new(core, intake)).recipient()
        };
        Self { core, relay, _arbiters: Arc::new(Pool(arbiters)) }
    }

    /// Where commands hand over what they committed.
    pub fn relay(&self) -> RelayHandle {
        self.core.relay.clone()
    }

    pub fn config(&self) -> &LiveConfig {
        &self.core.config
    }

    /// The hub of the calling thread, started if it has none.
    pub fn hub(&self) -> Addr<Hub> {
        HUBS.with_borrow_mut(|hubs| {
            hubs.retain(|_, (core, hub)| core.strong_count() > 0 && hub.connected());
            let key = Arc::as_ptr(&self.core) as usize;
            let (_, hub) = hubs.entry(key).or_insert_with(|| (Arc::downgrade(&self.core), Hub::begin(self.core.clone())));
            hub.clone()
        })
    }

    /// A place for a new connection of a tenant, or when to ask again.
    pub fn admit(&self, tenant: TenantId) -> Result<Admitted, TooMany> {
        if self.is_draining() {
            return Err(TooMany { limit: "draining", retry_after_ms: 2_000 });
        }
        self.core.gates.enter(tenant, Instant::now())
    }

    /// A number for a new connection.
    pub fn next_conn(&self) -> ConnId {
        self.core.next_id()
    }

    /// Ends the connections this concerns, on every hub, with a code that says do not reconnect; and those that are about to join on
    /// what was known before. `since`: when it became true.
    pub fn revoke(&self, revoked: Revoked, since: Instant) {
        // First: a join that this list did not stop is in its hub's mailbox before the message below.
        self.core.revoked.note(revoked.clone(), Instant::now());
        for hub in self.hubs() {
            // do_send: a revocation must not be lost to a full mailbox, and there are few.
            hub.do_send(ToHubs::Revoke(revoked.clone(), since));
        }
    }

    pub fn is_draining(&self) -> bool {
        self.core.draining.load(Ordering::Relaxed)
    }

    /// Says goodbye to everyone, so that they come back at the configured rate, and waits until they are gone or the time is up.
    pub async fn drain(&self, at_most: Duration) {
        self.core.draining.store(true, Ordering::Relaxed);
        let open = self.core.gates.open();
        let within_ms = (u64::from(open) * 1_000 / u64::from(self.core.config.drain_per_s.max(1))).clamp(500, 60_000);
        tracing::info!(open, within_ms, "live connections are asked to come back later");
        // What is on its way to a city's viewers goes first, and how far that is: so they can go on from there at another process.
        let cities = self.core.cities.all();
        let settled = join_all(cities.iter().map(|(_, city, _)| city.send(Settle)));
        let _ = tokio::time::timeout(SETTLE, settled).await; // Who is told less may have to be told more when they come back.
        for hub in self.hubs() {
            // do_send: the last thing a hub is told must not be lost.
            hub.do_send(ToHubs::Drain { away_ms: self.core.config.drain_away_ms, within_ms });
        }
        let until = Instant::now() + at_most;
        while self.core.gates.open() > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn hubs(&self) -> Vec<Recipient<ToHubs>> {
        self.core.hubs.lock().map(|hubs| hubs.values().cloned().collect()).unwrap_or_default()
    }

    /// Sets the series that are only worth looking at when somebody asks: mailboxes, and what the relay has before it.
    pub fn sample(&self) {
        mailbox::sample();
        metrics::gauge!(telemetry::INTAKE).set(self.core.relay.waiting() as f64);
    }

    /// What each tenant that came has open here, and what it took since the start.
    pub fn of_tenants(&self) -> Vec<OfTenant> {
        let open = self.core.gates.of_tenants();
        open.into_iter()
            .map(|(tenant, connections, refused)| {
                let (snapshots, bytes) = self.core.shares.of(tenant).total();
                OfTenant { tenant, connections, refused, snapshots, bytes }
            })
            .collect()
    }

    pub fn connections(&self) -> u32 {
        self.core.gates.open()
    }

    pub fn health(&self) -> Health {
        let now = self.core.started.elapsed().as_millis() as u64;
        Health {
            relay_silent_ms: now.saturating_sub(self.core.relay_beat.load(Ordering::Relaxed)),
            worlds: self.core.worlds.len(),
            cities: self.core.cities.len(),
            inboxes: self.core.inboxes.len(),
            hubs: self.hubs().len(),
        }
    }

    /// Breaks something on purpose. False if it does not run.
    pub fn drill(&self, target: Target, drill: Drill) -> bool {
        // do_send: a drill that is lost proves nothing.
        match target {
            Target::Relay => {
                self.relay.do_send(drill);
                true
            }
            Target::World(tenant) => self.core.worlds.get(tenant).map(|actor| actor.do_send(drill)).is_some(),
            Target::City(tenant, city) => self.core.cities.get((tenant, city)).map(|actor| actor.do_send(drill)).is_some(),
            Target::Inbox(tenant, stream) => self.core.inboxes.get((tenant, stream)).map(|actor| actor.do_send(drill)).is_some(),
        }
    }
}
