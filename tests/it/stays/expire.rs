use posada::commands::expire_stays;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::two_people;
use crate::harness::{TestApp, eventually};

#[actix_web::test]
async fn silence_ends_by_itself_and_both_sides_hear_of_it_once() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let open = guest.asks(&home, 10, 12).await.expect(201).json();
    let answered = guest.asks(&home, 20, 22).await.expect(201).json();
    host.approves(&answered).await.expect(200);
    let (store, relay, now) = (&app.app().store, &app.app().relay, OffsetDateTime::now_utc());
    assert_eq!(expire_stays::run(store, relay, now).await.unwrap(), 0);
    let later = now + Duration::days(4);
    assert_eq!(expire_stays::run(store, relay, later).await.unwrap(), 1);
    assert_eq!(expire_stays::run(store, relay, later).await.unwrap(), 0);
    assert_eq!(guest.reads(&open).await["state"], "expired");
    assert_eq!(guest.reads(&answered).await["state"], "approved");
    for person in [&host, &guest] {
        let inbox = person.get("/api/v1/inbox").await.expect(200).json();
        let expired: Vec<_> = inbox["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "stay_expired").collect();
        assert_eq!((expired.len(), &expired[0]["body"]["stay"]["state"]), (1, &json!("expired")));
    }
    host.approves(&open).await.problem(409, "already-answered");
    app.stop().await;
}

#[actix_web::test]
async fn a_running_server_ends_the_silence_without_being_told() {
    let app = TestApp::spawn().await;
    let (_host, home, guest) = two_people(&app).await;
    let asked = guest.asks(&home, 10, 12).await.expect(201).json();
    sqlx::query("update stays set answer_by = now() - interval '1 second'").execute(app.owner()).await.unwrap();
    eventually(async || guest.reads(&asked).await, |stay| stay["state"] == "expired").await;
    app.stop().await;
}
