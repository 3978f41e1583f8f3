//! Slow readers: one state write in flight, ticks skipped and repaired, events bounded; nobody else notices.

use std::sync::Arc;

use domain::MemberId;
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    universe::{CITY, Universe, home, quick},
};

/// Waits until the core has applied everything that was handed over.
async fn until_applied(quick_one: &mut Client, homes: u64) {
    quick_one.until("what a quick reader has", |model| model.homes("map") == homes).await;
}

#[actix::test]
async fn a_reader_that_stops_gets_one_repair_and_not_a_queue() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(quick());
    let (mut slow, mut other) = (Client::comes(&live, None).await, Client::comes(&live, None).await);
    for client in [&mut slow, &mut other] {
        client.looks("map", BARCELONA, 12.0);
        client.until("the view", |model| model.homes("map") == 1).await;
    }
    for n in 2..=40 {
        live.relay().publish(vec![universe.changes(CITY, vec![home(n, 41.40, 2.10 + n as f64 * 0.001)], Vec::new())]);
        until_applied(&mut other, n as u64).await;
    }
    let before = slow.writes;
    slow.until("everything", |model| model.homes("map") == 40).await;
    assert!(slow.writes - before <= 4, "{} writes for 39 ticks", slow.writes - before);
    assert_eq!(slow.model.items("map"), other.model.items("map"));
    assert_eq!(slow.model.snapshots, 1, "repaired by a delta that was proved");
    assert!(slow.model.qos.iter().any(|qos| qos.reason == "slow_reader"));
}

#[actix::test]
async fn few_missed_ticks_come_as_a_chain() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(quick());
    let (mut slow, mut other) = (Client::comes(&live, None).await, Client::comes(&live, None).await);
    for client in [&mut slow, &mut other] {
        client.looks("map", BARCELONA, 12.0);
        client.until("the view", |model| model.homes("map") == 1).await;
    }
    // One in flight, four that wait.
    for n in 2..=5 {
        live.relay().publish(vec![universe.changes(CITY, vec![home(n, 41.40, 2.10 + n as f64 * 0.001)], Vec::new())]);
        until_applied(&mut other, n as u64).await;
    }
    let deltas = slow.model.deltas;
    slow.until("everything", |model| model.homes("map") == 5).await;
    assert_eq!(slow.model.deltas - deltas, 4, "each tick, each once");
}

#[actix::test]
async fn too_many_waiting_events_close_a_connection_that_can_resume() {
    let universe = Arc::new(Universe::default());
    let member = MemberId(Uuid::from_u128(7));
    let live = universe.live(actors::LiveConfig { queue_entries: 50, ..quick() });
    let mut slow = Client::comes(&live, Some(member)).await;
    slow.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0}));
    slow.until("caught up", |model| model.caught_up.len() == 1).await;
    for _ in 0..200 {
        live.relay().publish(vec![universe.tells(member)]);
    }
    assert_eq!(slow.until_closed().await, 4001);
    // Until the relay has handed on the last of them.
    let mut head = 0;
    while head < 200 {
        let mut other = Client::comes(&live, Some(member)).await;
        other.says_json(json!({"t": "subscribe", "stream": "member:self"}));
        other.until("caught up", |model| model.caught_up.len() == 1).await;
        head = other.model.streams["member:self"];
    }
    slow.breaks(&live, None).await;
    // More than fits: the replay comes page by page, as fast as it is read.
    slow.until("all of them", |model| model.events.len() == 200).await;
    assert!(slow.model.events.iter().map(|(_, seq, _)| *seq).eq(1..=200));
}
