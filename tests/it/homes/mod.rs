//! Homes: listed, changed, moved, paused, told to their city's watchers; found again in lists, exports and counts; never where they exactly are.

mod change;
mod command_line;
mod counts;
mod events;
mod export;
mod import;
mod list;
mod moves;
mod position;
mod status;

use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// A good draft, in Barcelona.
fn draft() -> Value {
    json!({"kind": "apartment", "offer": "entire_place", "title": "By the sea", "description": "Light.", "guests": 4, "bedrooms": 2, "beds": 3,
           "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.3917, "lng": 2.1649}, "city": 3_128_760})
}

/// A draft with other values in some fields.
fn draft_with(fields: Value) -> Value {
    let mut draft = draft();
    for (field, value) in fields.as_object().unwrap() {
        draft[field] = value.clone();
    }
    draft
}

/// The home that is listed.
async fn listed(host: &Person, draft: &Value) -> Value {
    host.post("/api/v1/homes", draft).await.expect(201).json()
}

fn id(home: &Value) -> &str {
    home["id"].as_str().unwrap()
}

/// All events of a stream of the demo tenant, as their watchers get them: kind and body.
async fn told(app: &TestApp, stream: &str) -> Vec<(String, Value)> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select kind, body::text from events e join tenants t on t.id = e.tenant_id where t.slug = 'demo' and stream = $1 order by seq")
            .bind(stream)
            .fetch_all(app.owner())
            .await
            .unwrap();
    rows.into_iter().map(|(kind, body)| (kind, serde_json::from_str(&body).unwrap())).collect()
}

/// Homes and hosts of every city as counted, and as a recount finds them.
async fn counts(app: &TestApp) -> (Vec<(i64, i32, i32)>, Vec<(i64, i32, i32)>) {
    let kept = sqlx::query_as("select city_id, homes, hosts from city_counts where homes > 0 or hosts > 0 order by city_id").fetch_all(app.owner());
    let recount = sqlx::query_as(
        "select city_id, count(*)::integer, count(distinct host_id)::integer from homes where status = 'active' group by city_id order by city_id",
    );
    (kept.await.unwrap(), recount.fetch_all(app.owner()).await.unwrap())
}
