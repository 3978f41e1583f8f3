//! Another process over the same database: what somebody holds is brought up to now where that can be proved, and else told whole: in both encodings.

use std::sync::Arc;

use actors::{
    Live, LiveConfig, MapQuery,
    wire::{Encoding, Layer, Outcome},
};
use domain::{BBox, HomeFilter, StreamName, home::HomeKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    client::{BARCELONA, Client},
    model::{tiles, without_empty},
    universe::{CITY, TENANT, Universe, home, quick},
};

const SUBURB: [f64; 4] = [41.31, 2.06, 41.33, 2.09];

fn view(id: &str, bbox: [f64; 4], zoom: f64, filter: &Value) -> Value {
    json!({"view": id, "bbox": bbox, "zoom": zoom, "filter": filter})
}

async fn looks(client: &mut Client, view: &Value) {
    let id = view["view"].as_str().unwrap().to_owned();
    client.says_json(json!({"t": "view", "id": id, "bbox": view["bbox"], "zoom": view["zoom"], "filter": view["filter"]}));
    client.until("the view", |model| model.is_whole(&id)).await;
}

/// Reads until the client holds what somebody who asks now is shown.
async fn holds_what_is(client: &mut Client, live: &Live, view: &Value) {
    let [south, west, north, east]: [f64; 4] = serde_json::from_value(view["bbox"].clone()).unwrap();
    let filter: HomeFilter = serde_json::from_value(view["filter"].clone()).unwrap();
    let bbox = BBox::new(south, west, north, east).unwrap();
    let query = MapQuery { bbox, zoom: view["zoom"].as_f64().unwrap(), layers: Layer::ALL.to_vec(), filter };
    let now = live.snapshot(TENANT, query).await.unwrap();
    let id = view["view"].as_str().unwrap();
    client
        .until("what is", |model| {
            model.views.get(id).is_some_and(|held| {
                now.scopes.len() == held.scopes.len()
                    && now.scopes.iter().all(|scope| held.scopes.get(&scope.scope).is_some_and(|held| without_empty(&held.tiles) == tiles(&scope.tiles)))
            })
        })
        .await;
}

/// A city of some homes, somebody who looks at all of it, and a second process.
async fn moves_over(encoding: Encoding, after: impl FnOnce(&Universe)) -> (Client, Live) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, (1..=40).map(|n| home(n, 41.31 + n as f64 * 0.003, 2.06 + n as f64 * 0.004)).collect(), Vec::new());
    let one = universe.live(quick());
    let mut client = Client::comes_speaking(encoding, &one, None).await;
    let view = view("map", BARCELONA, 12.0, &json!({}));
    looks(&mut client, &view).await;
    // Something is told by a tick, so that what is held is of no beginning.
    one.relay().publish(vec![universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new())]);
    client.until("a tick", |model| model.deltas == 1).await;
    drop(one);
    after(&universe);
    let other = universe.live(quick());
    client.breaks(&other, Some(view.clone())).await;
    holds_what_is(&mut client, &other, &view).await;
    (client, other)
}

#[actix::test]
async fn another_process_goes_on_where_the_last_one_was() {
    for encoding in Encoding::ALL {
        let (mut client, other) = moves_over(encoding, |_| {}).await;
        assert_eq!(client.model.answered("map"), Some(Outcome::Resumed));
        assert_eq!(client.model.snapshots, 1, "nothing was told again");
        let (same, _) = moves_over(encoding, |universe| {
            universe.changes(CITY, vec![home(2, 41.45, 2.20), home(99, 41.32, 2.20)], vec![home(3, 0.1, 0.1).id]);
            universe.changes(CITY, vec![home(2, 41.33, 2.08)], vec![home(1, 0.1, 0.1).id]);
        })
        .await;
        assert_eq!((same.model.answered("map"), same.model.snapshots), (Some(Outcome::Resumed), 1), "only what was touched");
        // And it goes on from there.
        drop(same);
        looks(&mut client, &view("map", BARCELONA, 13.0, &json!({}))).await;
        holds_what_is(&mut client, &other, &view("map", BARCELONA, 13.0, &json!({}))).await;
    }
}

