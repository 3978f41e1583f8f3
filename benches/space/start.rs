//! A city that nobody has looked at yet: from Postgres, under row security, to the answer of the first view, as the first visitor waits for it.

use std::{sync::Arc, time::Instant};

use actors::{
    Live, LiveConfig, MapQuery, NoAnswer,
    map::{CITY_LEVELS, HomeEntity, LiveMap},
    ports::{Answer, Receipts, Source},
    wire::Layer,
};
use anyhow::ensure;
use clap::Args;
use domain::{BBox, CityId, HomeFilter, MemberId, TenantId};
use gazetteer::Gazetteer;
use posada::{
    config::Config,
    database::{Database, Purpose},
    store::{Store, live::LiveSource},
};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::{
    places::TODAY,
    report::{Report, Target, percentile},
    watch::Watch,
};

#[derive(Args)]
pub struct Order {
    /// Homes of the city; half as many more are in another one
    #[arg(long, default_value_t = 100_000)]
    homes: u32,
    /// Times that the city is started anew
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { homes: 100_000, rounds: 7 }
    }
}

const TENANT: TenantId = TenantId(sqlx::types::Uuid::from_u128(0xaa));
const BARCELONA: CityId = CityId(3_128_760);

/// Nobody takes anything in.
struct Nobody;

impl Receipts for Nobody {
    fn delivered(&self, _: TenantId, _: MemberId, _: u64) -> Answer<()> {
        Box::pin(async { Ok(()) })
    }
    fn seen(&self, _: TenantId, _: MemberId, _: u64) -> Answer<()> {
        Box::pin(async { Ok(()) })
    }
}

pub async fn run(order: &Order) -> anyhow::Result<Report> {
    let dir = std::env::temp_dir().join(format!("posada-start-{}", std::process::id()));
    let _watch = Watch::over(&dir);
    let database = Database::open(&Config { data_dir: Some(dir), ..Config::default() }, Purpose::Serve).await?;
    database.migrate().await?;
    seed(&mut database.owner().await?, order.homes).await?;
    let source = Arc::new(LiveSource { store: Store::new(database.app().clone()), gazetteer: Gazetteer::embedded() });

    let mut report = Report::new("start of a city");
    report.figure("homes", f64::from(order.homes));
    let (mut read, mut built, mut first, mut next, mut filtered) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // Until the end: with a core its threads go, and with them the connections to Postgres that were opened there.
    let mut cores = Vec::new();
    // The first round fills Postgres' and the machine's caches, and does not count.
    for round in 0..=order.rounds {
        let begun = Instant::now();
        let state = source.city(TENANT, BARCELONA).await?;
        let was_read = begun.elapsed();
        ensure!(state.homes.len() == order.homes as usize, "{} homes were read", state.homes.len());
        let begun = Instant::now();
        let map = LiveMap::filled(CITY_LEVELS, TODAY, state.homes.into_iter().map(|home| HomeEntity::new(home, BARCELONA, TODAY)));
        let was_built = begun.elapsed();
        drop(map);

        // As the server does it: a live core that has just begun.
        let live = Live::start(LiveConfig::default(), source.clone(), |_| Arc::new(Nobody));
        let look = async |filter: HomeFilter| {
            let begun = Instant::now();
            let bbox = BBox { south: 41.25, west: 2.0, north: 41.5, east: 2.3 };
            let answer = live.snapshot(TENANT, MapQuery { bbox, zoom: 12.0, layers: vec![Layer::Homes], filter }).await?;
            Ok::<_, NoAnswer>((begun.elapsed(), answer.homes))
        };
        let (was_first, seen) = look(HomeFilter::default()).await?;
        ensure!(seen == u64::from(order.homes), "the first view shows {seen} homes");
        if round > 0 {
            for (all, took) in [(&mut read, was_read), (&mut built, was_built), (&mut first, was_first)] {
                all.push(took.as_secs_f64() * 1e3);
            }
            for guests in 2..10 {
                next.push(look(HomeFilter::default()).await?.0.as_secs_f64() * 1e3);
                filtered.push(look(HomeFilter { guests: Some(guests), ..HomeFilter::default() }).await?.0.as_secs_f64() * 1e3);
            }
        }
        cores.push(live);
    }
    database.stop().await;
    report.figure("read from Postgres: median ms", percentile(&read, 0.5));
    report.figure("made into a map: median ms", percentile(&built, 0.5));
    report.aimed("first view, from nothing: median ms", percentile(&first, 0.5), Target::AtMost(1_000.0));
    report.aimed("first view, from nothing: slowest ms", percentile(&first, 1.0), Target::AtMost(1_500.0));
    report.aimed("a view: p95 ms", percentile(&next, 0.95), Target::AtMost(50.0));
    report.aimed("a filtered view: p95 ms", percentile(&filtered, 0.95), Target::AtMost(100.0));
    Ok(report)
}

/// A city, half as much again in another one, a room each, and two stays to come in every second room.
async fn seed(owner: &mut PgConnection, homes: u32) -> anyhow::Result<()> {
    let sql = include_str!("start.sql").replace(":homes", &homes.to_string()).replace(":tenant", &format!("'{}'", TENANT.0));
    owner.execute(AssertSqlSafe(sql)).await?;
    owner.execute("vacuum analyze homes, rooms, stay_nights").await?;
    Ok(())
}
