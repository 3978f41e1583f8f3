use serde_json::{Value, json};
use uuid::Uuid;

use super::{day, two_people};
use crate::harness::{TENANT, TestApp, eventually};

/// The whole story over two open connections: asked, delivered, seen, approved; and the map knows the nights are gone.
#[actix_web::test]
async fn a_request_reaches_the_host_at_once_and_the_answer_the_guest() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let mut at_host = host.live(TENANT, Some(&host.token)).await;
    let mut at_guest = guest.live(TENANT, Some(&guest.token)).await;
    for socket in [&mut at_host, &mut at_guest] {
        socket.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0})).await;
        socket.until("caught up", |model| !model.caught_up.is_empty()).await;
    }
    let free = format!("/api/v1/map?bbox=41.3,2.0,41.5,2.3&zoom=13&layers=homes&free_from={}&free_to={}", day(31), day(32));
    assert_eq!(guest.get(&free).await.expect(200).json()["total"]["homes"], 1);

    let asked = guest.asks(&home, 30, 33).await.expect(201).json();
    assert_eq!((&asked["state"], &asked["total"]["amount"], &asked["mine"]), (&json!("requested"), &json!(24_000), &json!("guest")));
    let told = at_host.event("stay_requested").await;
    assert_eq!(told.body["stay"]["id"], asked["id"]);
    assert_eq!(told.body["stay"]["mine"], "host");
    assert_eq!(guest.reads(&asked).await["delivered_at"], Value::Null, "nobody has acknowledged it yet");

    at_host.says_json(json!({"t": "ack", "stream": "member:self", "seq": told.seq})).await;
    let delivered = at_guest.event("stay_delivered").await;
    assert!(delivered.body["stay"]["delivered_at"].is_string() && delivered.body["stay"]["seen_at"].is_null());
    at_host.says_json(json!({"t": "seen", "stream": "member:self", "seq": told.seq})).await;
    assert!(at_guest.event("stay_seen").await.body["stay"]["seen_at"].is_string());

    let approved = host.approves(&asked).await.expect(200).json();
    assert_eq!(approved["state"], "approved");
    assert_eq!(at_guest.event("stay_approved").await.body["stay"]["state"], "approved");
    let map = eventually(async || guest.get(&free).await.expect(200).json(), |map| map["total"]["homes"] == 0).await;
    assert_eq!(map["total"]["homes"], 0, "the night is taken");
    app.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_asked_for_is_refused_with_what_would_be_right() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let path = format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap());
    let good = json!({"arrive": day(10), "leave": day(12), "guests": 2, "message": "Hello"});
    let ask = async |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        guest.post(&path, &body).await
    };
    for (field, value, named) in [
        ("arrive", json!("2026-02-30"), "arrive"),
        ("arrive", json!(day(12)), "leave"),
        ("leave", json!(day(800)), "leave"),
        ("guests", json!(0), "guests"),
        ("guests", json!(3), "guests"),
        ("guests", json!(-1), "guests"),
        ("message", json!(" \n "), "message"),
        ("message", json!("x".repeat(1001)), "message"),
        ("status", json!("approved"), "status"),
        ("price", json!(1), "price"),
    ] {
        let problem = ask(field, value.clone()).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], named, "{field} = {value}: {problem}");
    }
    assert_eq!(ask("arrive", json!("2020-01-01")).await.problem(422, "invalid")["errors"][0]["field"], "leave");
    let past = json!({"arrive": "2020-01-01", "leave": "2020-01-03", "guests": 1, "message": "Hello"});
    assert_eq!(guest.post(&path, &past).await.problem(422, "invalid")["errors"][0]["field"], "arrive");
    host.post(&path, &good).await.problem(409, "own-home");
    ask("room", json!(Uuid::now_v7())).await.problem(404, "not-found");
    guest.post(&format!("/api/v1/homes/{}/stays", Uuid::now_v7()), &good).await.problem(404, "not-found");
    app.visitor().in_tenant(TENANT).post(&path, &good).await.expect(401);

    let asked = guest.post(&path, &good).await.expect(201).json();
    host.approves(&asked).await.expect(200);
    app.guest().await.post(&path, &good).await.problem(409, "nights-taken");
    host.post(&format!("/api/v1/homes/{}/pause", home["id"].as_str().unwrap()), &Value::Null).await.expect(200);
    guest.asks(&home, 40, 42).await.problem(404, "not-found");
    app.stop().await;
}

#[actix_web::test]
async fn a_request_sent_twice_is_made_once() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let keyed = guest.client.clone().with("Idempotency-Key", "my-key");
    let path = format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap());
    let body = json!({"arrive": day(10), "leave": day(12), "guests": 1, "message": "Hello"});
    let first = keyed.post(&path, &body).await.expect(201).json();
    let mut other = body.clone();
    other["guests"] = json!(2);
    // As quickly as can be: an answer that was heard is not still being worked on.
    for _ in 0..20 {
        assert_eq!(keyed.post(&path, &body).await.expect(201).json(), first);
        keyed.post(&path, &other).await.problem(422, "idempotency-key-reused");
    }
    let mine = host.get("/api/v1/me/stays?as=host").await.expect(200).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    app.stop().await;
}
