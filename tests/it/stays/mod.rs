//! Stays: asked for, reaching their hosts, answered; and the races that the constraint settles.

mod answer;
mod approve;
mod at_once;
mod expire;
mod inbox;
mod request;
mod seeded;

use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime};

use crate::harness::{Person, TestApp};

impl Person {
    /// A flat in Barcelona, for two, at 80 EUR a night.
    pub async fn lists_a_home(&self) -> Value {
        let draft = json!({
            "kind": "apartment", "offer": "entire_place", "title": "A flat by the sea", "description": "Third floor.", "guests": 2,
            "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.3812, "lng": 2.1745}
        });
        self.post("/api/v1/homes", &draft).await.expect(201).json()
    }

    async fn asks(&self, home: &Value, from: u16, to: u16) -> crate::harness::Answer {
        let body = json!({"arrive": day(from), "leave": day(to), "guests": 2, "message": "May we stay with you?"});
        self.post(&format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap()), &body).await
    }

    async fn approves(&self, stay: &Value) -> crate::harness::Answer {
        self.post(&format!("/api/v1/stays/{}/approval", stay["id"].as_str().unwrap()), &json!({"terms_version": stay["terms_version"]})).await
    }

    async fn reads(&self, stay: &Value) -> Value {
        self.get(&format!("/api/v1/stays/{}", stay["id"].as_str().unwrap())).await.expect(200).json()
    }
}

/// So many days from today, as a date.
pub fn day(from_now: u16) -> String {
    domain::nights::iso(today() + Duration::days(from_now.into()))
}

fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// A host with a home, and a guest.
async fn two_people(app: &TestApp) -> (Person, Value, Person) {
    let (host, guest) = (app.host().await, app.guest().await);
    let home = host.lists_a_home().await;
    (host, home, guest)
}
