//! Two communities on one installation, one's data marked: whatever somebody of the other sends, no answer ever holds the mark.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::addresses;
use crate::harness::{Client, Person, TestApp};

/// In every text of the other community.
const MARK: &str = "zzmarkedzz";
/// A city where only the other community has anything.
const ELSEWHERE: u32 = 2_950_159;

struct Marked {
    host: Person,
    /// Every id there is in the other community.
    ids: Vec<String>,
    home: String,
    stay: String,
}

/// A community that shows nothing to strangers, with a home and a stay asked for in it.
async fn marked(app: &TestApp) -> Marked {
    app.make_tenant("other").await;
    sqlx::query("update tenants set public_map = false where slug = 'other'").execute(app.owner()).await.unwrap();
    let host = app.member_of("other", &format!("Host {MARK}"), &["host"]).await;
    let guest = app.member_of("other", &format!("Guest {MARK}"), &["traveller"]).await;
    let draft = json!({ "kind": "loft", "offer": "entire_place", "title": format!("Loft {MARK}"), "description": MARK, "guests": 2,
        "price": { "amount": 5000, "currency": "EUR" }, "position": { "lat": 52.52, "lng": 13.40 } });
    let home = host.post("/api/v1/homes", &draft).await.expect(201).json();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let ask = json!({ "arrive": "2027-05-01", "leave": "2027-05-04", "guests": 1, "message": MARK });
    let stay = guest.post(&format!("/api/v1/homes/{}/stays", id(&home)), &ask).await.expect(201).json();
    let tenant: uuid::Uuid = sqlx::query_scalar("select id from tenants where slug = 'other'").fetch_one(app.owner()).await.unwrap();
    let groups: Vec<uuid::Uuid> = sqlx::query_scalar("select id from groups where tenant_id = $1").bind(tenant).fetch_all(app.owner()).await.unwrap();
    let mut ids = vec![id(&home), id(&stay), host.id.clone(), guest.id.clone(), id(&home["rooms"][0]), tenant.to_string(), ELSEWHERE.to_string()];
    ids.extend(groups.iter().map(ToString::to_string));
    Marked { host, ids, home: id(&home), stay: id(&stay) }
}

fn bodies(other: &Marked) -> Vec<Value> {
    vec![
        Value::Null,
        json!({ "kind": "loft", "offer": "entire_place", "title": "Mine", "description": "", "guests": 2, "price": null, "position": { "lat": 41.39, "lng": 2.17 } }),
        json!({ "kind": "loft", "offer": "entire_place", "title": "Mine", "guests": 2, "price": null, "position": { "lat": 41.39, "lng": 2.17 }, "host": other.host.id }),
        json!({ "arrive": "2027-06-01", "leave": "2027-06-04", "guests": 1, "message": "hello", "room": other.ids[4] }),
        json!({ "terms_version": 1 }),
        json!({ "reason": "no" }),
        json!({ "lat": 41.39, "lng": 2.17 }),
        json!({ "name": "Me" }),
        json!({ "email": other.host.email, "password": "not their password" }),
    ]
}

const QUERIES: &[&str] = &[
    "",
    "?q=zzmarkedzz",
    "?q=loft",
    "?bbox=52,13,53,14&zoom=14&layers=homes",
    "?bbox=-80,-180,80,180&zoom=2&layers=cities",
    "?lat=52.52&lng=13.40&limit=20",
    "?lat=52.52&lng=13.40&radius_m=50000",
    "?city=2950159",
    "?limit=100",
    "?after=0&limit=100",
    "?as=host",
    "?as=guest&limit=100",
    "?tenant=other",
];

