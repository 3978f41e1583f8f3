//! Any actor may be killed, panic, or miss what it was told: nothing is lost, and nobody is left with a gap.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actors::{
    Drill, Live, MapQuery, Target,
    wire::{Layer, ScopeName},
};
use domain::{BBox, HomeFilter, MemberId, StreamName};
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    universe::{CITY, TENANT, Universe, home, quick},
};

fn query(zoom: f64) -> MapQuery {
    let [south, west, north, east] = BARCELONA;
    MapQuery { bbox: BBox::new(south, west, north, east).unwrap(), zoom, layers: Layer::ALL.to_vec(), filter: HomeFilter::default() }
}

fn settle(universe: &Universe) {
    let homes = (1..=40).map(|n| home(n, 41.31 + n as f64 * 0.003, 2.06 + n as f64 * 0.004)).collect();
    universe.changes(CITY, homes, Vec::new());
}

async fn until_map(live: &Live, homes: u64) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while live.snapshot(TENANT, query(12.0)).await.unwrap().homes != homes {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn a_city_whose_last_home_goes_leaves_the_world_as_it_is_left_out_of_the_next_one() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(quick());
    let mut client = Client::comes(&live, None).await;
    client.says_json(json!({"t": "view", "id": "world", "bbox": [-60, -170, 70, 170], "zoom": 2, "layers": ["cities"]}));
    client.until("the city", |model| model.is_whole("world") && model.items("world").len() == 1).await;
    live.relay().publish(vec![universe.changes(CITY, Vec::new(), vec![home(1, 0.1, 0.1).id])]);
    client.until("no city", |model| model.items("world").is_empty()).await;
    assert!(live.snapshot(TENANT, query(2.0)).await.unwrap().scopes.iter().all(|scope| scope.tiles.is_empty()));
    // It comes back with its next home.
    live.relay().publish(vec![universe.changes(CITY, vec![home(2, 41.40, 2.10)], Vec::new())]);
    client.until("the city again", |model| model.items("world").len() == 1).await;
}

#[actix::test]
async fn what_is_rebuilt_equals_what_was() {
    let universe = Arc::new(Universe::default());
    settle(&universe);
    let live = universe.live(quick());
    until_map(&live, 40).await;
    // Some history, so that the old state was not just read.
    for n in 1..=20 {
        let event = universe.changes(CITY, vec![home(n, 41.44 - n as f64 * 0.002, 2.20)], vec![home(n + 20, 41.0, 2.0).id]);
        live.relay().publish(vec![event]);
    }
    until_map(&live, 20).await;
    for zoom in [3.0, 9.0, 12.0, 15.0] {
        let old = live.snapshot(TENANT, query(zoom)).await.unwrap();
        assert!(live.drill(Target::City(TENANT, CITY), Drill::Kill) && live.drill(Target::World(TENANT), Drill::Kill));
        let new = live.snapshot(TENANT, query(zoom)).await.unwrap();
        assert!(!old.scopes[0].tiles.is_empty());
        for (old, new) in old.scopes.iter().zip(&new.scopes) {
            assert_eq!((old.scope, old.level, old.mode, &old.tiles), (new.scope, new.level, new.mode, &new.tiles), "byte for byte");
            if old.scope != ScopeName::World {
                assert_eq!((&old.epoch, old.tick), (&new.epoch, new.tick), "and of the same name, so that who holds the old one goes on");
            }
        }
    }
}

