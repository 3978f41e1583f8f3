//! Is anybody there? Asked also where the server has much to say, and a client never has anything to.

use serde_json::{Value, json};

use super::{OUTLET, Watcher, map::lists, spawn_over, watcher::BARCELONA};
use crate::{
    harness::Client,
    siege::{Heard, Raw, text},
};

/// A home whose title changes as often as somebody asks for it.
struct Busy<'a> {
    host: &'a Client,
    home: Value,
}

impl<'a> Busy<'a> {
    async fn at(host: &'a Client) -> Self {
        Self { host, home: lists(host, 41.40, 2.17, "Busy").await }
    }

    async fn changes(&mut self) {
        let version = format!("\"{}\"", self.home["version"]);
        let path = format!("/api/v1/homes/{}", self.home["id"].as_str().unwrap());
        let title = json!({"title": format!("Busy, as of {version}")});
        self.home = self.host.clone().with("If-Match", version).patch(&path, &title).await.expect(200).json();
    }
}

#[actix_web::test]
async fn who_only_listens_to_a_busy_map_is_asked_and_stays() {
    let app = spawn_over(OUTLET, |config| config.live.ping_s = 1).await;
    let host = app.host().await;
    let mut busy = Busy::at(&host.client).await;
    let mut listener = Watcher::comes(&app, None).await;
    listener.looks("map", BARCELONA, 12.0).await;
    // Three times `ping_s` without a sign of life would end it; the socket's own pong is one.
    while listener.model.pings < 5 {
        let deltas = listener.model.deltas;
        busy.changes().await;
        listener.until("the change", |model| model.deltas > deltas).await;
    }
    listener.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn who_never_answers_is_let_go_however_busy_the_map_is() {
    let app = spawn_over(OUTLET, |config| config.live.ping_s = 1).await;
    let host = app.host().await;
    let mut busy = Busy::at(&host.client).await;
    let mut deaf = Raw::comes(app.address()).await;
    deaf.writes(&text(br#"{"t":"view","id":"map","bbox":[41.3,2.05,41.47,2.25],"zoom":12,"layers":["homes"]}"#)).await;
    let mut deltas = 0;
    let code = loop {
        busy.changes().await;
        match deaf.hears().await {
            Heard::Close(code) => break code,
            Heard::Frame(frame) => deltas += usize::from(frame["t"] == "delta"),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 4000);
    assert!(deltas > 3, "the map was busy: {deltas}");
    app.stop().await;
}
