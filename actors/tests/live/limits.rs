//! Limits, drain, revocation.

use std::{sync::Arc, time::Duration};

use actors::{LiveConfig, Revoked};
use domain::MemberId;
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    universe::{CITY, TENANT, Universe, home, quick},
};

#[actix::test]
async fn views_and_streams_are_limited_and_said_so() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(LiveConfig { views: 2, streams: 1, ..quick() });
    let mut client = Client::comes(&live, Some(MemberId(Uuid::from_u128(7)))).await;
    for view in ["a", "b", "c", "a"] {
        client.looks(view, BARCELONA, 12.0);
    }
    client.says_json(json!({"t": "subscribe", "stream": "member:self"}));
    client.says_json(json!({"t": "subscribe", "stream": "city:5"}));
    client.until("two errors and two views", |model| model.errors.len() == 2 && model.is_whole("a") && model.is_whole("b")).await;
    assert!(client.model.errors.iter().all(|e| e.kind == "/problems/over-limit" && e.temporary && e.retry_after_ms.is_some()));
    assert!(!client.model.views.contains_key("c"));
}

#[actix::test]
async fn a_tenant_has_so_many_connections() {
    let universe = Arc::new(Universe::default());
    let live = universe.live(LiveConfig { tenant_connections: 1, ..quick() });
    let client = Client::comes(&live, None).await;
    assert_eq!(live.admit(TENANT).err().unwrap().limit, "tenant_connections");
    drop(client);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while live.admit(TENANT).is_err() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix::test]
async fn a_drain_spreads_those_who_come_back() {
    let universe = Arc::new(Universe::default());
    let live = universe.live(LiveConfig { drain_per_s: 20, ..quick() });
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(Client::comes(&live, None).await);
    }
    let draining = live.drain(Duration::from_secs(10));
    let told = async {
        let mut delays = Vec::new();
        for client in &mut clients {
            assert_eq!(client.until_closed().await, 1012);
            delays.push(client.model.goaway.as_ref().unwrap().reconnect_after_ms);
        }
        delays
    };
    let ((), mut delays) = tokio::join!(draining, told);
    assert_eq!(live.connections(), 0);
    assert!(live.admit(TENANT).is_err(), "nobody comes in any more");
    delays.sort_unstable();
    // 100 clients at 20 a second: five seconds, and in each of them twenty; none while nobody may be there to take them.
    for second in 2..7 {
        let back = delays.iter().filter(|delay| (second * 1_000..(second + 1) * 1_000).contains(*delay)).count();
        assert_eq!(back, 20, "in second {second}: {delays:?}");
    }
}

#[actix::test]
async fn a_revoked_reader_gets_nothing_more() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let (member, other) = (MemberId(Uuid::from_u128(7)), MemberId(Uuid::from_u128(8)));
    let live = universe.live(quick());
    let (mut revoked, mut stays) = (Client::comes(&live, Some(member)).await, Client::comes(&live, Some(other)).await);
    for client in [&mut revoked, &mut stays] {
        client.looks("map", BARCELONA, 12.0);
        client.until("the view", |model| model.homes("map") == 1).await;
    }
    live.revoke(Revoked::Session(member.to_string().into()), std::time::Instant::now());
    live.relay().publish(vec![universe.changes(CITY, vec![home(2, 41.41, 2.11)], Vec::new())]);
    stays.until("the new home", |model| model.homes("map") == 2).await;
    assert_eq!(revoked.until_closed().await, 4501);
    assert_eq!(revoked.model.homes("map"), 1, "nothing after the revocation");
}
