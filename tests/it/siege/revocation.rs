//! Whoever lost a session, a membership or the look at a map reads nothing more, on whichever server and by whomever it was taken.

use actors::wire::Close;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::harness::{BARCELONA, Person, TENANT, TestApp, Watcher, eventually, program::Program};

const REVOKED: u16 = Close::Revoked.code();

async fn commanded(app: &TestApp, arguments: &[&str]) {
    let output = Program::beside(app).runs(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn looking(app: &TestApp, token: Option<&str>) -> Watcher {
    let mut watcher = Watcher::comes(app, token).await;
    watcher.looks("map", BARCELONA, 12.0).await;
    watcher
}

/// A member's own events over SSE, as far as the head of the answer.
async fn reads_events(app: &TestApp, person: &Person) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = format!(
        "GET /t/{TENANT}/live/events?subscribe=member:self HTTP/1.1\r\nConnection: close\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        app.address(),
        person.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream);
    let mut status = String::new();
    lines.read_line(&mut status).await.unwrap();
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    lines
}

#[actix_web::test]
async fn a_session_that_another_server_ends_ends_its_connections_here() {
    let app = TestApp::spawn().await;
    let (ana, ben) = (app.member().await, app.member().await);
    let (mut of_ana, mut of_ben) = (looking(&app, Some(&ana.token)).await, looking(&app, Some(&ben.token)).await);
    let mut events = reads_events(&app, &ana).await;
    let _ = ana.get("/api/v1/members/me").await.expect(200);

    let other = Program::beside(&app).starts(&[]).await;
    let _ = ana.at(other.address).delete("/api/v1/session").await.expect(204);
    assert_eq!(of_ana.until_closed().await, REVOKED);
    let mut rest = String::new();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), events.read_to_string(&mut rest)).await;
    assert!(ended.is_ok(), "the event stream goes on: {rest}");
    // This server had kept who she is: it forgot with the same word, before it closed her connections.
    ana.get("/api/v1/members/me").await.problem(401, "token-invalid");

    let host = app.host().await;
    let home = json!({"kind": "apartment", "offer": "entire_place", "title": "Afterwards", "description": "", "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.40, "lng": 2.17}, "city": 3_128_760});
    let _ = host.post("/api/v1/homes", &home).await.expect(201);
    let shows = |watcher: &Watcher| format!("{:?}", watcher.model.items("map")).contains("Afterwards");
    of_ben.until("the new home", |model| format!("{:?}", model.items("map")).contains("Afterwards")).await;
    assert!(shows(&of_ben) && !shows(&of_ana), "nothing after the revocation");
    other.kill();
    app.stop().await;
}

#[actix_web::test]
async fn what_the_operator_takes_away_ends_open_connections() {
    let app = TestApp::spawn().await;
    let (ana, ben, eve) = (app.member().await, app.member().await, app.host().await);
    let mut of_ana = looking(&app, Some(&ana.token)).await;
    let mut of_ben = looking(&app, Some(&ben.token)).await;
    let mut of_eve = looking(&app, Some(&eve.token)).await;
    let mut visitor = looking(&app, None).await;
    let _ = app.visitor().in_tenant(TENANT).get("/api/v1/cities/3128760/homes").await.expect(200);

    commanded(&app, &["member", "sign-out", &ana.email]).await;
    assert_eq!(of_ana.until_closed().await, REVOKED);

    commanded(&app, &["member", "remove", "--tenant", TENANT, &ben.email]).await;
    assert_eq!(of_ben.until_closed().await, REVOKED);

    commanded(&app, &["tenant", "change", TENANT, "--public-map", "false"]).await;
    assert_eq!(visitor.until_closed().await, REVOKED);
    // The door knows it too, for requests and for whoever comes back. Whoever was removed is a visitor now.
    app.visitor().in_tenant(TENANT).get("/api/v1/cities/3128760/homes").await.problem(404, "tenant-unknown");
    ben.get("/api/v1/cities/3128760/homes").await.problem(404, "tenant-unknown");
    let mut again = Watcher::opens(&app).await;
    again.says_json(json!({"t": "hello", "client": "it", "version": 1})).await;
    assert_eq!(again.until_closed().await, Close::Refused.code());

    // A role is no reason to end what goes on.
    commanded(&app, &["member", "role", "--tenant", TENANT, &eve.email, "curator"]).await;
    commanded(&app, &["tenant", "change", TENANT, "--public-map", "true"]).await;
    eventually(|| async { app.visitor().in_tenant(TENANT).get("/api/v1/cities/3128760/homes").await.status }, |status| *status == 200).await;
    of_eve.settles().await;
    let lag = crate::harness::Client::new(app.metrics_address()).get("/metrics").await.text();
    assert!(lag.contains("posada_live_revocation_seconds_count"), "{lag}");
    app.stop().await;
}

#[actix_web::test]
async fn a_revocation_that_commits_late_is_heard_after_younger_ones() {
    let app = TestApp::spawn().await;
    let (slow, quick) = (app.member().await, app.member().await);
    let (mut of_slow, mut of_quick) = (looking(&app, Some(&slow.token)).await, looking(&app, Some(&quick.token)).await);
    let end = "update sessions set ended_at = now() where account_id = (select account_id from members where id = $1::uuid)";
    let mut late = app.owner().begin().await.unwrap();
    sqlx::query(end).bind(&slow.id).execute(&mut *late).await.unwrap();
    sqlx::query(end).bind(&quick.id).execute(app.owner()).await.unwrap();
    assert_eq!(of_quick.until_closed().await, REVOKED);
    of_slow.settles().await;
    late.commit().await.unwrap();
    assert_eq!(of_slow.until_closed().await, REVOKED);
    app.stop().await;
}

#[actix_web::test]
async fn who_was_let_in_before_a_revocation_does_not_join_after_it() {
    // The commands below take their time on a busy machine.
    let app = TestApp::spawn_with(|config| config.live.hello_ms = 60_000).await;
    let ana = app.member().await;
    let bearer = [("Authorization", format!("Bearer {}", ana.token))];
    let (mut by_header, mut by_hello) = (Watcher::opens_at(app.address(), TENANT, &bearer).await, Watcher::opens(&app).await);
    let mut visitor = Watcher::opens(&app).await;
    let _ = ana.delete("/api/v1/session").await.expect(204);
    commanded(&app, &["tenant", "change", TENANT, "--public-map", "false"]).await;
    eventually(|| async { app.visitor().in_tenant(TENANT).get("/api/v1/cities/3128760/homes").await.status }, |status| *status == 404).await;

    let hello = json!({"t": "hello", "client": "it", "version": 1});
    by_header.says_json(hello.clone()).await;
    assert_eq!((by_header.until_closed().await, by_header.model.welcomed.is_some()), (REVOKED, false));
    visitor.says_json(hello).await;
    assert_eq!((visitor.until_closed().await, visitor.model.welcomed.is_some()), (REVOKED, false));
    by_hello.says_json(json!({"t": "hello", "client": "it", "version": 1, "token": ana.token})).await;
    assert_eq!(by_hello.until_closed().await, Close::Refused.code());
    app.stop().await;
}
