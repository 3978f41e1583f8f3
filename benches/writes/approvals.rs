//! So many approvals waiting at once: through one writer, which takes all that wait into one transaction, and one transaction each on as many
//! connections as help. The same command, the same Postgres, in turns.
//!
//! One transaction each is the very same writer with one order at a time: a writer that has nothing else waiting commits what it has.

use std::time::Instant;

use actors::RelayHandle;
use anyhow::{Context as _, ensure};
use clap::Args;
use domain::{AccountId, HomeId, MemberId, Nights, role::PlatformRole, stay::StayView};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use gazetteer::City;
use posada::{
    caller::{Caller, Who},
    commands::{
        approve_stay::{Approvals as Writer, ApproveStay},
        request_stay::{self, RequestStay},
    },
    store::Once,
};
use time::{Duration, OffsetDateTime};

use crate::{Report, ground::Ground, median};

#[derive(Args)]
pub struct Approvals {
    /// Approvals that wait at once
    #[arg(long, default_value_t = 512)]
    waiting: usize,
    /// Rounds of each way, in turns
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Connections on which one transaction each is done side by side
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Cities that the homes are in: the events of one city's homes go one after the other
    #[arg(long, default_value_t = 16)]
    cities: usize,
    /// Fails when the one way is not so many times the other
    #[arg(long)]
    min_ratio: Option<f64>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { waiting: 512, rounds: 7, connections: 16, cities: 16, min_ratio: None }
    }
}

pub async fn run(order: &Approvals) -> anyhow::Result<Report> {
    let ground = Ground::new().await?;
    let homes = homes(&ground, order).await?;
    let guests = guests(&ground).await?;
    let relay = RelayHandle::default();
    let together = Writer::start(ground.store.clone(), relay.clone());
    let each: Vec<Writer> = (0..order.connections.max(1)).map(|_| Writer::start(ground.store.clone(), relay.clone())).collect();

    let (mut batched, mut single) = (Vec::new(), Vec::new());
    // The first round warms up statements and pages, and does not count.
    for round in 0..=order.rounds {
        let asked = requests(&ground, &homes, &guests, 2 * round).await?;
        let begun = Instant::now();
        try_join_all(asked.iter().map(|stay| approve(&ground, &together, stay))).await?;
        let batch = asked.len() as f64 / begun.elapsed().as_secs_f64();

        let asked = requests(&ground, &homes, &guests, 2 * round + 1).await?;
        let begun = Instant::now();
        try_join_all(each.iter().enumerate().map(|(n, writer)| {
            let mine = asked.iter().skip(n).step_by(each.len());
            let ground = &ground;
            async move {
                for stay in mine {
                    approve(ground, writer, stay).await?;
                }
                anyhow::Ok(())
            }
        }))
        .await?;
        if round > 0 {
            batched.push(batch);
            single.push(asked.len() as f64 / begun.elapsed().as_secs_f64());
        }
    }
    let kept = approved(&ground).await?;
    ensure!(kept == 2 * (order.rounds + 1) * homes.len(), "{kept} stays are approved");
    ground.end().await;

    let mut report = Report::new("approvals");
    let ratios = batched.iter().zip(&single).map(|(batched, single)| batched / single).collect();
    report.figure("waiting at once", homes.len() as f64);
    report.figure("connections for one transaction each", each.len() as f64);
    report.figure("approvals a second, many at once", median(batched));
    report.figure("approvals a second, one transaction each", median(single));
    report.figure("many at once / one each", median(ratios));
    report.at_least("many at once / one each", order.min_ratio);
    Ok(report)
}

/// As many homes as approvals are to wait, in several cities.
async fn homes(ground: &Ground, order: &Approvals) -> anyhow::Result<Vec<HomeId>> {
    let mut largest: Vec<City<'_>> = ground.gazetteer.cities().collect();
    largest.sort_by_key(|city| std::cmp::Reverse(city.population));
    largest.truncate(order.cities.max(1));
    let mut homes = Vec::new();
    for (n, city) in largest.iter().enumerate() {
        let share = (order.waiting + n) / largest.len();
        ground.import(city, &format!("made-up-{n}"), share).await?;
        let (points, _) = ground.store.city_homes(ground.tenant, domain::CityId(city.id)).await?;
        homes.extend(points.into_iter().map(|point| point.id));
    }
    Ok(homes)
}

/// Members who ask.
async fn guests(ground: &Ground) -> anyhow::Result<Vec<MemberId>> {
    let named: Vec<(String, String)> = (0..64).map(|n| (n.to_string(), format!("Guest {n}"))).collect();
    let mut tx = ground.store.begin_as_tenant(ground.tenant).await?;
    let guests = tx.placeholder_hosts("guests", &named).await?.into_values().collect();
    tx.commit().await?;
    Ok(guests)
}

/// One request for each home, for nights that no other round asks for.
async fn requests(ground: &Ground, homes: &[HomeId], guests: &[MemberId], round: usize) -> anyhow::Result<Vec<StayView>> {
    let now = OffsetDateTime::now_utc();
    let arrive = now.date() + Duration::days(7 + 3 * round as i64);
    let nights = Nights::new(arrive, arrive + Duration::days(2))?;
    let asking = homes.iter().enumerate().map(|(n, home)| async move {
        let (member, name) = (guests[n % guests.len()], "Guest".to_owned());
        let who = Who::Member { account: AccountId(uuid::Uuid::now_v7()), member, name, role: PlatformRole::Member };
        let caller = Caller { tenant: ground.tenant, who };
        let mut tx = ground.store.begin(&caller).await?;
        let order = RequestStay { home: *home, room: None, nights, guests: 1, message: "May we?".to_owned(), now };
        let stay = request_stay::run(&mut tx, ground.gazetteer, &caller, &order).await?;
        tx.commit().await?;
        anyhow::Ok(stay)
    });
    stream::iter(asking).buffer_unordered(8).try_collect().await
}

async fn approve(ground: &Ground, writer: &Writer, stay: &StayView) -> anyhow::Result<()> {
    let id = stay.id.to_string();
    let once = Some(Once::new(stay.host.id.to_string(), id.clone(), &[id.as_bytes()]));
    let now = OffsetDateTime::now_utc();
    let order = ApproveStay { tenant: ground.tenant, by: stay.host.id, stay: stay.id, terms_version: stay.terms_version, now, once };
    writer.run(order).await.map(drop).context(id)
}

async fn approved(ground: &Ground) -> anyhow::Result<usize> {
    let mut tx = ground.store.begin_as_tenant(ground.tenant).await?;
    let count: i64 = sqlx::query_scalar("select count(*) from stay_nights").fetch_one(&mut *tx).await?;
    Ok(count as usize)
}
