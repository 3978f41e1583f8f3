//! A map that moves: what a host changes is on every open view that shows it.

use actors::wire::Item;
use serde_json::{Value, json};

use super::{OUTLET, Watcher, spawn_over, watcher::BARCELONA};
use crate::harness::Client;

const CITY: u64 = 3_128_760;

pub async fn lists(host: &Client, lat: f64, lng: f64, title: &str) -> Value {
    let home = json!({"kind": "apartment", "offer": "entire_place", "title": title, "description": "By the sea.", "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": lat, "lng": lng}, "city": CITY});
    host.post("/api/v1/homes", &home).await.expect(201).json()
}

#[actix_web::test]
async fn a_home_appears_changes_moves_and_vanishes_on_an_open_map() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    let first = lists(&host, 41.40, 2.17, "First").await;
    let mut visitor = Watcher::comes(&app, None).await;
    visitor.looks("map", BARCELONA, 12.0).await;
    assert_eq!(visitor.model.items("map").len(), 1, "{:?}", visitor.model);

    let second = lists(&host, 41.38, 2.15, "Second").await;
    let id = second["id"].as_str().unwrap().to_owned();
    visitor.until("the new home", |model| model.items("map").contains_key(&id)).await;

    let version = |home: &Value| format!("\"{}\"", home["version"]);
    let change = json!({"title": "Second, by the park"});
    let changed = host.client.clone().with("If-Match", version(&second)).patch(&format!("/api/v1/homes/{id}"), &change).await.expect(200).json();
    visitor.until("its new title", |model| matches!(model.items("map").get(&id), Some(Item::Home { title, .. }) if title == "Second, by the park")).await;

    let at = |model: &crate::harness::Model| match model.items("map").get(&id) {
        Some(Item::Home { y, x, .. }) => Some((*y, *x)),
        _ => None,
    };
    let before = at(&visitor.model).unwrap();
    let place = json!({"lat": 41.42, "lng": 2.19});
    let _ = host.client.clone().with("If-Match", version(&changed)).put(&format!("/api/v1/homes/{id}/position"), &place).await.expect(200);
    visitor.until("its new place", |model| at(model).is_some_and(|now| now != before)).await;

    let _ = host.post(&format!("/api/v1/homes/{id}/pause"), &Value::Null).await.expect(200);
    visitor.until("the home gone", |model| !model.items("map").contains_key(&id)).await;
    assert!(visitor.model.items("map").contains_key(first["id"].as_str().unwrap()));
    assert!(visitor.model.deltas >= 3, "changes came as deltas: {:?}", visitor.model);
    app.stop().await;
}

#[actix_web::test]
async fn a_city_counts_its_homes_on_the_world_map() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    lists(&host, 41.40, 2.17, "First").await;
    let mut visitor = Watcher::comes(&app, None).await;
    visitor.looks("world", [-60.0, -170.0, 75.0, 170.0], 3.0).await;
    assert_eq!(visitor.model.homes("world"), 1);
    lists(&host, 41.38, 2.15, "Second").await;
    visitor.until("two homes", |model| model.homes("world") == 2).await;
    let city = visitor.model.items("world").remove(&CITY.to_string()).unwrap();
    assert!(matches!(city, Item::City { homes: 2, hosts: 1, .. }), "{city:?}");

    visitor.looks_for("world", [-60.0, -170.0, 75.0, 170.0], 3.0, json!({"guests": 3})).await;
    assert_eq!(visitor.model.homes("world"), 0, "no home has room for three");
    app.stop().await;
}

#[actix_web::test]
async fn a_view_over_empty_land_gets_a_city_as_soon_as_it_has_a_home() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    let mut visitor = Watcher::comes(&app, None).await;
    visitor.looks("map", BARCELONA, 12.0).await;
    assert_eq!(visitor.model.homes("map"), 0);
    lists(&host, 41.40, 2.17, "The first of all").await;
    visitor.until("the city", |model| model.homes("map") == 1 && model.is_whole("map")).await;
    app.stop().await;
}

#[actix_web::test]
async fn after_a_break_a_view_is_repaired_or_told_whole_and_never_has_a_gap() {
    let mut app = spawn_over(OUTLET, |_| {}).await;
    let host = app.host().await;
    lists(&host, 41.40, 2.17, "First").await;
    let mut visitor = Watcher::comes(&app, None).await;
    visitor.looks("map", BARCELONA, 12.0).await;
    let view = json!({"view": "map", "bbox": BARCELONA, "zoom": 12.0, "layers": ["cities", "homes"]});

    lists(&host, 41.38, 2.15, "While away").await;
    visitor.returns(app.address(), std::slice::from_ref(&view)).await;
    assert_eq!(visitor.model.answered("map"), Some(actors::wire::Outcome::Resumed));
    visitor.until("both homes", |model| model.homes("map") == 2).await;
    assert_eq!(visitor.model.snapshots, 1, "it was proved, so it came as a delta");

    app.restart().await;
    lists(&host.at(app.address()), 41.37, 2.14, "While it was down").await;
    visitor.returns(app.address(), &[view]).await;
    assert_eq!(visitor.model.answered("map"), Some(actors::wire::Outcome::Resumed), "another process knows what it holds");
    visitor.until("all three homes", |model| model.is_whole("map") && model.homes("map") == 3).await;
    assert_eq!(visitor.model.snapshots, 1);
    app.stop().await;
}
