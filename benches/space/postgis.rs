//! The same views of the same places, from the live map and from PostGIS in turns: what either needs until the answer's JSON is there.
//!
//! PostGIS is given its best: the places in the order of its own index and in its memory, prepared statements, a local socket, no row
//! security, parallel plans, and JSON made whichever way is quicker, by Postgres or by the one who asks.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use actors::{
    map::{CITY_LEVELS, Group, HomeEntity, LiveMap, Matcher, Mode, ViewPlan},
    wire::Encoding,
};
use anyhow::{Context as _, bail};
use clap::Args;
use domain::BBox;
use posada::embedded_postgres::{Cluster, Options};
use serde::Serialize;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::{
    places::{self, Chance, Places, TODAY},
    report::{Report, Target, percentile},
    watch::Watch,
};

#[derive(Args)]
pub struct Order {
    /// Places on the map and in the table
    #[arg(long, default_value_t = 1_000_000)]
    places: usize,
    /// Different views that show each thing, and that show clusters
    #[arg(long, default_value_t = 40)]
    views: usize,
    /// Times that every view is asked of either, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { places: 1_000_000, views: 40, rounds: 5 }
    }
}

const HOME: &str = "select id, kind, title, guests, price, currency, lat, lng from places where geom && ST_MakeEnvelope($1, $2, $3, $4, 3857)";
const HOMES_AS_JSON: &str =
    "select coalesce(json_agg(json_build_object('id', id, 'c', 'home', 'y', lat, 'x', lng, 'kind', kind, 'title', title, 'guests', guests,
     'price', json_build_object('amount', price, 'currency', currency), 'tonight', true)), '[]')::text, count(*)
     from places where geom && ST_MakeEnvelope($1, $2, $3, $4, 3857)";
const CLUSTERS_AS_JSON: &str = "select coalesce(json_agg(json_build_object('id', tx || '/' || ty, 'c', 'cluster', 'y', y, 'x', x, 'n', n, 'homes', n, 'box', json_build_array(s, w, t, e))), '[]')::text,
     coalesce(sum(n), 0)::int8 from (
         select floor((ST_X(geom) + 20037508.342789244) / $5)::int as tx, floor((20037508.342789244 - ST_Y(geom)) / $5)::int as ty,
                count(*) as n, avg(lat) as y, avg(lng) as x, min(lat) as s, min(lng) as w, max(lat) as t, max(lng) as e
         from places where geom && ST_MakeEnvelope($1, $2, $3, $4, 3857) group by 1, 2) c";

/// Metres from the middle of the square world to its edge (EPSG:3857).
const EDGE: f64 = 20_037_508.342_789_244;

/// A view as either side is asked for it. Both answer for the tiles it covers.
struct View {
    bbox: BBox,
    zoom: f64,
    plan: ViewPlan,
}

pub async fn run(order: &Order) -> anyhow::Result<Report> {
    let Places { homes, told } = places::made(order.places)?;
    println!("{told}");
    let map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(places::entity));
    let dir = std::env::temp_dir().join(format!("posada-space-{}", std::process::id()));
    let _watch = Watch::over(&dir);
    let (cluster, mut postgis) = start(dir).await?;
    load(&mut postgis, &homes).await?;

    let mut report = Report::new("space beside PostGIS");
    report.figure("places", homes.len() as f64);
    let mut chance = Chance(9);
    let some = |chance: &mut Chance| homes[chance.below(homes.len())].at;
    let mut screens = |zoom: f64, mode: Mode| {
        let views = std::iter::repeat_with(|| view(&map, screen(some(&mut chance), zoom), zoom)).take(100 * order.views);
        let found: Vec<View> = views.filter(|view| view.plan.mode == mode).take(order.views).collect();
        anyhow::ensure!(!found.is_empty(), "no view at zoom {zoom} shows {}: too few places, or too many", mode.code());
        Ok(found)
    };
    let (streets, town) = (screens(20.0, Mode::Entities)?, screens(13.0, Mode::Clusters)?);
    let whole = map.extent().context("places have an extent")?;
    let city: Vec<View> = (0..order.views.div_ceil(8)).map(|_| view(&map, whole, 12.0)).collect();

    compare("entities of a view", &streets, &map, &mut postgis, order.rounds, &mut report, Some(15.0)).await?;
    compare("clusters of a town", &town, &map, &mut postgis, order.rounds, &mut report, None).await?;
    compare("clusters of the city", &city, &map, &mut postgis, order.rounds, &mut report, Some(300.0)).await?;
    every_zoom(&map, &homes, &mut report);
    moves(map, &mut report);
    postgis.close().await?;
    cluster.stop();
    Ok(report)
}

