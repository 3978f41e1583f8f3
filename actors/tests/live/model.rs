//! What tests ask of a replica beside what every client does.
#![allow(dead_code)]

use std::collections::BTreeMap;

pub use actors::replica::Replica as Model;
use actors::wire::{Chunk, Item, ScopeName};

pub type Tiles = BTreeMap<String, BTreeMap<String, Item>>;

/// Full chunks as they come, parsed.
pub fn tiles<B: AsRef<[u8]>>(chunks: &[B]) -> Tiles {
    chunks
        .iter()
        .map(|chunk| match serde_json::from_slice(chunk.as_ref()).unwrap() {
            Chunk::Full { k, full } => (k, full.into_iter().map(|item| (item.id().to_owned(), item)).collect()),
            Chunk::Change { k, .. } => panic!("a change where tile {k} should be whole"),
        })
        .collect()
}

/// Tiles that became empty are as if they had never come.
pub fn without_empty(tiles: &Tiles) -> Tiles {
    tiles.iter().filter(|(_, items)| !items.is_empty()).map(|(k, items)| (k.clone(), items.clone())).collect()
}

/// Whether a view holds, tile by tile, what an answer of `GET /api/v1/map` says.
pub fn holds(model: &Model, view: &str, said: &serde_json::Value) -> bool {
    let Some(view) = model.views.get(view) else { return false };
    let scopes = said["scopes"].as_array().unwrap();
    scopes.len() == view.scopes.len()
        && scopes.iter().all(|scope| {
            let chunks: Vec<String> = scope["tiles"].as_array().unwrap().iter().map(ToString::to_string).collect();
            let held = scope["scope"].as_str().unwrap().parse().ok().and_then(|name: ScopeName| view.scopes.get(&name));
            held.is_some_and(|held| u64::from(held.level) == scope["level"].as_u64().unwrap() && without_empty(&held.tiles) == tiles(&chunks))
        })
}
