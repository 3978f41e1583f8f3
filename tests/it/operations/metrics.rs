use std::collections::BTreeSet;

use posada::validate::asked_for;
use serde_json::json;

use crate::harness::{Client, TestApp, eventually};

/// The series that a scrape shows, histograms by their own name.
async fn scraped(app: &TestApp) -> BTreeSet<String> {
    let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect()
}

/// A host lists a home in Barcelona while a visitor looks at it live, and hears of it.
async fn live_through_something(app: &TestApp) {
    let host = app.host().await;
    let mut socket = app.visitor().live("demo", None).await;
    socket.say(&json!({ "t": "view", "id": "map", "bbox": [41.35, 2.1, 41.43, 2.25], "zoom": 13, "layers": ["homes"] })).await;
    socket.until(|frame| frame["t"] == "snapshot").await;
    let draft = json!({
        "kind": "loft", "offer": "entire_place", "title": "Light and quiet", "description": "", "guests": 2, "price": { "amount": 7000, "currency": "EUR" },
        "position": { "lat": 41.3917, "lng": 2.1649 }, "city": 3_128_760,
    });
    let _ = host.post("/api/v1/homes", &draft).await.expect(201);
    socket.until(|frame| ["snapshot", "delta"].contains(&frame["t"].as_str().unwrap_or_default()) && frame.to_string().contains("Light and quiet")).await;
}

#[tokio::test]
async fn what_the_dashboard_asks_for_is_on_the_running_server() {
    let app = TestApp::spawn().await;
    live_through_something(&app).await;
    let (_, text) = posada::validate::SHIPPED[0];
    let asked = asked_for(&serde_json::from_str(text).unwrap());
    assert!(asked.len() > 25, "{asked:?}");
    // No host has approved anything here.
    let missing = async || {
        let shown = scraped(&app).await;
        asked.iter().filter(|name| !shown.contains(*name) && *name != "posada_approvals_batch_size").cloned().collect::<Vec<_>>()
    };
    // What was sent is measured when the socket has taken it: a moment later.
    eventually(missing, Vec::is_empty).await;
    app.stop().await;
}
