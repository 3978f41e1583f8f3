//! The published exchanges under `docs/live/vectors`: recorded from the core itself, and held to the strict client.
//!
//! A vector is a list of `{"client": frame}` and `{"server": frame}` in the order of one connection, and what a client holds at its
//! end. Each line says its frame twice: as JSON, and under `binary` as the bytes of `posada.v1.bin`, in hexadecimal digits. The exchange is
//! recorded once in each encoding, and what was said is the same. What differs from run to run (epochs, the day in ticks, instants, the session's name) stands in its place by a stable word.
//! After a change: `UPDATE=1 cargo test -p posada-actors --test live vectors`, and commit docs/live/vectors.

use std::{collections::HashMap, sync::Arc};

use actors::{
    Live,
    wire::{
        ClientFrame, Encoding, ServerFrame,
        binary::{Reader, messages, parse, say},
    },
};
use domain::{MemberId, Price, live::HomePoint, money::Currency};
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    model::Model,
    universe::{CITY, Universe, home, quick},
};

const NOON: &str = "2026-12-01T12:00:00Z";
const MEMBER: MemberId = MemberId(Uuid::from_u128(7));

fn folder() -> String {
    format!("{}/../docs/live/vectors", env!("CARGO_MANIFEST_DIR"))
}

/// Compares an exchange with the published one, or publishes it.
fn holds(name: &str, about: &str, clients: &[Client; 2]) {
    let [json, binary] = clients;
    let exchange = steadied(json);
    let same = steadied(binary);
    assert_eq!(exchange, same, "what is said does not depend on how");
    assert_eq!(summary(&json.model), summary(&binary.model));
    let mut epochs: HashMap<String, String> = HashMap::new();
    let lines: Vec<Value> = exchange.into_iter().zip(&binary.bytes).map(|(line, bytes)| in_binary(line, bytes.as_deref(), &mut epochs)).collect();
    let vector = json!({"about": about, "exchange": lines, "holds": summary(&json.model)});
    let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
    let path = format!("{}/{name}.json", folder());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "docs/live/vectors/{name}.json is not current: UPDATE=1 cargo test -p posada-actors --test live vectors\n{text}");
}

fn steadied(client: &Client) -> Vec<Value> {
    let (mut exchange, mut epochs) = (client.exchange.clone(), HashMap::new());
    exchange.iter_mut().for_each(|frame| steady(frame, &mut epochs));
    exchange
}

/// A line with its frame's bytes beside it.
fn in_binary(mut line: Value, bytes: Option<&[u8]>, epochs: &mut HashMap<String, String>) -> Value {
    let bytes = match bytes {
        Some(bytes) => steady_bytes(bytes, epochs),
        None => say(&ClientFrame::parse(&line["client"].to_string(), time::OffsetDateTime::UNIX_EPOCH).unwrap()),
    };
    line["binary"] = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    line
}

/// Puts stable words where every run differs.
fn steady_bytes(bytes: &[u8], epochs: &mut HashMap<String, String>) -> Vec<u8> {
    use messages::server_frame::Frame;
    let mut steady = |epoch: &mut String| {
        let next = format!("epoch-{}", epochs.len() + 1);
        *epoch = epochs.entry(std::mem::take(epoch)).or_insert(next).clone();
    };
    let mut message = messages::ServerFrame::decode(bytes).unwrap();
    match message.frame.as_mut().unwrap() {
        Frame::Snapshot(snapshot) => snapshot.tick = steady_tick(snapshot.tick),
        Frame::Delta(delta) => delta.tick = steady_tick(delta.tick),
        _ => {}
    }
    match message.frame.as_mut().unwrap() {
        Frame::Welcome(welcome) => (welcome.session, welcome.now) = ("1a".into(), NOON.into()),
        Frame::Event(event) => event.at = NOON.into(),
        Frame::Snapshot(messages::Snapshot { names: Some(names), .. }) | Frame::Delta(messages::Delta { names: Some(names), .. }) => steady(&mut names.epoch),
        Frame::Reset(messages::Reset { epoch: Some(epoch), .. }) => steady(epoch),
        _ => {}
    }
    message.encode_to_vec()
}

/// A city's ticks have the day in their last 16 bits.
fn steady_tick(tick: u64) -> u64 {
    if tick >> 16 == 0 { tick } else { (tick >> 16 << 16) | 20_788 }
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
                    ("tick" | "prev", Value::Number(tick)) => {
                        *value = steady_tick(tick.as_u64().unwrap()).into();
                    }
                    ("session", _) => *value = "1a".into(),
                    ("now" | "at", Value::String(_)) => *value = NOON.into(),
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

async fn start() -> (Arc<Universe>, Live) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10), home(2, 41.41, 2.12)], Vec::new());
    let live = universe.live(quick());
    (universe, live)
}

