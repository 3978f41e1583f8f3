//! Both encodings over real sockets: chosen by the client, the same in what they say, each with frames that are none.

use actors::wire::{ClientFrame, Outcome, binary};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{OUTLET, Watcher, spawn_over, watcher::BARCELONA};
use crate::harness::Person;

const CITY: u64 = 3_128_760;
const BINARY: &str = "posada.v1.bin";

async fn lists(host: &Person, lat: f64, lng: f64, title: &str) -> Value {
    let home = json!({"kind": "boat", "offer": "entire_place", "title": title, "description": "By the sea.", "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": lat, "lng": lng}, "city": CITY});
    host.post("/api/v1/homes", &home).await.expect(201).json()
}

#[actix_web::test]
async fn whoever_speaks_either_encoding_holds_the_same_map() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    let first = lists(&host, 41.40, 2.17, "First").await;
    let mut json = Watcher::comes(&app, None).await;
    let mut binary = Watcher::opens_speaking(&app, "posada.v9, posada.v1.bin, posada.v1.json").await;
    binary.hello(Vec::new()).await;
    for watcher in [&mut json, &mut binary] {
        watcher.looks("map", BARCELONA, 12.0).await;
        watcher.looks("world", [-60.0, -170.0, 75.0, 170.0], 3.0).await;
    }
    lists(&host, 41.38, 2.15, "Second").await;
    let id = first["id"].as_str().unwrap();
    let version = format!("\"{}\"", first["version"]);
    let change = json!({"price": {"amount": 7500, "currency": "GBP"}});
    let _ = host.client.clone().with("If-Match", version).patch(&format!("/api/v1/homes/{id}"), &change).await.expect(200);
    for watcher in [&mut json, &mut binary] {
        let priced =
            |model: &crate::harness::Model| model.items("map").get(id).is_some_and(|item| serde_json::to_value(item).unwrap()["price"]["amount"] == 7500);
        watcher.until("both and the price", |model| model.homes("map") == 2 && model.homes("world") == 2 && priced(model)).await;
    }
    assert_eq!(json.model.items("map"), binary.model.items("map"));
    assert_eq!(json.model.items("world"), binary.model.items("world"));

    // What is held in one encoding is brought up to date in it.
    let view = json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "layers": ["cities", "homes"]});
    let _ = host.post(&format!("/api/v1/homes/{id}/pause"), &Value::Null).await.expect(200);
    binary.returns(app.address(), &[view]).await;
    assert_eq!(binary.model.answered("map"), Some(Outcome::Resumed));
    binary.until("one home less", |model| model.homes("map") == 1).await;
    app.stop().await;
}

#[actix_web::test]
async fn what_is_held_in_json_proves_nothing_in_binary() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    lists(&host, 41.40, 2.17, "First").await;
    let mut json = Watcher::comes(&app, None).await;
    json.looks("map", BARCELONA, 12.0).await;
    let mut view = json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "layers": ["cities", "homes"]});
    view["since"] = serde_json::to_value(json.model.since("map")).unwrap();
    let mut binary = Watcher::opens_speaking(&app, BINARY).await;
    binary.hello(vec![serde_json::from_value(view).unwrap()]).await;
    assert_eq!(binary.model.answered("map"), Some(Outcome::Snapshot));
    binary.until("all of it", |model| model.is_whole("map") && model.homes("map") == 1).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_client_of_the_binary_encoding_may_speak_binary_or_text_and_is_answered_in_binary() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    let mut watcher = Watcher::opens_speaking(&app, BINARY).await;
    let token = host.token.clone();
    let hello: ClientFrame = serde_json::from_value(json!({"t": "hello", "client": "it", "version": 1, "token": token})).unwrap();
    watcher.sends(Message::binary(binary::say(&hello))).await;
    watcher.until("the welcome", |model| model.welcomed.is_some()).await;
    watcher.sends(Message::binary(binary::say(&ClientFrame::Subscribe { stream: "member:self".parse().unwrap(), since: Some(0) }))).await;
    watcher.until("the end of the replay", |model| model.caught_up.len() == 1).await;
    watcher.says_json(json!({"t": "subscribe", "stream": format!("city:{CITY}")})).await;
    watcher.until("the other stream", |model| model.caught_up.len() == 2).await;
    lists(&host, 41.40, 2.17, "News").await;
    watcher.until("its event", |model| model.events.iter().any(|(stream, ..)| *stream == format!("city:{CITY}"))).await;

    // What is wrong is answered, and the connection goes on.
    for wrong in [&b"\xff\xff"[..], b"", b"{}"] {
        let before = watcher.model.errors.len();
        watcher.sends(Message::binary(wrong.to_vec())).await;
        watcher.until("a refusal", |model| model.errors.len() > before).await;
    }
    let kinds: Vec<&str> = watcher.model.errors.iter().map(|error| &*error.kind).collect();
    assert_eq!(kinds, ["/problems/bad-frame", "/problems/unknown-frame", "/problems/bad-frame"]);
    watcher.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn the_schema_of_the_binary_encoding_is_published() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let answer = app.visitor().get("/live-schema.proto").await.expect(200);
    assert_eq!(answer.text(), include_str!("../../../docs/live/posada.v1.proto"));
    app.stop().await;
}
