//! A little of everything that is measured: what an evening of a community is, in a second.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::harness::{Client, TENANT, TestApp};

/// A host lists a home while a visitor looks, is asked twice and answers, says nonsense, signs out while connected; people search.
pub async fn one_of_everything(app: &TestApp) {
    let (host, guest, visitor) = (app.host().await, app.guest().await, app.visitor());
    let mut map = visitor.live(TENANT, None).await;
    map.looks("map", [41.35, 2.1, 41.43, 2.25], 13.0).await;
    let home = host.post("/api/v1/homes", &home()).await.expect(201).json();
    map.until("the new home", |model| model.items("map").contains_key(home["id"].as_str().unwrap())).await;
    map.says_json(json!({ "t": "nonsense" })).await;
    map.until("what is wrong with it", |model| !model.errors.is_empty()).await;

    let mut at_host = visitor.live(TENANT, Some(&host.token)).await;
    at_host.says_json(json!({ "t": "subscribe", "stream": "member:self", "since": 0 })).await;
    let asked = ask(&guest, &home, 30).await;
    let told = at_host.event("stay_requested").await;
    at_host.says_json(json!({ "t": "ack", "stream": "member:self", "seq": told.seq })).await;
    let approval = format!("/api/v1/stays/{}/approval", asked["id"].as_str().unwrap());
    host.post(&approval, &json!({ "terms_version": asked["terms_version"] })).await.expect(200);
    let second = ask(&guest, &home, 60).await;
    host.post(&format!("/api/v1/stays/{}/decline", second["id"].as_str().unwrap()), &json!({ "reason": "Painters" })).await.expect(200);

    for path in ["/api/v1/map/names?bbox=41,2,42,3&zoom=9", "/api/v1/search?q=light", "/api/v1/me/stays?side=host", "/api/v1/nothing", "/health/ready"] {
        let _ = host.get(path).await;
    }
    // The connection of somebody who signs out is ended.
    host.delete("/api/v1/session").await.expect(204);
    while at_host.next().await.is_some() {}
}

async fn ask(guest: &Client, home: &Value, days: i64) -> Value {
    let day = |days| domain::nights::iso((OffsetDateTime::now_utc() + Duration::days(days)).date());
    let body = json!({ "arrive": day(days), "leave": day(days + 3), "guests": 2, "message": "May we stay with you?" });
    guest.post(&format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap()), &body).await.expect(201).json()
}

fn home() -> Value {
    json!({
        "kind": "loft", "offer": "entire_place", "title": "Light and quiet", "description": "", "guests": 2,
        "price": { "amount": 7000, "currency": "EUR" }, "position": { "lat": 41.3917, "lng": 2.1649 }
    })
}
