//! The published exchanges under `docs/live/vectors`: recorded from the core itself, and held to the strict client.
//!
//! A vector is a list of `{"client": frame}` and `{"server": frame}` in the order of one connection, and what a client holds at its
//! end. What differs from run to run (epochs, instants, the session's name) stands in its place by a stable word.
//! After a change: `UPDATE=1 cargo test -p posada-actors --test live vectors`, and commit docs/live/vectors.

use std::{collections::HashMap, sync::Arc};

use actors::wire::{ClientFrame, ServerFrame};
use domain::MemberId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    model::Model,
    universe::{CITY, Universe, home, quick},
};

const MEMBER: MemberId = MemberId(Uuid::from_u128(7));

fn folder() -> String {
    format!("{}/../docs/live/vectors", env!("CARGO_MANIFEST_DIR"))
}

/// Compares an exchange with the published one, or publishes it.
fn holds(name: &str, about: &str, client: &Client) {
    let mut epochs: HashMap<String, String> = HashMap::new();
    let mut exchange: Vec<Value> = client.exchange.clone();
    exchange.iter_mut().for_each(|frame| steady(frame, &mut epochs));
    let vector = json!({"about": about, "exchange": exchange, "holds": summary(&client.model)});
    let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
    let path = format!("{}/{name}.json", folder());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "docs/live/vectors/{name}.json is not current: UPDATE=1 cargo test -p posada-actors --test live vectors\n{text}");
}

/// Puts stable words where every run differs.
fn steady(value: &mut Value, epochs: &mut HashMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match (key.as_str(), &value) {
                    ("epoch", Value::String(epoch)) => {
                        let next = format!("epoch-{}", epochs.len() + 1);
                        *value = epochs.entry(epoch.clone()).or_insert(next).clone().into();
                    }
                    ("session", _) => *value = "1a".into(),
                    ("now" | "at", Value::String(_)) => *value = "2026-12-01T12:00:00Z".into(),
                    _ => steady(value, epochs),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| steady(item, epochs)),
        _ => {}
    }
}

fn summary(model: &Model) -> Value {
    let mut views: Vec<_> = model.views.keys().collect();
    views.sort();
    let views: serde_json::Map<String, Value> = views.into_iter().map(|view| (view.clone(), json!(model.items(view).keys().collect::<Vec<_>>()))).collect();
    json!({"items": views, "streams": model.streams})
}

async fn start() -> (Arc<Universe>, actors::Live) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10), home(2, 41.41, 2.12)], Vec::new());
    let live = universe.live(quick());
    (universe, live)
}

#[actix::test]
async fn a_map_that_moves() {
    let (universe, live) = start().await;
    let mut client = Client::comes(&live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("the view", |model| model.homes("map") == 2).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(3, 41.42, 2.14)], Vec::new())]);
    client.until("a new home", |model| model.homes("map") == 3).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(3, 41.35, 2.20)], Vec::new())]);
    client.until("its move", |model| model.deltas == 2).await;
    live.relay().publish(vec![universe.changes(CITY, Vec::new(), vec![home(1, 41.40, 2.10).id])]);
    client.until("one gone", |model| model.homes("map") == 2).await;
    let view = json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "layers": ["cities", "homes"]});
    client.breaks(&live, Some(view)).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(4, 41.43, 2.16)], Vec::new())]);
    client.until("what came after the break", |model| model.homes("map") == 3).await;
    holds("map", "A view of a city's homes: one is put, moves, another is taken out; the connection breaks and is resumed.", &client);
}

#[actix::test]
async fn clusters_and_the_world() {
    let (universe, live) = start().await;
    let many = (10..610).map(|n| home(n, 41.31 + (n % 25) as f64 * 0.006, 2.06 + (n / 25) as f64 * 0.007)).collect();
    universe.changes(CITY, many, Vec::new());
    let mut client = Client::comes(&live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("clusters", |model| model.homes("map") == 602).await;
    client.looks("world", [-60.0, -170.0, 75.0, 170.0], 2.0);
    client.until("the world", |model| model.homes("world") == 602).await;
    holds("clusters", "More than 500 homes in a view are clusters; the world shows cities.", &client);
}

#[actix::test]
async fn a_stream_with_a_replay() {
    let (universe, live) = start().await;
    for _ in 0..3 {
        universe.tells(MEMBER);
    }
    let mut client = Client::comes(&live, Some(MEMBER)).await;
    client.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0}));
    client.until("caught up", |model| model.caught_up.len() == 1).await;
    live.relay().publish(vec![universe.tells(MEMBER)]);
    client.until("the fourth", |model| model.events.len() == 4).await;
    client.says_json(json!({"t": "ack", "stream": "member:self", "seq": 4}));
    client.says_json(json!({"t": "seen", "stream": "member:self", "seq": 9}));
    client.says_json(json!({"t": "subscribe", "stream": "ops"}));
    client.until("two errors", |model| model.errors.len() == 2).await;
    client.says_json(json!({"t": "ping"}));
    client.until("the pong", |model| model.pongs == 1).await;
    holds("stream", "A stream is replayed, then live; marking what was not given and following what is not open are refused.", &client);
}

/// Every published exchange, as a client of another make would check itself against it.
#[test]
fn published_exchanges_hold_for_the_strict_client() {
    let mut count = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let vector: Value = serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        let mut model = Model::default();
        for line in vector["exchange"].as_array().unwrap() {
            if let Some(frame) = line.get("client") {
                let said = ClientFrame::parse(&frame.to_string(), time::OffsetDateTime::UNIX_EPOCH).unwrap();
                if matches!(said, ClientFrame::Hello(_)) && model.welcomed.is_some() {
                    model.reconnects();
                }
            } else {
                let frame: ServerFrame = serde_json::from_value(line["server"].clone()).unwrap();
                assert_eq!(serde_json::to_value(&frame).unwrap(), line["server"], "nothing is lost by reading it");
                model.take(frame).unwrap();
            }
        }
        assert_eq!(summary(&model), vector["holds"]);
        count += 1;
    }
    assert_eq!(count, 3);
}
