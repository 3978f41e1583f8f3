//! What tests ask of a replica beside what every client does.
#![allow(dead_code)]

use std::collections::BTreeMap;

pub use actors::replica::Replica as Model;
use actors::wire::{Chunk, Item};

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
