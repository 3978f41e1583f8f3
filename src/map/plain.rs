//! The baseline: what somebody looks at is asked of Postgres each time, by SQL over an index, and nothing is kept.
//!
//! Asked through [`Map`](super::Map). Says what the live core says, byte for byte where a tile is concerned; only a city in whose tiles nothing is
//! and beside which another city shows is left out, where the live core names it with a total of 0.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use actors::{
    Found, HomeCard, MapAnswer, MapQuery, Shows,
    extent::meet,
    map::{CITY_LEVELS, HomeEntity, LiveMap, Mode, Shown, Summed, TileKey, WORLD_LEVELS, tiling},
    ports::CityPoint,
    scopes_of, shows, today,
    wire::ScopeName,
};
use domain::{BBox, CityId, HomeFilter, HomeId, Position, TenantId};
use gazetteer::Gazetteer;

use crate::store::{
    OwnerStore, Store, StoreError, TenantTx,
    homes::{CityFigures, CityTile, HomeAt},
    live,
};

/// No two places are farther apart, metres.
const FARTHEST: f64 = 20_100_000.0;
/// A degree of latitude is at least so many metres (110,574 at the equator).
const DEGREE: f64 = 110_500.0;
/// How far the nearest homes are looked for at first, metres, and how much farther each time.
const FIRST_LOOK: f64 = 500.0;
const FARTHER: f64 = 4.0;

pub struct Plain {
    store: Store,
    gazetteer: &'static Gazetteer,
}

/// A city's tiles in a view, and how many homes are in them.
#[derive(Default)]
struct CityView {
    homes: u32,
    tiles: HashMap<TileKey, Summed>,
}

impl Plain {
    /// Makes the index it needs, if it is not there.
    pub async fn open(store: Store, gazetteer: &'static Gazetteer, mut owner: OwnerStore) -> Result<Self, StoreError> {
        owner.index_places().await?;
        Ok(Self { store, gazetteer })
    }

    pub(super) async fn snapshot(&self, tenant: TenantId, query: MapQuery) -> Result<MapAnswer, StoreError> {
        let mut answer = MapAnswer::new(query.bbox);
        let filter = query.filter.normalised();
        let mut tx = self.store.begin_snapshot(tenant).await?;
        let shown = match shows(&query.layers, query.zoom) {
            Shows::Nothing => Vec::new(),
            Shows::World => vec![(ScopeName::World, self.world(&mut tx, query.bbox, query.zoom, &filter).await?)],
            Shows::Cities => self.cities(&mut tx, query.bbox, query.zoom, &filter).await?,
        };
        for (scope, Shown { plan, tiles }) in shown {
            // Another answer has another epoch: then its tag is another one too.
            let mut hasher = DefaultHasher::new();
            (scope.to_string(), plan.level, &plan.tiles, &tiles).hash(&mut hasher);
            answer.add(scope, format!("{:016x}", hasher.finish()).into(), 0, &plan, tiles);
        }
        Ok(answer)
    }

    async fn world(&self, tx: &mut TenantTx, bbox: BBox, zoom: f64, filter: &HomeFilter) -> Result<Shown, StoreError> {
        let counts = if filter.is_empty() { tx.count_homes().await? } else { tx.count_homes_by_city(filter).await? };
        let points = counts.into_iter().filter_map(|(id, counts)| live::point(self.gazetteer, CityFigures { id, counts, extent: None }));
        Ok(LiveMap::<CityPoint>::filled(WORLD_LEVELS, 0, points).shown(bbox, zoom))
    }

    /// The cities of a view, each as clusters or, where few of its homes match, home by home.
    async fn cities(&self, tx: &mut TenantTx, bbox: BBox, zoom: f64, filter: &HomeFilter) -> Result<Vec<(ScopeName, Shown)>, StoreError> {
        let tiling = tiling(bbox, zoom, CITY_LEVELS);
        let found = tx.count_homes_by_tile(tiling.covers, tiling.level, bbox, filter).await?;
        let scopes = scopes_of(&met(tx, bbox, &found).await?);
        let mut views: HashMap<CityId, CityView> = HashMap::new();
        for CityTile { city, x, y, homes, sums, .. } in found {
            let (Ok(x), Ok(y), Some((lat, lng, around))) = (u32::try_from(x), u32::try_from(y), sums) else { continue };
            let (tile, view) = (TileKey { z: tiling.level, x, y }, views.entry(city).or_default());
            if tiling.tiles.contains(&tile) {
                view.homes += homes;
                view.tiles.insert(tile, Summed { homes, lat, lng, around });
            }
        }
        let by_themselves: Vec<CityId> = views.iter().filter(|(_, view)| Mode::for_things(view.homes) == Mode::Entities).map(|(city, _)| *city).collect();
        let mut homes = entities(tx, tiling.covers, filter, &by_themselves).await?;
        let mut shown = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let one = match scope {
                ScopeName::World => self.world(tx, bbox, zoom, filter).await?,
                ScopeName::City(city) => match views.get(&city).filter(|view| Mode::for_things(view.homes) == Mode::Clusters) {
                    Some(view) => Summed::shown(bbox, zoom, CITY_LEVELS, &view.tiles),
                    None => LiveMap::filled(CITY_LEVELS, today(), homes.remove(&city).unwrap_or_default()).shown(bbox, zoom),
                },
            };
            shown.push((scope, one));
        }
        Ok(shown)
    }

    pub(super) async fn nearest(&self, tenant: TenantId, from: Position, most: usize, filter: &HomeFilter) -> Result<Found, StoreError> {
        let mut tx = self.store.begin_snapshot(tenant).await?;
        let mut reach = FIRST_LOOK;
        let near = loop {
            let near = by_distance(&mut tx, from, reach, filter).await?;
            if near.len() >= most || reach >= FARTHEST {
                break near;
            }
            reach = (reach * FARTHER).min(FARTHEST);
        };
        let homes = cards(&mut tx, &near[..near.len().min(most)]).await?;
        let total = homes.len() as u64;
        Ok(Found { homes, total })
    }

    pub(super) async fn within(&self, tenant: TenantId, from: Position, metres: f64, most: usize, filter: &HomeFilter) -> Result<Found, StoreError> {
        let mut tx = self.store.begin_snapshot(tenant).await?;
        let near = by_distance(&mut tx, from, metres, filter).await?;
        let homes = cards(&mut tx, &near[..near.len().min(most)]).await?;
        Ok(Found { homes, total: near.len() as u64 })
    }

    pub(super) async fn in_view(&self, tenant: TenantId, bbox: BBox, most: usize, filter: &HomeFilter) -> Result<Found, StoreError> {
        let mut tx = self.store.begin_snapshot(tenant).await?;
        let (found, total) = tx.homes_in(bbox, filter, None, Some(u32::try_from(most).unwrap_or(u32::MAX))).await?;
        let found: Vec<(HomeAt, f64)> = found.into_iter().map(|home| (home, 0.0)).collect();
        Ok(Found { homes: cards(&mut tx, &found).await?, total })
    }
}

