use serde_json::{Value, json};

use super::two_people;
use crate::harness::{TENANT, TestApp};

/// Every act by every party, over HTTP: the legal move by the legal party, and to a stranger there is no such stay.
#[actix_web::test]
async fn only_the_right_party_moves_a_stay_and_a_stranger_sees_none() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let stranger = app.member().await;
    app.make_tenant("elsewhere").await;
    let foreigner = app.member_of("elsewhere", "Foreigner", &["host"]).await;
    let asked = guest.asks(&home, 10, 12).await.expect(201).json();
    let at = |act: &str| format!("/api/v1/stays/{}/{act}", asked["id"].as_str().unwrap());
    let acts = [("approval", json!({"terms_version": 1})), ("decline", json!({})), ("withdrawal", Value::Null), ("seen", Value::Null)];
    for (act, body) in &acts {
        for nobody in [&stranger, &foreigner] {
            nobody.post(&at(act), body).await.problem(404, "not-found");
        }
        let other = if *act == "withdrawal" { &host } else { &guest };
        other.post(&at(act), body).await.problem(403, "other-side");
    }
    for nobody in [&stranger, &foreigner] {
        nobody.get(&format!("/api/v1/stays/{}", asked["id"].as_str().unwrap())).await.problem(404, "not-found");
    }
    host.post(&at("approval"), &json!({"terms_version": 2})).await.problem(409, "terms-changed");
    host.post(&at("decline"), &json!({"reason": "x".repeat(1001)})).await.problem(422, "invalid");
    let declined = host.post(&at("decline"), &json!({"reason": " We are away. "})).await.expect(200).json();
    assert_eq!((&declined["state"], &declined["reason"]), (&json!("declined"), &json!("We are away.")));
    for (act, party) in [("approval", &host), ("decline", &host), ("withdrawal", &guest)] {
        let body = if act == "approval" { json!({"terms_version": 1}) } else { json!({}) };
        party.post(&at(act), &body).await.problem(409, "already-answered");
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_guest_withdraws_and_the_host_hears_of_it() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let asked = guest.asks(&home, 10, 12).await.expect(201).json();
    let mut at_host = host.live(TENANT, Some(&host.token)).await;
    at_host.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0})).await;
    at_host.event("stay_requested").await;
    let path = format!("/api/v1/stays/{}/withdrawal", asked["id"].as_str().unwrap());
    guest.post(&path, &Value::Null).await.expect(200);
    assert_eq!(at_host.event("stay_withdrawn").await.body["stay"]["state"], "withdrawn");
    app.stop().await;
}