async fn map_that_moves(encoding: Encoding) -> Client {
    let (universe, live) = start().await;
    let mut client = Client::comes_speaking(encoding, &live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("the view", |model| model.homes("map") == 2).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(3, 41.42, 2.14)], Vec::new())]);
    client.until("a new home", |model| model.homes("map") == 3).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(3, 41.35, 2.20)], Vec::new())]);
    client.until("its move", |model| model.deltas == 2).await;
    let priced = HomePoint { price: Some(Price { amount: 8_000, currency: Currency::Eur }), ..home(3, 41.35, 2.20) };
    live.relay().publish(vec![universe.changes(CITY, vec![priced], Vec::new())]);
    client.until("its price", |model| model.deltas == 3).await;
    live.relay().publish(vec![universe.changes(CITY, Vec::new(), vec![home(1, 41.40, 2.10).id])]);
    client.until("one gone", |model| model.homes("map") == 2).await;
    let view = json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "layers": ["cities", "homes"]});
    client.breaks(&live, Some(view)).await;
    live.relay().publish(vec![universe.changes(CITY, vec![home(2, 41.41, 2.13), home(4, 41.43, 2.16)], Vec::new())]);
    client.until("what came after the break", |model| model.homes("map") == 3).await;
    client
}

#[actix::test]
async fn a_map_that_moves() {
    let clients = [map_that_moves(Encoding::Json).await, map_that_moves(Encoding::Binary).await];
    let about = "A view of a city's homes: one is put, moves and gets a price, another is taken out; the connection breaks and is resumed.";
    holds("map", about, &clients);
}

async fn clusters(encoding: Encoding) -> Client {
    let (universe, live) = start().await;
    let many = (10..610).map(|n| home(n, 41.31 + (n % 25) as f64 * 0.006, 2.06 + (n / 25) as f64 * 0.007)).collect();
    universe.changes(CITY, many, Vec::new());
    let mut client = Client::comes_speaking(encoding, &live, None).await;
    client.looks("map", BARCELONA, 12.0);
    client.until("clusters", |model| model.homes("map") == 602).await;
    for n in [700, 701] {
        live.relay().publish(vec![universe.changes(CITY, vec![home(n, 41.40, 2.10)], Vec::new())]);
        client.until("one more", |model| model.deltas == n as usize - 699).await;
    }
    client.looks("world", [-60.0, -170.0, 75.0, 170.0], 2.0);
    client.until("the world", |model| model.homes("world") == 604).await;
    client
}

#[actix::test]
async fn clusters_and_the_world() {
    let clients = [clusters(Encoding::Json).await, clusters(Encoding::Binary).await];
    holds("clusters", "More than 500 homes in a view are clusters, which grow; the world shows cities.", &clients);
}

async fn stream_with_a_replay(encoding: Encoding) -> Client {
    let (universe, live) = start().await;
    for _ in 0..3 {
        universe.tells(MEMBER);
    }
    let mut client = Client::comes_speaking(encoding, &live, Some(MEMBER)).await;
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
    client
}

#[actix::test]
async fn a_stream_with_a_replay() {
    let clients = [stream_with_a_replay(Encoding::Json).await, stream_with_a_replay(Encoding::Binary).await];
    holds("stream", "A stream is replayed, then live; marking what was not given and following what is not open are refused.", &clients);
}

/// Every published exchange, as a client of another make would check itself against it.
#[test]
fn published_exchanges_hold_for_the_strict_client() {
    let mut count = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let vector: Value = serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        let (mut model, mut reader) = (Model::default(), Reader::default());
        for line in vector["exchange"].as_array().unwrap() {
            if let Some(frame) = line.get("client") {
                let said = ClientFrame::parse(&frame.to_string(), time::OffsetDateTime::UNIX_EPOCH).unwrap();
                assert_eq!(parse(&bytes(line), time::OffsetDateTime::UNIX_EPOCH).unwrap(), said);
                if matches!(said, ClientFrame::Hello(_)) && model.welcomed.is_some() {
                    model.reconnects();
                    reader.reconnects();
                }
            } else {
                let frame: ServerFrame = serde_json::from_value(line["server"].clone()).unwrap();
                assert_eq!(serde_json::to_value(&frame).unwrap(), line["server"], "nothing is lost by reading it");
                assert_eq!(reader.read(&bytes(line)).unwrap(), frame, "both encodings say the same");
                model.take(frame).unwrap();
            }
        }
        assert_eq!(summary(&model), vector["holds"]);
        count += 1;
    }
    assert_eq!(count, 3);
}

/// The bytes that a line says its frame in.
fn bytes(line: &Value) -> Vec<u8> {
    let digits = line["binary"].as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
