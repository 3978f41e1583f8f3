//! Pausing, resuming, retiring: every step that is allowed, and every one that is not.

use serde_json::json;

use super::{draft, id, listed};
use crate::harness::TestApp;

#[actix_web::test]
async fn a_home_goes_only_where_its_status_leads() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    let step = async |name: &str| host.post(&format!("{path}/{name}"), &json!(null)).await;
    for refused in ["resume", "retire"] {
        let problem = step(refused).await.problem(409, "home-status");
        assert!(problem["detail"].as_str().unwrap().contains("pause"), "{problem}");
    }
    assert_eq!(step("pause").await.expect(200).json()["moves"], json!(["resume", "retire"]));
    step("pause").await.problem(409, "home-status");
    // Nobody but its host sees it now, anywhere.
    let visitor = app.visitor().in_tenant("demo");
    visitor.get(&path).await.problem(404, "not-found");
    assert_eq!(visitor.get("/api/v1/cities/3128760/homes").await.expect(200).json()["items"], json!([]));
    assert!(!visitor.get("/api/v1/homes/export.csv").await.expect(200).text().contains(id(&home)));
    assert_eq!(host.get(&path).await.expect(200).json()["status"], "paused");
    assert_eq!(step("resume").await.expect(200).json()["status"], "active");
    drop(step("pause").await.expect(200));
    assert_eq!(step("retire").await.expect(200).json()["moves"], json!([]));
    for refused in ["pause", "resume", "retire"] {
        step(refused).await.problem(409, "home-status");
    }
    host.client.clone().with("If-Match", "5").patch(&path, &json!({"title": "Back"})).await.problem(409, "home-not-editable");
    host.put(&format!("{path}/position"), &json!({"lat": 41.4, "lng": 2.17})).await.problem(409, "home-not-editable");
    app.stop().await;
}
