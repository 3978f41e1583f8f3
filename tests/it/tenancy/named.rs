//! Every way of naming another community, at every surface where something could be had of it: nothing, with a word that says nothing more.

use serde_json::json;

use crate::harness::{Client, Person, TestApp, Watcher};

/// In every text of the other community.
const MARK: &str = "zzmarkedzz";

type Headers = &'static [(&'static str, &'static str)];

/// Headers and a prefix of the path that mean the other community, if anything does.
const WAYS: &[(&str, Headers, &str)] = &[
    ("header", &[("X-Posada-Tenant", "other")], ""),
    ("path", &[], "/t/other"),
    ("host", &[("Host", "other.example")], ""),
    ("host in capitals, with a dot and a port", &[("Host", "OTHER.Example.:8080")], ""),
    ("host and header", &[("Host", "other.example"), ("X-Posada-Tenant", "other")], ""),
    ("own header, their path", &[("X-Posada-Tenant", "demo")], "/t/other"),
    ("own path, their header", &[("X-Posada-Tenant", "other")], "/t/demo"),
    ("own path, their host", &[("Host", "other.example")], "/t/demo"),
];

/// Ways that name nobody: they are answered as if they were not there, or not at all.
const NO_WAYS: &[(&str, Headers, &str, &str)] = &[
    ("query", &[], "", "tenant=other"),
    ("a host below theirs", &[("Host", "sub.other.example")], "", ""),
    ("their slug as a host", &[("Host", "other")], "", ""),
    ("a forwarded host", &[("X-Forwarded-Host", "other.example"), ("Forwarded", "host=other.example")], "", ""),
    ("their name as ours", &[("X-Tenant", "other"), ("X-Tenant-Id", "other")], "", ""),
];

/// What could give something away: API, search, exports, inbox, the live events.
const SURFACES: &[&str] = &[
    "/api/v1/map?bbox=52,13,53,14&zoom=13",
    "/api/v1/map/homes?bbox=52,13,53,14",
    "/api/v1/map/nearest?lat=52.52&lng=13.40",
    "/api/v1/cities/2950159",
    "/api/v1/cities/2950159/homes",
    "/api/v1/search?q=zzmarkedzz",
    "/api/v1/homes/export.csv",
    "/api/v1/homes/export.geojson",
    "/api/v1/homes/{home}",
    "/api/v1/inbox",
    "/api/v1/me/homes",
    "/api/v1/members/me",
    "/live/events?view=%7B%22id%22%3A%22map%22%2C%22bbox%22%3A%5B52%2C13%2C53%2C14%5D%2C%22zoom%22%3A13%7D",
];

/// A closed community, with one who has a home in it, and somebody who is not in it.
async fn two(app: &TestApp) -> (Person, String, Person) {
    app.make_tenant("other").await;
    sqlx::query("update tenants set domain = 'other.example', public_map = false where slug = 'other'").execute(app.owner()).await.unwrap();
    let eve = app.member_of("other", &format!("Eve {MARK}"), &["host"]).await;
    let draft = json!({ "kind": "loft", "offer": "entire_place", "title": format!("Loft {MARK}"), "description": MARK, "guests": 2,
        "price": { "amount": 5000, "currency": "EUR" }, "position": { "lat": 52.52, "lng": 13.40 } });
    let home = eve.post("/api/v1/homes", &draft).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    (eve, home, app.host().await)
}

fn named(client: &Client, headers: &[(&str, &str)]) -> Client {
    headers.iter().fold(client.clone(), |client, (name, value)| client.with(name, *value))
}

