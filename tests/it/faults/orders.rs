//! Writers that a server's death does not put off: each order has its key, and is sent until it is answered.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    harness::{Answer, Client, Person},
    stays::day,
};

/// Where the server is now; closed when the writing is over.
pub type Where = watch::Receiver<SocketAddr>;

/// What was acknowledged: by kind of order, the answers in their order.
#[derive(Clone, Default)]
pub struct Acknowledged(Rc<RefCell<BTreeMap<&'static str, Vec<Value>>>>);

impl Acknowledged {
    fn add(&self, kind: &'static str, answer: Value) {
        self.0.borrow_mut().entry(kind).or_default().push(answer);
    }

    pub fn of(&self, kind: &'static str) -> Vec<Value> {
        self.0.borrow().get(kind).cloned().unwrap_or_default()
    }

    pub fn count(&self) -> usize {
        self.0.borrow().values().map(Vec::len).sum()
    }
}

/// Somebody who writes, one order after the other.
pub struct Writer {
    pub client: Client,
    pub server: Where,
    pub acknowledged: Acknowledged,
    /// Begins the key of each of its orders.
    pub name: String,
}

impl Writer {
    /// Sends an order with one key until it has an answer; none when the writing is over.
    async fn order(&mut self, kind: &'static str, n: usize, method: &str, path: &str, body: Value) -> Value {
        let headers = [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", format!("{}-{kind}-{n}", self.name))];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        loop {
            let client = self.client.at(*self.server.borrow_and_update());
            let sending = client.try_send(method, path, &headers, body.as_bytes());
            match tokio::time::timeout(Duration::from_secs(10), sending).await {
                Ok(Ok(answer)) if matches!(answer.status, 200 | 201) => {
                    self.acknowledged.add(kind, answer.json());
                    return answer.json();
                }
                Ok(Ok(answer)) => assert!(is_for_later(&answer), "{method} {path}: {} {}", answer.status, answer.text()),
                // Refused, or gone in the middle: whether it was written is for the key to know.
                Ok(Err(_)) | Err(_) => {}
            }
            a_moment(&mut self.server).await;
        }
    }

    fn is_over(&self) -> bool {
        self.server.has_changed().is_err()
    }

    /// Gives a home one title after the other.
    pub async fn edits(mut self, home: Value) {
        let path = format!("/api/v1/homes/{}", home["id"].as_str().unwrap());
        let (mut version, plain) = (home["version"].as_i64().unwrap(), self.client.clone());
        for n in 0.. {
            self.client = plain.clone().with("If-Match", format!("\"{version}\""));
            let now = self.order("edit", n, "PATCH", &path, json!({"title": format!("Title {n}")})).await;
            version += 1;
            assert_eq!((&now["version"], &now["title"]), (&json!(version), &json!(format!("Title {n}"))), "made once");
            if self.is_over() {
                return;
            }
        }
    }

    /// Takes a home off the map and puts it back.
    pub async fn pauses(mut self, home: Value) {
        let path = format!("/api/v1/homes/{}", home["id"].as_str().unwrap());
        for n in 0.. {
            let (verb, status) = if n % 2 == 0 { ("pause", "paused") } else { ("resume", "active") };
            let now = self.order("pause", n, "POST", &format!("{path}/{verb}"), Value::Null).await;
            assert_eq!(now["status"], status);
            if self.is_over() {
                return;
            }
        }
    }

    /// Lists homes here and there in Barcelona.
    pub async fn lists(mut self) {
        for n in 0.. {
            let (lat, lng) = (41.32 + 0.013 * (n % 10) as f64, 2.08 + 0.015 * (n / 10 % 10) as f64);
            let home = json!({"kind": "house", "offer": "private_room", "title": format!("Home {n}"), "description": "", "guests": 2,
                "price": {"amount": 5000, "currency": "EUR"}, "position": {"lat": lat, "lng": lng}, "city": crate::harness::CITY});
            self.order("list", n, "POST", "/api/v1/homes", home).await;
            if self.is_over() {
                return;
            }
        }
    }

    /// Asks for one night after the other, and has the host say yes to each.
    pub async fn stays(mut self, home: Value, host: &Person) {
        let path = format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap());
        let (guest, host) = (self.client.clone(), host.client.clone());
        for n in 0..300_u16 {
            let night = json!({"arrive": day(10 + n), "leave": day(11 + n), "guests": 1, "message": "Hello"});
            self.client = guest.clone();
            let asked = self.order("ask", n.into(), "POST", &path, night).await;
            self.client = host.clone();
            let yes = format!("/api/v1/stays/{}/approval", asked["id"].as_str().unwrap());
            let approved = self.order("approve", n.into(), "POST", &yes, json!({"terms_version": 1})).await;
            assert_eq!((&approved["id"], &approved["state"]), (&asked["id"], &json!("approved")));
            if self.is_over() {
                return;
            }
        }
    }
}

/// Until the server is another one, or for a moment.
pub async fn a_moment(server: &mut Where) {
    tokio::select! {
        Ok(()) = server.changed() => {}
        () = tokio::time::sleep(Duration::from_millis(20)) => {}
    }
}

/// Not refused for what it says: to be sent again.
fn is_for_later(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 503)
}
