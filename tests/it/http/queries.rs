//! What may stand in a query: a name that an address does not know is refused, on every route that reads a query.

use posada::http::openapi::query_names;

use super::{filled, rows};
use crate::harness::TestApp;

const ID: &str = "3128760";
const REFUSAL: &str = "is no parameter of this address";

#[tokio::test]
async fn a_mistyped_parameter_is_refused_wherever_a_query_is_read() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let mut with_query = Vec::new();
    for row in rows().into_iter().filter(|row| row.method == "GET") {
        let (known, path) = (query_names(&row), filled(row.path, ID));
        if known.is_empty() {
            let (plain, asked) = (ana.get(&path).await, ana.get(&format!("{path}?kindz=loft")).await);
            assert_eq!(asked.status, plain.status, "{path} reads no query, and what stands in it changes nothing");
            continue;
        }
        for method in ["GET", "HEAD"] {
            let answer = ana.client.send(method, &format!("{path}?{}=&kindz=loft", known[0]), &[], b"").await.expect(422);
            if method == "GET" {
                let problem = answer.problem(422, "invalid");
                let error = &problem["errors"][0];
                assert_eq!((error["field"].as_str(), error["message"].as_str()), (Some("kindz"), Some(REFUSAL)), "{path}");
                assert_eq!(error["expected"], known.join(", "), "{path}");
            }
        }
        for name in &known {
            let answer = ana.get(&format!("{path}?{name}=x")).await;
            assert!(!answer.text().contains(REFUSAL), "{path} documents {name} and does not know it");
        }
        with_query.push(row.path);
    }
    for path in ["/api/v1/map", "/api/v1/map/within", "/api/v1/cities/{id}/homes", "/api/v1/homes/export.csv", "/api/v1/me/stays", "/api/v1/inbox"] {
        assert!(with_query.contains(&path), "{path} reads a query, and its document does not say so");
    }
    let problem = ana.get("/live/events?kindz=loft").await.problem(422, "invalid");
    assert_eq!((problem["errors"][0]["field"].as_str(), problem["errors"][0]["expected"].as_str()), (Some("kindz"), Some("view, subscribe")));
    app.stop().await;
}

#[tokio::test]
async fn who_may_not_look_is_told_nothing_of_the_query() {
    let app = TestApp::spawn().await;
    app.visitor().get("/api/v1/inbox?kindz=loft").await.problem(401, "sign-in-needed");
    app.stop().await;
}
