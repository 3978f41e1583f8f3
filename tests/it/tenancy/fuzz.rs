//! Every route, asked for another community's things: under one's own community's name with the other's ids, and under the other's name
//! by path, header and host. Nothing of the other one comes back, and nothing of it changes.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use posada::{
    commands::sign_up,
    http::{
        route::{Permission, Row},
        routes,
    },
};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{full_tenant, tables};
use crate::{
    harness::Client,
    people::{Ground, order},
};

/// Stands in every text that the other community keeps.
const SECRET: &str = "behind-the-other-door";

struct Other {
    tenant: Uuid,
    /// Every id of a row of it.
    ids: BTreeSet<String>,
}

/// How a request says which community it means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Naming {
    Own,
    OtherByPath,
    OtherByHeader,
    OtherByHost,
    Both,
}

#[tokio::test]
async fn no_route_gives_or_takes_anything_of_another_community() {
    let ground = Ground::new().await;
    let other = other_community(&ground).await;
    // First somebody whose door it is: the questions do find things, or they would prove nothing; and every cache is warm with them.
    let door = ground.store.tenant_by_slug("other").await.unwrap().unwrap();
    let eve = sign_up::run(&ground.store, &ground.hasher, ground.gazetteer, &door, &order("eve@example.org")).await.unwrap();
    let eve = ground.app.visitor().with_token(eve.token.expose());
    let mut found = BTreeSet::new();
    for row in routes().into_iter().filter(|row| row.method.is_safe() && !row.path.starts_with("/live")) {
        for id in targets(&other, &row) {
            for query in QUERIES {
                if ask(&other, row.clone(), id.clone(), query, Naming::OtherByHeader, eve.clone()).await.is_some() {
                    found.insert(row.path);
                }
            }
        }
    }
    println!("with a key: {found:?}");
    assert!(found.len() >= 10, "{found:?}");

    let before = contents(&ground, &other).await;
    let ana = ground.signs_up("ana@example.org").await;
    let visitor = ground.app.visitor();
    let callers = [visitor.clone().with_token(ana.token.expose()), visitor];

    let mut asked = Vec::new();
    // Signing out ends the session that all of this is asked with.
    for row in routes().into_iter().filter(|row| (row.method.as_str(), row.path) != ("DELETE", "/api/v1/session")) {
        for (n, id) in targets(&other, &row).into_iter().enumerate() {
            for naming in [Naming::Own, Naming::OtherByPath, Naming::OtherByHeader, Naming::OtherByHost, Naming::Both] {
                // A stream of one's own never ends, and has nothing to do with the other.
                if row.path.starts_with("/live") && naming == Naming::Own {
                    continue;
                }
                // Who is not let in is not let in whatever they ask for: two things stand for all.
                if naming != Naming::Own && n > 1 {
                    continue;
                }
                let queries = if row.method.is_safe() { QUERIES } else { &QUERIES[..1] };
                let each = queries.iter().flat_map(|query| callers.iter().map(move |caller| (query, caller)));
                asked.extend(each.map(|(query, caller)| (row.clone(), id.clone(), *query, naming, caller.clone())));
            }
        }
    }
    let count = asked.len();
    let leaks: Vec<String> = stream::iter(asked)
        .map(|(row, id, query, naming, caller)| ask(&other, row, id, query, naming, caller))
        .buffer_unordered(8)
        .filter_map(|leak| async move { leak })
        .collect()
        .await;
    println!("{count} requests");
    assert!(count > 300);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks[..leaks.len().min(20)].join("\n"));
    assert_eq!(contents(&ground, &other).await, before, "something of the other community changed");

    // Nor do the operator's numbers tell one community from another.
    let metrics = Client::new(ground.app.metrics_address()).get("/metrics").await.expect(200).text();
    let told = [SECRET.to_owned(), other.tenant.to_string(), "other.example.org".to_owned(), "/t/other".to_owned()];
    assert!(!told.iter().chain(&other.ids).any(|word| metrics.contains(word)), "{metrics}");
    ground.stop().await;
}

async fn other_community(ground: &Ground) -> Other {
    let tenant = ground.app.make_tenant("other").await;
    full_tenant(ground.app.owner(), tenant, 7).await;
    for statement in [
        "update tenants set public_map = false, domain = 'other.example.org' where id = $1",
        "update members set name = 'behind-the-other-door' where tenant_id = $1",
        "update groups set name = 'behind-the-other-door' where tenant_id = $1",
        "update homes set title = 'behind-the-other-door', description = 'behind-the-other-door' where tenant_id = $1",
        "update rooms set name = 'behind-the-other-door' where tenant_id = $1",
        "update stays set message = 'behind-the-other-door' where tenant_id = $1",
        "update events set body = '{\"x\": \"behind-the-other-door\"}' where tenant_id = $1",
        "update idempotency_keys set body = 'behind-the-other-door', key = 'k' where tenant_id = $1",
    ] {
        sqlx::query(statement).bind(tenant).execute(ground.app.owner()).await.unwrap();
    }
    let other = Other { tenant, ids: BTreeSet::new() };
    let everything = contents(ground, &other).await;
    let ids = everything.split('"').filter(|word| Uuid::parse_str(word).is_ok() && *word != tenant.to_string()).map(str::to_owned).collect();
    Other { ids, ..other }
}

