//! The server is killed again and again while people write and watch: what was acknowledged is there, once, and nobody has a gap.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use actix_web::rt::spawn;
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    orders::{Acknowledged, Writer},
    staying::{Staying, view},
};
use crate::harness::{BARCELONA, CITY, Client, Person, TENANT, TestApp, program::Program};

/// How often it is killed; `POSADA_KILLS` says otherwise.
const KILLS: usize = 20;
const WORLD: [f64; 4] = [-60.0, -170.0, 75.0, 170.0];

#[actix_web::test]
async fn kill_9_under_writes_and_watchers_loses_nothing_and_doubles_nothing() {
    let kills = std::env::var("POSADA_KILLS").map_or(KILLS, |n| n.parse().unwrap());
    let app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let [edited, paused, stayed] = [host.lists_a_home().await, host.lists_a_home().await, host.lists_a_home().await];
    let program = Program::beside(&app);
    let mut server = program.starts(&[]).await;
    let (moved, is_at) = watch::channel::<SocketAddr>(server.address);
    let (over, is_over) = watch::channel(false);

    let acknowledged = Acknowledged::default();
    let writer = |name: &str, person: &Person| Writer {
        client: person.client.clone(),
        server: is_at.clone(),
        acknowledged: acknowledged.clone(),
        name: name.to_owned(),
    };
    let (edits, pauses, lists, stays) = (writer("a", &host), writer("b", &host), writer("c", &host), writer("d", &guest));
    let said_yes = host.clone();
    let writing = [
        spawn(edits.edits(edited.clone())),
        spawn(pauses.pauses(paused.clone())),
        spawn(lists.lists()),
        spawn(async move { stays.stays(stayed, &said_yes).await }),
    ];

    let mut watching = Vec::new();
    let own = |person: &Person| ("member:self".to_owned(), format!("member:{}", person.id));
    let city = || (format!("city:{CITY}"), format!("city:{CITY}"));
    for (token, streams) in [(None, vec![]), (Some(&host.token), vec![city(), own(&host)]), (Some(&guest.token), vec![own(&guest)])] {
        let watcher = Client::new(server.address).live(TENANT, token.map(String::as_str)).await;
        let views = vec![view("city", BARCELONA, 12.0), view("street", [41.37, 2.15, 41.40, 2.20], 15.0), view("world", WORLD, 3.0)];
        let (said, stored): (Vec<_>, Vec<_>) = streams.into_iter().unzip();
        let mut staying = Staying::comes(watcher, views, &said, is_at.clone()).await;
        let mut is_over = is_over.clone();
        watching.push(spawn(async move {
            staying.until_over(&mut is_over).await;
            (staying, said.into_iter().zip(stored))
        }));
    }

    let mut rng = StdRng::seed_from_u64(11);
    for round in 0..kills {
        // The moment of the kill is the point of this: some orders are answered by then, some are under way.
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
        server.kill_now();
        let before = acknowledged.count();
        server = program.starts(&[]).await;
        moved.send_replace(server.address);
        let goes_on = crate::harness::eventually(async || acknowledged.count(), |now| *now > before + 3);
        assert!(goes_on.await > before, "nothing was written after kill {round}");
    }
    let address = server.address;
    drop(moved);
    join_all(writing).await.into_iter().for_each(|written| written.unwrap());
    over.send_replace(true);

    let heads = nothing_is_lost_or_doubled(&app, &acknowledged).await;
    let client = host.client.at(address);
    for watcher in watching {
        let (mut staying, streams) = watcher.await.unwrap();
        for (said, stored) in streams {
            let head = heads[&stored];
            staying.until(&format!("{stored} at {head}"), |model| model.streams[&said] == head).await;
        }
        staying.holds_what_is(&client).await;
        println!("{} returns, answered {:?}", staying.outcomes.len(), staying.counts());
        assert!(!staying.outcomes.is_empty(), "it was never put off");
    }
    let version = client.get(&format!("/api/v1/homes/{}", edited["id"].as_str().unwrap())).await.expect(200).json()["version"].as_u64().unwrap();
    assert_eq!(version, edited["version"].as_u64().unwrap() + acknowledged.of("edit").len() as u64, "each edit once");
    server.kill();
    app.stop().await;
}

/// What is in Postgres against what was acknowledged; the heads of the streams.
async fn nothing_is_lost_or_doubled(app: &TestApp, acknowledged: &Acknowledged) -> HashMap<String, u64> {
    let ids = |kind| acknowledged.of(kind).iter().map(|it| it["id"].as_str().unwrap().parse().unwrap()).collect::<Vec<Uuid>>();
    let count = async |sql: &'static str, ids: Vec<Uuid>| sqlx::query_scalar::<_, i64>(sql).bind(ids).fetch_one(app.owner()).await.unwrap();
    let (listed, asked, approved) = (ids("list"), ids("ask"), ids("approve"));
    println!("{} edits, {} pauses, {} homes, {} stays", acknowledged.of("edit").len(), acknowledged.of("pause").len(), listed.len(), approved.len());
    // Three were there before.
    assert_eq!(count("select count(*) from homes where id = any($1) or true", listed.clone()).await, listed.len() as i64 + 3, "each home once");
    assert_eq!(count("select count(*) from homes where id = any($1)", listed.clone()).await, listed.len() as i64);
    assert_eq!(count("select count(*) from stays where id = any($1) or true", asked.clone()).await, asked.len() as i64, "each request once");
    assert_eq!(count("select count(*) from stays where id = any($1) and state = 'approved'", approved.clone()).await, approved.len() as i64);
    let nights = count("select count(*) from stay_nights where stay_id = any($1)", approved.clone()).await;
    assert_eq!(nights, approved.len() as i64);
    let doubled: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from events where kind like 'stay_%' group by stream, kind, body -> 'stay' ->> 'id' having count(*) > 1) as d",
    )
    .fetch_one(app.owner())
    .await
    .unwrap();
    assert_eq!(doubled, 0, "an event is there twice");
    let heads: Vec<(String, i64, i64, i64)> =
        sqlx::query_as("select h.stream, h.head, count(e.*), max(e.seq) from stream_heads h join events e using (tenant_id, stream) group by h.stream, h.head")
            .fetch_all(app.owner())
            .await
            .unwrap();
    assert!(heads.iter().all(|(_, head, events, last)| head == events && head == last), "{heads:?}");
    heads.into_iter().map(|(stream, head, ..)| (stream, head as u64)).collect()
}
