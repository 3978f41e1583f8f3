//! Listing a home, and the lists it is then in.

use serde_json::{Value, json};

use super::{draft, draft_with, id, listed};
use crate::harness::TestApp;

#[actix_web::test]
async fn a_listed_home_is_on_offer_at_once_and_keeps_all_that_was_said() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let rooms = json!([{"name": "Attic 🛏", "guests": 2}, {"name": "Cellar"}]);
    let home = listed(&host, &draft_with(json!({"title": "  Cafe\u{301} by\nthe sea ", "rooms": rooms}))).await;
    assert_eq!((home["status"].as_str(), home["version"].as_u64(), home["mine"].as_bool()), (Some("active"), Some(1), Some(true)));
    assert_eq!(home["title"], "Café by the sea");
    assert_eq!(home["exact"], json!({"lat": 41.3917, "lng": 2.1649}));
    assert_eq!((home["rooms"][0]["name"].as_str(), home["rooms"][1]["guests"].as_u64()), (Some("Attic 🛏"), Some(4)));
    assert_eq!((home["moves"].clone(), home["approximate"].clone()), (json!(["pause"]), json!(false)));
    for (field, value) in draft().as_object().unwrap() {
        if !["title", "position", "city"].contains(&field.as_str()) {
            assert_eq!(&home[field], value, "{field}");
        }
    }
    let again = host.get(&format!("/api/v1/homes/{}", id(&home))).await.expect(200).json();
    assert_eq!(again, home);
    let city = home["city"]["id"].as_u64().unwrap();
    let cards = app.visitor().in_tenant("demo").get(&format!("/api/v1/cities/{city}/homes")).await.expect(200).json();
    assert_eq!((cards["items"][0]["id"].as_str(), cards["items"][0]["free_tonight"].as_bool()), (home["id"].as_str(), Some(true)));
    app.stop().await;
}

#[actix_web::test]
async fn the_same_key_lists_one_home() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let once = host.client.clone().with("Idempotency-Key", "my-home");
    let first = once.post("/api/v1/homes", &draft()).await.expect(201).json();
    let second = once.post("/api/v1/homes", &draft()).await.expect(201).json();
    assert_eq!(first, second);
    once.post("/api/v1/homes", &draft_with(json!({"title": "Another"}))).await.problem(422, "idempotency-key-reused");
    assert_eq!(host.get("/api/v1/me/homes").await.expect(200).json()["items"].as_array().unwrap().len(), 1);
    let headers = [("Content-Type", "application/json".to_owned())];
    let keyless = host.client.send("POST", "/api/v1/homes", &headers, draft().to_string().as_bytes()).await;
    keyless.problem(400, "idempotency-key-missing");
    app.stop().await;
}

#[actix_web::test]
async fn every_wrong_field_is_named_with_what_would_be_right() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let bad = draft_with(json!({"kind": "castle", "title": "", "guests": 21, "beds": 0, "description": "d".repeat(1001),
        "price": {"amount": 0, "currency": "DOGE"}, "position": {"lat": 0, "lng": 0}, "status": "active"}));
    let problem = host.post("/api/v1/homes", &bad).await.problem(422, "invalid");
    let mut fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["beds", "description", "guests", "kind", "position", "price.amount", "price.currency", "status", "title"]);
    assert!(problem["errors"].as_array().unwrap().iter().all(|e| e["expected"].is_string()), "{problem}");
    app.stop().await;
}

#[actix_web::test]
async fn hostile_input_is_refused_and_breaks_nothing() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let raw = async |body: &[u8]| {
        let headers = [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", format!("h{}", body.len()))];
        host.client.send("POST", "/api/v1/homes", &headers, body).await.status
    };
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for (body, status) in [
        (&b"{"[..], 400),
        (b"null", 422),
        (b"[]", 422),
        (b"\"home\"", 422),
        (b"{\"title\":\"\xff\"}", 400),
        (deep.as_bytes(), 400),
        (br#"{"guests":1e400}"#, 400),
        (br#"{"kind":{"$ne":null},"title":["x"],"guests":true,"rooms":{"a":1}}"#, 422),
    ] {
        assert_eq!(raw(body).await, status, "{}", String::from_utf8_lossy(&body[..body.len().min(60)]));
    }
    for title in ["a\u{0}b", "\u{202e}evil", "\u{200b}", "\u{1b}[31m"] {
        host.post("/api/v1/homes", &draft_with(json!({"title": title}))).await.problem(422, "invalid");
    }
    // What looks dangerous and is only text is kept as it is.
    let title = "'); drop table homes; -- <script>alert(1)</script> {{7*7}} %00";
    assert_eq!(listed(&host, &draft_with(json!({"title": title}))).await["title"], title);
    app.visitor().in_tenant("demo").post("/api/v1/homes", &draft()).await.problem(401, "sign-in-needed");
    app.stop().await;
}

#[actix_web::test]
async fn pages_of_a_list_hold_each_home_once() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.insert(0, listed(&host, &draft_with(json!({"title": format!("Home {n}")}))).await["id"].clone());
    }
    for path in ["/api/v1/me/homes", "/api/v1/cities/3128760/homes?kinds=apartment"] {
        let (mut seen, mut cursor) = (Vec::<Value>::new(), String::new());
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = host.get(&format!("{path}{joint}limit=3{cursor}")).await.expect(200).json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|home| home["id"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{path}");
    }
    host.get("/api/v1/me/homes?limit=101").await.problem(422, "invalid");
    host.get("/api/v1/me/homes?cursor=abc").await.problem(422, "invalid");
    app.stop().await;
}

#[actix_web::test]
async fn a_home_without_a_position_stands_at_its_citys_centre_and_says_so() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let mut body = draft_with(json!({"city": 3_128_760}));
    body.as_object_mut().unwrap().remove("position");
    let home = listed(&host, &body).await;
    assert_eq!((home["approximate"].as_bool(), home["city"]["name"].as_str()), (Some(true), Some("Barcelona")));
    let lat = home["position"]["lat"].as_f64().unwrap();
    assert!((41.3..41.5).contains(&lat), "{lat}");
    app.stop().await;
}
