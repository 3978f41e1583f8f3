//! A truth to read from: homes of cities and their streams, as Postgres would have them. Can be told to fail.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::SystemTime,
};

use actors::{
    Live, LiveConfig, RelayHandle,
    ports::{Answer, CityPoint, CityState, Receipts, Source, SourceError},
};
use domain::{
    BBox, CityId, Event, HomeFilter, HomeId, MemberId, Position, StreamName, TenantId,
    home::{HomeKind, Offer},
    live::{CityChange, CityCounts, HomePoint},
};
use time::OffsetDateTime;
use uuid::Uuid;

pub const TENANT: TenantId = TenantId(Uuid::from_u128(1));
pub const CITY: CityId = CityId(3_128_760);

#[derive(Default)]
struct Truth {
    homes: HashMap<CityId, BTreeMap<HomeId, HomePoint>>,
    streams: HashMap<StreamName, Vec<Event>>,
    delivered: HashMap<MemberId, u64>,
    seen: HashMap<MemberId, u64>,
}

#[derive(Default)]
pub struct Universe {
    truth: Mutex<Truth>,
    failures: AtomicU32,
    /// How often it was put back to an older copy.
    copies: AtomicU32,
    pub reads: AtomicU64,
}

pub fn home(n: u128, lat: f64, lng: f64) -> HomePoint {
    HomePoint {
        id: HomeId(Uuid::from_u128(n)),
        kind: HomeKind::ALL[n as usize % HomeKind::ALL.len()],
        offer: Offer::EntirePlace,
        title: format!("Home {n}"),
        guests: 1 + (n % 6) as u8,
        price: None,
        at: Position::new(lat, lng).unwrap(),
        rooms: Vec::new(),
    }
}

impl Universe {
    pub fn live(self: &Arc<Self>, config: LiveConfig) -> Live {
        Live::start(config, self.clone(), |_: RelayHandle| self.clone())
    }

    /// The next reads fail.
    pub fn fails(&self, times: u32) {
        self.failures.store(times, Ordering::SeqCst);
    }

    /// Commits a change of a city; the event that tells it.
    pub fn changes(&self, city: CityId, put: Vec<HomePoint>, gone: Vec<HomeId>) -> Event {
        let mut truth = self.truth.lock().unwrap();
        let homes = truth.homes.entry(city).or_default();
        let mut left: Vec<Position> = gone.iter().filter_map(|id| homes.remove(id)).map(|home| home.at).collect();
        left.extend(put.iter().filter_map(|home| homes.insert(home.id, home.clone())).map(|home| home.at));
        let counts = CityCounts { homes: homes.len() as u32, hosts: homes.len() as u32 };
        let body = serde_json::value::to_raw_value(&CityChange { put, gone, left: Some(left), counts }).unwrap();
        truth.record(StreamName::City(city), "homes_changed", body)
    }

    /// It is no longer the one whose streams anybody was told of.
    pub fn is_another(&self) {
        self.copies.fetch_add(1, Ordering::SeqCst);
    }

    /// Makes the events of a city as an older version wrote them: without where homes stood.
    pub fn was_written_long_ago(&self, city: CityId) {
        for event in self.truth.lock().unwrap().streams.get_mut(&StreamName::City(city)).unwrap() {
            let mut change: CityChange = serde_json::from_str(event.body.get()).unwrap();
            change.left = None;
            event.body = serde_json::value::to_raw_value(&change).unwrap().into();
        }
    }

    /// Commits something on a member's own stream.
    pub fn tells(&self, member: MemberId) -> Event {
        let body = serde_json::value::to_raw_value("something").unwrap();
        self.truth.lock().unwrap().record(StreamName::Member(member), "tested", body)
    }

    /// Forgets the events of a stream up to `seq`, as a retention would.
    pub fn trims(&self, stream: StreamName, seq: u64) {
        self.truth.lock().unwrap().streams.get_mut(&stream).unwrap().retain(|event| event.seq > seq);
    }

    pub fn homes(&self, city: CityId) -> Vec<HomePoint> {
        self.truth.lock().unwrap().homes.get(&city).into_iter().flat_map(BTreeMap::values).cloned().collect()
    }

    pub fn receipts(&self, member: MemberId) -> (u64, u64) {
        let truth = self.truth.lock().unwrap();
        (truth.delivered.get(&member).copied().unwrap_or(0), truth.seen.get(&member).copied().unwrap_or(0))
    }

    fn answer<T: Send + 'static>(&self, read: impl FnOnce(&Truth) -> T) -> Answer<T> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let fails = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        let answer = if fails { Err(SourceError("a drill".into())) } else { Ok(read(&self.truth.lock().unwrap())) };
        Box::pin(async move { answer })
    }
}

