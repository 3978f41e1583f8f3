//! What the live actors share: settings, ports, threads, who is where, how many may come.
//!
//! Seats say which actor serves a key; whoever needs one starts it. A key is always on the same thread of the pool.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use actix::{Actor, Addr, ArbiterHandle, Recipient};
use domain::{CityId, StreamName, TenantId};
use tokio::sync::OnceCell;

use crate::{
    City, Inbox, World,
    config::LiveConfig,
    gates::Gates,
    hub::ToHubs,
    messages::HubId,
    ports::{Receipts, Source, SourceError},
    relay::RelayHandle,
    revoked::RecentlyRevoked,
    shares::Shares,
};

pub(crate) struct Core {
    pub(crate) config: LiveConfig,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) receipts: Arc<dyn Receipts>,
    pub(crate) relay: RelayHandle,
    pub(crate) worlds: Seats<TenantId, World>,
    pub(crate) cities: Seats<(TenantId, CityId), City>,
    pub(crate) inboxes: Seats<(TenantId, StreamName), Inbox>,
    pub(crate) gates: Gates,
    pub(crate) shares: Shares,
    pub(crate) revoked: RecentlyRevoked,
    pub(crate) hubs: Mutex<HashMap<HubId, Recipient<ToHubs>>>,
    pub(crate) draining: AtomicBool,
    /// When the relay last showed that it lives, milliseconds since `started`.
    pub(crate) relay_beat: AtomicU64,
    pub(crate) started: Instant,
    /// Which database this is; asked once.
    lineage: OnceCell<Arc<str>>,
    next_id: AtomicU64,
    pool: Vec<ArbiterHandle>,
}

impl Core {
    pub(crate) fn new(config: LiveConfig, source: Arc<dyn Source>, receipts: Arc<dyn Receipts>, relay: RelayHandle, pool: Vec<ArbiterHandle>) -> Self {
        let (gates, shares) = (Gates::new(&config), Shares::new(&config));
        Self {
            config,
            source,
            receipts,
            relay,
            worlds: Seats::default(),
            cities: Seats::default(),
            inboxes: Seats::default(),
            gates,
            shares,
            revoked: RecentlyRevoked::default(),
            hubs: Mutex::default(),
            draining: AtomicBool::new(false),
            relay_beat: AtomicU64::new(0),
            started: Instant::now(),
            lineage: OnceCell::new(),
            next_id: AtomicU64::new(1),
            pool,
        }
    }

    /// A number no other hub, view or connection of this process has.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Names the database: streams of the same name and place in it are the same stream.
    pub(crate) async fn lineage(&self) -> Result<Arc<str>, SourceError> {
        self.lineage.get_or_try_init(|| self.source.lineage()).await.cloned()
    }

    pub(crate) fn world(self: &Arc<Self>, tenant: TenantId) -> Addr<World> {
        self.worlds.get_or_start(tenant, |seat| {
            let core = self.clone();
            World::start_in_arbiter(self.thread(&tenant), move |ctx| World::new(core, tenant, seat, ctx))
        })
    }

    pub(crate) fn city(self: &Arc<Self>, tenant: TenantId, city: CityId) -> Addr<City> {
        self.cities.get_or_start((tenant, city), |seat| {
            let core = self.clone();
            City::start_in_arbiter(self.thread(&(tenant, city)), move |ctx| City::new(core, tenant, city, seat, ctx))
        })
    }

    pub(crate) fn inbox(self: &Arc<Self>, tenant: TenantId, stream: StreamName) -> Addr<Inbox> {
        self.inboxes.get_or_start((tenant, stream), |seat| {
            let core = self.clone();
            Inbox::start_in_arbiter(self.thread(&(tenant, stream)), move |ctx| Inbox::new(core, tenant, stream, seat, ctx))
        })
    }

    fn thread(&self, key: &impl Hash) -> &ArbiterHandle {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        &self.pool[(hasher.finish() % self.pool.len() as u64) as usize]
    }
}

/// How far an actor has got in its stream, for the head timer to compare. `u64::MAX` while it has not read its state.
pub(crate) type Reached = Arc<AtomicU64>;

pub(crate) struct Seats<K, A: Actor>(Mutex<HashMap<K, Seat<A>>>);

struct Seat<A: Actor> {
    actor: Addr<A>,
    reached: Reached,
}

impl<K, A: Actor> Default for Seats<K, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Copy, A: Actor<Context = actix::Context<A>>> Seats<K, A> {
    /// The actor of a key if it runs.
    pub(crate) fn get(&self, key: K) -> Option<Addr<A>> {
        self.lock().get(&key).map(|seat| seat.actor.clone()).filter(Addr::connected)
    }

    fn get_or_start(&self, key: K, start: impl FnOnce(Reached) -> Addr<A>) -> Addr<A> {
        let mut seats = self.lock();
        if let Some(seat) = seats.get(&key).filter(|seat| seat.actor.connected()) {
            return seat.actor.clone();
        }
        let reached = Reached::new(AtomicU64::new(u64::MAX));
        let actor = start(reached.clone());
        seats.insert(key, Seat { actor: actor.clone(), reached });
        actor
    }

    /// Frees the seat, unless somebody else took it meanwhile.
    pub(crate) fn leave(&self, key: K, reached: &Reached) {
        let mut seats = self.lock();
        if seats.get(&key).is_some_and(|seat| Arc::ptr_eq(&seat.reached, reached)) {
            seats.remove(&key);
        }
    }

    /// Every running actor with how far it is.
    pub(crate) fn all(&self) -> Vec<(K, Addr<A>, u64)> {
        self.lock()
            .iter()
            .filter(|(_, seat)| seat.actor.connected())
            .map(|(key, seat)| (*key, seat.actor.clone(), seat.reached.load(Ordering::Relaxed)))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Seat<A>>> {
        // A map of addresses is whole after any panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
