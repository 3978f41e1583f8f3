//! The people of a run, signed up through the API as anyone would: hosts who are asked, hosts who are merely connected, and guests.
//!
//! A password costs the server some 20 ms of a core, on purpose, so connections that only have to be there share accounts. Who is asked has an
//! account and one connection. The same people come again in the next run.

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::Stays;
use crate::http::Http;

/// Somewhere with a map: Barcelona.
const CITY: u32 = 3_128_760;

pub struct People {
    asked: Vec<String>,
    bystanders: Vec<String>,
    /// One home of each who is asked.
    pub homes: Vec<String>,
    pub guests: Vec<Http>,
}

impl People {
    pub async fn come(url: &str, scenario: &Stays) -> Result<Self> {
        let host = |number: usize| async move {
            let (mut http, token) = sign_up(url, &format!("loadtest-host-{number}"), "host").await?;
            let home = home_of(&mut http, number).await?;
            anyhow::Ok((token, home))
        };
        let hosts: Vec<(String, String)> = stream::iter(0..scenario.asked).map(host).buffered(4).try_collect().await?;
        let others = scenario.asked.min(scenario.hosts - scenario.asked);
        let bystander = |number: usize| async move { anyhow::Ok(sign_up(url, &format!("loadtest-bystander-{number}"), "host").await?.1) };
        let bystanders = stream::iter(0..others).map(bystander).buffered(4).try_collect().await?;
        let mut guests = Vec::new();
        for number in 0..scenario.guests {
            guests.push(sign_up(url, &format!("loadtest-guest-{number}"), "traveller").await?.0);
        }
        let (asked, homes) = hosts.into_iter().unzip();
        Ok(Self { asked, bystanders, homes, guests })
    }

    /// The tokens of so many connections: first of those who are asked, one each, then of the others in turn.
    pub fn tokens(&self, connections: usize) -> Vec<String> {
        self.asked.iter().chain(self.bystanders.iter().cycle()).take(connections).cloned().collect()
    }
}

/// Somebody with an account, whether it is new or from the last run.
pub async fn sign_up(url: &str, name: &str, role: &str) -> Result<(Http, String)> {
    let mut http = Http::connect(url).await?;
    let body = json!({"email": format!("{name}@posada.example"), "password": "come and be measured", "name": name, "home_city": CITY, "roles": [role]});
    let session = http.send("POST", "/api/v1/accounts", &[("X-Posada-Token", "1")], Some(&body)).await?;
    let token = session["token"].as_str().context("the server gave no token")?.to_owned();
    http.be(token.clone());
    Ok((http, token))
}

/// The first home on offer of a host, listed where there is none.
async fn home_of(http: &mut Http, number: usize) -> Result<String> {
    let page = http.get("/api/v1/me/homes?limit=100").await?;
    let on_offer = page["items"].as_array().and_then(|homes| homes.iter().find(|home| home["status"] == "active")).cloned();
    let home = match on_offer {
        Some(home) => home,
        None => {
            let (lat, lng) = (41.38 + (number % 40) as f64 * 5e-4, 2.16 + (number / 40 % 40) as f64 * 5e-4);
            let draft = json!({
                "kind": "apartment", "offer": "entire_place", "title": format!("Measured flat {number}"), "guests": 2,
                "price": {"amount": 5000, "currency": "EUR"}, "position": {"lat": lat, "lng": lng},
            });
            http.send("POST", "/api/v1/homes", &[], Some(&draft)).await?
        }
    };
    Ok(home["id"].as_str().context("a home without an id")?.to_owned())
}
