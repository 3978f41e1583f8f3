//! Cities by name, the page of one, and search.

use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

const BARCELONA: u32 = 3_128_760;

async fn home(host: &Person, title: &str, lat: f64) -> Value {
    let draft = json!({ "kind": "apartment", "offer": "entire_place", "title": title, "description": "", "guests": 2,
        "price": { "amount": 5000, "currency": "EUR" }, "city": BARCELONA, "position": { "lat": lat, "lng": 2.17 } });
    host.post("/api/v1/homes", &draft).await.expect(201).json()
}

#[tokio::test]
async fn a_city_is_found_as_it_is_typed() {
    let app = TestApp::spawn().await;
    for typed in ["barcelona", "Barcel", "BARCELONE", "Барселона", "barcelna", "BCN"] {
        let query: String = typed.bytes().map(|b| format!("%{b:02X}")).collect();
        let found = app.visitor().get(&format!("/api/v1/places?q={query}&limit=5")).await.expect(200).json();
        assert!(found["items"].as_array().unwrap().iter().any(|city| city["id"] == BARCELONA), "{typed}: {found}");
    }
    let problem = app.visitor().get("/api/v1/places?q=x&limit=500").await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "limit");
    app.visitor().get("/api/v1/places?q=x&lat=1").await.problem(422, "invalid");
    let problem = app.visitor().get("/api/v1/places?q=x&lmit=5").await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "lmit", "a mistyped parameter is not passed over");
    app.stop().await;
}

#[tokio::test]
async fn a_city_page_counts_what_is_there() {
    let app = TestApp::spawn().await;
    let path = format!("/api/v1/cities/{BARCELONA}");
    let empty = app.visitor().get(&path).await.expect(200).json();
    assert_eq!((&empty["counts"], &empty["extent"]), (&json!({ "homes": 0, "hosts": 0, "members": 0 }), &Value::Null));
    let host = app.host().await;
    home(&host, "Sunny loft", 41.39).await;
    home(&host, "Old house", 41.40).await;
    let city = app.visitor().get(&path).await.expect(200).json();
    assert_eq!(city["counts"], json!({ "homes": 2, "hosts": 1, "members": 1 }));
    assert_eq!((city["name"].as_str(), city["time_zone"].as_str()), (Some("Barcelona"), Some("Europe/Madrid")));
    assert!(city["group"]["id"].is_string() && city["extent"].as_array().is_some_and(|e| e.len() == 4), "{city}");
    assert!(city["names"].as_array().unwrap().iter().any(|n| n["text"] == "Барселона"));
    app.visitor().get("/api/v1/cities/1").await.problem(404, "not-found");
    app.visitor().get("/api/v1/cities/barcelona").await.problem(404, "not-found");
    app.stop().await;
}

#[tokio::test]
async fn search_finds_homes_by_title_with_slips_and_forgets_what_is_paused() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let loft = home(&host, "Sunny loft in Gràcia", 41.39).await;
    home(&host, "静かな家", 41.40).await;
    let titles = |q: &'static str| {
        let client = app.visitor();
        async move {
            let query: String = q.bytes().map(|b| format!("%{b:02X}")).collect();
            let found = client.get(&format!("/api/v1/search?q={query}")).await.expect(200).json();
            found["homes"].as_array().unwrap().iter().map(|home| home["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let found = crate::harness::eventually(|| titles("gracia"), |found| !found.is_empty()).await;
    assert_eq!(found, ["Sunny loft in Gràcia"]);
    assert_eq!(titles("suny lotf").await, ["Sunny loft in Gràcia"]);
    assert_eq!(titles("静か").await, ["静かな家"]);
    let cities = app.visitor().get("/api/v1/search?q=barcelona").await.expect(200).json();
    assert_eq!(cities["cities"][0]["id"], BARCELONA);
    let _ = host.post(&format!("/api/v1/homes/{}/pause", loft["id"].as_str().unwrap()), &Value::Null).await.expect(200);
    assert_eq!(titles("gracia").await, [""; 0], "at once, not when the words are read again");
    app.stop().await;
}
