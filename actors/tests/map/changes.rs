//! A client that starts with full tiles and applies every change knows at every moment what the map knows.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use actors::map::{CITY_LEVELS, Changes, Group, HomeEntity, LiveMap, Matcher, Mode, Thing, TileKey};
use actors::wire::Encoding;
use domain::{HomeFilter, HomeId, live::HomePoint};
use proptest::prelude::*;
use serde_json::Value;

use crate::made::{TODAY, entity, filter, home, home_id, plain};

#[derive(Clone, Debug)]
enum Step {
    Put(u32, HomePoint),
    /// Another place, or other nights, for one that is there.
    Move(u32, HomePoint),
    Nights(u32, HomePoint),
    Remove(u32),
    NextDay,
    Tick,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u32..15, home(0)).prop_map(|(n, point)| Step::Put(n, point)),
        3 => (0u32..15, home(0)).prop_map(|(n, point)| Step::Move(n, point)),
        2 => (0u32..15, home(0)).prop_map(|(n, point)| Step::Nights(n, point)),
        2 => (0u32..15).prop_map(Step::Remove),
        1 => Just(Step::NextDay),
        3 => Just(Step::Tick),
    ]
}

/// One who looks: what it was told, by tile and id.
struct Viewer {
    group: Group,
    /// Told every so many ticks.
    every: usize,
    owed: Changes<HomeEntity>,
    tiles: BTreeMap<TileKey, BTreeMap<String, Value>>,
}

