use serde_json::{Value, json};

use super::two_people;
use crate::harness::{TENANT, TestApp};

/// A host without an open session: the request waits, is read in pieces, and is told as new only once.
#[actix_web::test]
async fn what_came_in_waits_for_whoever_was_away() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let mut asked = Vec::new();
    for n in 0..3 {
        asked.push(guest.asks(&home, 10 + n, 11 + n).await.expect(201).json());
    }
    let inbox = host.get("/api/v1/inbox").await.expect(200).json();
    assert_eq!((&inbox["head"], &inbox["unread"]), (&json!(3), &json!(3)));
    let ids = |inbox: &Value| inbox["items"].as_array().unwrap().iter().map(|item| item["body"]["stay"]["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&inbox), asked.iter().map(|stay| stay["id"].clone()).collect::<Vec<_>>());
    let rest = host.get("/api/v1/inbox?after=1&limit=1").await.expect(200).json();
    assert_eq!((rest["items"][0]["seq"].clone(), ids(&rest).len()), (json!(2), 1));
    host.get("/api/v1/inbox?limit=0").await.problem(422, "invalid");
    host.get("/api/v1/inbox?after=99999999999999999999").await.problem(422, "invalid");

    // The same events, the same bytes, when a session opens at last.
    let mut at_host = host.live(TENANT, Some(&host.token)).await;
    at_host.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 1})).await;
    let first = at_host.event("stay_requested").await;
    assert_eq!((first.seq, &first.body), (2, &rest["items"][0]["body"]));
    at_host.until("the head", |model| model.caught_up.last().is_some_and(|(_, seq)| *seq == 3)).await;
    app.stop().await;
}

#[actix_web::test]
async fn opening_a_request_over_http_is_seeing_it() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let asked = guest.asks(&home, 10, 12).await.expect(201).json();
    let path = format!("/api/v1/stays/{}/seen", asked["id"].as_str().unwrap());
    let first = host.post(&path, &Value::Null).await.expect(200).json();
    assert!(first["seen_at"].is_string());
    assert_eq!(host.post(&path, &Value::Null).await.expect(200).json()["seen_at"], first["seen_at"], "seen once is seen");
    assert_eq!(guest.reads(&asked).await["seen_at"], first["seen_at"]);
    let told = guest.get("/api/v1/inbox").await.expect(200).json();
    assert_eq!(told["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "stay_seen").count(), 1);
    app.stop().await;
}

#[actix_web::test]
async fn stays_are_listed_by_side_and_state_in_pages() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    for n in 0..5 {
        guest.asks(&home, 10 + n, 11 + n).await.expect(201);
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/me/stays?as=host&state=requested&limit=2".to_owned();
    loop {
        let page = host.get(&path).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|stay| stay["arrive"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/me/stays?as=host&state=requested&limit=2&cursor={next}");
    }
    assert_eq!(seen, (0..5).rev().map(|n| super::day(10 + n)).collect::<Vec<_>>());
    assert_eq!(guest.get("/api/v1/me/stays?as=host").await.expect(200).json()["items"], json!([]));
    assert_eq!(guest.get("/api/v1/me/stays?as=guest&state=approved").await.expect(200).json()["items"], json!([]));
    guest.get("/api/v1/me/stays?as=judge").await.problem(422, "invalid");
    guest.get("/api/v1/me/stays").await.problem(422, "invalid");
    app.stop().await;
}
