//! The map that a viewer holds, made of what it was told: snapshots replace, changes take out and put.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is shown of one scope, tile by tile: each thing with how many homes it stands for.
type Tiles = BTreeMap<String, BTreeMap<String, u64>>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    scopes: BTreeMap<String, Scope>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Scope {
    epoch: String,
    tick: u64,
    tiles: Tiles,
}

impl Model {
    /// What the server answers when it is asked for the same view.
    pub fn of_answer(answer: &Value) -> Self {
        let mut model = Self::default();
        for scope in answer["scopes"].as_array().into_iter().flatten() {
            model.whole(scope);
        }
        model
    }

    /// A snapshot, or a part of one.
    pub fn snapshot(&mut self, frame: &Value) {
        if let Some(scopes) = frame["scopes"].as_array() {
            self.scopes.retain(|name, _| scopes.iter().any(|scope| scope == name.as_str()));
        }
        self.whole(frame);
    }

    /// A whole scope; what has the same epoch and tick as what is held goes on with it.
    fn whole(&mut self, frame: &Value) {
        let (Some(name), Some(epoch), Some(tick)) = (frame["scope"].as_str(), frame["epoch"].as_str(), frame["tick"].as_u64()) else { return };
        let scope = self.scopes.entry(name.to_owned()).or_default();
        if scope.epoch != epoch || scope.tick != tick {
            *scope = Scope { epoch: epoch.to_owned(), tick, tiles: Tiles::new() };
        }
        scope.apply(frame);
    }

    /// A change of one scope; false if it does not follow what is held.
    pub fn delta(&mut self, frame: &Value) -> bool {
        let Some(scope) = frame["scope"].as_str().and_then(|name| self.scopes.get_mut(name)) else { return false };
        if frame["epoch"] != scope.epoch.as_str() || frame["prev"] != scope.tick {
            return false;
        }
        scope.tick = frame["tick"].as_u64().unwrap_or(scope.tick);
        scope.apply(frame);
        true
    }

    pub fn forget(&mut self, scope: &str) {
        self.scopes.remove(scope);
    }

    /// How many homes are shown.
    pub fn things(&self) -> u64 {
        self.scopes.values().flat_map(|scope| scope.tiles.values()).flat_map(BTreeMap::values).sum()
    }

    /// The same things in the same tiles; empty tiles and ticks do not count.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.shown().eq(other.shown())
    }

    fn shown(&self) -> impl Iterator<Item = (&String, &String, &BTreeMap<String, u64>)> {
        let tiles = self.scopes.iter().flat_map(|(name, scope)| scope.tiles.iter().map(move |(key, tile)| (name, key, tile)));
        tiles.filter(|(_, _, tile)| !tile.is_empty())
    }
}

impl Scope {
    fn apply(&mut self, frame: &Value) {
        for chunk in frame["tiles"].as_array().into_iter().flatten() {
            let Some(key) = chunk["k"].as_str() else { continue };
            let tile = self.tiles.entry(key.to_owned()).or_default();
            if chunk["full"].is_array() {
                tile.clear();
            }
            for out in chunk["out"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                tile.remove(out);
            }
            let puts = ["full", "put"].into_iter().flat_map(|kind| chunk[kind].as_array().into_iter().flatten());
            for item in puts {
                if let Some(id) = item["id"].as_str() {
                    tile.insert(id.to_owned(), item["n"].as_u64().unwrap_or(1));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_map_follows_what_it_is_told_and_nothing_else() {
        let mut held = Model::default();
        let tile = |n: u64| json!([{"k": "12/1/1", "full": [{"id": "c1", "n": n}]}]);
        held.snapshot(&json!({"scope": "city:1", "scopes": ["city:1"], "epoch": "e", "tick": 3, "tiles": tile(600), "more": true}));
        held.snapshot(
            &json!({"scope": "city:1", "scopes": ["city:1"], "epoch": "e", "tick": 3, "tiles": [{"k": "12/1/2", "full": [{"id": "h"}]}], "more": false}),
        );
        assert_eq!(held.things(), 601, "the second part adds");
        let delta = json!({"scope": "city:1", "epoch": "e", "prev": 3, "tick": 5, "tiles": [{"k": "12/1/2", "out": ["h"]}, {"k": "12/1/1", "put": [{"id": "c1", "n": 700}]}]});
        assert!(held.delta(&delta) && held.things() == 700);
        assert!(!held.delta(&delta), "it followed tick 3, and 5 is held");
        let answer = json!({"scopes": [{"scope": "city:1", "epoch": "e", "tick": 9, "tiles": tile(700)}]});
        assert!(held.shows_the_same(&Model::of_answer(&answer)));
        let answer = json!({"scopes": [{"scope": "city:1", "epoch": "e", "tick": 9, "tiles": tile(701)}]});
        assert!(!held.shows_the_same(&Model::of_answer(&answer)));
        held.snapshot(&json!({"scope": "world", "scopes": ["world"], "epoch": "w", "tick": 1, "tiles": []}));
        assert_eq!(held.things(), 0, "the view is of another scope now");
    }
}