async fn start(dir: std::path::PathBuf) -> anyhow::Result<(Cluster, PgConnection)> {
    let options = Options { dir, binaries: None, throw_away: true };
    let begin = |options: Options| tokio::task::spawn_blocking(move || Cluster::start(&options));
    let cluster = begin(options.clone()).await??;
    let mut postgres = PgConnection::connect_with(&cluster.connect().username("postgres").database("postgres")).await?;
    let major: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int / 10000").fetch_one(&mut postgres).await?;
    if sqlx::query("select from pg_available_extensions where name = 'postgis'").fetch_optional(&mut postgres).await?.is_none() {
        bail!("PostGIS is not installed for PostgreSQL {major}: apt-get install postgresql-{major}-postgis-3");
    }
    // Room for the whole table and its index, and for grouping all of it.
    for setting in ["shared_buffers = '1GB'", "work_mem = '64MB'", "effective_cache_size = '4GB'"] {
        postgres.execute(sqlx::AssertSqlSafe(format!("alter system set {setting}"))).await?;
    }
    postgres.close().await?;
    tokio::task::spawn_blocking(move || cluster.stop()).await?;
    let cluster = begin(options).await??;
    let postgres = PgConnection::connect_with(&cluster.connect().username("postgres").database("postgres")).await?;
    Ok((cluster, postgres))
}

async fn load(postgis: &mut PgConnection, homes: &[domain::live::HomePoint]) -> anyhow::Result<()> {
    postgis
        .execute(
            "create extension postgis;
             create table places (id uuid not null, kind text not null, title text not null, guests smallint not null, price integer not null,
                                  currency text not null, lat float8 not null, lng float8 not null, geom geometry(Point, 3857) not null)",
        )
        .await?;
    let mut copy = postgis.copy_in_raw("copy places from stdin").await?;
    for some in homes.chunks(10_000) {
        let mut rows = String::with_capacity(some.len() * 200);
        for home in some {
            let title = home.title.replace('\\', "\\\\").replace(['\t', '\n', '\r'], " ");
            let (amount, currency) = home.price.map_or((0, ""), |price| (price.amount, price.currency.code()));
            let (x, y) = mercator(home.at.lat, home.at.lng);
            writeln!(
                rows,
                "{}\t{}\t{title}\t{}\t{amount}\t{currency}\t{}\t{}\tSRID=3857;POINT({x} {y})",
                home.id,
                home.kind.code(),
                home.guests,
                home.at.lat,
                home.at.lng
            )?;
        }
        copy.send(rows.into_bytes()).await?;
    }
    copy.finish().await?;
    postgis.execute("create index places_geom on places using gist (geom); cluster places using places_geom").await?;
    postgis.execute("vacuum analyze places").await?;
    Ok(())
}

fn mercator(lat: f64, lng: f64) -> (f64, f64) {
    (lng / 180.0 * EDGE, lat.to_radians().tan().asinh() / std::f64::consts::PI * EDGE)
}

