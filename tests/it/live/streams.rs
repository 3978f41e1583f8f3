//! The event lane: ordered, without a gap, again after a break and after a restart; and who may follow what.

use actors::wire::{ClientFrame, Outcome, Stream};
use domain::{MemberId, StreamName, TenantId};
use serde_json::json;

use super::{OUTLET, Watcher, spawn_over};
use crate::harness::{Person, TENANT, TestApp, eventually};

/// Puts events on somebody's own stream, as a command does.
async fn tells(app: &TestApp, person: &Person, count: usize, hand_over: bool) {
    use posada::store::events::NewEvent;
    let tenant = tenant(app).await;
    let stream = StreamName::Member(MemberId(person.id.parse().unwrap()));
    let mut tx = app.app().store.begin_as_tenant(tenant).await.unwrap();
    tx.record((0..count).map(|n| NewEvent::new(stream, "tested", &json!({"n": n})).unwrap()));
    let events = tx.commit().await.unwrap();
    if hand_over {
        app.app().relay.publish(events);
    }
}

async fn tenant(app: &TestApp) -> TenantId {
    let id: uuid::Uuid = sqlx::query_scalar("select id from tenants where slug = $1").bind(TENANT).fetch_one(app.owner()).await.unwrap();
    TenantId(id)
}

async fn subscribes(watcher: &mut Watcher, stream: Stream, since: Option<u64>) {
    let name = stream.to_string();
    watcher.says(&ClientFrame::Subscribe { stream, since }).await;
    watcher.until("caught up", move |model| model.caught_up.iter().any(|(stream, _)| *stream == name)).await;
}

#[actix_web::test]
async fn events_come_in_order_and_again_after_a_break_and_a_restart() {
    let mut app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&person.token)).await;
    subscribes(&mut watcher, Stream::Own, Some(0)).await;
    tells(&app, &person, 5, true).await;
    watcher.until("five events", |model| model.events.len() == 5).await;

    // More than one page, and more than is kept in memory.
    for _ in 0..10 {
        tells(&app, &person, 100, true).await;
    }
    watcher.returns(app.address(), &[]).await;
    assert_eq!(watcher.model.answered("member:self"), Some(Outcome::Resumed));
    watcher.until("all events", |model| model.events.len() == 1005).await;

    app.restart().await;
    tells(&app, &person, 3, false).await;
    watcher.returns(app.address(), &[]).await;
    watcher.until("those after the restart", |model| model.events.len() == 1008).await;
    assert!(watcher.model.events.iter().map(|(_, seq, _)| *seq).eq(1..=1008));
    app.stop().await;
}

#[actix_web::test]
async fn who_does_not_wait_for_the_welcome_is_served_all_the_same() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    tells(&app, &person, 2, true).await;
    let mut watcher = Watcher::opens(&app).await;
    watcher.says_json(json!({"t": "hello", "client": "it", "version": 1, "token": person.token})).await;
    watcher.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0})).await;
    watcher.until("both events", |model| model.events.len() == 2).await;
    assert!(watcher.model.errors.is_empty());
    app.stop().await;
}

#[actix_web::test]
async fn a_lost_hand_over_heals_by_itself() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&person.token)).await;
    subscribes(&mut watcher, Stream::Own, Some(0)).await;
    tells(&app, &person, 2, false).await;
    watcher.until("what nobody handed over", |model| model.events.len() == 2).await;
    tells(&app, &person, 1, true).await;
    watcher.until("the next", |model| model.events.len() == 3).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_reader_ahead_of_the_stream_is_told_to_begin_anew() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&person.token)).await;
    watcher.model.streams.insert("member:self".into(), 77);
    subscribes_anyway(&mut watcher).await;
    assert_eq!(watcher.model.resets[0].reason, "ahead");
    tells(&app, &person, 1, true).await;
    watcher.until("the first", |model| model.events == [("member:self".to_owned(), 1, "tested".to_owned())]).await;
    app.stop().await;
}

async fn subscribes_anyway(watcher: &mut Watcher) {
    watcher.says(&ClientFrame::Subscribe { stream: Stream::Own, since: Some(77) }).await;
    watcher.until("a reset", |model| !model.resets.is_empty() && !model.caught_up.is_empty()).await;
}

#[actix_web::test]
async fn what_is_acknowledged_is_kept() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&person.token)).await;
    subscribes(&mut watcher, Stream::Own, Some(0)).await;
    tells(&app, &person, 3, true).await;
    watcher.until("three events", |model| model.events.len() == 3).await;
    watcher.says(&ClientFrame::Ack { stream: Stream::Own, seq: 3 }).await;
    watcher.says(&ClientFrame::Seen { stream: Stream::Own, seq: 2 }).await;
    let member: uuid::Uuid = person.id.parse().unwrap();
    let kept = || async {
        sqlx::query_as::<_, (i64, i64)>("select delivered, seen from member_receipts where member_id = $1")
            .bind(member)
            .fetch_optional(app.owner())
            .await
            .unwrap()
    };
    eventually(kept, |kept| *kept == Some((3, 2))).await;

    watcher.says(&ClientFrame::Ack { stream: Stream::Own, seq: 9 }).await;
    watcher.until("an error", |model| !model.errors.is_empty()).await;
    assert_eq!(watcher.model.errors[0].kind, "/problems/not-given");
    app.stop().await;
}

#[actix_web::test]
async fn nobody_follows_what_is_not_theirs() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut member = Watcher::comes(&app, Some(&person.token)).await;
    for stream in ["tenant", "ops", "project:0192d7a0-0000-7000-8000-000000000000"] {
        member.says_json(json!({"t": "subscribe", "stream": stream})).await;
    }
    member.says_json(json!({"t": "subscribe", "stream": format!("member:{}", app.member().await.id)})).await;
    member.until("four refusals", |model| model.errors.len() == 4).await;
    assert!(member.model.errors[..3].iter().all(|e| e.kind == "/problems/stream-not-yours"));
    assert_eq!(member.model.errors[3].kind, "/problems/bad-frame");

    let mut visitor = Watcher::comes(&app, None).await;
    visitor.says_json(json!({"t": "subscribe", "stream": "member:self"})).await;
    visitor.says_json(json!({"t": "subscribe", "stream": "city:3128760"})).await;
    visitor.until("two refusals", |model| model.errors.len() == 2).await;
    app.stop().await;
}

#[actix_web::test]
async fn who_signs_out_is_closed_and_told_not_to_come_back() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let person = app.member().await;
    let mut watcher = Watcher::comes(&app, Some(&person.token)).await;
    let mut other = Watcher::comes(&app, Some(&app.member().await.token)).await;
    let _ = person.delete("/api/v1/session").await.expect(204);
    assert_eq!(watcher.until_closed().await, 4501);
    other.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_server_that_leaves_says_when_to_come_back() {
    let app = spawn_over(OUTLET, |_| {}).await;
    let mut watchers = Vec::new();
    for _ in 0..10 {
        watchers.push(Watcher::comes(&app, None).await);
    }
    let stopping = app.stop();
    let told = async {
        let mut delays = Vec::new();
        for mut watcher in watchers {
            assert_eq!(watcher.until_closed().await, 1012);
            delays.push(watcher.model.goaway.unwrap().reconnect_after_ms);
        }
        delays
    };
    let ((), delays) = tokio::join!(stopping, told);
    // Not before the next server may be there, and then at the set rate.
    assert!(delays.iter().all(|delay| (2_000..2_500).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay >= 2_100), "spread: {delays:?}");
}