/// What somebody may send with a request to pass for one of the other community.
fn disguises(app: &TestApp, me: &Person, other: &Marked) -> Vec<(&'static str, Client, &'static str)> {
    let plain = app.visitor().with_token(&me.token);
    vec![
        ("as myself", plain.clone(), ""),
        ("by header", plain.clone().in_tenant("other"), ""),
        ("by path", plain.clone(), "/t/other"),
        ("by host", plain.clone().with("Host", "other.example"), ""),
        ("by forwarded host", plain.clone().with("X-Forwarded-Host", "other.example").with("Forwarded", "host=other.example"), ""),
        ("with their id in headers", plain.with("X-Member-Id", other.host.id.clone()).with("X-Tenant-Id", other.ids[5].clone()), ""),
        ("as a visitor by header", app.visitor().in_tenant("other"), ""),
        ("as a visitor by path", app.visitor(), "/t/other"),
        ("with a made-up token", app.visitor().in_tenant("other").with_token(&"ab".repeat(32)), ""),
    ]
}

#[tokio::test]
async fn no_answer_ever_holds_a_row_of_another_community() {
    let app = TestApp::spawn().await;
    let other = marked(&app).await;
    sqlx::query("update tenants set domain = 'other.example' where slug = 'other'").execute(app.owner()).await.unwrap();
    let me = app.member_of("demo", "Me", &["host"]).await;
    let before = rows(&app).await;

    let mut reached = BTreeSet::new();
    for (how, client, prefix) in disguises(&app, &me, &other) {
        for id in &other.ids {
            for (method, path) in addresses(id) {
                if id != &other.ids[0] && !path.contains(id.as_str()) {
                    continue; // the same request as before
                }
                let queries = if method == "GET" && id == &other.ids[0] { QUERIES } else { &QUERIES[..1] };
                for query in queries {
                    let all = bodies(&other);
                    let sent = if method == "GET" || method == "DELETE" { &all[..1] } else { &all[..] };
                    for body in sent {
                        if method == "DELETE" && how == "as myself" {
                            continue; // signing myself out would end the test, not pass it
                        }
                        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
                        let headers = [
                            ("Content-Type", "application/json".to_owned()),
                            ("Idempotency-Key", uuid::Uuid::new_v4().to_string()),
                            ("If-Match", "1".to_owned()),
                        ];
                        let address = format!("{prefix}{path}{query}");
                        let answer = client.send(&method, &address, &headers, &body).await;
                        let (text, what) = (answer.text(), format!("{how}: {method} {address} ({})", answer.status));
                        assert!(answer.status < 500, "{what}: {text}");
                        assert!(!text.contains(MARK), "{what} holds a row of the other community: {text}");
                        let ids = other.ids.iter().filter(|id| id.len() == 36);
                        let leaked: Vec<&String> = ids.filter(|known| text.contains(known.as_str()) && !address.contains(known.as_str())).collect();
                        assert!(leaked.is_empty(), "{what} names {leaked:?}: {text}");
                        reached.insert((method.clone(), answer.status));
                    }
                }
            }
        }
    }
    // The fuzz reached handlers, not only the gate.
    for sort in [("GET", 200), ("POST", 201), ("POST", 404), ("PATCH", 200), ("PATCH", 404)] {
        assert!(reached.contains(&(sort.0.to_owned(), sort.1)), "{sort:?} was never the answer: {reached:?}");
    }
    assert_eq!(rows(&app).await, before, "and nothing of the other community has changed");
    // Who is inside sees what was hidden.
    let seen = other.host.get(&format!("/api/v1/homes/{}", other.home)).await.expect(200).text();
    assert!(seen.contains(MARK));
    let _ = other.host.get(&format!("/api/v1/stays/{}", other.stay)).await.expect(200);
    let metrics = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    assert!(!metrics.contains(MARK) && !metrics.contains(&other.home));
    app.stop().await;
}

/// The other community's rows, as the owner sees them: table, count and a sum over everything in them.
async fn rows(app: &TestApp) -> Vec<(String, i64, String)> {
    let mut all = Vec::new();
    for table in
        ["members", "member_roles", "cities", "groups", "group_members", "homes", "rooms", "stays", "stay_nights", "events", "stream_heads", "idempotency_keys"]
    {
        let sql = format!(
            "select count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t
             where tenant_id = (select id from tenants where slug = 'other')"
        );
        let (count, sum): (i64, String) = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(app.owner()).await.unwrap();
        all.push((table.to_owned(), count, sum));
    }
    all
}