#[actix_web::test]
async fn every_surface_refuses_every_name_of_another_community() {
    let app = TestApp::spawn().await;
    let (eve, home, ana) = two(&app).await;
    let (cookie, plain) = (app.visitor().with("Cookie", format!("posada_session={}", ana.token)), app.visitor());
    let callers = [("with a token", plain.clone().with_token(&ana.token)), ("with a cookie", cookie), ("as a visitor", plain)];
    for surface in SURFACES {
        let surface = surface.replace("{home}", &home);
        // First the one whose door it is, so that whatever is kept is warm with hers.
        if !surface.starts_with("/live") {
            let _ = eve.get(&surface).await.expect(200);
        }
        for (who, caller) in &callers {
            for (way, headers, prefix) in WAYS {
                let answer = named(caller, headers).get(&format!("{prefix}{surface}")).await;
                let what = format!("{who}, by {way}: {surface} gave {}: {}", answer.status, answer.text());
                assert!(matches!(answer.status, 400 | 401 | 403 | 404) && !answer.text().contains(MARK), "{what}");
            }
            for (way, headers, prefix, query) in NO_WAYS.iter().filter(|_| !surface.starts_with("/live")) {
                let and = if surface.contains('?') { "&" } else { "?" };
                let query = if query.is_empty() { String::new() } else { format!("{and}{query}") };
                let answer = named(caller, headers).get(&format!("{prefix}{surface}{query}")).await;
                // The word that was searched for comes back in the answer; a row does not.
                let text = answer.text().replace(&format!("\"{MARK}\""), "");
                assert!(answer.status < 500 && !text.contains(MARK), "{who}, by {way}: {surface} gave {}: {text}", answer.status);
            }
        }
    }
    let metrics = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    assert!(!metrics.contains(MARK) && !metrics.contains(&home) && !metrics.contains("other.example"));
    app.stop().await;
}

#[actix_web::test]
async fn the_socket_refuses_every_name_of_another_community() {
    let app = TestApp::spawn().await;
    let (eve, _, ana) = two(&app).await;
    let mut inside = Watcher::opens_at(app.address(), "other", &[]).await;
    inside.says_json(json!({"t": "hello", "client": "it", "version": 1, "token": eve.token})).await;
    inside.until("the welcome", |model| model.welcomed.is_some()).await;
    for token in [Some(&ana.token), None] {
        // By path, with who they are in a header, in a cookie, or in the first frame.
        let mut said = vec![(Vec::new(), token.cloned())];
        if let Some(token) = token {
            said.push((vec![("Authorization", format!("Bearer {token}"))], None));
            said.push((vec![("Cookie", format!("posada_session={token}"))], None));
        }
        for (headers, token) in said {
            let mut socket = Watcher::opens_at(app.address(), "other", &headers).await;
            let mut hello = json!({"t": "hello", "client": "it", "version": 1});
            if let Some(token) = token {
                hello["token"] = json!(token);
            }
            socket.says_json(hello).await;
            assert_eq!((socket.until_closed().await, socket.model.welcomed.is_some()), (4503, false), "{headers:?}");
        }
    }
    inside.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_key_that_another_community_used_answers_nothing_of_it() {
    let app = TestApp::spawn().await;
    let (eve, _, ana) = two(&app).await;
    let draft = json!({ "kind": "loft", "offer": "entire_place", "title": "The same", "description": "", "guests": 2, "price": null,
        "position": { "lat": 52.52, "lng": 13.40 } });
    let theirs = eve.client.clone().with("Idempotency-Key", "one-key").post("/api/v1/homes", &draft).await.expect(201).json();
    let mine = ana.client.clone().with("Idempotency-Key", "one-key").post("/api/v1/homes", &draft).await.expect(201).json();
    assert_ne!(mine["id"], theirs["id"], "each is answered with what was done for them");
    // Nor does the same key under the other's name.
    let under_theirs = ana.client.clone().in_tenant("other").with("Idempotency-Key", "one-key").post("/api/v1/homes", &draft).await;
    under_theirs.problem(404, "tenant-unknown");
    app.stop().await;
}

#[actix_web::test]
async fn what_was_kept_of_an_answer_is_confirmed_to_nobody_else() {
    let app = TestApp::spawn().await;
    let (eve, home, ana) = two(&app).await;
    let path = format!("/api/v1/homes/{home}");
    for surface in [path.as_str(), "/api/v1/cities/2950159", "/api/v1/map?bbox=52,13,53,14&zoom=13"] {
        let answer = eve.get(surface).await.expect(200);
        let shared = answer.header("cache-control").is_some_and(|kept| kept.contains("public") || kept.contains("s-maxage"));
        assert!(!shared, "{surface}: a cache between us may not keep it for others: {:?}", answer.header("cache-control"));
        let Some(tag) = answer.header("etag").map(str::to_owned) else { continue };
        for client in [ana.client.clone().in_tenant("other"), ana.client.clone(), app.visitor().in_tenant("other")] {
            let asked = client.with("If-None-Match", tag.clone()).get(surface).await;
            assert!(asked.status != 304 && !asked.text().contains(MARK), "{surface}: {} {}", asked.status, asked.text());
        }
    }
    app.stop().await;
}