/// All rows of the other community, as one text.
async fn contents(ground: &Ground, other: &Other) -> String {
    let mut all = String::new();
    for table in tables(ground.app.owner()).await {
        let column = match table.as_str() {
            "tenants" => "id",
            "accounts" | "sessions" => continue,
            _ => "tenant_id",
        };
        let sql = format!("select coalesce(string_agg(to_jsonb(t)::text, E'\\n' order by to_jsonb(t)::text), '') from {table} t where {column} = $1");
        all += &sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).bind(other.tenant).fetch_one(ground.app.owner()).await.unwrap();
        all.push('\n');
    }
    all
}

/// What is put in the place of a route's parameters.
fn targets(other: &Other, row: &Row) -> Vec<String> {
    if !row.path.contains('{') {
        return vec![String::new()];
    }
    let odd = ["3128760", "..%2F..%2Fother", "%00", "'%20or%20true--"].map(str::to_owned);
    other.ids.iter().cloned().chain(odd).collect()
}

/// Queries that fit one route or another, and some that would widen what is read if anything believed them.
const QUERIES: &[&str] = &[
    "",
    "?bbox=-90,-180,90,180&zoom=12",
    "?bbox=41.3,2.0,41.5,2.3&zoom=14",
    "?lat=41.4&lng=2.1&limit=100",
    "?lat=41.4&lng=2.1&radius_m=1000000&limit=100",
    "?q=behind-the-other-door",
    "?city=3128760",
    "?as=host",
    "?after=0",
    "?tenant=other&tenant_id=other&slug=other",
];

/// Sends it; gives what is wrong with the answer.
async fn ask(other: &Other, row: Row, id: String, query: &str, naming: Naming, caller: Client) -> Option<String> {
    let path = filled(row.path, &id);
    let path = if naming == Naming::OtherByPath || naming == Naming::Both { format!("/t/other{path}") } else { path };
    let caller = match naming {
        Naming::Own | Naming::OtherByPath => caller,
        Naming::OtherByHeader => caller.in_tenant("other"),
        Naming::OtherByHost => caller.with("Host", "other.example.org"),
        Naming::Both => caller.in_tenant("demo"),
    };
    let tenant = other.tenant;
    let path = if row.method.is_safe() { path + query } else { path };
    let body = json!({ "tenant": tenant, "tenant_id": tenant, "terms_version": 1, "reason": "no", "home": id, "room": id, "host_id": id, "arrive": "2031-06-01",
        "leave": "2031-06-02", "guests": 1, "message": "Hello", "position": { "lat": 41.4, "lng": 2.1 }, "lat": 41.4, "lng": 2.1, "title": "Mine now" });
    let sent = if row.method.is_safe() { String::new() } else { body.to_string() };
    let headers = [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", format!("{}", Uuid::now_v7())), ("If-Match", "\"1\"".to_owned())];
    let what = format!("{} {path} ({naming:?})", row.method);
    let answer = match caller.try_send(row.method.as_str(), &path, &headers, sent.as_bytes()).await {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{what}: {error}")),
    };
    let text = answer.text();
    if text.contains(SECRET) && !path.contains(SECRET) || text.matches(SECRET).count() > 1 {
        return Some(format!("{what}: {} gives what is behind the other door: {text}", answer.status));
    }
    if let Some(known) = other.ids.iter().find(|known| text.contains(known.as_str()) && **known != id) {
        return Some(format!("{what}: {} gives {known}: {text}", answer.status));
    }
    if answer.status >= 500 && answer.status != 503 || answer.status == 429 {
        return Some(format!("{what}: {} {text}", answer.status));
    }
    // Under the other's name only what everybody may know of it: that it is there, and how to sign in.
    let open = matches!(row.permission, Some(Permission::Public | Permission::Tenant));
    if naming != Naming::Own && !open && !matches!(answer.status, 400 | 401 | 403 | 404 | 405) {
        return Some(format!("{what}: {} {text}", answer.status));
    }
    // Under one's own name the other's ids are nobody's.
    let foreign = row.path.contains('{') && Uuid::parse_str(&id).is_ok() && !open;
    if naming == Naming::Own && foreign && !(400..500).contains(&answer.status) {
        return Some(format!("{what}: {} {text}", answer.status));
    }
    None
}

/// A route's path with every parameter replaced.
fn filled(path: &str, id: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(id);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}
