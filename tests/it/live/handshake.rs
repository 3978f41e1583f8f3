//! What comes before the protocol: who may open a socket, what the answer carries, and bytes that are no frames. By hand, byte for byte.

use std::time::Duration;

use posada::http::headers::REQUIRED;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{OUTLET, Watcher, spawn_over};
use crate::harness::{Client, TENANT, TestApp, eventually};

/// A connection without any help.
struct Line(TcpStream);

struct Head {
    status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Line {
    async fn to(app: &TestApp) -> Self {
        Self(TcpStream::connect(app.address()).await.unwrap())
    }

    async fn sends(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn within<T>(what: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(30), what).await.expect("an answer within 30 s")
    }

    async fn head(&mut self) -> Head {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(Self::within(self.0.read_u8()).await.unwrap());
        }
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        Head { status, fields: lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// A body of the announced length.
    async fn body(&mut self, head: &Head) -> Value {
        let mut body = vec![0; head.get("content-length").unwrap().parse().unwrap()];
        Self::within(self.0.read_exact(&mut body)).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// One frame from the server: its first byte and what it carries.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        Self::within(async {
            let (first, short) = (self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap());
            let length = match short {
                126 => usize::from(self.0.read_u16().await.unwrap()),
                127 => self.0.read_u64().await.unwrap() as usize,
                length => usize::from(length),
            };
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            (first, body)
        })
        .await
    }

    /// The code of the close frame, past everything before it; then the end.
    async fn closed_with(&mut self) -> u16 {
        loop {
            let (first, body) = self.frame().await;
            if first == 0x88 {
                assert_eq!(Self::within(self.0.read(&mut [0; 1])).await.unwrap(), 0, "nothing comes after the close");
                return u16::from_be_bytes([body[0], body[1]]);
            }
        }
    }
}

/// A request that asks for a WebSocket, with more fields.
fn upgrade(path: &str, more: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: something, posada.v1.json\r\n{more}\r\n"
    )
    .into_bytes()
}

/// A client's frame, masked with nothing.
fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | body.len() as u8, 0, 0, 0, 0], body].concat()
}

const HELLO: &[u8] = br#"{"t":"hello","client":"hand","version":1}"#;

