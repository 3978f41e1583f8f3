//! The edges of HTTP itself: methods, heads and hosts that few clients send, and that must not surprise the server.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{filled, rows};
use crate::harness::{Client, TestApp};

const ID: &str = "018f0000-0000-7000-8000-000000000000";

/// Sends bytes as they are, and reads until the server closes.
async fn raw(app: &TestApp, head: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    // The server may have refused and closed before all is sent: that is an answer too.
    let _ = stream.write_all(head).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut answer)).await.expect("still open after 15 seconds");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn methods_that_a_route_does_not_have_are_refused_with_those_it_has() {
    let app = TestApp::spawn().await;
    for row in rows() {
        let path = filled(row.path, ID);
        for method in ["OPTIONS", "TRACE", "PROPFIND"] {
            let answer = app.visitor().send(method, &path, &[], b"").await;
            let allow = answer.header("allow").unwrap_or_else(|| panic!("{method} {path} has no Allow")).to_owned();
            assert!(allow.contains(row.method.as_str()), "{method} {path}: {allow}");
            assert!(!answer.text().contains("X-Secret"), "{method} {path} sends the request back");
            answer.problem(405, "method-not-allowed");
        }
        let head = app.visitor().send("HEAD", &path, &[], b"").await;
        assert!(head.body.is_empty(), "HEAD {path} has a body");
        if row.method == "GET" {
            assert_eq!(head.status, app.visitor().get(&path).await.status, "HEAD {path}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn addresses_and_heads_of_any_length_are_answered() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for long in [1_000, 20_000, 60_000] {
        visitor.get(&format!("/api/v1/{}", "x".repeat(long))).await.problem(404, "not-found");
        visitor.get(&format!("/api/v1/homes/{}", "x".repeat(long))).await.problem(404, "not-found");
        visitor.get(&format!("/t/{}/api/v1/tenant", "x".repeat(long))).await.problem(404, "tenant-unknown");
        visitor.clone().in_tenant(&"x".repeat(long)).get("/api/v1/tenant").await.problem(404, "tenant-unknown");
        visitor.get(&format!("/api/v1/search?q={}", "x".repeat(long))).await.problem(422, "invalid");
        let _ = visitor.clone().with("Cookie", "x".repeat(long)).get("/api/v1/tenant").await.expect(200);
        visitor.clone().with_token(&"x".repeat(long)).get("/api/v1/tenant").await.problem(401, "token-invalid");
    }
    let deep = visitor.get(&format!("/api/v1{}", "/a".repeat(20_000))).await;
    deep.problem(404, "not-found");
    // Past what a head may have: the connection ends, with a status if there is still somebody to read it.
    let head = |inside: String| format!("GET /api/v1/tenant HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{inside}\r\n\r\n");
    for wrong in [
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(70_000)),
        head(format!("X-Long: {}", "x".repeat(400_000))),
        head((0..500).map(|n| format!("X-{n}: x\r\n")).collect()),
    ] {
        let answer = raw(&app, wrong.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{:?}: {answer}", &wrong[..60]);
    }
    let _ = visitor.get("/api/v1/tenant").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_host_is_said_once_and_where_it_must_be() {
    let app = TestApp::spawn().await;
    let old = raw(&app, b"GET /api/v1/tenant HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200"), "{old}");
    let said = |head: &'static str| {
        let app = &app;
        async move { raw(app, format!("{head}Connection: close\r\n\r\n").as_bytes()).await }
    };
    for fine in [
        "GET /api/v1/tenant HTTP/1.1\r\nHost: a.example\r\n",
        "GET http://a.example/api/v1/tenant HTTP/1.1\r\nHost: A.example\r\n",
        "GET /api/v1/tenant HTTP/1.1\r\nHost: \r\n",
        "GET /api/v1/tenant HTTP/1.1\r\nHost: ;drop table\r\n",
    ] {
        let answer = said(fine).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{fine}: {answer}");
    }
    // Refused by the framework before there is anything to answer with: a bare status.
    for wrong in [
        "GET /api/v1/tenant HTTP/1.1\r\n",
        "GET /api/v1/tenant HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n",
        "GET /api/v1/tenant HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n",
    ] {
        let answer = said(wrong).await;
        assert!(answer.contains(" 400 "), "{wrong}: {answer}");
    }
    let answer = said("GET http://b.example/api/v1/tenant HTTP/1.1\r\nHost: a.example\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/problems/bad-request") && answer.contains("x-request-id"), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn an_escaped_slash_is_no_way_into_another_community_or_route() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for slug in ["demo%2F", "demo%2Fother", "%64emo", "demo%00", "%2e%2e", "demo%5C", "demo;x", "demo%E2%80%AE", "DEMO"] {
        visitor.get(&format!("/t/{slug}/api/v1/tenant")).await.problem(404, "tenant-unknown");
    }
    for path in [
        "/api%2Fv1%2Ftenant",
        "/api/v1%2Ftenant",
        "/t/demo//api/v1/tenant",
        "/t/demo/api%2Fv1/tenant",
        "/api/v1/homes/%2e%2e%2ftenant",
        "/docs/..%2f..%2fetc/passwd",
    ] {
        visitor.get(path).await.problem(404, "not-found");
    }
    // No file of ours, so it is the page: it says by itself that there is nothing.
    for path in ["/t%2Fdemo/api/v1/tenant", "/t//api/v1/tenant", "//api/v1/tenant", "/%74/demo/api"] {
        let answer = visitor.get(path).await;
        assert!(answer.status < 500 && answer.header("content-type") != Some("application/json"), "{path}: {}", answer.text());
    }
    app.stop().await;
}

#[tokio::test]
async fn a_session_is_found_among_any_cookies() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let token = &ana.token;
    let me = |cookies: String| {
        let client = Client::new(app.address()).in_tenant("demo").with("Cookie", cookies);
        async move { client.get("/api/v1/members/me").await }
    };
    for cookies in [
        format!("posada_session={token}"),
        format!("theme; posada_session={token}"),
        format!("a=%ff%; =; ;;posada_session={token};"),
        format!("posada_session=gone; posada_session={token}"),
        format!("posada_session={token}; posada_session=gone"),
    ] {
        assert_eq!(me(cookies.clone()).await.status, 200, "{cookies}");
    }
    for cookies in ["posada_session", "posada_session=", "xposada_session=1", "posada_session=\"", "\u{fe}=1; posada_session=;"] {
        me(cookies.to_owned()).await.problem(401, "sign-in-needed");
    }
    let twice = format!("GET /api/v1/members/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: \u{fe}\r\nCookie: posada_session={token}\r\n\r\n");
    assert!(raw(&app, twice.as_bytes()).await.starts_with("HTTP/1.1 200"));
    let two =
        format!("GET /api/v1/members/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n\r\n");
    assert!(raw(&app, two.as_bytes()).await.starts_with("HTTP/1.1 401"));
    app.stop().await;
}
