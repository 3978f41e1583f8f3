//! What HTTP asks of the live core and gets once: a map as a snapshot would show it, the nearest homes, those within a radius or a box.
//!
//! Answered by the same worlds and cities that serve connections, so that both say the same. A full mailbox or a slow build is an
//! error that says when to ask again; nothing here waits for longer than [`PATIENCE`].

use std::{sync::Arc, time::Duration};

use actix::{Addr, Handler, prelude::SendError};
use bytes::Bytes;
use domain::{
    BBox, CityId, HomeFilter, HomeId, Position, Price, TenantId,
    home::{HomeKind, Offer},
};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::{
    board::{Board, Once},
    core::Core,
    extent,
    live::Live,
    mailbox::{Counted, Posted},
    map::{HomeEntity, Matcher, ViewPlan},
    messages::Ask,
    ports::CityPoint,
    wire::{Layer, ScopeName},
    world::{AskFiltered, State},
};

/// A world or city that is built from Postgres takes less than this, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoAnswer {
    #[error("the live core is busy; ask again in {retry_after_ms} ms")]
    Busy { retry_after_ms: u64 },
    #[error("the map could not be read in time")]
    Late,
}

/// What to show.
#[derive(Clone, Debug)]
pub struct MapQuery {
    pub bbox: BBox,
    /// 0 to 22.
    pub zoom: f64,
    pub layers: Vec<Layer>,
    pub filter: HomeFilter,
}

/// A map as snapshot frames would bring it.
#[derive(Clone, Debug)]
pub struct MapAnswer {
    pub scopes: Vec<ScopeAnswer>,
    pub covers: BBox,
    /// Matching homes in the tiles.
    pub homes: u64,
    /// Cities with matching homes in the tiles.
    pub cities: u64,
}

#[derive(Clone, Debug)]
pub struct ScopeAnswer {
    pub scope: ScopeName,
    pub epoch: Arc<str>,
    pub tick: u64,
    pub level: u8,
    pub mode: &'static str,
    pub covers: BBox,
    /// Matching things in the tiles.
    pub things: u64,
    /// JSON, one chunk each.
    pub tiles: Vec<Bytes>,
}

/// A home in a list: public facts only.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct HomeCard {
    pub id: HomeId,
    pub city: CityId,
    pub kind: HomeKind,
    pub offer: Offer,
    pub title: String,
    pub guests: u8,
    pub price: Option<Price>,
    pub lat: f64,
    pub lng: f64,
    pub free_tonight: bool,
    pub rooms: u32,
}

/// A list that may be cut, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Nearest first, with metres; in a box by id, with 0.
    pub homes: Vec<(HomeCard, f64)>,
    pub total: u64,
}

impl From<&HomeEntity> for HomeCard {
    fn from(home: &HomeEntity) -> Self {
        Self {
            id: home.id,
            city: home.city,
            kind: home.kind,
            offer: home.offer,
            title: home.title.to_string(),
            guests: home.guests,
            price: home.price,
            lat: home.at.lat,
            lng: home.at.lng,
            free_tonight: home.free_tonight(),
            rooms: home.rooms() as u32,
        }
    }
}

impl MapAnswer {
    /// Of a view of this box in which nothing is shown yet.
    pub fn new(bbox: BBox) -> Self {
        Self { scopes: Vec::new(), covers: bbox, homes: 0, cities: 0 }
    }

    /// Adds what a world or a city shows. `tiles`: JSON, one chunk each, without those that show nothing.
    pub fn add(&mut self, scope: ScopeName, epoch: Arc<str>, tick: u64, plan: &ViewPlan, tiles: Vec<Bytes>) {
        self.homes += u64::from(plan.total.homes);
        self.cities += match scope {
            ScopeName::World => u64::from(plan.total.things),
            ScopeName::City(_) => u64::from(plan.total.things > 0),
        };
        self.covers = plan.covers;
        let things = u64::from(plan.total.things);
        self.scopes.push(ScopeAnswer { scope, epoch, tick, level: plan.level, mode: plan.mode.code(), covers: plan.covers, things, tiles });
    }

