//! What the watchers of a city are told: every change of what they can see, once, with the counts after it.

use serde_json::{Value, json};

use super::{draft, draft_with, id, listed, told};
use crate::harness::TestApp;

const BARCELONA: &str = "city:3128760";

fn counted(homes: u32, hosts: u32) -> Value {
    json!({"homes": homes, "hosts": hosts})
}

#[actix_web::test]
async fn each_change_is_told_once_with_the_counts_after_it() {
    let app = TestApp::spawn().await;
    let (host, other) = (app.host().await, app.host().await);
    let home = listed(&host, &draft()).await;
    let second = listed(&host, &draft_with(json!({"title": "Another"}))).await;
    listed(&other, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    drop(host.client.clone().with("If-Match", "1").patch(&path, &json!({"title": "New name"})).await.expect(200));
    for step in ["pause", "resume", "pause", "retire"] {
        drop(host.post(&format!("{path}/{step}"), &json!(null)).await.expect(200));
    }
    drop(host.post(&format!("/api/v1/homes/{}/pause", id(&second)), &json!(null)).await.expect(200));
    // A paused home is changed where nobody sees it.
    drop(host.client.clone().with("If-Match", "2").patch(&format!("/api/v1/homes/{}", id(&second)), &json!({"title": "Hidden"})).await.expect(200));

    let told = told(&app, BARCELONA).await;
    let kinds: Vec<(&str, &Value)> = told.iter().map(|(kind, body)| (kind.as_str(), &body["counts"])).collect();
    let expected = [
        ("home_listed", counted(1, 1)),
        ("home_listed", counted(2, 1)),
        ("home_listed", counted(3, 2)),
        ("home_changed", counted(3, 2)),
        ("home_paused", counted(2, 2)),
        ("home_resumed", counted(3, 2)),
        ("home_paused", counted(2, 2)),
        ("home_retired", counted(2, 2)),
        ("home_paused", counted(1, 1)),
    ];
    assert_eq!(kinds, expected.iter().map(|(kind, counts)| (*kind, counts)).collect::<Vec<_>>());
    assert_eq!(told[3].1["put"][0]["title"], "New name");
    assert_eq!((&told[4].1["gone"], &told[4].1["put"]), (&json!([home["id"]]), &json!([])));
    assert_eq!((&told[5].1["put"][0]["id"], &told[7].1["gone"]), (&home["id"], &json!([home["id"]])));
    app.stop().await;
}

#[actix_web::test]
async fn a_refused_order_leaves_no_event_behind() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    drop(host.post(&format!("{path}/resume"), &json!(null)).await.expect(409));
    drop(host.put(&format!("{path}/position"), &json!({"lat": 0, "lng": 0})).await.expect(422));
    drop(host.client.clone().with("If-Match", "9").patch(&path, &json!({"title": "x"})).await.expect(412));
    assert_eq!(told(&app, BARCELONA).await.len(), 1);
    app.stop().await;
}
