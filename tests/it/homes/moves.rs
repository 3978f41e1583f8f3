//! Moving a home, across the street and to another city.

use serde_json::{Value, json};

use super::{counts, draft, id, listed, told};
use crate::harness::TestApp;

const BARCELONA: &str = "city:3128760";
const MADRID: &str = "city:3117735";

#[actix_web::test]
async fn to_another_city_it_is_gone_in_one_stream_and_put_in_the_other() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}/position", id(&home));
    let moved = host.put(&path, &json!({"lat": 40.4168, "lng": -3.7038, "city": 3_117_735})).await.expect(200).json();
    assert_eq!((moved["city"]["name"].as_str(), moved["version"].as_u64()), (Some("Madrid"), Some(2)));
    let (left, entered) = (told(&app, BARCELONA).await, told(&app, MADRID).await);
    let (kind, gone) = left.last().unwrap();
    assert_eq!(
        (kind.as_str(), &gone["gone"], &gone["put"], &gone["counts"]),
        ("home_moved", &json!([home["id"]]), &json!([]), &json!({"homes": 0, "hosts": 0}))
    );
    let (kind, put) = entered.last().unwrap();
    assert_eq!((kind.as_str(), &put["put"][0]["id"], &put["gone"], &put["counts"]), ("home_moved", &home["id"], &json!([]), &json!({"homes": 1, "hosts": 1})));
    let (kept, recount) = counts(&app).await;
    assert_eq!(kept, recount);
    app.stop().await;
}

#[actix_web::test]
async fn a_pin_put_right_changes_neither_city_nor_public_place_and_tells_nobody() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}/position", id(&home));
    let events = told(&app, BARCELONA).await.len();
    let moved = host.put(&path, &json!({"lat": 41.3921, "lng": 2.1653})).await.expect(200).json();
    assert_eq!((&moved["position"], &moved["city"], &moved["exact"]), (&home["position"], &home["city"], &json!({"lat": 41.3921, "lng": 2.1653})));
    assert_eq!(told(&app, BARCELONA).await.len(), events);
    app.stop().await;
}

#[actix_web::test]
async fn far_away_without_a_city_the_nearest_decides() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}/position", id(&home));
    let moved = host.put(&path, &json!({"lat": 39.4699, "lng": -0.3763})).await.expect(200).json();
    assert_eq!((moved["city"]["country"].as_str(), moved["city"]["region"] != home["city"]["region"]), (Some("ES"), true));
    let (kept, recount) = counts(&app).await;
    assert_eq!(kept, recount);
    app.stop().await;
}

#[actix_web::test]
async fn impossible_and_mistyped_positions_are_refused_with_the_slip_named() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}/position", id(&home));
    let field = |problem: &Value| problem["errors"][0]["field"].as_str().unwrap().to_owned();
    for (body, at) in [
        (json!({"lat": 91, "lng": 2}), "lat"),
        (json!({"lat": 0, "lng": 0}), "lat"),
        (json!({"lat": 41.39, "lng": -2.16, "city": 3_128_760}), "position"),
        (json!({"lat": 2.16, "lng": 41.39, "city": 3_128_760}), "position"),
        (json!({"lat": -40.0, "lng": -120.0}), "position"),
        (json!({"lat": 41.39, "lng": 2.16, "city": 1}), "city"),
    ] {
        let problem = host.put(&path, &body).await.problem(422, "invalid");
        assert_eq!(field(&problem), at, "{body}: {problem}");
        if body["city"] == 3_128_760 {
            assert!(problem["errors"][0]["message"].as_str().unwrap().contains("check the signs"), "{problem}");
        }
    }
    app.stop().await;
}
