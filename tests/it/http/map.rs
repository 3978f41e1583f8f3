//! The map by HTTP: what a view shows, nearest, within, names.

use serde_json::{Value, json};

use crate::harness::{Person, TestApp, eventually};

async fn home(host: &Person, title: &str, kind: &str, lat: f64, lng: f64) {
    let draft =
        json!({ "kind": kind, "offer": "entire_place", "title": title, "description": "", "guests": 2, "price": null, "position": { "lat": lat, "lng": lng } });
    let _ = host.post("/api/v1/homes", &draft).await.expect(201);
}

/// All things in all tiles of all scopes.
fn items(map: &Value) -> Vec<&Value> {
    let scopes = map["scopes"].as_array().unwrap();
    scopes.iter().flat_map(|scope| scope["tiles"].as_array().unwrap()).flat_map(|tile| tile["full"].as_array().unwrap()).collect()
}

#[tokio::test]
async fn a_view_shows_what_is_there_and_counts_it() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    home(&host, "One", "loft", 41.390, 2.170).await;
    home(&host, "Two", "house", 41.391, 2.171).await;
    home(&host, "Three", "house", 41.400, 2.180).await;
    home(&host, "Far", "boat", 52.520, 13.400).await;
    let get = |path: &'static str| {
        let client = app.visitor();
        async move { client.get(path).await.expect(200).json() }
    };
    const NEAR: &str = "/api/v1/map?bbox=41.3,2.1,41.5,2.3&zoom=12&layers=homes";
    let map = eventually(|| get(NEAR), |map| map["total"]["homes"] == 3).await;
    assert_eq!(items(&map).iter().filter(|item| item["c"] == "home").count(), 3, "{map}");
    let houses = get("/api/v1/map?bbox=41.3,2.1,41.5,2.3&zoom=12&layers=homes&kinds=house").await;
    assert_eq!((houses["total"]["homes"].as_u64(), items(&houses).len()), (Some(2), 2));
    let world = eventually(|| get("/api/v1/map?bbox=-60,-180,75,180&zoom=2"), |map| map["total"]["homes"] == 4).await;
    let seen: u64 = items(&world).iter().map(|item| item["homes"].as_u64().unwrap()).sum();
    assert_eq!(seen, 4, "nothing is silently cut: {world}");

    let first = app.visitor().get(NEAR).await.expect(200);
    let tag = first.header("etag").unwrap().to_owned();
    let _ = app.visitor().with("If-None-Match", &*tag).get(NEAR).await.expect(304);
    home(&host, "Four", "cabin", 41.395, 2.175).await;
    eventually(|| get(NEAR), |map| map["total"]["homes"] == 4).await;
    let _ = app.visitor().with("If-None-Match", &*tag).get(NEAR).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn near_homes_come_by_distance_and_are_counted() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    for n in 0..5 {
        home(&host, &format!("Home {n}"), "loft", 41.39 + f64::from(n) / 50.0, 2.17).await;
    }
    let get = |path: &'static str| {
        let client = app.visitor();
        async move { client.get(path).await.expect(200).json() }
    };
    let found = eventually(|| get("/api/v1/map/within?lat=41.39&lng=2.17&radius_m=30000&limit=2"), |found| found["total"] == 5).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 2, "cut to the limit, with the true total");
    let near = get("/api/v1/map/nearest?lat=41.39&lng=2.17&limit=5").await;
    let metres: Vec<f64> = near["items"].as_array().unwrap().iter().map(|home| home["distance_m"].as_f64().unwrap()).collect();
    assert!(metres.len() == 5 && metres.windows(2).all(|pair| pair[0] <= pair[1]), "{metres:?}");
    let list = get("/api/v1/map/homes?bbox=41,2,42,3").await;
    assert_eq!((list["total"].as_u64(), list["items"].as_array().unwrap().len()), (Some(5), 5));
    app.visitor().get("/api/v1/map/nearest?lat=0&lng=0").await.problem(422, "invalid");
    app.visitor().get("/api/v1/map?bbox=41.5,2,41.3,2.3&zoom=3").await.problem(422, "invalid");
    app.visitor().get("/api/v1/map?bbox=41,2,42,3&zoom=99").await.problem(422, "invalid");
    let names = get("/api/v1/map/names?bbox=41.2,1.9,41.6,2.4&zoom=11").await;
    assert_eq!(names["items"][0]["name"], "Barcelona");
    app.stop().await;
}
