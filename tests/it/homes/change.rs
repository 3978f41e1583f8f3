//! Changing a home: by its version, its host, its fields; beside others who change it, and how often Postgres is asked for it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{draft, draft_with, id, listed, told};
use crate::harness::{Client, TestApp, eventually, program::Program};

const BARCELONA: &str = "city:3128760";

#[actix_web::test]
async fn an_edit_names_its_version_and_nothing_is_lost() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    let edit = |version: &str| host.client.clone().with("If-Match", version);
    host.patch(&path, &json!({"title": "No version"})).await.problem(428, "version-missing");
    let changed = edit("1").patch(&path, &json!({"title": "Second", "price": null, "guests": 6})).await.expect(200).json();
    assert_eq!((changed["version"].as_u64(), changed["title"].as_str(), changed["price"].is_null()), (Some(2), Some("Second"), true));
    assert_eq!((changed["beds"].clone(), changed["rooms"][0]["guests"].clone()), (json!(3), json!(6)));
    let problem = edit("1").patch(&path, &json!({"title": "Too late"})).await.problem(412, "stale");
    assert!(problem["detail"].as_str().unwrap().contains("version 2"));
    // An edit that changes nothing makes no version and tells nobody.
    let before = told(&app, "city:3128760").await.len();
    assert_eq!(edit("2").patch(&path, &json!({"title": "Second"})).await.expect(200).json()["version"], 2);
    assert_eq!(told(&app, "city:3128760").await.len(), before);
    edit("2").patch(&path, &json!({"guests": 0, "host": "me"})).await.problem(422, "invalid");
    app.stop().await;
}

#[actix_web::test]
async fn of_edits_of_one_version_at_once_one_wins() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    let client = host.client.clone().with("If-Match", "1");
    let edits = (0..8).map(|n| {
        let (client, path) = (client.clone(), path.clone());
        async move { client.patch(&path, &json!({"title": format!("Edit {n}")})).await.status }
    });
    let mut statuses: Vec<u16> = futures_util::future::join_all(edits).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    app.stop().await;
}

#[actix_web::test]
async fn nobody_else_finds_a_home_to_change() {
    let app = TestApp::spawn().await;
    let (host, other) = (app.host().await, app.host().await);
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    let stranger = other.client.clone().with("If-Match", "1");
    stranger.patch(&path, &json!({"title": "Mine now"})).await.problem(404, "not-found");
    stranger.put(&format!("{path}/position"), &json!({"lat": 41.4, "lng": 2.17})).await.problem(404, "not-found");
    for step in ["pause", "resume", "retire"] {
        stranger.post(&format!("{path}/{step}"), &json!(null)).await.problem(404, "not-found");
    }
    let seen = other.get(&path).await.expect(200).json();
    assert_eq!((seen["mine"].as_bool(), seen["exact"].is_null(), seen["moves"].clone(), seen["version"].as_u64()), (Some(false), true, json!([]), Some(1)));
    app.stop().await;
}

#[actix_web::test]
async fn rooms_are_named_added_and_taken_away_unless_somebody_asked_for_them() {
    let app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let home = listed(&host, &draft_with(json!({"rooms": [{"name": "One", "guests": 2}, {"name": "Two", "guests": 2}]}))).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    let (one, two) = (home["rooms"][0]["id"].clone(), home["rooms"][1]["id"].clone());
    let stay = json!({"room": two, "arrive": "2027-05-01", "leave": "2027-05-03", "guests": 1, "message": "Hello"});
    drop(guest.post(&format!("{path}/stays"), &stay).await.expect(201));
    let edit = |version: &str| host.client.clone().with("If-Match", version);
    edit("1").patch(&path, &json!({"rooms": [{"id": one, "name": "One"}]})).await.problem(409, "room-in-use");
    let rooms = json!([{"id": two, "name": "Second", "guests": 3}, {"name": "Third", "guests": 1}]);
    let changed = edit("1").patch(&path, &json!({"rooms": rooms})).await.expect(200).json();
    let names: Vec<_> = changed["rooms"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    assert_eq!((names, &changed["rooms"][0]["id"]), (vec!["Second", "Third"], &two));
    edit("2").patch(&path, &json!({"rooms": [{"id": home["id"], "name": "Foreign"}]})).await.problem(422, "invalid");
    edit("2").patch(&path, &json!({"guests": 2})).await.problem(422, "invalid");
    app.stop().await;
}

/// Does something else in Postgres, and ends it only when an order waits for it. The order's answer.
async fn meanwhile(app: &TestApp, home: &Value, changes: &[&str], order: impl Future<Output = Value>) -> Value {
    let id: Uuid = id(home).parse().unwrap();
    let mut other = app.owner().begin().await.unwrap();
    for change in changes {
        sqlx::query(sqlx::AssertSqlSafe(*change)).bind(id).execute(&mut *other).await.unwrap();
    }
    let waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and not l.granted";
    let end = async {
        eventually(async || sqlx::query_scalar::<_, i64>(waiting).fetch_one(app.owner()).await.unwrap(), |waiting| *waiting > 0).await;
        other.commit().await.unwrap();
    };
    futures_util::future::join(order, end).await.0
}

#[actix_web::test]
async fn who_waited_for_a_change_of_its_rooms_knows_the_rooms_after_it() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    drop(host.post(&format!("{path}/pause"), &json!(null)).await.expect(200));
    let changes = [
        "update homes set version = version + 1 where id = $1",
        "insert into rooms (tenant_id, id, home_id, name, guests, position) select tenant_id, gen_random_uuid(), id, 'Added', 1, 1 from homes where id = $1",
    ];
    let resume = async { host.post(&format!("{path}/resume"), &json!(null)).await.expect(200).json() };
    let resumed = meanwhile(&app, &home, &changes, resume).await;
    assert_eq!((resumed["version"].as_u64(), &resumed["rooms"][1]["name"]), (Some(4), &json!("Added")));
    let told = told(&app, BARCELONA).await;
    assert_eq!(told.last().unwrap().1["put"][0]["rooms"].as_array().map(Vec::len), Some(2));
    app.stop().await;
}

