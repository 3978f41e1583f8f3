//! Users who follow the script, each on a connection and with a session of their own or one shared with few.
//!
//! Closed loop: a user thinks, sends, reads the answer, thinks again. More users make more load; a slow server makes its users slower, which is
//! what its users feel too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::script::{Dice, Places, Step, Town, visit};
use crate::{http::Http, stays::people::sign_up};

/// Towns that users look at.
const TOWNS: usize = 100;
/// Of this the failures may be, and a server still bears its users.
const FAILING: f64 = 0.001;

/// Users of one server.
pub struct Crowd {
    url: String,
    seed: u64,
    users: Vec<User>,
    guests: Vec<String>,
    host: Arc<str>,
    places: Arc<Places>,
}

struct User {
    http: Option<Http>,
    url: String,
    guest: String,
    host: Arc<str>,
    dice: Dice,
    places: Arc<Places>,
}

/// What a crowd saw in a while.
pub struct Seen {
    pub took: Duration,
    pub answers: u64,
    pub failures: u64,
    /// µs from a request to the last byte of its answer.
    pub times: Histogram<u64>,
}

/// How many users a server bears.
pub struct Borne {
    pub users: usize,
    pub seen: Seen,
}

/// Counts answers from a moment on.
struct Meter {
    from: Instant,
    until: Instant,
    failures: AtomicU64,
    times: Mutex<Histogram<u64>>,
}

impl Seen {
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.times.value_at_quantile(quantile) as f64 / 1000.0
    }

    pub fn a_second(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    fn is_borne(&self, p95_ms: f64) -> bool {
        self.answers > 0 && self.quantile_ms(0.95) <= p95_ms && self.failures as f64 <= FAILING * self.answers as f64
    }
}

impl Crowd {
    /// Signs everybody in once, and learns where to look.
    pub async fn gather(url: &str, sessions: usize, seed: u64) -> Result<Self> {
        let guest = |number: usize| async move { anyhow::Ok(sign_up(url, &format!("loadtest-user-{number}"), "traveller").await?.1) };
        let guests: Vec<String> = stream::iter(0..sessions.max(1)).map(guest).buffered(4).try_collect().await?;
        let mut http = Http::connect(url).await?;
        let credentials = json!({"email": "host@posada.example", "password": "come as you are"});
        let session = http.send("POST", "/api/v1/session", &[("X-Posada-Token", "1")], Some(&credentials)).await?;
        let host = session["token"].as_str().context("the server gave the host no token")?.to_owned();
        http.be(host.clone());
        let page = http.get("/api/v1/me/homes?limit=100").await?;
        let active = page["items"].as_array().into_iter().flatten().filter(|home| home["status"] == "active");
        let homes: Vec<String> = active.filter_map(|home| home["id"].as_str().map(str::to_owned)).collect();
        ensure!(!homes.is_empty(), "the demo's host has no home to ask for");
        let places = Arc::new(Places { towns: towns(&mut http).await?, homes });
        Ok(Self { url: url.to_owned(), seed, users: Vec::new(), guests, host: host.into(), places })
    }

    /// Lets so many users follow the script for a time, after a third of it that does not count. `think`: how long they do on average; none: as
    /// fast as they are answered.
    pub async fn look(&mut self, users: usize, think: Duration, lasting: Duration) -> Result<Seen> {
        while self.users.len() < users {
            let number = self.users.len();
            let guest = self.guests[number % self.guests.len()].clone();
            let (host, places, url) = (Arc::clone(&self.host), Arc::clone(&self.places), self.url.clone());
            self.users.push(User { http: None, url, guest, host, dice: Dice::of(self.seed, number as u64), places });
        }
        stream::iter(self.users[..users].iter_mut().map(|user| async move { user.open().await.map(drop) }))
            .buffer_unordered(64)
            .try_collect::<Vec<()>>()
            .await?;
        let from = Instant::now() + lasting / 3;
        let times = Mutex::new(Histogram::new_with_max(600_000_000, 3)?);
        let meter = Meter { from, until: from + lasting, failures: AtomicU64::new(0), times };
        join_all(self.users[..users].iter_mut().map(|user| user.stay(&meter, think))).await;
        let times = meter.times.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Seen { took: lasting, answers: times.len(), failures: meter.failures.into_inner(), times })
    }

    /// The most users for whom 95 of 100 answers come within a limit, to an eighth: doubled until they are too many, then the gap is halved.
    pub async fn bears(&mut self, p95_ms: f64, think: Duration, lasting: Duration, most: usize) -> Result<Borne> {
        let (mut borne, mut too_many, mut users) = (None::<Borne>, None::<usize>, 64.min(most));
        loop {
            let seen = self.look(users, think, lasting).await?;
            match seen.is_borne(p95_ms) {
                true => borne = Some(Borne { users, seen }),
                false => too_many = Some(users),
            }
            let good = borne.as_ref().map_or(0, |borne| borne.users);
            users = match too_many {
                None if users >= most => break,
                None => (users * 2).min(most),
                Some(bad) if bad - good <= (good / 8).max(1) => break,
                Some(bad) => usize::midpoint(good, bad),
            };
        }
        borne.with_context(|| format!("not even one user has 95 of 100 answers within {p95_ms} ms"))
    }
}