impl Truth {
    fn record(&mut self, stream: StreamName, kind: &str, body: Box<serde_json::value::RawValue>) -> Event {
        let events = self.streams.entry(stream).or_default();
        let seq = events.last().map_or(0, |last| last.seq) + 1;
        let event = Event { tenant: TENANT, stream, seq, at: OffsetDateTime::now_utc(), kind: kind.into(), body: body.into() };
        events.push(event.clone());
        event
    }

    fn head(&self, stream: StreamName) -> u64 {
        self.streams.get(&stream).and_then(|events| events.last()).map_or(0, |last| last.seq)
    }

    fn point(&self, city: CityId, homes: &[&HomePoint]) -> CityPoint {
        let edge = |of: fn(&HomePoint) -> f64, pick: fn(f64, f64) -> f64| homes.iter().map(|h| of(h)).reduce(pick);
        let extent = || {
            Some(BBox {
                south: edge(|h| h.at.lat, f64::min)?,
                west: edge(|h| h.at.lng, f64::min)?,
                north: edge(|h| h.at.lat, f64::max)?,
                east: edge(|h| h.at.lng, f64::max)?,
            })
        };
        CityPoint {
            id: city,
            name: format!("City {city}"),
            country: "ES".into(),
            at: Position::new(if city == CITY { 41.39 } else { 40.4 }, 2.16).unwrap(),
            counts: CityCounts { homes: homes.len() as u32, hosts: homes.len() as u32 },
            extent: extent(),
        }
    }

    fn points(&self) -> Vec<CityPoint> {
        self.homes.iter().map(|(city, homes)| self.point(*city, &homes.values().collect::<Vec<_>>())).collect()
    }
}

impl Source for Universe {
    fn lineage(&self) -> Answer<Arc<str>> {
        let copy = self.copies.load(Ordering::SeqCst);
        self.answer(move |_| format!("universe {copy}").into())
    }

    fn city(&self, _: TenantId, city: CityId) -> Answer<CityState> {
        self.answer(|truth| CityState {
            homes: truth.homes.get(&city).into_iter().flat_map(BTreeMap::values).cloned().collect(),
            head: truth.head(StreamName::City(city)),
        })
    }

    fn world(&self, _: TenantId) -> Answer<Vec<CityPoint>> {
        self.answer(|truth| truth.points().into_iter().filter(|city| city.counts.homes > 0).collect())
    }

    fn world_changed_since(&self, _: TenantId, _: SystemTime) -> Answer<Vec<CityPoint>> {
        self.answer(Truth::points)
    }

    fn world_filtered(&self, _: TenantId, filter: HomeFilter) -> Answer<Vec<(CityId, CityCounts)>> {
        let matches =
            move |home: &HomePoint| (filter.kinds.is_empty() || filter.kinds.contains(&home.kind)) && filter.guests.is_none_or(|guests| home.guests >= guests);
        self.answer(move |truth| {
            let counted = truth.homes.iter().map(|(city, homes)| (*city, homes.values().filter(|home| matches(home)).count() as u32));
            counted.filter(|(_, n)| *n > 0).map(|(city, n)| (city, CityCounts { homes: n, hosts: n })).collect()
        })
    }

    fn events(&self, _: TenantId, stream: StreamName, since: u64, limit: u32) -> Answer<Vec<Event>> {
        self.answer(|truth| truth.streams.get(&stream).into_iter().flatten().filter(|e| e.seq > since).take(limit as usize).cloned().collect())
    }

    fn heads(&self, _: TenantId, streams: Vec<StreamName>) -> Answer<Vec<(StreamName, u64)>> {
        self.answer(|truth| streams.into_iter().map(|stream| (stream, truth.head(stream))).filter(|(_, head)| *head > 0).collect())
    }
}

impl Receipts for Universe {
    fn delivered(&self, _: TenantId, member: MemberId, seq: u64) -> Answer<()> {
        self.truth.lock().unwrap().delivered.insert(member, seq);
        Box::pin(async { Ok(()) })
    }

    fn seen(&self, _: TenantId, member: MemberId, seq: u64) -> Answer<()> {
        self.truth.lock().unwrap().seen.insert(member, seq);
        Box::pin(async { Ok(()) })
    }
}

/// Quick enough for tests; the same rules.
pub fn quick() -> LiveConfig {
    LiveConfig { threads: 1, head_check_ms: 50, near_hz: 40.0, middle_hz: 40.0, far_hz: 40.0, ..LiveConfig::default() }
}