    /// `{"scopes":[…],"covers":[…],"total":{"homes":…,"cities":…}}`.
    pub fn json(&self) -> Vec<u8> {
        let of = |bbox: BBox| serde_json::to_string(&bbox).unwrap_or_default();
        let mut out = Vec::with_capacity(256 + self.scopes.iter().flat_map(|s| &s.tiles).map(Bytes::len).sum::<usize>());
        out.extend_from_slice(br#"{"scopes":["#);
        for (n, scope) in self.scopes.iter().enumerate() {
            let ScopeAnswer { scope, epoch, tick, level, mode, covers, things, tiles } = scope;
            let comma = if n == 0 { "" } else { "," };
            let head = format!(
                r#"{comma}{{"scope":"{scope}","epoch":"{epoch}","tick":{tick},"level":{level},"mode":"{mode}","covers":{},"total":{{"n":{things}}},"tiles":["#,
                of(*covers)
            );
            out.extend_from_slice(head.as_bytes());
            for (n, tile) in tiles.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(tile);
            }
            out.extend_from_slice(b"]}");
        }
        out.extend_from_slice(format!(r#"],"covers":{},"total":{{"homes":{},"cities":{}}}}}"#, of(self.covers), self.homes, self.cities).as_bytes());
        out
    }

    /// Equal for equal answers: names build, plan and tick of every scope.
    pub fn etag(&self) -> String {
        let scopes: Vec<String> = self.scopes.iter().map(|s| format!("{}-{}", s.epoch, s.tick)).collect();
        if scopes.len() <= 4 {
            return scopes.join("_");
        }
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        scopes.hash(&mut hasher);
        format!("{:016x}-{}", hasher.finish(), scopes.len())
    }
}

impl Live {
    /// What a view would be shown.
    pub async fn snapshot(&self, tenant: TenantId, query: MapQuery) -> Result<MapAnswer, NoAnswer> {
        let filter = Arc::new(query.filter.clone().normalised());
        let scopes = match crate::hub::shows(&query.layers, query.zoom) {
            crate::hub::Shows::Nothing => Vec::new(),
            crate::hub::Shows::World => vec![ScopeName::World],
            crate::hub::Shows::Cities => crate::hub::scopes_of(&self.cities_in(tenant, query.bbox).await?),
        };
        let mut answer = MapAnswer::new(query.bbox);
        for scope in scopes {
            let once = match scope {
                ScopeName::World => self.look_at_world(tenant, &query, filter.clone()).await?,
                ScopeName::City(city) => self.look_at_city(tenant, city, &query, filter.clone()).await?,
            };
            let Once { epoch, tick, plan, chunks } = once;
            answer.add(scope, epoch, tick, &plan, chunks);
        }
        Ok(answer)
    }

    /// The nearest matching homes of the tenant, whatever city they are in.
    pub async fn nearest(&self, tenant: TenantId, from: Position, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        let mut near = self.cities_by_distance(tenant, from).await?;
        near.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut found: Vec<(HomeCard, f64)> = Vec::new();
        let matcher = Matcher::new(filter);
        for (city, least) in near {
            // What is farther than the farthest that will be shown cannot matter.
            if found.len() >= most && found.last().is_some_and(|(_, worst)| least > *worst) {
                break;
            }
            let here = self
                .ask_city(tenant, city, move |board| {
                    board.map().nearest(from, most, &matcher).into_iter().map(|(home, metres)| (HomeCard::from(home), metres)).collect::<Vec<_>>()
                })
                .await?;
            found.extend(here);
            found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.id.cmp(&b.0.id)));
            found.truncate(most);
        }
        let total = found.len() as u64;
        Ok(Found { homes: found, total })
    }

    /// The matching homes at most so many metres away, nearest first; `total` counts all of them.
    pub async fn within(&self, tenant: TenantId, from: Position, metres: f64, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        let near = self.cities_by_distance(tenant, from).await?;
        let (mut homes, mut total) = (Vec::new(), 0);
        let matcher = Matcher::new(filter);
        for (city, _) in near.into_iter().filter(|(_, least)| *least <= metres) {
            let (here, count) = self
                .ask_city(tenant, city, move |board| {
                    let all = board.map().within(from, metres, &matcher);
                    (all.iter().take(most).map(|(home, away)| (HomeCard::from(*home), *away)).collect::<Vec<_>>(), all.len() as u64)
                })
                .await?;
            homes.extend(here);
            total += count;
        }
        homes.sort_by(|a: &(HomeCard, f64), b| a.1.total_cmp(&b.1).then(a.0.id.cmp(&b.0.id)));
        homes.truncate(most);
        Ok(Found { homes, total })
    }

