//! A host whose homes change: what a scenario's changes are made of.
//!
//! A change is a new price of one home. Writers share the homes out between them, so that no two edit one home at once. At the end every home gets its own price back.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    fleet::{Change, Changes},
    http::{ComeLater, Http},
    pace::{Made, Pace, Write, drive},
};

/// Who makes the changes.
#[derive(Args, Clone, Debug)]
pub struct Host {
    /// A host with homes in one city, who makes the changes
    #[arg(long, default_value = "host@posada.example")]
    pub email: String,
    /// The host's password
    #[arg(long, default_value = "come as you are", env = "POSADA_LOADTEST_PASSWORD", hide_env_values = true)]
    pub password: String,
    /// Slug of the host's community [default: the one that the server takes where none is named]
    #[arg(long)]
    pub tenant: Option<String>,
    /// Homes that change; the host lists those that are missing [default: the ones there are, at most 40]
    #[arg(long)]
    pub homes: Option<usize>,
    /// Connections on which changes are sent at the same time, at most one for each home
    #[arg(long, default_value_t = 4)]
    pub writers: usize,
}

/// When a write that a busy server put off is tried again, and how often.
const AGAIN: Duration = Duration::from_millis(250);
const PATIENCE: usize = 20;

impl Host {
    /// The demo's own host, with so many homes and connections.
    pub fn of_the_demo(homes: usize, writers: usize) -> Self {
        Self { email: "host@posada.example".to_owned(), password: "come as you are".to_owned(), tenant: None, homes: Some(homes), writers }
    }
}

/// Homes, as a rule close together in one city, shared out between writers.
pub struct Street {
    writers: Vec<Writer>,
    /// A view that shows all of them.
    pub bbox: [f64; 4],
    /// The city's number in the gazetteer.
    pub city: u64,
}

/// One connection, and the homes that are changed on it.
struct Writer {
    http: Http,
    homes: Vec<Home>,
}

struct Home {
    id: String,
    version: u64,
    currency: String,
    price: u64,
}

impl Street {
    /// Signs in, finds the homes, and lists those that are missing.
    pub async fn find(url: &str, host: &Host) -> Result<Self> {
        let mut http = Http::connect(url).await?.in_tenant(host.tenant.as_deref());
        http.sign_in(&host.email, &host.password).await?;
        let mut homes = close_together(&mut http, host.homes.unwrap_or(40)).await?;
        while homes.len() < host.homes.unwrap_or(0) {
            homes.push(list_another(&mut http, &homes).await?);
        }
        Self::of(url, host, &homes).await
    }

    /// Some homes of the host, wherever they are.
    pub async fn of(url: &str, host: &Host, homes: &[Value]) -> Result<Self> {
        let mut writers = Vec::new();
        for _ in 0..host.writers.clamp(1, homes.len()) {
            let mut http = Http::connect(url).await?.in_tenant(host.tenant.as_deref());
            http.sign_in(&host.email, &host.password).await?;
            writers.push(Writer { http, homes: Vec::new() });
        }
        let (bbox, count) = (around(homes), writers.len());
        for (number, home) in homes.iter().enumerate() {
            writers[number % count].homes.push(Home::read(home)?);
        }
        let city = homes.first().and_then(|home| home["city"]["id"].as_u64()).context("a home without a city")?;
        Ok(Self { writers, bbox, city })
    }

    /// Makes changes for a time, and says how many were made, and in how long.
    pub async fn change(&mut self, pace: Pace, lasting: Duration, changes: &Arc<Changes>) -> Result<Made> {
        drive(&mut self.writers, pace, lasting, changes, || true).await
    }

    /// Gives every home its own price back.
    pub async fn restore(&mut self) -> Result<()> {
        try_join_all(self.writers.iter_mut().map(Writer::restore)).await.map(drop)
    }
}

