//! Clients that do not behave: each gets a clear word and costs nobody else anything.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{OUTLET, Watcher, spawn_over};
use crate::harness::TENANT;

#[actix_web::test]
async fn wrong_frames_are_answered_and_the_connection_goes_on() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let mut watcher = Watcher::comes(&app, None).await;
    let wrong = [
        ("not json", "bad-frame"),
        ("[]", "bad-frame"),
        ("{}", "bad-frame"),
        (r#"{"t":"dance"}"#, "unknown-frame"),
        (r#"{"t":"view"}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[50,2,41,3],"zoom":12}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":99}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"colour":"red"}"#, "bad-frame"),
        (r#"{"t":"view","id":"a\"b","bbox":[41,2,42,3],"zoom":12}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"filter":{"free":{"from":"2026-12-05","to":"2026-12-01"}}}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"filter":{"free":{"from":"2020-12-01","to":"2020-12-05"}}}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"filter":{"guests":21}}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"filter":{"kinds":["castle"]}}"#, "bad-frame"),
        (r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":12,"filter":{"price":{"min":5,"max":4,"currency":"EUR"}}}"#, "bad-frame"),
        (r#"{"t":"unview","id":"nothing"}"#, "unknown-view"),
        (r#"{"t":"unsubscribe","stream":"city:5"}"#, "unknown-stream"),
        (r#"{"t":"subscribe","stream":"everything"}"#, "bad-frame"),
        (r#"{"t":"signal","kind":"typing","body":{}}"#, "unknown-signal"),
        (r#"{"t":"reauth","token":"x"}"#, "token-invalid"),
        (r#"{"t":"hello","client":"again","version":1}"#, "bad-frame"),
    ];
    for (n, (text, problem)) in wrong.iter().enumerate() {
        watcher.sends(Message::text(*text)).await;
        watcher.until(text, |model| model.errors.len() > n).await;
        assert_eq!(watcher.model.errors[n].kind, format!("/problems/{problem}"), "{text}: {:?}", watcher.model.errors[n]);
    }
    watcher.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_filter_that_can_match_nothing_is_named_and_takes_no_connection_with_it() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let past = json!({"free": {"from": "2020-12-01", "to": "2020-12-05"}});
    let mut watcher = Watcher::opens(&app).await;
    let resume = json!({"view": "map", "bbox": [41, 2, 42, 3], "zoom": 12, "filter": past});
    watcher.hello(vec![serde_json::from_value(resume).unwrap()]).await;
    watcher.says_json(json!({"t": "view", "id": "map", "bbox": [41, 2, 42, 3], "zoom": 12, "filter": past})).await;
    watcher.until("both refusals", |model| model.errors.len() == 2).await;
    for error in &watcher.model.errors {
        assert_eq!((error.of.as_deref(), error.kind.as_ref()), (Some("view"), "/problems/bad-frame"));
        assert_eq!(error.detail, "filter.free.from: 2020-12-01 is past everywhere, expected today or later");
    }
    watcher.looks("map", [41.0, 2.0, 42.0, 3.0], 12.0).await;
    watcher.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn what_is_no_client_is_closed_with_its_code() {
    let app = spawn_over(OUTLET, |config| config.http.workers = 1).await;
    let mut binary = Watcher::comes(&app, None).await;
    binary.sends(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(binary.until_closed().await, 4504);

    let mut big = Watcher::comes(&app, None).await;
    big.sends(Message::text("x".repeat(20_000))).await;
    assert_eq!(big.until_closed().await, 4505);
    assert_eq!(big.model.errors[0].kind, "/problems/frame-too-big");

    let mut early = Watcher::opens(&app).await;
    early.says_json(json!({"t": "ping"})).await;
    assert_eq!(early.until_closed().await, 4500);

    let mut newer = Watcher::opens(&app).await;
    newer.says_json(json!({"t": "hello", "client": "it", "version": 9})).await;
    assert_eq!(newer.until_closed().await, 4502);

    let mut forger = Watcher::opens(&app).await;
    forger.says_json(json!({"t": "hello", "client": "it", "version": 1, "token": "x".repeat(43)})).await;
    assert_eq!(forger.until_closed().await, 4503);

    let mut flood = Watcher::comes(&app, None).await;
    for _ in 0..60 {
        flood.sends(Message::text("{")).await;
    }
    assert_eq!(flood.until_closed().await, 4500);

    let mut calm = Watcher::comes(&app, None).await;
    calm.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_community_that_hides_its_map_lets_in_its_members_only() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    sqlx::query("update tenants set public_map = false").execute(app.owner()).await.unwrap();
    // A tenant is remembered for some seconds; this one was never asked for before.
    let hidden = app.make_tenant("hidden").await;
    sqlx::query("update tenants set public_map = false where id = $1").bind(hidden).execute(app.owner()).await.unwrap();
    let mut visitor = Watcher::opens_at(app.address(), "hidden", &[]).await;
    visitor.says_json(json!({"t": "hello", "client": "it", "version": 1})).await;
    assert_eq!(visitor.until_closed().await, 4503);
    let mut stranger = Watcher::opens_at(app.address(), "hidden", &[]).await;
    stranger.says_json(json!({"t": "hello", "client": "it", "version": 1, "token": person.token})).await;
    assert_eq!(stranger.until_closed().await, 4503);
    let mut member = Watcher::comes(&app, Some(&person.token)).await;
    member.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let app = spawn_over(OUTLET, |_| {}).await;
    let stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    let mut request = format!("ws://{}/t/{TENANT}/live", app.address()).into_client_request().unwrap();
    request.headers_mut().insert("Origin", "https://elsewhere.example".parse().unwrap());
    let refused = tokio_tungstenite::client_async(request, stream).await.unwrap_err();
    assert!(matches!(&refused, tokio_tungstenite::tungstenite::Error::Http(answer) if answer.status() == 403), "{refused:?}");
    app.stop().await;
}
