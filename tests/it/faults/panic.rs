//! A panic in a city's actor: counted, the city is read anew, and whoever looks at it sees what is, over the connection they have.

use actors::{Drill, Target};
use domain::{CityId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{BARCELONA, Client, TestApp, Watcher, eventually};

async fn panics(app: &TestApp) -> f64 {
    let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    let of_city = text.lines().filter(|line| line.starts_with("posada_live_panics_total{") && line.contains(r#"actor="city""#));
    of_city.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[actix_web::test]
async fn a_panic_in_a_city_is_counted_and_its_viewers_see_what_is() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    host.lists_a_home().await;
    let mut viewers = Vec::new();
    for zoom in [10.0, 12.0, 15.0] {
        let mut viewer = Watcher::comes(&app, None).await;
        viewer.looks("map", if zoom > 14.0 { [41.37, 2.15, 41.40, 2.20] } else { BARCELONA }, zoom).await;
        viewers.push(viewer);
    }
    let before = panics(&app).await;
    let (tenant, city): (Uuid, i64) = sqlx::query_as("select tenant_id, city_id from homes limit 1").fetch_one(app.owner()).await.unwrap();
    let target = Target::City(TenantId(tenant), CityId(city as u32));
    for drill in 1..=3 {
        assert!(app.app().live.drill(target, Drill::Panic), "the city runs");
        host.lists_a_home().await;
        for viewer in &mut viewers {
            viewer.until("the new home", |model| model.is_whole("map") && model.homes("map") == 1 + drill).await;
            assert_eq!(viewer.model.resets.last().map(|reset| &*reset.reason), Some("rebuilt"), "what it held is not built on");
        }
        // The counter is of the whole process, in which other tests run.
        eventually(async || panics(&app).await, |now| *now >= before + drill as f64).await;
    }
    let answer = host.get("/api/v1/map?bbox=41.30,2.05,41.47,2.25&zoom=12&layers=homes").await.expect(200).json();
    assert_eq!(answer["total"]["homes"], json!(4));
    app.stop().await;
}