    /// The matching homes in exactly this box, by id; `total` counts all of them.
    pub async fn in_view(&self, tenant: TenantId, bbox: BBox, most: usize, filter: &HomeFilter) -> Result<Found, NoAnswer> {
        let (mut homes, mut total) = (Vec::new(), 0);
        let matcher = Matcher::new(filter);
        for city in self.cities_in(tenant, bbox).await? {
            let (here, count) = self
                .ask_city(tenant, city, move |board| {
                    let mut all: Vec<&HomeEntity> = board.map().in_bbox(bbox, &matcher).collect();
                    all.sort_unstable_by_key(|home| home.id);
                    (all.iter().take(most).map(|home| (HomeCard::from(*home), 0.0)).collect::<Vec<_>>(), all.len() as u64)
                })
                .await?;
            homes.extend(here);
            total += count;
        }
        homes.sort_by_key(|(home, _)| home.id);
        homes.truncate(most);
        Ok(Found { homes, total })
    }

    /// The smallest box around a city's homes; none while it has none.
    pub async fn city_extent(&self, tenant: TenantId, city: CityId) -> Result<Option<BBox>, NoAnswer> {
        self.ask_city(tenant, city, |board| board.map().extent()).await
    }

    /// The cities of a tenant with homes in a box.
    pub async fn cities_in(&self, tenant: TenantId, bbox: BBox) -> Result<Vec<CityId>, NoAnswer> {
        self.ask_world(tenant, move |state| state.cities_in(bbox)).await
    }

    /// Every city with homes, and the metres that lie at least between a place and them.
    async fn cities_by_distance(&self, tenant: TenantId, from: Position) -> Result<Vec<(CityId, f64)>, NoAnswer> {
        self.ask_world(tenant, move |state| {
            let with_homes = state.base.map().iter().filter(|city| city.counts.homes > 0);
            with_homes.filter_map(|city| city.extent.map(|e| (city.id, extent::least_metres(from, e)))).collect()
        })
        .await
    }

    async fn look_at_world(&self, tenant: TenantId, query: &MapQuery, filter: Arc<HomeFilter>) -> Result<Once, NoAnswer> {
        let (bbox, zoom) = (query.bbox, query.zoom);
        if filter.is_empty() {
            return self.ask_world(tenant, move |state| state.base.once(bbox, zoom, &HomeFilter::default())).await;
        }
        let ask = || {
            let (ask, wait) = Ask::new(move |board: &mut Board<CityPoint>| board.once(bbox, zoom, &HomeFilter::default()));
            (AskFiltered(filter.clone(), ask), wait)
        };
        patiently(&self.core, |core| core.world(tenant), ask).await
    }

    async fn look_at_city(&self, tenant: TenantId, city: CityId, query: &MapQuery, filter: Arc<HomeFilter>) -> Result<Once, NoAnswer> {
        let (bbox, zoom) = (query.bbox, query.zoom);
        self.ask_city(tenant, city, move |board| board.once(bbox, zoom, &filter)).await
    }

    async fn ask_world<R: Send + 'static>(&self, tenant: TenantId, ask: impl Fn(&mut State) -> R + Clone + Send + 'static) -> Result<R, NoAnswer> {
        patiently(&self.core, |core| core.world(tenant), || Ask::new(ask.clone())).await
    }

    async fn ask_city<R: Send + 'static>(
        &self,
        tenant: TenantId,
        city: CityId,
        ask: impl Fn(&mut Board<HomeEntity>) -> R + Clone + Send + 'static,
    ) -> Result<R, NoAnswer> {
        patiently(&self.core, |core| core.city(tenant, city), || Ask::new(ask.clone())).await
    }
}

/// Asks, and asks once more if the actor died over it.
async fn patiently<A, M, R>(core: &Arc<Core>, actor: impl Fn(&Arc<Core>) -> Addr<A>, ask: impl Fn() -> (M, oneshot::Receiver<R>)) -> Result<R, NoAnswer>
where
    A: Handler<Posted<M>> + Counted + actix::Actor<Context = actix::Context<A>>,
    M: actix::Message<Result = ()> + Send + 'static,
{
    for _ in 0..2 {
        let (message, wait) = ask();
        match actor(core).try_send(Posted::to::<A>(message)) {
            Err(SendError::Full(_)) => return Err(NoAnswer::Busy { retry_after_ms: 500 }),
            Err(SendError::Closed(_)) => continue,
            Ok(()) => {}
        }
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(_)) => {}
            Err(_) => return Err(NoAnswer::Late),
        }
    }
    Err(NoAnswer::Late)
}
