//! What every answer has, whatever it answers.

use posada::http::headers::REQUIRED;

use super::addresses;
use crate::harness::{Answer, Client, TestApp};

#[track_caller]
fn is_whole(answer: &Answer, what: &str) {
    for name in REQUIRED {
        assert!(answer.header(name).is_some(), "{what} has no {name}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert!(answer.header("cache-control").is_some(), "{what} does not say who may keep it");
    if answer.status >= 400 && answer.header("content-type") == Some("application/problem+json") {
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{what}");
        assert!(problem["type"].as_str().unwrap().starts_with("/problems/"), "{what}");
        assert_eq!(problem["instance"].as_str(), answer.header("x-request-id"), "{what}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{what}");
    }
}

#[tokio::test]
async fn every_route_answers_with_every_header_and_failures_are_problems() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    for (method, path) in addresses("018f0000-0000-7000-8000-000000000000") {
        for client in [app.visitor(), ana.client.clone()] {
            let answer = client.send(&method, &path, &[("Content-Type", "application/json".into())], b"").await;
            let what = format!("{method} {path} ({})", answer.status);
            is_whole(&answer, &what);
            assert!(answer.status < 500, "{what}: {}", answer.text());
            if answer.status >= 400 && path.starts_with("/api/") {
                assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}: {}", answer.text());
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_done_are_told_apart() {
    let app = TestApp::spawn().await;
    for path in ["/api/v1/nothing", "/api", "/api/v1/homes/not-an-id", "/missing.js", "/assets/none.css", "/health/none"] {
        let answer = app.visitor().get(path).await;
        is_whole(&answer, path);
        answer.problem(404, "not-found");
    }
    let answer = app.visitor().send("PUT", "/api/v1/tenant", &[], b"").await;
    is_whole(&answer, "PUT");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    answer.problem(405, "method-not-allowed");
    let head = app.visitor().send("HEAD", "/api/v1/tenant", &[], b"").await.expect(200);
    is_whole(&head, "HEAD");
    assert!(head.body.is_empty());
    app.visitor().send("OPTIONS", "/api/v1/tenant", &[], b"").await.problem(405, "method-not-allowed");
    app.visitor().send("BREW", "/api/v1/tenant", &[], b"").await.problem(405, "method-not-allowed");
    app.stop().await;
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let app = TestApp::spawn().await;
    let answer = app.visitor().with("X-Request-Id", "from-a-proxy.1").get("/api/v1/none").await;
    assert_eq!(answer.header("x-request-id"), Some("from-a-proxy.1"));
    assert_eq!(answer.problem(404, "not-found")["instance"], "from-a-proxy.1");
    let answer = app.visitor().with("X-Request-Id", "<b>x</b>").get("/api/v1/tenant").await;
    assert_ne!(answer.header("x-request-id"), Some("<b>x</b>"));
    app.stop().await;
}

#[tokio::test]
async fn reads_worth_keeping_are_answered_once() {
    let app = TestApp::spawn().await;
    for path in ["/api/v1/tenant", "/api/v1/roles", "/openapi.json", "/api/v1/places?q=barcel"] {
        let tag = app.visitor().get(path).await.expect(200).header("etag").unwrap_or_else(|| panic!("{path}")).to_owned();
        let again = app.visitor().with("If-None-Match", &*tag).get(path).await.expect(304);
        assert!(again.body.is_empty(), "{path}");
        assert_eq!(again.header("etag"), Some(&*tag), "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn answers_are_compressed_for_who_asks() {
    let app = TestApp::spawn().await;
    let get = |encoding: &str| {
        let client: Client = app.visitor().with("Accept-Encoding", encoding);
        async move { client.get("/openapi.json").await.expect(200) }
    };
    let (plain, gzip, brotli) = (get("identity").await, get("gzip").await, get("br").await);
    assert_eq!((plain.header("content-encoding"), gzip.header("content-encoding"), brotli.header("content-encoding")), (None, Some("gzip"), Some("br")));
    assert!(gzip.body.len() * 3 < plain.body.len() && brotli.body.len() * 3 < plain.body.len());
    app.stop().await;
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_who_or_what() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let _ = ana.get("/api/v1/cities/3128760").await.expect(200);
    let _ = app.visitor().get("/t/demo/api/v1/cities/2950159").await.expect(200);
    let _ = app.visitor().send("BREW", "/api/v1/x-ray", &[], b"").await;
    let metrics = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    let of_us: Vec<&str> = metrics.lines().filter(|line| line.starts_with("posada_http_")).collect();
    assert!(of_us.iter().any(|l| l.starts_with("posada_http_requests_total") && l.contains("route=\"/api/v1/cities/{id}\"")), "{of_us:#?}");
    assert!(of_us.iter().any(|l| l.starts_with("posada_http_request_seconds")), "{of_us:#?}");
    for word in ["demo", "3128760", &ana.id, "x-ray", "BREW"] {
        assert!(of_us.iter().all(|line| !line.contains(word)), "{word} is a label");
    }
    app.stop().await;
}
