//! What is sent: how long it may be, of what kind, and how often it counts.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::TestApp;

#[tokio::test]
async fn a_body_is_at_most_so_long_however_it_is_sent() {
    let app = TestApp::spawn().await;
    let long = json!({ "email": "a".repeat(70_000), "password": "x" });
    app.visitor().post("/api/v1/session", &long).await.problem(413, "body-too-large");
    // In chunks, with no length said beforehand.
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        app.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..8 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break; // it stopped listening: that is an answer too
        }
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn a_body_is_json_and_well_formed() {
    let app = TestApp::spawn().await;
    let send = |kind: &'static str, body: &'static str| {
        let client = app.visitor();
        async move { client.send("POST", "/api/v1/session", &[("Content-Type", kind.to_owned())], body.as_bytes()).await }
    };
    send("text/plain", "{}").await.problem(415, "not-json");
    send("application/x-www-form-urlencoded", "email=a").await.problem(415, "not-json");
    send("application/json", "{").await.problem(400, "malformed-json");
    send("application/json", "{}").await.problem(422, "invalid");
    let problem = send("application/json", r#"{"email": 7, "password": "x"}"#).await.problem(422, "invalid");
    assert_eq!((problem["errors"][0]["field"].as_str(), problem["errors"][0]["expected"].as_str()), (Some("email"), Some("a string")), "{problem}");
    let problem = send("application/json", r#"{"email": "a", "password": "x", "admin": true}"#).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "admin", "{problem}");
    app.stop().await;
}

#[tokio::test]
async fn what_creates_needs_a_key_and_a_key_counts_once() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let json = [("Content-Type", "application/json".to_owned())];
    ana.client.send("POST", "/api/v1/homes", &json, b"{}").await.problem(400, "idempotency-key-missing");
    ana.client.clone().with("Idempotency-Key", "a b").post("/api/v1/homes", &json!({})).await.problem(400, "idempotency-key-invalid");

    let keyed = ana.client.clone().with("Idempotency-Key", "rename-1");
    let first = keyed.patch("/api/v1/members/me", &json!({ "name": "Ana One" })).await.expect(200);
    let _ = ana.client.patch("/api/v1/members/me", &json!({ "name": "Ana Two" })).await.expect(200);
    let again = keyed.patch("/api/v1/members/me", &json!({ "name": "Ana One" })).await.expect(200);
    assert_eq!(first.body, again.body, "the same answer, byte for byte");
    assert_eq!(ana.get("/api/v1/members/me").await.json()["name"], "Ana Two", "and nothing was done again");
    keyed.patch("/api/v1/members/me", &json!({ "name": "Ana Three" })).await.problem(422, "idempotency-key-reused");
    // Another's key is another key.
    let ben = app.member().await;
    let _ = ben.client.clone().with("Idempotency-Key", "rename-1").patch("/api/v1/members/me", &json!({ "name": "Ben" })).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_and_the_server_goes_on() {
    let app = TestApp::spawn().await;
    let long = app.visitor().with("X-Long", "x".repeat(200_000)).try_send("GET", "/api/v1/tenant", &[], b"").await;
    assert!(long.is_err() || long.is_ok_and(|a| (400..500).contains(&a.status)));
    let _ = app.visitor().get("/api/v1/tenant").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn who_dawdles_over_a_head_is_cut_off() {
    let app = TestApp::spawn_with(|config| config.http.head_seconds = 1).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(b"GET /api/v1/tenant HTTP/1.1\r\nHost: a\r\nX-Slow").await.unwrap();
    let mut answer = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "still open after 8 seconds");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    app.stop().await;
}

#[tokio::test]
async fn who_dawdles_over_a_body_is_told_so_and_does_not_keep_the_connection() {
    let app = TestApp::spawn_with(|config| config.http.body_seconds = 1).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let end = tokio::time::timeout(Duration::from_secs(8), stream.read_to_string(&mut answer)).await;
    assert!(end.is_ok(), "still open after 8 seconds: {answer}");
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("/problems/body-too-slow") && answer.contains("within 1 seconds"), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn a_refused_change_lets_go_of_its_connection() {
    // With everything else that could end it far away.
    let app = TestApp::spawn_with(|config| (config.http.head_seconds, config.http.body_seconds, config.http.keep_alive_seconds) = (60, 60, 60)).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = "POST /api/v1/homes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (started, mut answer) = (Instant::now(), Vec::new());
    // The client never closes its side: reading ends when the server lets go.
    let end = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "still open after {:?}: {}", started.elapsed(), String::from_utf8_lossy(&answer));
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    app.stop().await;
}
