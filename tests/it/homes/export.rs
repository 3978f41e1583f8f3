//! Exports: equal to the filtered list, whole, and harmless in a spreadsheet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{draft_with, id, listed};
use crate::harness::{Client, TestApp, eventually};

/// A home of the fixed mix, and what the test knows of it.
fn mix(n: usize) -> Value {
    let kinds = ["apartment", "house", "hotel", "loft", "cabin", "boat"];
    let prices =
        [json!(null), json!({"amount": 4000, "currency": "EUR"}), json!({"amount": 9000, "currency": "EUR"}), json!({"amount": 9000, "currency": "USD"})];
    draft_with(json!({"title": format!("Home {n}"), "kind": kinds[n % 6], "guests": 1 + n % 5, "price": prices[n % 4],
        "city": if n.is_multiple_of(3) { 3_117_735 } else { 3_128_760 },
        "position": if n.is_multiple_of(3) { json!({"lat": 40.4168, "lng": -3.7038}) } else { json!({"lat": 41.3917, "lng": 2.1649}) }}))
}

/// The naive filter, in the words of an address.
fn matches(home: &Value, query: &str) -> bool {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let price = home["price"].as_object();
    value("kinds").is_none_or(|kinds| kinds.split(',').any(|kind| home["kind"] == kind))
        && number("guests").is_none_or(|guests| home["guests"].as_u64().unwrap() >= guests)
        && number("city").is_none_or(|city| home["city"]["id"].as_u64().unwrap() == city)
        && value("currency").is_none_or(|currency| match price {
            None => number("price_min").is_none(),
            Some(price) => {
                let amount = price["amount"].as_u64().unwrap();
                price["currency"] == currency && number("price_min").is_none_or(|min| amount >= min) && number("price_max").is_none_or(|max| amount <= max)
            }
        })
        && value("free_from").is_none_or(|_| home["busy"] != true)
}

async fn csv_ids(reader: &Client, query: &str) -> BTreeSet<String> {
    let text = reader.get(&format!("/api/v1/homes/export.csv?{query}")).await.expect(200).text();
    let rows: Vec<&str> = text.split_terminator("\r\n").skip(1).collect();
    let ids: BTreeSet<String> = rows.iter().map(|row| row.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), rows.len(), "each home once");
    ids
}

/// The live map shows the same homes; it hears of changes after their commit, so it is waited for.
async fn on_the_map(reader: &Client, city: &str, query: &str, expected: &BTreeSet<String>) {
    let at = match city {
        "3128760" => "lat=41.39&lng=2.16",
        "3117735" => "lat=40.42&lng=-3.70",
        _ => "lat=48.85&lng=2.35",
    };
    let filter = query.split_once('&').map_or("", |(_, filter)| filter);
    let path = format!("/api/v1/map/within?{at}&radius_m=30000&limit=100&{filter}");
    let shown = async || -> BTreeSet<String> {
        let found = reader.get(&path).await.expect(200).json();
        found["items"].as_array().unwrap().iter().map(|home| id(home).to_owned()).collect()
    };
    eventually(shown, |shown| shown == expected).await;
}

