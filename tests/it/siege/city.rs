//! A city whose homes all change at once, as much at a time as a test wants to send.

use actors::wire::Item;
use domain::{
    CityId, HomeId, Position, StreamName, TenantId,
    home::{HomeKind, Offer},
    live::{CityChange, CityCounts, HomePoint},
};
use posada::store::events::NewEvent;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Model, TestApp};

const CITY: CityId = CityId(3_128_760);
const HOMES: u128 = 50;

/// One home that is really there: the world knows where the city is.
pub async fn has_a_city(app: &TestApp, tenant: &str) {
    let home = json!({"kind": "apartment", "offer": "entire_place", "title": "Real", "description": "", "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.40, "lng": 2.15}, "city": CITY.0});
    let _ = app.member_of(tenant, "Host", &["host"]).await.post("/api/v1/homes", &home).await.expect(201);
}

/// Every home of the city gets the title of this round and of this length, in one change.
pub async fn all_change(app: &TestApp, tenant: &str, round: usize, title: usize) {
    let put = (1..=HOMES).map(|n| HomePoint {
        id: HomeId(Uuid::from_u128(n)),
        kind: HomeKind::ALL[0],
        offer: Offer::EntirePlace,
        title: format!("{round:06}{}", "x".repeat(title)),
        guests: 2,
        price: None,
        at: Position::new(41.36 + n as f64 * 0.001, 2.10 + n as f64 * 0.001).unwrap(),
        rooms: Vec::new(),
    });
    let change = CityChange { put: put.collect(), gone: Vec::new(), left: Some(Vec::new()), counts: CityCounts { homes: HOMES as u32, hosts: 1 } };
    let tenant: Uuid = sqlx::query_scalar("select id from tenants where slug = $1").bind(tenant).fetch_one(app.owner()).await.unwrap();
    let mut tx = app.app().store.begin_as_tenant(TenantId(tenant)).await.unwrap();
    tx.record(vec![NewEvent::new(StreamName::City(CITY), "home_changed", &change).unwrap()]);
    app.app().relay.publish(tx.commit().await.unwrap());
}

/// Whether all homes are as this round made them.
pub fn shows(model: &Model, round: usize) -> bool {
    let title = format!("{round:06}");
    let of_this = |item: &&Item| matches!(item, Item::Home { title: shown, .. } if shown.starts_with(&title));
    model.items("map").values().filter(of_this).count() as u128 == HOMES
}
