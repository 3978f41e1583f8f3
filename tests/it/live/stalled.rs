//! A client that takes nothing at all, over the raw outlet: what is kept for it is bounded, and it ends without having been told.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{Watcher, spawn_over};
use crate::harness::eventually;

#[actix_web::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let app = spawn_over(actors::OutletKind::Raw, |config| {
        config.http.workers = 1;
        (config.live.stalled_ms, config.live.let_go_ms) = (200, 1_000);
    })
    .await;
    let mut well = Watcher::comes(&app, None).await;
    let mut stalled = Watcher::opens(&app).await;
    stalled.says_json(json!({"t": "hello", "client": "it", "version": 1})).await;
    eventually(async || app.app().live.connections(), |open| *open == 2).await;
    // Every ping asks for a pong of its size, and none is read.
    let pings = async {
        loop {
            if tokio::time::timeout(Duration::from_secs(20), stalled.try_send(Message::Ping(vec![0; 125].into()))).await.is_ok_and(|sent| sent.is_err()) {
                break; // The server has ended it.
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), pings).await.expect("it is let go");
    eventually(async || app.app().live.connections(), |open| *open == 1).await;
    well.settles().await;
    app.stop().await;
}