fn id_of(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

impl Viewer {
    fn new(level: u8, mode: Mode, filter: &HomeFilter, every: usize) -> Self {
        Self {
            group: Group { level, mode, filter: Arc::new(Matcher::new(filter)), encoding: Encoding::Json },
            every,
            owed: Changes::default(),
            tiles: BTreeMap::new(),
        }
    }

    fn hear(&mut self, map: &LiveMap<HomeEntity>) {
        let owed = std::mem::take(&mut self.owed);
        let mut came_and_went: BTreeMap<String, i32> = BTreeMap::new();
        for tile in owed.tiles(self.group.level) {
            let Some(bytes) = map.change_chunk(&self.group, tile, &owed) else { continue };
            let chunk: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(chunk["k"], tile.to_string());
            let known = self.tiles.entry(tile).or_default();
            if let Some(full) = chunk.get("full") {
                *known = full.as_array().unwrap().iter().map(|item| (id_of(item), item.clone())).collect();
                continue;
            }
            for item in chunk["put"].as_array().unwrap() {
                let was = known.insert(id_of(item), item.clone());
                assert_ne!(was.as_ref(), Some(item), "nobody needs to hear what they know");
                *came_and_went.entry(id_of(item)).or_default() += i32::from(was.is_none());
            }
            for id in chunk["out"].as_array().unwrap() {
                assert!(known.remove(id.as_str().unwrap()).is_some(), "out of where it was not");
                *came_and_went.entry(id.as_str().unwrap().to_owned()).or_default() -= 1;
            }
        }
        // A move is out of one tile and into another in the same tick: nothing is ever in two places or twice gone.
        assert!(came_and_went.values().all(|n| (-1..=1).contains(n)), "{came_and_went:?}");
    }

    fn check(&self, map: &LiveMap<HomeEntity>, tiles: &HashSet<TileKey>) {
        for tile in tiles.iter().filter(|tile| tile.z == self.group.level) {
            let now: BTreeMap<String, Value> = crate::sums::items(map, &self.group, *tile).into_iter().map(|item| (id_of(&item), item)).collect();
            assert_eq!(self.tiles.get(tile).cloned().unwrap_or_default(), now, "{:?} {tile}", self.group);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn full_and_changes_are_the_map(steps in prop::collection::vec(step(), 1..60), one in filter(), other in filter(), near in 10u8..=18) {
        let mut map = LiveMap::<HomeEntity>::new(CITY_LEVELS, TODAY);
        let none = HomeFilter::default();
        let mut viewers = vec![
            Viewer::new(near, Mode::Entities, &none, 1),
            Viewer::new(near, Mode::Entities, &one, 1),
            Viewer::new(3, Mode::Entities, &other, 3),
            Viewer::new(near, Mode::Clusters, &none, 1),
            Viewer::new(5, Mode::Clusters, &one, 2),
            Viewer::new(17, Mode::Clusters, &none, 1),
        ];
        let mut tiles = HashSet::new();
        let mut points: BTreeMap<u32, HomePoint> = BTreeMap::new();
        let mut ticks = 0usize;
        for step in steps.into_iter().chain(std::iter::repeat_n(Step::Tick, 6)) {
            let changed = match step {
                Step::Put(n, point) => Some((n, HomePoint { id: home_id(n), ..point })),
                Step::Move(n, point) => points.get(&n).map(|old| (n, HomePoint { at: point.at, ..old.clone() })),
                Step::Nights(n, point) => points.get(&n).map(|old| (n, HomePoint { rooms: point.rooms, ..old.clone() })),
                Step::Remove(n) => {
                    prop_assert_eq!(map.remove(home_id(n)), points.remove(&n).is_some());
                    None
                }
                Step::NextDay => {
                    map.set_today(map.today() + 1);
                    None
                }
                Step::Tick => {
                    ticks += 1;
                    let changes = map.take_changes();
                    for viewer in &mut viewers {
                        viewer.owed.absorb(changes.clone());
                        if ticks.is_multiple_of(viewer.every) {
                            viewer.hear(&map);
                            viewer.check(&map, &tiles);
                        }
                    }
                    None
                }
            };
            if let Some((n, point)) = changed {
                tiles.extend(viewers.iter().filter_map(|v| TileKey::of(point.at, v.group.level)));
                map.put(entity(&point));
                points.insert(n, point);
            }
        }
        prop_assert!(map.take_changes().is_empty());
    }
}

#[test]
fn only_what_is_seen_is_told() {
    let mut point = plain(1, domain::Position::new(41.3874, 2.1686).unwrap());
    let mut map = LiveMap::filled(CITY_LEVELS, TODAY, [entity(&point)]);
    assert!(map.take_changes().is_empty(), "filling is not a change");
    let tile = TileKey::of(point.at, 14).unwrap();
    let group = |mode| Group { level: 14, mode, filter: Arc::default(), encoding: Encoding::Json };
    let nights = |from: i32| vec![domain::Nights::new(crate::made::date(TODAY + from), crate::made::date(TODAY + from + 2)).unwrap()];
    let mut put = |map: &mut LiveMap<HomeEntity>, taken| {
        point.rooms[0].taken = taken;
        map.put(entity(&point));
        map.take_changes()
    };

    // Nights next month: in nobody's item.
    let changes = put(&mut map, nights(30));
    assert_eq!((changes.len(), changes.tiles(14)), (1, vec![tile]));
    assert_eq!(map.change_chunk(&group(Mode::Entities), tile, &changes), None);
    assert_eq!(map.change_chunk(&group(Mode::Clusters), tile, &changes), None);
    // Tonight: in the item, not in the cluster.
    let changes = put(&mut map, nights(0));
    let told = map.change_chunk(&group(Mode::Entities), tile, &changes).unwrap();
    assert!(std::str::from_utf8(&told).unwrap().contains(r#""tonight":false"#));
    assert_eq!(map.change_chunk(&group(Mode::Clusters), tile, &changes), None);
    // For those who ask for these nights it is gone.
    let free = Some(domain::filter::FreeNights(nights(0)[0]));
    let asking = Group { filter: Arc::new(Matcher::new(&HomeFilter { free, ..Default::default() })), ..group(Mode::Entities) };
    let told = map.change_chunk(&asking, tile, &changes).unwrap();
    assert_eq!(std::str::from_utf8(&told).unwrap(), format!(r#"{{"k":"{tile}","put":[],"out":["{}"]}}"#, home_id(1)));
    // Two days later the night is free again, by itself.
    map.set_today(TODAY + 2);
    let changes = map.take_changes();
    let told = map.change_chunk(&group(Mode::Entities), tile, &changes).unwrap();
    assert!(std::str::from_utf8(&told).unwrap().contains(r#""tonight":true"#));
    // Gone and back between two looks: nothing happened.
    let same: HomeEntity = map.get(home_id(1)).unwrap().clone();
    let id: HomeId = same.id();
    map.remove(id);
    map.put(same);
    let changes = map.take_changes();
    assert_eq!(map.change_chunk(&group(Mode::Entities), tile, &changes), None);
}
