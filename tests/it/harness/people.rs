//! People of a test: signed up through the API, as anyone would.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Client, TENANT, TestApp};

/// A member with an open session.
#[derive(Clone, Debug)]
pub struct Person {
    pub client: Client,
    /// The member's id.
    pub id: String,
    pub name: String,
    pub email: String,
    pub password: String,
    pub token: String,
}

/// Barcelona, where people of tests are at home unless they say otherwise.
pub const CITY: i64 = 3_128_760;

impl TestApp {
    /// Somebody who has just signed up.
    pub async fn member(&self) -> Person {
        self.member_of(TENANT, "Member", &["dancer"]).await
    }

    pub async fn host(&self) -> Person {
        self.member_of(TENANT, "Host", &["host"]).await
    }

    pub async fn guest(&self) -> Person {
        self.member_of(TENANT, "Guest", &["traveller"]).await
    }

    /// Somebody of a tenant, with community roles.
    pub async fn member_of(&self, tenant: &str, name: &str, roles: &[&str]) -> Person {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let (email, password) = (format!("{}-{n}@example.org", name.to_lowercase().replace(' ', "-")), format!("long enough {n}"));
        let client = self.visitor().in_tenant(tenant).with("X-Posada-Token", "1");
        let body = json!({ "email": email, "password": password, "name": name, "home_city": CITY, "roles": roles });
        let session = client.post("/api/v1/accounts", &body).await.expect(201).json();
        let token = text(&session, "token");
        let id = session["member"]["id"].as_str().unwrap().to_owned();
        Person { client: self.visitor().in_tenant(tenant).with_token(&token), id, name: name.to_owned(), email, password, token }
    }
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

impl std::ops::Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}
