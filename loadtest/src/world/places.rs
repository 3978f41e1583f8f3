//! The cities with the most homes, and a home in each that the load test's host can change.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{host::Host, http::Http};

/// Where something changes: the public position of a home in a city.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub lat: f64,
    pub lng: f64,
}

/// A city of the map.
struct City {
    id: u64,
    at: Place,
    homes: u64,
}

/// A home in each of so many cities, listed where the host has none there.
pub async fn settle(url: &str, host: &Host, most: usize) -> Result<(Vec<Place>, Vec<Value>)> {
    let mut http = Http::connect(url).await?;
    http.sign_in(&host.email, &host.password).await?;
    let mut cities = cities(&mut http).await?;
    cities.sort_by_key(|city| std::cmp::Reverse((city.homes, city.id)));
    cities.truncate(most);
    ensure!(!cities.is_empty(), "there is no home anywhere: take a demo");
    let mut own = own_homes(&mut http).await?;
    let (mut places, mut homes) = (Vec::new(), Vec::new());
    for city in cities {
        let home = match own.remove(&city.id) {
            Some(home) => home,
            None => list(&mut http, &city).await?,
        };
        let at = |axis: &str| home["position"][axis].as_f64().context("a home without a position");
        places.push(Place { lat: at("lat")?, lng: at("lng")? });
        homes.push(home);
    }
    Ok((places, homes))
}

/// All cities with homes, as the map of the world shows them.
async fn cities(http: &mut Http) -> Result<Vec<City>> {
    let map = http.get("/api/v1/map?bbox=-60,-180,75,180&zoom=2&layers=cities").await?;
    let tiles = map["scopes"].as_array().into_iter().flatten().flat_map(|scope| scope["tiles"].as_array().into_iter().flatten());
    let items = tiles.flat_map(|tile| tile["full"].as_array().into_iter().flatten()).filter(|item| item["c"] == "city");
    items
        .map(|item| {
            let id = item["id"].as_str().and_then(|id| id.parse().ok()).context("a city without a number")?;
            let at = Place { lat: item["y"].as_f64().context("a city without a place")?, lng: item["x"].as_f64().context("a city without a place")? };
            Ok(City { id, at, homes: item["homes"].as_u64().unwrap_or_default() })
        })
        .collect()
}

/// The host's priced homes on offer, one for each city.
async fn own_homes(http: &mut Http) -> Result<BTreeMap<u64, Value>> {
    let (mut own, mut path) = (BTreeMap::new(), "/api/v1/me/homes?limit=100".to_owned());
    loop {
        let page = http.get(&path).await?;
        for home in page["items"].as_array().context("no list of homes")? {
            if home["status"] == "active"
                && home["price"].is_object()
                && let Some(city) = home["city"]["id"].as_u64()
            {
                own.entry(city).or_insert_with(|| home.clone());
            }
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/me/homes?limit=100&cursor={next}"),
            None => return Ok(own),
        }
    }
}

async fn list(http: &mut Http, city: &City) -> Result<Value> {
    let draft = json!({
        "kind": "apartment", "offer": "entire_place", "title": "Measured flat", "guests": 2, "price": {"amount": 5000, "currency": "EUR"},
        "city": city.id, "position": {"lat": city.at.lat, "lng": city.at.lng},
    });
    http.send("POST", "/api/v1/homes", &[], Some(&draft)).await
}
