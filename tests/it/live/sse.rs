//! SSE: the same frames, for those whose proxy lets no WebSocket through.

use std::time::Duration;

use actors::wire::ServerFrame;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::harness::{BARCELONA, Model, TENANT, TestApp, Watcher};

struct Events {
    lines: BufReader<TcpStream>,
    model: Model,
    last_id: String,
}

impl Events {
    async fn open(app: &TestApp, token: Option<&str>, query: &str, last_id: &str) -> Self {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let auth = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let last = if last_id.is_empty() { String::new() } else { format!("Last-Event-ID: {last_id}\r\n") };
        let head = format!("GET /t/{TENANT}/live/events?{query} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\n{auth}{last}\r\n", app.address());
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        assert!(line.contains("200"), "{line}");
        Self { lines, model: Model::default(), last_id: last_id.to_owned() }
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) {
        let wait = async {
            while !is_so(&self.model) {
                let mut line = String::new();
                assert!(self.lines.read_line(&mut line).await.unwrap() > 0, "ended before {what}");
                if let Some(id) = line.strip_prefix("id: ") {
                    self.last_id = id.trim().to_owned();
                } else if let Some(data) = line.strip_prefix("data: ") {
                    let frame: ServerFrame = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
                    self.model.take(frame).unwrap();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("no {what} in ten seconds: {:?}", self.model));
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[actix_web::test]
async fn sse_shows_what_a_websocket_shows() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = |title: &str, lat: f64| json!({"kind": "house", "offer": "private_room", "title": title, "description": "", "guests": 1, "price": null, "position": {"lat": lat, "lng": 2.17}, "city": 3128760});
    let _ = host.post("/api/v1/homes", &home("First", 41.40)).await.expect(201);
    let view = encoded(&json!({"id": "map", "bbox": BARCELONA, "zoom": 12, "layers": ["homes"]}).to_string());
    let mut sse = Events::open(&app, None, &format!("view={view}"), "").await;
    sse.until("the view", |model| model.is_whole("map")).await;
    let mut socket = Watcher::comes(&app, None).await;
    socket.looks("map", BARCELONA, 12.0).await;
    assert_eq!(sse.model.items("map"), socket.model.items("map"));

    let _ = host.post("/api/v1/homes", &home("Second", 41.39)).await.expect(201);
    sse.until("the new home", |model| model.homes("map") == 2).await;
    socket.until("the new home", |model| model.homes("map") == 2).await;
    assert_eq!(sse.model.items("map"), socket.model.items("map"));
    assert_eq!(sse.model.views["map"].scopes, socket.model.views["map"].scopes, "epoch and tick too");
    app.stop().await;
}

#[actix_web::test]
async fn sse_resumes_by_its_last_event_id() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = |lat: f64| json!({"kind": "loft", "offer": "entire_place", "title": "L", "description": "", "guests": 1, "price": null, "position": {"lat": lat, "lng": 2.17}, "city": 3128760});
    let mut first = Events::open(&app, Some(&host.token), "subscribe=city:3128760,member:self", "").await;
    first.until("caught up", |model| model.caught_up.len() == 2).await;
    let _ = host.post("/api/v1/homes", &home(41.40)).await.expect(201);
    first.until("the first", |model| model.events.len() == 1).await;
    let (last_id, had) = (first.last_id.clone(), first.model.streams["city:3128760"]);
    assert!(last_id.contains(&format!("city:3128760={had}")), "{last_id}");
    drop(first);
    let _ = host.post("/api/v1/homes", &home(41.39)).await.expect(201);
    let mut again = Events::open(&app, Some(&host.token), "subscribe=city:3128760,member:self", &last_id).await;
    again.model.streams.insert("city:3128760".into(), had);
    again.until("the second", |model| model.events.len() == 1).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_wrong_query_is_a_problem() {
    let app = TestApp::spawn().await;
    for query in ["view=nothing", "view=%7B%22t%22%3A%22ping%22%7D", "subscribe=all", "colour=red"] {
        let _ = app.visitor().in_tenant(TENANT).get(&format!("/live/events?{query}")).await.expect(422);
    }
    app.stop().await;
}
