//! Watchers who stay: whatever ends their connection, they come back with what they hold. What does not follow from it fails the test.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use actors::wire::Outcome;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::orders::{Where, a_moment};
use crate::harness::{Client, Model, Watcher, model};

/// How long it may take until a watcher holds what is asked for: a machine that builds beside is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that says nothing for so long, although it is asked to, is not there.
const SILENCE: Duration = Duration::from_secs(2);

/// A view as `resume` brings it back.
pub fn view(id: &str, bbox: [f64; 4], zoom: f64) -> Value {
    json!({"view": id, "bbox": bbox, "zoom": zoom, "layers": ["cities", "homes"]})
}

pub struct Staying {
    pub watcher: Watcher,
    pub views: Vec<Value>,
    /// How views and streams were answered each time it came back.
    pub outcomes: Vec<(String, Outcome)>,
    server: Where,
}

impl Staying {
    pub async fn comes(mut watcher: Watcher, views: Vec<Value>, streams: &[String], server: Where) -> Self {
        for view in &views {
            let bbox: [f64; 4] = serde_json::from_value(view["bbox"].clone()).unwrap();
            watcher.looks(view["view"].as_str().unwrap(), bbox, view["zoom"].as_f64().unwrap()).await;
        }
        for stream in streams {
            let before = watcher.model.caught_up.len();
            watcher.says_json(json!({"t": "subscribe", "stream": stream, "since": 0})).await;
            watcher.until("caught up", |model| model.caught_up.len() > before).await;
        }
        Self { watcher, views, outcomes: Vec::new(), server }
    }

    /// Reads and comes back, until something is so for what it holds.
    pub async fn until(&mut self, what: &str, mut enough: impl FnMut(&Model) -> bool) {
        let wait = async {
            let mut is_asked = false;
            while !enough(&self.watcher.model) {
                match tokio::time::timeout(SILENCE, self.watcher.next()).await {
                    Ok(Some(frame)) => {
                        is_asked = false;
                        self.watcher.model.take(frame).unwrap();
                    }
                    Err(_) if !is_asked && self.watcher.tries_to_say(&json!({"t": "ping"})).await => is_asked = true,
                    // Ended, or silent although it was asked.
                    Ok(None) | Err(_) => self.comes_back().await,
                }
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("no {what} in {PATIENCE:?}; held {:?}", self.watcher.model);
        }
    }

    /// Reads and comes back, until it is told that the fault is over.
    pub async fn until_over(&mut self, over: &mut watch::Receiver<bool>) {
        while !*over.borrow_and_update() {
            tokio::select! {
                _ = over.changed() => {}
                frame = self.watcher.next() => match frame {
                    Some(frame) => self.watcher.model.take(frame).unwrap(),
                    None => self.comes_back().await,
                },
            }
        }
    }

    /// Reads until the server has asked it to go and closed; after how many milliseconds it may come back.
    pub async fn is_asked_to_go(&mut self) -> u64 {
        while let Some(frame) = self.watcher.next().await {
            self.watcher.model.take(frame).unwrap();
        }
        self.watcher.model.goaway.as_ref().expect("a goodbye before the end").reconnect_after_ms
    }

    /// Reads for a while; comes back if the connection ends.
    pub async fn reads_for(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while let Ok(frame) = tokio::time::timeout_at(until, self.watcher.next()).await {
            match frame {
                Some(frame) => self.watcher.model.take(frame).unwrap(),
                None => self.comes_back().await,
            }
        }
    }

    /// Looks elsewhere from now on; said again when it comes back, if it cannot be said now.
    pub async fn pans(&mut self, view: Value) {
        let id = view["view"].clone();
        let mut frame = view.clone();
        (frame["t"], frame["id"]) = ("view".into(), id.clone());
        frame.as_object_mut().unwrap().remove("view");
        self.views.retain(|known| known["view"] != id);
        self.views.push(view);
        if !self.watcher.tries_to_say(&frame).await {
            self.comes_back().await;
        }
    }

    pub async fn comes_back(&mut self) {
        loop {
            let address: SocketAddr = *self.server.borrow_and_update();
            if self.watcher.tries_to_return(address, &self.views).await {
                break;
            }
            a_moment(&mut self.server).await;
        }
        for resumed in &self.watcher.model.welcomed.as_ref().unwrap().resumed {
            let what = resumed.view.as_ref().map(|view| view.as_str().to_owned()).or(resumed.stream.map(|stream| stream.to_string()));
            self.outcomes.push((what.unwrap(), resumed.outcome));
        }
    }

    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, outcome) in &self.outcomes {
            *counts.entry(outcome.word()).or_default() += 1;
        }
        counts
    }

    /// Whether every view holds exactly what the server answers to somebody who asks now.
    pub async fn holds_what_is(&mut self, client: &Client) {
        for view in self.views.clone() {
            let bbox: [f64; 4] = serde_json::from_value(view["bbox"].clone()).unwrap();
            let [south, west, north, east] = bbox;
            let (id, zoom) = (view["view"].as_str().unwrap().to_owned(), view["zoom"].as_f64().unwrap());
            let said = client.get(&format!("/api/v1/map?bbox={south},{west},{north},{east}&zoom={zoom}&layers=cities,homes")).await.expect(200).json();
            self.until("what the server answers", |held| model::holds(held, &id, &said)).await;
        }
    }
}
