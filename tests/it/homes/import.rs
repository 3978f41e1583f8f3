//! Imports: taken, refused by line and reason, safe to run twice and to break off, told to the watchers.

use std::{collections::BTreeMap, io::Write as _};

use domain::{
    CityId, Currency, HomeId, StreamName, TenantId,
    live::{CityChange, HomePoint},
};
use gazetteer::Gazetteer;
use posada::{
    commands::import_homes::Import,
    import::{City, HomeFile, HostRule, Report, run},
};
use serde_json::json;

use super::{counts, draft_with, id, listed, told};
use crate::harness::TestApp;

const HEADER: &str = "id,name,host_id,neighbourhood,latitude,longitude,room_type,price,minimum_nights,number_of_reviews,availability_365\n";

async fn tenant(app: &TestApp) -> TenantId {
    TenantId(sqlx::query_scalar("select id from tenants where slug = 'demo'").fetch_one(app.owner()).await.unwrap())
}

/// Takes a text in as a file of Barcelona; the refusals as CSV beside the report.
async fn take_in(app: &TestApp, text: &[u8], source: &str, dry_run: bool) -> Result<(Report, String), String> {
    let gazetteer = Gazetteer::embedded();
    let file =
        HomeFile::open(std::io::Cursor::new(text.to_vec()), City::of(gazetteer, CityId(3_128_760)), Currency::Eur, gazetteer).map_err(|bad| bad.to_string())?;
    let server = app.app();
    let import = Import { store: &server.store, relay: &server.relay, gazetteer, tenant: tenant(app).await, source, dry_run };
    let mut refusals = Vec::new();
    let report = run(file, import, HostRule::EachOfTheSource, &mut refusals, |_, _| {}).await.map_err(|why| why.to_string())?;
    Ok((report, String::from_utf8(refusals).unwrap()))
}

fn rows(homes: std::ops::Range<u32>, change: impl Fn(u32) -> String) -> Vec<u8> {
    let mut text = HEADER.as_bytes().to_vec();
    for n in homes {
        writeln!(text, "{n},\"{}\",{},x,{},{},Private room,{},1,2,{}", change(n), n % 7, 41.38 + f64::from(n) * 1e-5, 2.16, 40 + n % 50, n % 5).unwrap();
    }
    text
}