#[actix::test]
async fn what_cannot_be_proved_is_told_whole() {
    for encoding in Encoding::ALL {
        is_told_whole(encoding).await;
    }
}

async fn is_told_whole(encoding: Encoding) {
    let change = |universe: &Universe| {
        universe.changes(CITY, vec![home(2, 41.45, 2.20)], vec![home(3, 0.1, 0.1).id]);
    };
    let trimmed = moves_over(encoding, |universe| {
        change(universe);
        change(universe);
        universe.trims(StreamName::City(CITY), 3);
    });
    assert_eq!(trimmed.await.0.model.answered("map"), Some(Outcome::Snapshot));
    let old = moves_over(encoding, |universe| {
        change(universe);
        universe.was_written_long_ago(CITY);
    });
    assert_eq!(old.await.0.model.answered("map"), Some(Outcome::Snapshot));
    let far = moves_over(encoding, |universe| (0..2_100).for_each(|_| change(universe)));
    assert_eq!(far.await.0.model.answered("map"), Some(Outcome::Snapshot));
    let another = moves_over(encoding, Universe::is_another);
    assert_eq!(another.await.0.model.answered("map"), Some(Outcome::Reset), "a copy of the database has other streams of the same names");
}

#[actix::test]
async fn who_has_seen_more_than_a_process_waits_until_that_has_seen_it_too() {
    for encoding in Encoding::ALL {
        waits_until_it_is_seen(encoding).await;
    }
}

async fn waits_until_it_is_seen(encoding: Encoding) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let view = view("map", BARCELONA, 12.0, &json!({}));
    // The second one would not ask by itself for as long as this takes.
    let (one, other) = (universe.live(quick()), universe.live(LiveConfig { head_check_ms: 60_000, ..quick() }));
    let mut there = Client::comes(&other, None).await;
    looks(&mut there, &view).await;
    let mut client = Client::comes_speaking(encoding, &one, None).await;
    looks(&mut client, &view).await;
    one.relay().publish(vec![universe.changes(CITY, vec![home(2, 41.41, 2.11)], Vec::new())]);
    client.until("the second home", |model| model.homes("map") == 2).await;
    client.breaks(&other, Some(view)).await;
    assert_eq!((client.model.answered("map"), client.model.homes("map"), client.model.snapshots), (Some(Outcome::Resumed), 2, 1));
    there.until("what the other brought", |model| model.homes("map") == 2).await;
}

#[actix::test]
async fn a_goodbye_tells_who_saw_nothing_change_how_far_that_is() {
    tells_how_far_that_is(Encoding::Json).await;
}

#[actix::test]
async fn a_goodbye_tells_who_saw_nothing_change_how_far_that_is_in_binary() {
    tells_how_far_that_is(Encoding::Binary).await;
}

async fn tells_how_far_that_is(encoding: Encoding) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, (1..=20).map(|n| home(n, 41.315 + n as f64 * 0.0005, 2.07)).collect(), Vec::new());
    let one = universe.live(quick());
    let mut client = Client::comes_speaking(encoding, &one, None).await;
    let view = view("suburb", SUBURB, 15.0, &json!({}));
    looks(&mut client, &view).await;
    // More than anybody reads back, and none of it in the suburb.
    for n in 0..2_500 {
        one.relay().publish(vec![universe.changes(CITY, vec![home(500 + n % 50, 41.45, 2.15 + (n % 70) as f64 * 0.001)], Vec::new())]);
    }
    let last = universe.changes(CITY, vec![home(999, 41.45, 2.21)], Vec::new());
    one.relay().publish(vec![last]);
    let mut other = Client::comes(&one, None).await;
    looks(&mut other, &json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "filter": {}})).await;
    other.until("the last", |model| model.homes("map") == 71).await;
    assert!(!client.reads_now(), "nothing came, and what came before is taken");
    tokio::join!(one.drain(std::time::Duration::from_secs(5)), client.until_closed());
    assert!(client.model.goaway.is_some());
    let next = universe.live(quick());
    client.breaks(&next, Some(view.clone())).await;
    assert_eq!((client.model.answered("suburb"), client.model.snapshots), (Some(Outcome::Resumed), 1), "{encoding:?}");
    holds_what_is(&mut client, &next, &view).await;
}

