//! One community at ten times its quota: it gets less, later, and at last no more connections; nobody of it is sent away, and its
//! neighbour has everything at once. How much a neighbour's p99 moves is measured by the load test, not here.

use serde_json::json;

use super::{
    city::{all_change, has_a_city, shows},
    raw::PATIENCE,
};
use crate::harness::{BARCELONA, Client, TENANT, TestApp, Watcher};

const PLACES: usize = 12;

#[actix_web::test]
async fn a_community_at_ten_times_its_quota_gets_less_and_nobody_of_it_is_sent_away() {
    let app = TestApp::spawn_with(|config| {
        (config.live.tenant_connections, config.live.tenant_connects_per_s) = (PLACES as u32, 10_000);
        (config.live.tenant_snapshots_per_s, config.live.tenant_bytes_per_s) = (10, 400_000);
    })
    .await;
    app.make_tenant("loud").await;
    has_a_city(&app, TENANT).await;
    has_a_city(&app, "loud").await;
    let mut calm = Watcher::comes(&app, None).await;
    calm.looks("map", BARCELONA, 13.0).await;

    // Connections: as many as there are places come in; the others are told when to ask again.
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        let mut watcher = Watcher::opens_at(app.address(), "loud", &[]).await;
        watcher.hello(Vec::new()).await;
        inside.push(watcher);
    }
    for _ in PLACES..10 * PLACES {
        let refused = app.visitor().get("/t/loud/live/events").await;
        assert!(refused.header("retry-after").and_then(|after| after.parse::<u32>().ok()) > Some(0), "{}", refused.text());
        refused.problem(503, "over-limit");
    }

    // Views: ten times as many as may be asked for in a second. Those that are over are refused for now, and the rest is there.
    for watcher in &mut inside {
        for n in 0..8 {
            watcher.says_json(json!({"t": "view", "id": format!("v{n}"), "bbox": BARCELONA, "zoom": 13, "layers": ["homes"]})).await;
        }
    }
    for watcher in &mut inside {
        watcher.settles().await;
    }
    let refused: Vec<_> = inside.iter().flat_map(|watcher| &watcher.model.errors).collect();
    assert!(!refused.is_empty() && refused.iter().all(|error| error.kind == "/problems/over-limit" && error.temporary && error.retry_after_ms > Some(0)));
    for watcher in &mut inside {
        for n in 0..8 {
            watcher.says_json(json!({"t": "unview", "id": format!("v{n}")})).await;
        }
    }
    // Whoever asks again after the time they were told is served: all of them at last, at the rate there is.
    for watcher in &mut inside {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while watcher.model.snapshots == 0 || !watcher.model.is_whole("map") {
            assert!(tokio::time::Instant::now() < deadline, "never served: {:?}", watcher.model.errors);
            let (errors, snapshots) = (watcher.model.errors.len(), watcher.model.snapshots);
            watcher.says_json(json!({"t": "view", "id": "map", "bbox": BARCELONA, "zoom": 13, "layers": ["homes"]})).await;
            watcher.until("the map or a word", |model| model.errors.len() > errors || model.snapshots > snapshots && model.is_whole("map")).await;
        }
    }

    // Bytes: changes of 100 kB to each of them. They are told less often, and are told so; the neighbour sees every change of its own.
    let mut round = 0;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while inside[0].model.qos.iter().all(|qos| qos.reason != "tenant_bytes") {
        assert!(tokio::time::Instant::now() < deadline, "never slowed");
        round += 1;
        all_change(&app, "loud", round, 2_000).await;
        all_change(&app, TENANT, round, 20).await;
        calm.until("its own change", |model| shows(model, round)).await;
        inside[0].settles().await;
    }
    for watcher in &mut inside {
        watcher.until("the map as it is", |model| shows(model, round)).await;
        watcher.settles().await;
        assert_eq!(watcher.closed, None);
    }
    assert_eq!(app.app().live.connections(), PLACES as u32 + 1, "nobody was sent away");
    assert!(calm.model.qos.is_empty() && calm.model.errors.is_empty() && calm.model.resets.is_empty(), "{:?}", calm.model);
    Watcher::comes(&app, None).await.settles().await;
    let metrics = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    for limit in ["tenant_connections", "tenant_snapshots", "tenant_bytes"] {
        assert!(metrics.contains(&format!("posada_live_limits_applied_total{{limit=\"{limit}\"}}")), "{limit} is not counted");
    }
    app.stop().await;
}