/// Everything an import leaves, but for what is made anew each time (ids, instants, the point within the cell).
async fn state(app: &TestApp) -> Vec<(String, String, String, i64, i64)> {
    sqlx::query_as("select source_ref, title, status, cell, source_digest from homes where source is not null order by source_ref")
        .fetch_all(app.owner())
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_second_run_changes_nothing_and_tells_nobody() {
    let app = TestApp::spawn().await;
    let text = rows(0..1200, |n| format!("Home {n}"));
    let (first, _) = take_in(&app, &text, "test", false).await.unwrap();
    assert_eq!((first.taken.new, first.taken.unchanged, first.taken.paused), (1200, 0, 240));
    let (before, events) = (state(&app).await, told(&app, "city:3128760").await);
    assert!(events.iter().all(|(kind, body)| kind == "homes_imported" && body["put"].as_array().unwrap().len() <= 100));
    assert_eq!(events.iter().map(|(_, body)| body["put"].as_array().unwrap().len()).sum::<usize>(), 960);
    assert_eq!(events.last().unwrap().1["counts"], json!({"homes": 960, "hosts": 7}));
    let (second, _) = take_in(&app, &text, "test", false).await.unwrap();
    assert_eq!((second.taken.new, second.taken.changed, second.taken.unchanged), (0, 0, 1200));
    assert_eq!((state(&app).await, told(&app, "city:3128760").await.len()), (before, events.len()));

    // What the source changes is changed, and only that.
    let (third, _) = take_in(&app, &rows(0..1201, |n| if n == 7 { "Renamed".into() } else { format!("Home {n}") }), "test", false).await.unwrap();
    assert_eq!((third.taken.new, third.taken.changed, third.taken.unchanged), (1, 1, 1199));
    let (kept, recount) = counts(&app).await;
    assert_eq!(kept, recount);
    app.stop().await;
}

/// What is told of a home is what a map that is rebuilt would show: for new ones, changed ones (with their nights) and paused ones alike.
#[actix_web::test]
async fn watchers_are_told_what_a_rebuilt_map_would_show() {
    let app = TestApp::spawn().await;
    let city = StreamName::City(CityId(3_128_760)).to_string();
    take_in(&app, &rows(0..30, |n| format!("Home {n}")), "test", false).await.unwrap();
    take_in(&app, &rows(0..40, |n| if n % 3 == 0 { format!("New {n}") } else { format!("Home {n}") }), "test", false).await.unwrap();
    let mut shown: BTreeMap<HomeId, HomePoint> = BTreeMap::new();
    for (_, body) in told(&app, &city).await {
        let change: CityChange = serde_json::from_value(body).unwrap();
        change.gone.iter().for_each(|gone| drop(shown.remove(gone)));
        shown.extend(change.put.into_iter().map(|home| (home.id, home)));
    }
    let (rebuilt, _) = app.app().store.city_homes(tenant(&app).await, CityId(3_128_760)).await.unwrap();
    assert_eq!(rebuilt.len(), 32);
    assert_eq!(shown.into_values().collect::<Vec<_>>(), rebuilt);
    app.stop().await;
}

#[actix_web::test]
async fn broken_off_and_run_again_it_ends_the_same() {
    let whole = TestApp::spawn().await;
    let text = rows(0..1700, |n| format!("Home {n}"));
    take_in(&whole, &text, "test", false).await.unwrap();
    let expected = state(&whole).await;
    whole.stop().await;

    let mut app = TestApp::spawn().await;
    // Killed somewhere in the third batch: the server's runtime, the connection, everything.
    let broken = take_in(&app, &text, "test", false);
    let _ = tokio::time::timeout(std::time::Duration::from_millis(250), broken).await;
    app.restart().await;
    let before = state(&app).await.len();
    let (report, _) = take_in(&app, &text, "test", false).await.unwrap();
    assert_eq!(report.taken.new + report.taken.unchanged, 1700);
    assert_eq!((report.taken.unchanged as usize, state(&app).await), (before, expected));
    let (kept, recount) = counts(&app).await;
    assert_eq!(kept, recount);
    app.stop().await;
}

#[actix_web::test]
async fn a_dry_run_says_it_all_and_keeps_nothing() {
    let app = TestApp::spawn().await;
    let (report, _) = take_in(&app, &rows(0..600, |n| format!("Home {n}")), "test", true).await.unwrap();
    assert_eq!((report.taken.new, report.dry_run), (600, true));
    assert_eq!((state(&app).await.len(), told(&app, "city:3128760").await.len()), (0, 0));
    app.stop().await;
}

#[actix_web::test]
async fn refused_rows_are_written_down_and_the_rest_is_taken() {
    let app = TestApp::spawn().await;
    let mut text = rows(0..3, |n| format!("Home {n}"));
    text.extend_from_slice(b"7,,1,x,41.4,2.16,Private room,50,1,2,3\n8,=1+1,1,x,41.4,-2.16,Private room,50,1,2,3\n9,x,1,x,41.4\n");
    let (report, refusals) = take_in(&app, &text, "test", false).await.unwrap();
    assert_eq!((report.rows, report.taken.new, report.refused_rows()), (6, 3, 3));
    let reasons: Vec<_> = report.refused.iter().map(|(reason, refused)| (*reason, refused.first_line)).collect();
    assert_eq!(reasons, [("cells_differ", 7), ("position_swapped", 6), ("title_empty", 5)]);
    assert!(refusals.starts_with("line,id,reason,detail\n5,7,title_empty,") && refusals.contains("\n6,8,position_swapped,"), "{refusals}");
    // What was read before a broken end is in.
    let cut = [rows(10..12, |n| format!("Home {n}")).as_slice(), b"13,\"cut"].concat();
    assert!(take_in(&app, &cut, "test", false).await.unwrap_err().contains("line 4"));
    assert_eq!(state(&app).await.len(), 5);
    app.stop().await;
}

#[actix_web::test]
async fn an_edit_made_here_stays_until_the_source_says_something_new() {
    let app = TestApp::spawn().await;
    take_in(&app, &rows(0..2, |n| format!("Home {n}")), "test", false).await.unwrap();
    sqlx::query("update homes set title = 'Mine', status = 'paused' where source_ref = '1'").execute(app.owner()).await.unwrap();
    take_in(&app, &rows(0..2, |n| format!("Home {n}")), "test", false).await.unwrap();
    assert_eq!((&*state(&app).await[1].1, &*state(&app).await[1].2), ("Mine", "paused"));
    take_in(&app, &rows(0..2, |n| format!("New {n}")), "test", false).await.unwrap();
    // The source says a new title; that the home is paused here is its host's business.
    assert_eq!((&*state(&app).await[1].1, &*state(&app).await[1].2), ("New 1", "paused"));
    app.stop().await;
}

#[actix_web::test]
async fn placeholder_hosts_are_one_each_and_cannot_sign_in() {
    let app = TestApp::spawn().await;
    take_in(&app, &rows(0..50, |n| format!("Home {n}")), "test", false).await.unwrap();
    let hosts: Vec<(String, String)> = sqlx::query_as("select a.email, a.password_hash from members m join accounts a on a.id = m.account_id order by 1")
        .fetch_all(app.owner())
        .await
        .unwrap();
    assert_eq!(hosts.len(), 7);
    for (email, hash) in hosts {
        assert!(email.ends_with(".test@demo.invalid") && hash == "!", "{email}");
        for password in ["!", ""] {
            let body = json!({"email": email, "password": password});
            assert!((400..500).contains(&app.visitor().in_tenant("demo").post("/api/v1/session", &body).await.status));
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn an_export_is_read_again_elsewhere_and_brings_nothing_new_at_home() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let rooms = json!([{"name": "Attic", "guests": 2}, {"name": "Hall", "guests": 4}]);
    let home = listed(&host, &draft_with(json!({"title": "=1+1", "description": "two\nlines", "rooms": rooms, "price": null}))).await;
    let export = host.get("/api/v1/homes/export.csv").await.expect(200).body;
    let (report, _) = take_in(&app, &export, "posada", false).await.unwrap();
    assert_eq!((report.taken.unchanged, report.taken.new), (1, 0));
    app.make_tenant("other").await;
    sqlx::query("delete from rooms").execute(app.owner()).await.unwrap();
    sqlx::query("delete from homes").execute(app.owner()).await.unwrap();
    let (report, _) = take_in(&app, &export, "posada", false).await.unwrap();
    assert_eq!((report.taken.new, report.refused_rows()), (1, 0));
    let again = app.visitor().in_tenant("demo").get("/api/v1/cities/3128760/homes").await.expect(200).json();
    let again = app.visitor().in_tenant("demo").get(&format!("/api/v1/homes/{}", id(&again["items"][0]))).await.expect(200).json();
    for field in ["kind", "offer", "title", "description", "guests", "bedrooms", "beds", "price"] {
        assert_eq!(again[field], home[field], "{field}");
    }
    let names: Vec<_> = again["rooms"].as_array().unwrap().iter().map(|room| (room["name"].as_str().unwrap(), room["guests"].as_u64().unwrap())).collect();
    assert_eq!(names, [("Attic", 2), ("Hall", 4)]);
    app.stop().await;
}

/// The real thing, where it lies beside the project; said aloud where it does not.
#[actix_web::test]
async fn the_listings_of_barcelona_are_taken_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/homes/barcelona.csv");
    let Ok(text) = std::fs::read(path) else {
        eprintln!("SKIPPED: {path} is not there");
        return;
    };
    let app = TestApp::spawn().await;
    let (report, _) = take_in(&app, &text, "inside-airbnb", false).await.unwrap();
    eprintln!("barcelona.csv: {:?} in {:.1} s", report.taken, report.seconds);
    assert_eq!((report.rows, report.taken.new, report.refused_rows()), (16_055, 16_029, 26));
    let (kept, recount) = counts(&app).await;
    assert_eq!(kept, recount);
    assert_eq!(i64::from(kept[0].1) as u64 + report.taken.paused, 16_029);
    let (again, _) = take_in(&app, &text, "inside-airbnb", false).await.unwrap();
    assert_eq!(again.taken.unchanged, 16_029);
    app.stop().await;
}