#[actix::test]
async fn watchers_of_what_dies_get_it_again() {
    let universe = Arc::new(Universe::default());
    settle(&universe);
    let live = universe.live(quick());
    let mut client = Client::comes(&live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("the view", |model| model.is_whole("map") && model.homes("map") == 40).await;
    let mut n = 100;
    for drill in [Drill::Panic, Drill::Kill] {
        for target in [Target::City(TENANT, CITY), Target::World(TENANT), Target::Relay] {
            let expected = client.model.homes("map") + 1;
            assert!(live.drill(target, drill), "{target:?} runs");
            n += 1;
            let event = universe.changes(CITY, vec![home(n, 41.40, 2.10)], Vec::new());
            live.relay().publish(vec![event]);
            client.until(&format!("what came after {drill:?} of {target:?}"), |model| model.is_whole("map") && model.homes("map") == expected).await;
        }
    }
}

#[actix::test]
async fn a_gap_is_read_and_a_lost_hand_over_heals() {
    let universe = Arc::new(Universe::default());
    settle(&universe);
    let live = universe.live(quick());
    let mut client = Client::comes(&live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("the view", |model| model.homes("map") == 40).await;

    // The first of two is never handed over: the second shows the gap.
    universe.changes(CITY, vec![home(101, 41.40, 2.10)], Vec::new());
    live.relay().publish(vec![universe.changes(CITY, vec![home(102, 41.41, 2.11)], Vec::new())]);
    client.until("both", |model| model.homes("map") == 42).await;

    // Nothing at all is handed over: the head timer finds it.
    universe.changes(CITY, vec![home(103, 41.42, 2.12)], Vec::new());
    client.until("what nobody handed over", |model| model.homes("map") == 43).await;

    // The actor itself loses one, then the database is away for a while.
    live.drill(Target::City(TENANT, CITY), Drill::LoseNext);
    universe.fails(3);
    live.relay().publish(vec![universe.changes(CITY, vec![home(104, 41.43, 2.13)], Vec::new())]);
    client.until("what was lost", |model| model.homes("map") == 44).await;
    assert_eq!(client.model.snapshots, 1, "no need to tell anything whole again");
}

#[actix::test]
async fn a_stream_survives_the_death_of_its_inbox() {
    let universe = Arc::new(Universe::default());
    let member = MemberId(Uuid::from_u128(7));
    let live = universe.live(quick());
    let mut client = Client::comes(&live, Some(member)).await;
    client.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0}));
    client.until("caught up", |model| model.caught_up.len() == 1).await;
    let inbox = Target::Inbox(TENANT, StreamName::Member(member));
    let mut events = 0;
    for drill in [Drill::Panic, Drill::Kill, Drill::LoseNext] {
        assert!(live.drill(inbox, drill));
        for _ in 0..3 {
            let event = universe.tells(member);
            live.relay().publish(vec![event]);
        }
        events += 3;
        client.until(&format!("events after {drill:?}"), |model| model.events.len() == events).await;
    }
    assert!(client.model.events.iter().map(|(_, seq, _)| *seq).eq(1..=9), "each once, in order");

    client.says_json(json!({"t": "ack", "stream": "member:self", "seq": 9}));
    client.says_json(json!({"t": "seen", "stream": "member:self", "seq": 4}));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while universe.receipts(member) != (9, 4) {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", universe.receipts(member));
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn what_the_stream_no_longer_holds_is_said_and_not_skipped() {
    let universe = Arc::new(Universe::default());
    let member = MemberId(Uuid::from_u128(7));
    for _ in 0..10 {
        universe.tells(member);
    }
    universe.trims(StreamName::Member(member), 6);
    let live = universe.live(quick());
    let mut client = Client::comes(&live, Some(member)).await;
    client.model.streams.insert("member:self".into(), 2);
    client.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 2}));
    client.until("the reset", |model| model.caught_up.len() == 1).await;
    assert_eq!((client.model.resets[0].reason.as_ref(), client.model.streams["member:self"]), ("trimmed", 10));
}

#[actix::test]
async fn what_nobody_watches_stops() {
    let universe = Arc::new(Universe::default());
    settle(&universe);
    let live = universe.live(actors::LiveConfig { idle_stop_ms: 50, ..quick() });
    let mut client = Client::comes(&live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("the view", |model| model.homes("map") == 40).await;
    assert_eq!((live.health().worlds, live.health().cities), (1, 1));
    client.says_json(json!({"t": "unview", "id": "map"}));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while (live.health().worlds, live.health().cities) != (0, 0) {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", live.health());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let reads = universe.reads.load(Ordering::SeqCst);
    client.looks("map", BARCELONA, 12.0);
    client.until("the view again", |model| model.snapshots == 2).await;
    assert!(universe.reads.load(Ordering::SeqCst) > reads, "read anew");
}
