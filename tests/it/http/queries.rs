//! What may stand in a query: a name that an address does not know is refused, on every route that reads a query.

use posada::http::openapi::query_names;

use super::{filled, rows};
use crate::harness::TestApp;

const ID: &str = "3128760";
const REFUSAL: &str = "is no parameter of this address";

#[tokio::test]
async fn a_mistyped_parameter_is_refused_wherever_a_query_is_read() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let mut with_query = Vec::new();
    for row in rows().into_iter().filter(|row| row.method == "GET") {
        let (known, path) = (query_names(&row), filled(row.path, ID));
        if known.is_empty() {
            let (plain, asked) = (ana.get(&path).await, ana.get(&format!("{path}?kindz=loft")).await);
            assert_eq!(asked.status, plain.status, "{path} reads no query, and what stands in it changes nothing");
            continue;
        }
        for method in ["GET", "HEAD"] {
            let answer = ana.client.send(method, &format!("{path}?{}=&kindz=loft", known[0]), &[], b"").await.expect(422);
            if method == "GET" {
                let problem = answer.problem(422, "invalid");
                let error = &problem["errors"][0];
                assert_eq!((error["field"].as_str(), error["message"].as_str()), (Some("kindz"), Some(REFUSAL)), "{path}");
                assert_eq!(error["expected"], known.join(", "), "{path}");
            }
        }
        for name in &known {
            let answer = ana.get(&format!("{path}?{name}=x")).await;
            assert!(!answer.text().contains(REFUSAL), "{path} documents {name} and does not know it");
        }
        with_query.push(row.path);
    }
    for path in ["/api/v1/map", "/api/v1/map/within", "/api/v1/cities/{id}/homes", "/api/v1/homes/export.csv", "/api/v1/me/stays", "/api/v1/inbox"] {
        assert!(with_query.contains(&path), "{path} reads a query, and its document does not say so");
    }
    let problem = ana.get("/live/events?kindz=loft").await.problem(422, "invalid");
    assert_eq!((problem["errors"][0]["field"].as_str(), problem["errors"][0]["expected"].as_str()), (Some("kindz"), Some("view, subscribe")));
    app.stop().await;
}

#[tokio::test]
async fn who_may_not_look_is_told_nothing_of_the_query() {
    let app = TestApp::spawn().await;
    app.visitor().get("/api/v1/inbox?kindz=loft").await.problem(401, "sign-in-needed");
    app.stop().await;
}

/// The rest of a query that each route with a filter needs.
const REST: &str = "bbox=41.3,2.1,41.5,2.3&zoom=12&lat=41.39&lng=2.17&radius_m=3000";

#[tokio::test]
async fn a_filter_that_can_match_nothing_is_refused_by_its_field_on_every_route_that_filters() {
    let app = TestApp::spawn().await;
    let wrong = [
        ("kinds=castle", "kinds"),
        ("guests=21", "guests"),
        ("guests=0", "guests"),
        ("price_min=5&price_max=4&currency=EUR", "price_min"),
        ("price_max=5", "currency"),
        ("free_from=2020-12-01&free_to=2099-12-05", "free_to"),
        ("free_from=2020-12-01&free_to=2020-12-05", "free_from"),
        ("free_to=2099-12-05", "free_from"),
    ];
    let mut filtering = 0;
    for row in rows() {
        let (known, path) = (query_names(&row), filled(row.path, ID));
        if !known.iter().any(|name| name == "free_from") {
            continue;
        }
        filtering += 1;
        let rest: Vec<&str> = REST.split('&').filter(|pair| known.iter().any(|name| pair.split('=').next() == Some(name))).collect();
        for (filter, field) in wrong {
            let problem = app.visitor().get(&format!("{path}?{}&{filter}", rest.join("&"))).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["field"], field, "{path} {filter}: {problem}");
        }
    }
    assert_eq!(filtering, 7, "list, both exports, map, nearest, within, homes in view");
    let view = "%7B%22id%22:%22map%22,%22bbox%22:%5B41,2,42,3%5D,%22zoom%22:12,%22filter%22:%7B%22free%22:%7B%22from%22:%222020-12-01%22,%22to%22:%222020-12-05%22%7D%7D%7D";
    let problem = app.visitor().get(&format!("/live/events?view={view}")).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "view");
    assert!(problem["errors"][0]["message"].as_str().unwrap().starts_with("filter.free.from: 2020-12-01 is past"), "{problem}");
    app.stop().await;
}