#[actix_web::test]
async fn who_waited_for_a_change_of_the_counts_tells_the_counts_after_it() {
    let app = TestApp::spawn().await;
    let (host, other) = (app.host().await, app.host().await);
    let (home, next_door) = (listed(&host, &draft()).await, listed(&other, &draft()).await);
    let edit = async {
        let client = host.client.clone().with("If-Match", "1");
        client.patch(&format!("/api/v1/homes/{}", id(&home)), &json!({"price": {"amount": 9000, "currency": "EUR"}})).await.expect(200).json()
    };
    let edited = meanwhile(&app, &next_door, &["update homes set status = 'paused' where id = $1"], edit).await;
    assert_eq!((edited["version"].as_u64(), &edited["price"]["amount"]), (Some(2), &json!(9000)));
    let told = told(&app, BARCELONA).await;
    let (kind, change) = told.last().unwrap();
    assert_eq!((kind.as_str(), &change["counts"]), ("home_changed", &json!({"homes": 1, "hosts": 1})));
    app.stop().await;
}

#[actix_web::test]
async fn an_approval_that_waited_for_an_edit_of_the_home_tells_the_home_after_it() {
    let app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let home = listed(&host, &draft()).await;
    let asked = json!({"arrive": "2027-05-01", "leave": "2027-05-03", "guests": 1, "message": "Hello"});
    let stay = guest.post(&format!("/api/v1/homes/{}/stays", id(&home)), &asked).await.expect(201).json();
    let approve = async {
        let order = json!({"terms_version": 1});
        host.post(&format!("/api/v1/stays/{}/approval", id(&stay)), &order).await.expect(200).json()
    };
    drop(meanwhile(&app, &home, &["update homes set price = 12300, version = version + 1 where id = $1"], approve).await);
    let told = told(&app, BARCELONA).await;
    let put = &told.last().unwrap().1["put"][0];
    assert_eq!((&put["price"]["amount"], put["rooms"][0]["taken"].as_array().map(Vec::len)), (&json!(12300), Some(1)));
    app.stop().await;
}

/// Every question is a wait, and waiting is most of what an edit costs: its key, the home with its rooms, the saving, the event, the commit. Its
/// beginning is one more, which is not in these figures.
#[actix_web::test]
async fn a_new_price_asks_postgres_no_more_than_it_must() {
    const EDITS: u32 = 100;
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let home = listed(&host, &draft()).await;
    let path = format!("/api/v1/homes/{}", id(&home));
    // A process of its own: the figures of this one are those of all its tests.
    let server = Program::beside(&app).starts(&[]).await;
    let asked = async || {
        let text = Client::new(server.metrics_address).get("/metrics").await.expect(200).text();
        let counts = text.lines().filter(|line| line.starts_with("posada_db_query_seconds_count"));
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap()).sum::<u32>()
    };
    let edit = async |version: u32| {
        let client = host.client.at(server.address).with("If-Match", version.to_string());
        drop(client.patch(&path, &json!({"price": {"amount": 9000 + version, "currency": "EUR"}})).await.expect(200));
    };
    edit(1).await; // The first asks whose token it is.
    let before = asked().await;
    for version in 2..2 + EDITS {
        edit(version).await;
    }
    // What the server asks for itself meanwhile is less than one for each edit.
    let each = f64::from(asked().await - before) / f64::from(EDITS);
    assert!((5.0..6.0).contains(&each), "{each} for each");
    assert_eq!(server.ends().await, Some(0));
    app.stop().await;
}