/// What a screen of 1280 by 720 pixels shows around a place.
fn screen(at: domain::Position, zoom: f64) -> BBox {
    let degrees = 360.0 / (256.0 * zoom.exp2());
    let (high, wide) = (720.0 * degrees * at.lat.to_radians().cos(), 1280.0 * degrees);
    BBox { south: at.lat - high / 2.0, west: at.lng - wide / 2.0, north: at.lat + high / 2.0, east: at.lng + wide / 2.0 }
}

fn view(map: &LiveMap<HomeEntity>, bbox: BBox, zoom: f64) -> View {
    View { bbox, zoom, plan: map.view(bbox, zoom, &Matcher::default()) }
}

/// The live map's answer: the plan, and every tile's bytes. As many bytes, and how many things they tell of.
fn answer(map: &LiveMap<HomeEntity>, bbox: BBox, zoom: f64, none: &Arc<Matcher>) -> (usize, u32) {
    let plan = map.view(bbox, zoom, none);
    let group = Group { level: plan.level, mode: plan.mode, filter: none.clone(), encoding: Encoding::Json };
    (plan.tiles.iter().map(|tile| map.chunk(&group, *tile).len()).sum(), plan.total.things)
}

#[derive(Serialize)]
struct Item {
    id: sqlx::types::Uuid,
    c: &'static str,
    y: f64,
    x: f64,
    kind: String,
    title: String,
    guests: i16,
    price: Amount,
    tonight: bool,
}

#[derive(Serialize)]
struct Amount {
    amount: i32,
    currency: String,
}