#[actix_web::test]
async fn a_yes_and_a_no_carry_what_every_answer_carries() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let counted = async || {
        let metrics = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
        let line = |status: &str| {
            let start = format!(r#"posada_http_requests_total{{method="GET",route="/live",status="{status}"}} "#);
            metrics.lines().find_map(|line| line.strip_prefix(&start)?.parse::<u64>().ok()).unwrap_or(0)
        };
        (line("1xx"), line("4xx"))
    };
    let before = counted().await;
    let mut line = Line::to(&app).await;
    line.sends(&upgrade("/live", "X-Request-Id: mine-1\r\n")).await;
    let yes = line.head().await;
    assert_eq!((yes.status, yes.get("sec-websocket-accept")), (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_eq!((yes.get("upgrade"), yes.get("sec-websocket-protocol")), (Some("websocket"), Some("posada.v1.json")));
    assert_eq!((yes.get("x-request-id"), yes.get("content-length"), yes.get("transfer-encoding")), (Some("mine-1"), None, None));

    let mut foreign = Line::to(&app).await;
    foreign.sends(&upgrade("/live", "X-Request-Id: mine-2\r\nOrigin: https://elsewhere.example\r\n")).await;
    let no = foreign.head().await;
    assert_eq!((no.status, no.get("content-type")), (403, Some("application/problem+json")));
    let problem = foreign.body(&no).await;
    assert_eq!((problem["type"].as_str(), problem["instance"].as_str()), (Some("/problems/foreign-origin"), Some("mine-2")));
    for name in REQUIRED {
        assert!(yes.get(name).is_some() && no.get(name).is_some(), "{name}");
    }
    // Other tests of this process may count as well.
    let after = counted().await;
    assert!(after.0 > before.0 && after.1 > before.1, "{before:?} {after:?}");
    app.stop().await;
}

#[actix_web::test]
async fn only_who_may_gets_a_socket() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let member = app.member().await;
    let refused = [
        ("/live", "Authorization: Bearer nothing\r\n".to_owned(), 401, "token-invalid"),
        ("/live", "X-Posada-Tenant: nowhere\r\n".to_owned(), 404, "tenant-unknown"),
        ("/t/nowhere/live", String::new(), 404, "tenant-unknown"),
        ("/t/demo/live", "X-Posada-Tenant: other\r\n".to_owned(), 400, "tenant-conflict"),
        ("/live", format!("Cookie: posada_session={}\r\nOrigin: http://elsewhere.example\r\n", member.token), 403, "foreign-origin"),
        ("/live", "Sec-Fetch-Site: cross-site\r\n".to_owned(), 403, "foreign-origin"),
    ];
    for (path, fields, status, problem) in refused {
        let mut line = Line::to(&app).await;
        line.sends(&upgrade(path, &fields)).await;
        let head = line.head().await;
        assert_eq!(head.status, status, "{path} {fields}");
        assert_eq!(line.body(&head).await["type"], format!("/problems/{problem}"), "{path} {fields}");
    }
    // Whom the request names is who may follow: nothing is said in hello.
    for field in
        [format!("Cookie: a=b; posada_session={}\r\nOrigin: http://localhost\r\n", member.token), format!("Authorization: Bearer {}\r\n", member.token)]
    {
        let mut line = Line::to(&app).await;
        line.sends(&upgrade("/live", &field)).await;
        assert_eq!(line.head().await.status, 101);
        line.sends(&frame(0x81, HELLO)).await;
        line.sends(&frame(0x81, br#"{"t":"subscribe","stream":"member:self"}"#)).await;
        let heard = [line.frame().await.1, line.frame().await.1];
        let heard = heard.map(|frame| serde_json::from_slice::<Value>(&frame).unwrap()["t"].clone());
        assert_eq!(heard, ["welcome", "caught_up"]);
    }
    app.stop().await;
}

#[actix_web::test]
async fn what_asks_for_an_upgrade_elsewhere_is_answered_like_anything_else() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let mut line = Line::to(&app).await;
    line.sends(&upgrade("/api/v1/tenant", "")).await;
    let head = line.head().await;
    assert_eq!(head.status, 200);
    assert_eq!(line.body(&head).await["slug"], TENANT);

    let mut line = Line::to(&app).await;
    line.sends(&upgrade("/api/v1/nothing", "")).await;
    let head = line.head().await;
    assert_eq!((head.status, line.body(&head).await["type"].as_str()), (404, Some("/problems/not-found")));

    // No upgrade, the wrong method, no key: refused, and the connection serves what comes next.
    let mut line = Line::to(&app).await;
    line.sends(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let head = line.head().await;
    assert_eq!(head.status, 400);
    line.body(&head).await;
    line.sends(b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    let head = line.head().await;
    assert_eq!((head.status, head.get("allow")), (405, Some("GET, HEAD")));
    line.body(&head).await;
    line.sends(&upgrade("/live", "")).await;
    assert_eq!(line.head().await.status, 101);
    app.stop().await;
}

#[actix_web::test]
async fn frames_may_come_with_the_request_and_in_any_pieces() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let mut line = Line::to(&app).await;
    let hello = [frame(0x01, &HELLO[..9]), frame(0x89, b"are you there"), frame(0x00, &HELLO[9..20]), frame(0x80, &HELLO[20..])].concat();
    let all = [upgrade("/live", ""), hello].concat();
    // The request, half a frame with it, then byte by byte.
    let (with_request, rest) = all.split_at(all.len() - 45);
    line.sends(with_request).await;
    assert_eq!(line.head().await.status, 101);
    for byte in rest {
        line.sends(std::slice::from_ref(byte)).await;
    }
    assert_eq!(line.frame().await, (0x8a, b"are you there".to_vec()));
    let (first, welcome) = line.frame().await;
    assert_eq!((first, serde_json::from_slice::<Value>(&welcome).unwrap()["t"].as_str()), (0x81, Some("welcome")));
    line.sends(&frame(0x88, &1000_u16.to_be_bytes())).await;
    assert_eq!(line.closed_with().await, 1000);
    app.stop().await;
}

#[actix_web::test]
async fn bytes_that_are_no_frames_end_the_connection_with_a_code() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let wrong: [(&str, Vec<u8>, u16); 6] = [
        ("not masked", vec![0x81, 0x02, b'h', b'i'], 1002),
        ("reserved bits", vec![0xf1, 0x80, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("no utf-8", frame(0x81, &[0xff, 0xfe]), 1007),
        ("binary", frame(0x82, b"x"), 4504),
        ("too long by its header", vec![0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0], 4505),
    ];
    for (what, bytes, code) in wrong {
        let mut line = Line::to(&app).await;
        line.sends(&upgrade("/live", "")).await;
        assert_eq!(line.head().await.status, 101);
        line.sends(&frame(0x81, HELLO)).await;
        line.sends(&bytes).await;
        assert_eq!(line.closed_with().await, code, "{what}");
    }
    eventually(async || app.app().live.connections(), |open| *open == 0).await;
    app.stop().await;
}

#[actix_web::test]
async fn who_says_nothing_is_let_go_and_places_come_back() {
    let app = spawn_over(OUTLET, |config| {
        config.live.hello_ms = 200;
        config.live.tenant_connections = 1;
    })
    .await;
    let mut silent = Line::to(&app).await;
    silent.sends(&upgrade("/live", "")).await;
    assert_eq!(silent.head().await.status, 101);
    let mut second = Line::to(&app).await;
    second.sends(&upgrade("/live", "")).await;
    let no = second.head().await;
    assert_eq!((no.status, no.get("retry-after")), (503, Some("10")));
    assert_eq!(second.body(&no).await["type"], "/problems/over-limit");
    assert_eq!(silent.closed_with().await, 4002);
    // Though it does not end its side.
    eventually(async || app.app().live.connections(), |open| *open == 0).await;
    let mut third = Watcher::opens(&app).await;
    third.says_json(json!({"t": "hello", "client": "it", "version": 1})).await;
    third.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_token_may_be_said_again_and_signing_out_ends_what_it_opened() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let (member, other) = (app.member().await, app.guest().await);
    let mut watcher = Watcher::comes(&app, Some(&member.token)).await;
    watcher.says_json(json!({"t": "reauth", "token": member.token})).await;
    watcher.settles().await;
    assert_eq!(watcher.model.errors.len(), 0);
    watcher.says_json(json!({"t": "reauth", "token": "x".repeat(43)})).await;
    watcher.until("the refusal", |model| model.errors.len() == 1).await;
    assert_eq!(watcher.model.errors[0].of.as_deref(), Some("reauth"));
    member.delete("/api/v1/session").await.expect(204);
    assert_eq!(watcher.until_closed().await, 4501);

    let mut watcher = Watcher::comes(&app, Some(&other.token)).await;
    let third = app.host().await;
    watcher.says_json(json!({"t": "reauth", "token": third.token})).await;
    assert_eq!(watcher.until_closed().await, 4501, "somebody else is a new connection");
    app.stop().await;
}