#[actix_web::test]
async fn export_list_map_and_naive_filter_agree() {
    let app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let mut homes = Vec::new();
    for n in 0..24 {
        let mut home = listed(&host, &mix(n)).await;
        if n % 4 == 1 {
            let stay = json!({"arrive": "2027-05-02", "leave": "2027-05-04", "guests": 1, "message": "Hello"});
            let stay = guest.post(&format!("/api/v1/homes/{}/stays", id(&home)), &stay).await.expect(201).json();
            let yes = format!("/api/v1/stays/{}/approval", stay["id"].as_str().unwrap());
            drop(host.post(&yes, &json!({"terms_version": stay["terms_version"]})).await.expect(200));
            home["busy"] = json!(true);
        }
        homes.push(home);
    }
    for paused in homes.iter().skip(20) {
        drop(host.post(&format!("/api/v1/homes/{}/pause", id(paused)), &json!(null)).await.expect(200));
    }
    homes.truncate(20);
    let reader = app.visitor().in_tenant("demo");
    for query in [
        "city=3128760",
        "city=3128760&kinds=house,boat",
        "city=3117735&guests=3",
        "city=3128760&currency=EUR",
        "city=3128760&currency=EUR&price_max=5000",
        "city=3128760&currency=EUR&price_min=1",
        "city=3128760&currency=USD&price_min=1&price_max=4000000000",
        "city=3128760&free_from=2027-05-01&free_to=2027-05-03",
        "city=3117735&free_from=2027-05-03&free_to=2027-05-09&guests=2&kinds=apartment,house,hotel,loft,cabin,boat",
        "city=3128760&kinds=apartment&guests=2&currency=EUR&price_max=9000&free_from=2027-05-03&free_to=2027-05-04",
        "city=2988507",
    ] {
        let expected: BTreeSet<String> = homes.iter().filter(|home| matches(home, query)).map(|home| id(home).to_owned()).collect();
        let city = query.strip_prefix("city=").unwrap().split('&').next().unwrap();
        let filter = query.split_once('&').map_or("", |(_, filter)| filter);
        let list = reader.get(&format!("/api/v1/cities/{city}/homes?limit=100&{filter}")).await.expect(200).json();
        let listed: BTreeSet<String> = list["items"].as_array().unwrap().iter().map(|home| id(home).to_owned()).collect();
        let geo = reader.get(&format!("/api/v1/homes/export.geojson?{query}")).await.expect(200).json();
        let points: BTreeSet<String> = geo["features"].as_array().unwrap().iter().map(|home| id(home).to_owned()).collect();
        assert_eq!((&listed, &csv_ids(&reader, query).await, &points), (&expected, &expected, &expected), "{query}");
        on_the_map(&reader, city, query, &expected).await;
    }
    assert_eq!(csv_ids(&reader, "").await.len(), 20);
    // Nights that touch are free: the one stay is over on the 4th.
    assert!(csv_ids(&reader, "free_from=2027-05-04&free_to=2027-05-05").await.len() == 20);
    reader.get("/api/v1/homes/export.csv?kinds=castle").await.problem(422, "invalid");
    app.stop().await;
}

#[actix_web::test]
async fn cells_are_quoted_and_no_formula_reaches_a_spreadsheet() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let titles = ["=HYPERLINK(\"http://evil.example\",\"x\")", "+1", "-1", "@cmd", "'=1", "a, \"b\"; c", "Ünï 🏖"];
    for title in titles {
        listed(&host, &draft_with(json!({"title": title, "description": "=1\nsecond, line"}))).await;
    }
    let answer = host.get("/api/v1/homes/export.csv").await.expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").unwrap().contains("homes.csv"));
    let mut reader = csv::Reader::from_reader(answer.body.as_slice());
    let column = reader.headers().unwrap().iter().position(|name| name == "title").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), titles.len());
    for (row, title) in rows.iter().rev().zip(titles) {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '@'])), "{row:?}");
        assert_eq!(posada::export::unguarded(&row[column]), title);
    }
    app.stop().await;
}

#[actix_web::test]
async fn an_export_of_many_pages_is_whole_and_well_formed() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    listed(&host, &draft_with(json!({}))).await;
    sqlx::query(
        "insert into homes select (jsonb_populate_record(h, jsonb_build_object('id', gen_random_uuid(), 'title', 'Copy ' || n))).* from homes h, generate_series(1, 1203) n",
    )
    .execute(app.owner())
    .await
    .unwrap();
    let reader = app.visitor().in_tenant("demo");
    assert_eq!(csv_ids(&reader, "").await.len(), 1204);
    let geo = reader.get("/api/v1/homes/export.geojson").await.expect(200).json();
    let feature = &geo["features"][700];
    assert_eq!((geo["type"].as_str(), geo["features"].as_array().unwrap().len()), (Some("FeatureCollection"), 1204));
    assert!((2.0..2.4).contains(&feature["geometry"]["coordinates"][0].as_f64().unwrap()), "longitude first");
    app.stop().await;
}
