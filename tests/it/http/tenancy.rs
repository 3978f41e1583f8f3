//! Naming a community: by host, by path, by header; and what those see who are not in it.

use serde_json::json;

use crate::harness::TestApp;

async fn two() -> TestApp {
    let app = TestApp::spawn().await;
    app.make_tenant("other").await;
    sqlx::query("update tenants set domain = 'other.example', public_map = false where slug = 'other'").execute(app.owner()).await.unwrap();
    app
}

#[tokio::test]
async fn a_community_is_named_by_host_path_header_or_default() {
    let app = two().await;
    let slug = async |client: crate::harness::Client, path: &str| client.get(path).await.expect(200).json()["slug"].as_str().unwrap().to_owned();
    assert_eq!(slug(app.visitor(), "/api/v1/tenant").await, "demo");
    assert_eq!(slug(app.visitor(), "/t/other/api/v1/tenant").await, "other");
    assert_eq!(slug(app.visitor().in_tenant("other"), "/api/v1/tenant").await, "other");
    assert_eq!(slug(app.visitor().with("Host", "Other.Example:8080"), "/api/v1/tenant").await, "other");
    assert_eq!(slug(app.visitor().with("Host", "other.example").in_tenant("other"), "/t/other/api/v1/tenant").await, "other");
    app.stop().await;
}

#[tokio::test]
async fn naming_two_is_refused_and_naming_none_is_unknown() {
    let app = two().await;
    let get = |client: crate::harness::Client, path: &'static str| async move { client.get(path).await };
    get(app.visitor().in_tenant("demo"), "/t/other/api/v1/tenant").await.problem(400, "tenant-conflict");
    get(app.visitor().with("Host", "other.example"), "/t/demo/api/v1/tenant").await.problem(400, "tenant-conflict");
    get(app.visitor().with("Host", "other.example").in_tenant("demo"), "/api/v1/tenant").await.problem(400, "tenant-conflict");
    for bad in ["nobody", "DEMO", "demo'--", "%00", "x"] {
        app.visitor().get(&format!("/t/{bad}/api/v1/tenant")).await.problem(404, "tenant-unknown");
    }
    app.visitor().in_tenant("nobody").get("/api/v1/tenant").await.problem(404, "tenant-unknown");
    let twice = [("X-Posada-Tenant", "demo".to_owned()), ("X-Posada-Tenant", "other".to_owned())];
    app.visitor().send("GET", "/api/v1/tenant", &twice, b"").await.problem(400, "tenant-conflict");
    app.stop().await;
}

#[tokio::test]
async fn who_is_not_in_a_closed_community_learns_only_how_to_come_in() {
    let app = two().await;
    let stranger = app.member().await;
    let inside = app.member_of("other", "Insider", &["dancer"]).await;
    for client in [app.visitor().in_tenant("other"), stranger.client.clone().in_tenant("other")] {
        for path in ["/api/v1/members/me", "/api/v1/cities/3128760", "/api/v1/search?q=x", "/api/v1/inbox", "/api/v1/me/homes"] {
            client.get(path).await.problem(404, "tenant-unknown");
        }
        let _ = client.get("/api/v1/tenant").await.expect(200);
        assert!(client.get("/api/v1/session").await.expect(200).json()["member"].is_null());
    }
    let _ = inside.get("/api/v1/cities/3128760").await.expect(200);
    // A public map is no secret: whoever is not signed in is told that signing in would help.
    app.visitor().get("/api/v1/members/me").await.problem(401, "sign-in-needed");
    app.visitor().with_token("nonsense").get("/api/v1/tenant").await.problem(401, "token-invalid");
    inside.client.clone().in_tenant("demo").get("/api/v1/members/me").await.problem(404, "tenant-unknown");
    app.stop().await;
}

#[tokio::test]
async fn sign_up_can_be_closed() {
    let app = two().await;
    sqlx::query("update tenants set sign_up = 'closed' where slug = 'other'").execute(app.owner()).await.unwrap();
    let body = json!({ "email": "ana@example.org", "password": "long enough 1", "name": "Ana", "home_city": 3_128_760, "roles": ["dancer"] });
    app.visitor().in_tenant("other").post("/api/v1/accounts", &body).await.problem(403, "sign-up-closed");
    app.stop().await;
}