/// Cities of a wide and populous part of the world, those with most homes first.
async fn towns(http: &mut Http) -> Result<Vec<Town>> {
    let mut found: Vec<(u64, Town)> = Vec::new();
    for bbox in ["35,-10,60,30", "-40,-75,-10,-35", "25,-125,50,-65", "5,68,40,140"] {
        let map = http.get(&format!("/api/v1/map?bbox={bbox}&zoom=6&layers=cities")).await?;
        let tiles = map["scopes"].as_array().into_iter().flatten().flat_map(|scope| scope["tiles"].as_array().into_iter().flatten());
        let cities = tiles.flat_map(|tile| tile["full"].as_array().into_iter().flatten()).filter(|item| item["c"] == "city");
        found.extend(cities.filter_map(|city| Some((city["homes"].as_u64()?, Town { lat: city["y"].as_f64()?, lng: city["x"].as_f64()? }))));
    }
    // Of equals the northern one: every server's crowd looks at the same.
    found.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.lat.total_cmp(&a.1.lat)));
    ensure!(!found.is_empty(), "there is no city to look at");
    Ok(found.into_iter().take(TOWNS).map(|(_, town)| town).collect())
}

impl User {
    /// The connection it has, or another: like any browser, a user does not try one that the server closed while both were silent.
    async fn open(&mut self) -> Result<&mut Http> {
        if !self.http.as_ref().is_some_and(Http::is_open) {
            let mut http = Http::connect(&self.url).await?;
            http.be(self.guest.clone());
            self.http = Some(http);
        }
        self.http.as_mut().context("no connection")
    }

    /// Visit after visit, until the time is over.
    async fn stay(&mut self, meter: &Meter, think: Duration) {
        // As long as between any two requests: nobody is more eager at the beginning.
        self.think(think).await;
        let mut listed = None;
        while Instant::now() < meter.until {
            for step in visit(&mut self.dice, &Arc::clone(&self.places)) {
                if Instant::now() >= meter.until {
                    return;
                }
                self.take(step, &mut listed, meter).await;
                self.think(think).await;
            }
        }
    }

    /// Exponential, as of people who do not know of each other; at most five times the mean.
    async fn think(&mut self, mean: Duration) {
        sleep(mean.mul_f64((-(1.0 - self.dice.unit()).ln()).min(5.0))).await;
    }

    async fn take(&mut self, step: Step, listed: &mut Option<String>, meter: &Meter) {
        match step {
            Step::Get(path) => drop(self.send(meter, "GET", &path, None).await),
            Step::List(path) => {
                let answer = self.send(meter, "GET", &path, None).await.and_then(|text| serde_json::from_str::<Value>(&text).ok());
                let homes = answer.as_ref().and_then(|answer| answer["items"].as_array());
                *listed = homes.and_then(|homes| homes.first()?["id"].as_str().map(str::to_owned));
            }
            Step::OpenHome => {
                if let Some(home) = listed.take() {
                    self.send(meter, "GET", &format!("/api/v1/homes/{home}"), None).await;
                }
            }
            Step::Ask { home, body } => {
                let answer = self.send(meter, "POST", &format!("/api/v1/homes/{home}/stays"), Some(&body)).await;
                let stay = answer.and_then(|text| serde_json::from_str::<Value>(&text).ok()).and_then(|stay| Some(stay["id"].as_str()?.to_owned()));
                let host = self.host.to_string();
                if let (Some(stay), Ok(http)) = (stay, self.open().await) {
                    http.be(host);
                    self.send(meter, "POST", &format!("/api/v1/stays/{stay}/decline"), Some(&json!({"reason": "Not these nights."}))).await;
                    if let Some(http) = &mut self.http {
                        http.be(self.guest.clone());
                    }
                }
            }
        }
    }

    /// Sends and reads the whole answer; one that is none counts as a failure, and the next comes on another connection.
    async fn send(&mut self, meter: &Meter, method: &str, path: &str, body: Option<&Value>) -> Option<String> {
        let sent = Instant::now();
        let answer = match self.open().await {
            Ok(http) => http.text(method, path, &[], body).await,
            Err(error) => Err(error),
        };
        let counts = sent >= meter.from && sent < meter.until;
        match answer {
            Ok(text) => {
                if counts {
                    let took = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                    meter.times.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(took);
                }
                Some(text)
            }
            Err(_) => {
                if counts {
                    meter.failures.fetch_add(1, Relaxed);
                }
                self.http = None;
                None
            }
        }
    }
}
