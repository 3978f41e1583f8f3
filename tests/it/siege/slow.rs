//! Who reads or writes slowly slows nobody but themselves: what waits for them is bounded, and they find their way back.

use actors::wire::{Close, Outcome};
use serde_json::json;

use super::{
    city::{all_change, has_a_city, shows},
    raw::{Heard, Raw, text},
};
use crate::harness::{BARCELONA, TENANT, TestApp, Watcher, eventually};

/// Characters of a title, so that one change of all homes is about 100 kB for each who looks.
const TITLE: usize = 2_000;

async fn looking(app: &TestApp) -> Watcher {
    let mut watcher = Watcher::comes(app, None).await;
    watcher.looks("map", BARCELONA, 13.0).await;
    watcher
}

async fn moving_city(let_go_ms: u64) -> TestApp {
    let app = TestApp::spawn_with(|config| {
        config.live.near_hz = 40.0;
        config.live.stalled_ms = 300;
        config.live.let_go_ms = let_go_ms;
        config.live.tenant_bytes_per_s = 1_000_000_000;
    })
    .await;
    has_a_city(&app, TENANT).await;
    app
}

#[actix_web::test]
async fn who_stops_reading_loses_steps_and_not_the_map_while_others_miss_nothing() {
    let app = moving_city(60_000).await;
    let (mut quick, mut slow) = (looking(&app).await, looking(&app).await);
    // Far more than sockets hold: what does not fit is not kept for the slow one.
    let rounds = 120;
    for round in 1..=rounds {
        all_change(&app, TENANT, round, TITLE).await;
        quick.until("this round", |model| shows(model, round)).await;
    }
    assert!(quick.model.deltas >= rounds, "each step as it happened: {} of {rounds}", quick.model.deltas);
    slow.until("the last round", |model| shows(model, rounds)).await;
    assert!(slow.model.deltas < quick.model.deltas, "{} steps of {}: it was not kept waiting for all of them", slow.model.deltas, quick.model.deltas);
    assert_eq!(slow.model.items("map"), quick.model.items("map"));
    // And from here on it is like everybody.
    all_change(&app, TENANT, rounds + 1, TITLE).await;
    slow.until("the next round", |model| shows(model, rounds + 1)).await;
    app.stop().await;
}

#[actix_web::test]
async fn who_never_reads_again_is_let_go_and_may_come_back() {
    let app = moving_city(1_000).await;
    let (mut quick, mut slow) = (looking(&app).await, looking(&app).await);
    let mut round = 0;
    // Until its socket takes nothing more, and then until it is let go.
    let deadline = tokio::time::Instant::now() + super::raw::PATIENCE;
    while app.app().live.connections() > 1 {
        assert!(tokio::time::Instant::now() < deadline, "never let go; {round} rounds");
        round += 1;
        all_change(&app, TENANT, round, TITLE).await;
        quick.until("this round", |model| shows(model, round)).await;
    }
    assert_eq!(slow.until_closed().await, Close::Stalled.code());
    let view = json!({"view": "map", "bbox": BARCELONA, "zoom": 13.0, "layers": ["cities", "homes"]});
    slow.returns(app.address(), &[view]).await;
    assert!(matches!(slow.model.answered("map"), Some(Outcome::Resumed | Outcome::Snapshot)));
    slow.until("the map as it is", |model| shows(model, round)).await;
    quick.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn who_writes_a_byte_at_a_time_is_heard_and_holds_up_nobody() {
    let app = TestApp::spawn_with(|config| config.http.workers = 1).await;
    let mut calm = Watcher::comes(&app, None).await;
    let mut slow = Raw::comes(app.address()).await;
    let frame = text(br#"{"t":"ping"}"#);
    for (n, byte) in frame.iter().enumerate() {
        slow.writes(&[*byte]).await;
        if n % 6 == 0 {
            calm.settles().await;
        }
    }
    loop {
        match slow.hears().await {
            Heard::Frame(frame) if frame["t"] == "pong" => break,
            Heard::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn who_says_no_hello_is_closed_however_slowly_they_write_it() {
    let app = TestApp::spawn_with(|config| config.live.hello_ms = 300).await;
    let (mut silent, mut slow) = (Raw::opens(app.address()).await, Raw::opens(app.address()).await);
    slow.writes(&text(br#"{"t":"hello","client":"raw","version":1}"#)[..20]).await;
    assert_eq!(silent.hears().await, Heard::Close(Close::HelloLate.code()));
    assert_eq!(slow.hears().await, Heard::Close(Close::HelloLate.code()));
    eventually(|| async { app.app().live.connections() }, |open| *open == 0).await;
    app.stop().await;
}