impl Write for Writer {
    async fn write(&mut self, nth: usize, change: Change) -> Result<()> {
        let at = nth % self.homes.len();
        self.homes[at].set_price(&mut self.http, u64::from(change.amount())).await
    }
}

impl Writer {
    async fn restore(&mut self) -> Result<()> {
        for home in &mut self.homes {
            let price = home.price;
            home.set_price(&mut self.http, price).await?;
        }
        Ok(())
    }
}

impl Home {
    fn read(home: &Value) -> Result<Self> {
        Ok(Self {
            id: home["id"].as_str().context("a home without an id")?.to_owned(),
            version: home["version"].as_u64().context("a home without a version")?,
            currency: home["price"]["currency"].as_str().context("a price without a currency")?.to_owned(),
            price: home["price"]["amount"].as_u64().context("a price without an amount")?,
        })
    }

    async fn set_price(&mut self, http: &mut Http, amount: u64) -> Result<()> {
        let body = json!({"price": {"amount": amount, "currency": self.currency}});
        let version = format!("\"{}\"", self.version);
        let path = format!("/api/v1/homes/{}", self.id);
        let mut tries = 0;
        let home = loop {
            match http.send("PATCH", &path, &[("If-Match", &version)], Some(&body)).await {
                // The change goes on counting from the moment it was due, so who puts it off is the later for it.
                Err(error) if error.is::<ComeLater>() && tries < PATIENCE => tries += 1,
                answer => break answer?,
            }
            sleep(AGAIN).await;
        };
        self.version = home["version"].as_u64().context("a home without a version")?;
        Ok(())
    }
}

/// The host's priced homes on offer that are near the first one, in its city.
async fn close_together(http: &mut Http, most: usize) -> Result<Vec<Value>> {
    let (mut close, mut path): (Vec<Value>, _) = (Vec::new(), "/api/v1/me/homes?limit=100".to_owned());
    loop {
        let page = http.get(&path).await?;
        for home in page["items"].as_array().context("no list of homes")? {
            let usable = home["status"] == "active" && home["price"].is_object();
            if usable && close.len() < most && close.first().is_none_or(|first| is_near(first, home)) {
                close.push(home.clone());
            }
        }
        match page["next"].as_str() {
            Some(next) if close.len() < most => path = format!("/api/v1/me/homes?limit=100&cursor={next}"),
            _ => break,
        }
    }
    ensure!(!close.is_empty(), "this host has no active home with a price");
    Ok(close)
}

fn is_near(first: &Value, home: &Value) -> bool {
    let away = |axis: &str| (first["position"][axis].as_f64().unwrap_or_default() - home["position"][axis].as_f64().unwrap_or_default()).abs();
    first["city"]["id"] == home["city"]["id"] && away("lat") < 0.02 && away("lng") < 0.03
}

/// One more home beside the others.
async fn list_another(http: &mut Http, homes: &[Value]) -> Result<Value> {
    let first = homes.first().context("no home to stand beside")?;
    let body = json!({
        "kind": "apartment", "offer": "entire_place", "title": format!("Measured flat {}", homes.len() + 1), "guests": 2,
        "price": {"amount": 5000, "currency": first["price"]["currency"]}, "city": first["city"]["id"],
        "position": {"lat": first["exact"]["lat"], "lng": first["exact"]["lng"]},
    });
    let home = http.send("POST", "/api/v1/homes", &[], Some(&body)).await?;
    ensure!(is_near(first, &home), "a new home's public place is too far from the others");
    Ok(home)
}

/// A box around some homes' public positions.
fn around(homes: &[Value]) -> [f64; 4] {
    let at = |home: &Value, axis: &str| home["position"][axis].as_f64().unwrap_or_default();
    let most = |axis: &str| homes.iter().map(|h| at(h, axis)).fold(f64::MIN, f64::max) + 0.002;
    let least = |axis: &str| homes.iter().map(|h| at(h, axis)).fold(f64::MAX, f64::min) - 0.002;
    [least("lat"), least("lng"), most("lat"), most("lng")]
}