/// Rows from PostGIS, JSON made here.
async fn rows(postgis: &mut PgConnection, [west, south, east, north]: [f64; 4]) -> anyhow::Result<(usize, i64)> {
    let rows = sqlx::query(HOME).bind(west).bind(south).bind(east).bind(north).fetch_all(postgis).await?;
    let items: Vec<Item> = rows
        .iter()
        .map(|row| {
            anyhow::Ok(Item {
                id: row.try_get(0)?,
                c: "home",
                kind: row.try_get(1)?,
                title: row.try_get(2)?,
                guests: row.try_get(3)?,
                price: Amount { amount: row.try_get(4)?, currency: row.try_get(5)? },
                y: row.try_get(6)?,
                x: row.try_get(7)?,
                tonight: true,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok((serde_json::to_vec(&items)?.len(), items.len() as i64))
}

async fn json(postgis: &mut PgConnection, sql: &'static str, [west, south, east, north]: [f64; 4], side: Option<f64>) -> anyhow::Result<(usize, i64)> {
    let mut query = sqlx::query_as::<_, (String, i64)>(sql).bind(west).bind(south).bind(east).bind(north);
    if let Some(side) = side {
        query = query.bind(side);
    }
    let (text, things) = query.fetch_one(postgis).await?;
    Ok((text.len(), things))
}

/// Asks both for every view in turns. The ratio is of medians, with the quicker way of PostGIS.
async fn compare(
    what: &str,
    views: &[View],
    map: &LiveMap<HomeEntity>,
    postgis: &mut PgConnection,
    rounds: usize,
    report: &mut Report,
    least: Option<f64>,
) -> anyhow::Result<()> {
    let none = Arc::new(Matcher::default());
    let (mut ours, mut as_json, mut as_rows) = (Vec::new(), Vec::new(), Vec::new());
    let (mut here, mut there) = (0.0, 0.0);
    // The first round warms up, and does not count.
    for round in 0..=rounds {
        for View { bbox, zoom, plan } in views {
            let covers = [mercator(plan.covers.south, plan.covers.west), mercator(plan.covers.north, plan.covers.east)];
            let area = [covers[0].0, covers[0].1, covers[1].0, covers[1].1];
            let side = (plan.mode == Mode::Clusters).then(|| 2.0 * EDGE / f64::from(1u32 << plan.level));
            let mut timed = Vec::new();
            let begun = Instant::now();
            let (bytes, things) = std::hint::black_box(answer(map, *bbox, *zoom, &none));
            timed.push(begun.elapsed());
            let begun = Instant::now();
            let (_, found) = json(postgis, if side.is_some() { CLUSTERS_AS_JSON } else { HOMES_AS_JSON }, area, side).await?;
            timed.push(begun.elapsed());
            if side.is_none() {
                let begun = Instant::now();
                rows(postgis, area).await?;
                timed.push(begun.elapsed());
            }
            anyhow::ensure!(bytes > 0, "an empty answer");
            (here, there) = (here + f64::from(things), there + found as f64);
            if round > 0 {
                let micros: Vec<f64> = timed.iter().map(|time| time.as_secs_f64() * 1e6).collect();
                ours.push(micros[0]);
                as_json.push(micros[1]);
                as_rows.extend(micros.get(2));
            }
        }
    }
    // PostGIS' index keeps boxes in single precision, so that a metre at the edge may count on either side.
    anyhow::ensure!((here - there).abs() <= 0.02 * here.max(1.0), "{what}: {here} things here, {there} there: not the same work");
    let median = |of: &[f64]| percentile(of, 0.5);
    let theirs = if !as_rows.is_empty() && median(&as_rows) < median(&as_json) { &as_rows } else { &as_json };
    report.figure(format!("{what}: things"), here / ((rounds + 1) * views.len()) as f64);
    report.figure(format!("{what}: ours, median µs"), median(&ours));
    report.figure(format!("{what}: ours, p99 µs"), percentile(&ours, 0.99));
    report.figure(format!("{what}: PostGIS, median µs"), median(theirs));
    report.figure(format!("{what}: PostGIS, p99 µs"), percentile(theirs, 0.99));
    let (name, ratio) = (format!("{what}: times PostGIS"), median(theirs) / median(&ours));
    match least {
        Some(least) => report.aimed(name, ratio, Target::AtLeast(least)),
        None => report.figure(name, ratio),
    }
    Ok(())
}

/// Views at every zoom over places taken at random, encoded and not cached.
fn every_zoom(map: &LiveMap<HomeEntity>, homes: &[domain::live::HomePoint], report: &mut Report) {
    let (none, mut chance, mut all) = (Arc::new(Matcher::default()), Chance(11), Vec::new());
    for n in 0..13 * 400 {
        let zoom = f64::from(8 + n % 13);
        let bbox = screen(homes[chance.below(homes.len())].at, zoom);
        let begun = Instant::now();
        std::hint::black_box(answer(map, bbox, zoom, &none));
        all.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    report.figure("a view at zoom 8 to 20, encoded: median µs", percentile(&all, 0.5));
    report.aimed("a view at zoom 8 to 20, encoded: p99 µs", percentile(&all, 0.99), Target::AtMost(1_000.0));
}

/// Homes all over the map move, half of them a few steps, half of them across the city.
fn moves(mut map: LiveMap<HomeEntity>, report: &mut Report) {
    let mut chance = Chance(12);
    let ids: Vec<_> = map.iter().step_by(11).map(|home| home.id).collect();
    for (what, degrees) in [("50 m", 50.0 / 111_195.0), ("5 km", 5_000.0 / 111_195.0)] {
        let mut all = Vec::new();
        for tick in ids.chunks(100) {
            for id in tick {
                let Some(home) = map.get(*id) else { continue };
                let mut home = home.clone();
                home.at.lat += (chance.next() - 0.5) * degrees;
                home.at.lng += (chance.next() - 0.5) * degrees;
                let begun = Instant::now();
                map.put(home);
                all.push(begun.elapsed().as_secs_f64() * 1e6);
            }
            drop(map.take_changes());
        }
        report.aimed(format!("a move of up to {what}: median µs"), percentile(&all, 0.5), Target::AtMost(3.0));
        report.figure(format!("a move of up to {what}: p99 µs"), percentile(&all, 0.99));
    }
}
