//! The exact position is the host's alone: whatever is said of a home to anyone else, its digits are not in it.

use serde_json::json;

use super::{draft_with, id, listed};
use crate::harness::{Answer, TestApp};

/// Digits that are in no public number by accident.
const EXACT: [(&str, &str); 2] = [("41.391734", "2.164917"), ("41.391811", "2.165022")];

fn is_silent(text: &str) -> bool {
    EXACT.iter().all(|(lat, lng)| !text.contains(&lat[..8]) && !text.contains(&lng[..7]))
}

fn silent(what: &str, answer: &Answer) {
    assert!(is_silent(&answer.text()), "{what} tells the exact position: {}", answer.text());
}

#[actix_web::test]
async fn no_answer_event_or_file_for_others_holds_the_exact_position() {
    let app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let at = |n: usize| json!({"lat": EXACT[n].0.parse::<f64>().unwrap(), "lng": EXACT[n].1.parse::<f64>().unwrap()});
    let home = listed(&host, &draft_with(json!({"position": at(0)}))).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    drop(host.put(&format!("{path}/position"), &at(1)).await.expect(200));
    let mine = host.get(&path).await.expect(200);
    assert!(!is_silent(&mine.text()), "its host sees it");

    for reader in [&app.visitor().in_tenant("demo"), &guest.client] {
        for read in [
            path.clone(),
            "/api/v1/cities/3128760/homes".to_owned(),
            "/api/v1/homes/export.csv".to_owned(),
            "/api/v1/homes/export.geojson".to_owned(),
            "/api/v1/map?bbox=41,2,42,3&zoom=14".to_owned(),
            "/api/v1/map/nearest?lat=41.39&lng=2.16".to_owned(),
        ] {
            silent(&read, &reader.get(&read).await.expect(200));
        }
    }
    silent("my own list, to a guest", &guest.get("/api/v1/me/homes").await.expect(200));
    let stay = json!({"arrive": "2027-05-01", "leave": "2027-05-03", "guests": 1, "message": "Hello"});
    silent("the stay", &guest.post(&format!("{path}/stays"), &stay).await.expect(201));
    let events: Vec<String> = sqlx::query_scalar("select body::text from events").fetch_all(app.owner()).await.unwrap();
    assert!(events.len() >= 2 && events.iter().all(|body| is_silent(body)), "{events:?}");
    // The answers kept for retries are the host's own and given to nobody else; what is stored for the public is not exact.
    let public: Vec<String> = sqlx::query_scalar("select concat(public_lat, ' ', public_lng) from homes").fetch_all(app.owner()).await.unwrap();
    assert!(public.iter().all(|at| is_silent(at)), "{public:?}");
    app.stop().await;
}

#[actix_web::test]
async fn the_public_position_stays_over_many_saves() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft_with(json!({"position": {"lat": 41.3917, "lng": 2.1649}}))).await;
    let path = format!("/api/v1/homes/{}/position", id(&home));
    for n in 0..40 {
        let (lat, lng) = (41.3917 + f64::from(n % 7 - 3) * 0.0004, 2.1649 + f64::from(n % 5 - 2) * 0.0005);
        assert_eq!(host.put(&path, &json!({"lat": lat, "lng": lng})).await.expect(200).json()["position"], home["position"]);
    }
    app.stop().await;
}