/// A change that may be told by the first process, or by nobody before the second.
fn change() -> impl Strategy<Value = (u8, u8, u8, bool)> {
    (0..80u8, any::<u8>(), any::<u8>(), any::<bool>())
}

fn make(universe: &Universe, (n, lat, lng, stays): (u8, u8, u8, bool)) -> domain::Event {
    let at = (41.31 + f64::from(lat) / 256.0 * 0.15, 2.06 + f64::from(lng) / 256.0 * 0.18);
    let one = home(u128::from(n) + 1, at.0, at.1);
    if stays { universe.changes(CITY, vec![one], Vec::new()) } else { universe.changes(CITY, Vec::new(), vec![one.id]) }
}

/// Who looks: in which encoding, at which zoom, at many homes or few, at all of them or only some.
type Looks = (Encoding, f64, bool, bool);

type Changes = Vec<(u8, u8, u8, bool)>;

async fn any_moment(before: Changes, away: Changes, later: Changes, (encoding, zoom, many, filtered): Looks) {
    let universe = Arc::new(Universe::default());
    // More than a view shows one by one: it shows clusters.
    let crowd = if many { 600 } else { 30 };
    universe.changes(CITY, (0..crowd).map(|n| home(1_000 + n, 41.31 + (n % 97) as f64 * 0.0015, 2.06 + (n % 89) as f64 * 0.002)).collect(), Vec::new());
    let filter = if filtered { json!({"kinds": [HomeKind::ALL[1].code()], "guests": 2}) } else { json!({}) };
    let view = view("map", BARCELONA, zoom, &filter);
    let one = universe.live(quick());
    let mut client = Client::comes_speaking(encoding, &one, None).await;
    looks(&mut client, &view).await;
    for change in before {
        one.relay().publish(vec![make(&universe, change)]);
        client.reads_now();
    }
    let mode = |model: &super::model::Model| model.views["map"].scopes.values().map(|scope| scope.mode).collect::<Vec<_>>();
    let (held, snapshots) = (mode(&client.model), client.model.snapshots);
    drop(one);
    for change in away {
        make(&universe, change);
    }
    let two = universe.live(quick());
    client.breaks(&two, Some(view.clone())).await;
    if client.model.answered("map") != Some(Outcome::Resumed) {
        client.until("a snapshot", |model| model.snapshots > snapshots && model.is_whole("map")).await;
        assert_ne!(mode(&client.model), held, "there was nothing to prove only if it is shown in another way now");
    }
    for change in later {
        two.relay().publish(vec![make(&universe, change)]);
        client.reads_now();
    }
    let end = universe.changes(CITY, vec![home(5_001, 41.40, 2.15)], Vec::new());
    two.relay().publish(vec![end]);
    // Until the second process has all of it.
    let homes = universe.homes(CITY).len() as u64;
    let mut all = Client::comes(&two, None).await;
    looks(&mut all, &json!({"view": "all", "bbox": BARCELONA, "zoom": 9.0, "filter": {}})).await;
    all.until("everything", |model| model.homes("all") == homes).await;
    holds_what_is(&mut client, &two, &view).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 12, ..ProptestConfig::default() })]
    #[test]
    fn what_is_held_and_its_repair_are_what_a_snapshot_shows(before in proptest::collection::vec(change(), 0..20), away in proptest::collection::vec(change(), 0..20),
        later in proptest::collection::vec(change(), 0..6), many in any::<bool>(), zoom in 9..17u8, filtered in any::<bool>())
    {
        for encoding in Encoding::ALL {
            let looks = (encoding, f64::from(zoom), many, filtered);
            actix::System::new().block_on(any_moment(before.clone(), away.clone(), later.clone(), looks));
        }
    }
}