/// The cities whose homes' box meets a view, in order. One with a home in the view does; others are looked up, all of them only if there is none.
async fn met(tx: &mut TenantTx, bbox: BBox, found: &[CityTile]) -> Result<Vec<CityId>, StoreError> {
    let mut cities: BTreeMap<CityId, bool> = BTreeMap::new();
    found.iter().for_each(|tile| *cities.entry(tile.city).or_default() |= tile.in_view);
    let (mut sure, unsure): (Vec<CityId>, Vec<CityId>) = cities.keys().partition(|city| cities[city]);
    let meeting = |figures: Vec<CityFigures>| figures.into_iter().filter(|city| city.extent.is_some_and(|extent| meet(extent, bbox))).map(|city| city.id);
    if !unsure.is_empty() {
        sure.extend(meeting(tx.city_figures(None, Some(&unsure)).await?));
    }
    if sure.is_empty() {
        sure.extend(meeting(tx.city_figures(None, None).await?));
    }
    sure.sort_unstable();
    Ok(sure)
}

/// The matching homes of some cities in a box.
async fn entities(tx: &mut TenantTx, within: BBox, filter: &HomeFilter, cities: &[CityId]) -> Result<HashMap<CityId, Vec<HomeEntity>>, StoreError> {
    let mut homes: HashMap<CityId, Vec<HomeEntity>> = HashMap::new();
    if !cities.is_empty() {
        let (found, _) = tx.homes_in(within, filter, Some(cities), None).await?;
        let found: Vec<(HomeAt, f64)> = found.into_iter().map(|home| (home, 0.0)).collect();
        for (entity, _) in read(tx, &found).await? {
            homes.entry(entity.city).or_default().push(entity);
        }
    }
    Ok(homes)
}

/// The matching homes at most so far away, nearest first, equal distances by id.
async fn by_distance(tx: &mut TenantTx, from: Position, metres: f64, filter: &HomeFilter) -> Result<Vec<(HomeAt, f64)>, StoreError> {
    let (found, _) = tx.homes_in(around(from, metres), filter, None, None).await?;
    let mut near: Vec<(HomeAt, f64)> = found.into_iter().map(|home| (home, from.metres_to(home.at))).filter(|(_, away)| *away <= metres).collect();
    near.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.id.cmp(&b.0.id)));
    Ok(near)
}

/// A box that holds everything at most so many metres away.
fn around(from: Position, metres: f64) -> BBox {
    let high = metres / DEGREE;
    let (south, north) = ((from.lat - high).max(-90.0), (from.lat + high).min(90.0));
    let widest = south.abs().max(north.abs());
    let wide = if widest >= 89.0 { 180.0 } else { high / widest.to_radians().cos() };
    let whole = BBox { south, west: -180.0, north, east: 180.0 };
    if wide >= 180.0 { whole } else { BBox::new(south, from.lng - wide, north, from.lng + wide).unwrap_or(whole) }
}

async fn cards(tx: &mut TenantTx, homes: &[(HomeAt, f64)]) -> Result<Vec<(HomeCard, f64)>, StoreError> {
    let read = read(tx, homes).await?;
    Ok(read.iter().map(|(entity, away)| (HomeCard::from(entity), *away)).collect())
}

/// Homes as the map knows them, in the order asked for.
async fn read(tx: &mut TenantTx, homes: &[(HomeAt, f64)]) -> Result<Vec<(HomeEntity, f64)>, StoreError> {
    let ids: Vec<HomeId> = homes.iter().map(|(home, _)| home.id).collect();
    let mut points: HashMap<HomeId, _> = tx.home_points(&ids).await?.into_iter().map(|point| (point.id, point)).collect();
    let today = today();
    Ok(homes.iter().filter_map(|(home, away)| Some((HomeEntity::new(points.remove(&home.id)?, home.city, today), *away))).collect())
}
