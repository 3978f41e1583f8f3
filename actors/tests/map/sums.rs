//! Nothing is cut: clusters add up to the things in view, at every zoom, with every filter, over the date line and near the poles.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use actors::map::{CITY_LEVELS, Group, HomeEntity, LiveMap, MAX_LAT, MOST_ENTITIES, Matcher, Mode, Thing, TileKey, WORLD_LEVELS, Weight};
use actors::{ports::CityPoint, wire::Encoding};
use domain::{BBox, CityId, HomeFilter, Position, live::CityCounts, live::HomePoint};
use proptest::prelude::*;
use serde_json::Value;

use crate::made::{CITY, TODAY, bbox, entity, filter, holds, home, homes, matcher, plain, position};

pub fn items(map: &LiveMap<impl Thing>, group: &Group, tile: TileKey) -> Vec<Value> {
    let chunk: Value = serde_json::from_slice(&map.chunk(group, tile)).unwrap();
    assert_eq!(chunk["k"], tile.to_string());
    chunk["full"].as_array().unwrap().clone()
}

fn is_near_an_edge(tile: TileKey, at: Position) -> bool {
    let b = tile.bounds();
    [at.lat - b.south, at.lat - b.north, at.lng - b.west, at.lng - b.east].iter().any(|d| d.abs() < 1e-9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn clusters_add_up_to_what_a_scan_finds(homes in homes(120), bbox in bbox(), zoom in 0.0..20.0f64, filter in filter(), city in any::<bool>()) {
        let levels = if city { CITY_LEVELS } else { WORLD_LEVELS };
        let map = LiveMap::filled(levels, TODAY, homes.iter().map(entity));
        let matcher = matcher(&filter);
        let plan = map.view(bbox, zoom, &matcher);
        let tiles: HashSet<TileKey> = plan.tiles.iter().copied().collect();
        prop_assert_eq!(tiles.len(), plan.tiles.len());

        let scanned: Vec<&HomePoint> = homes.iter().filter(|h| holds(&filter, h) && TileKey::of(h.at, plan.level).is_some_and(|t| tiles.contains(&t))).collect();
        prop_assert_eq!(plan.total, Weight { things: scanned.len() as u32, homes: scanned.len() as u32, hosts: 0 });
        for home in &homes {
            // What was asked for is covered, and what the plan says it covers is what its tiles hold.
            let tile = TileKey::of(home.at, plan.level);
            let is_in = tile.is_some_and(|t| tiles.contains(&t));
            if bbox.contains(home.at) && home.at.lat.abs() <= MAX_LAT {
                prop_assert!(is_in);
            }
            if tile.is_some_and(|t| !is_near_an_edge(t, home.at)) && !tiles.is_empty() {
                prop_assert_eq!(plan.covers.contains(home.at), is_in);
            }
        }

        let filter = Arc::new(matcher);
        let clusters = Group { level: plan.level, mode: Mode::Clusters, filter: filter.clone(), encoding: Encoding::Json };
        let entities = Group { level: plan.level, mode: Mode::Entities, filter, encoding: Encoding::Json };
        let (mut sum, mut listed) = (0, Vec::new());
        for tile in &plan.tiles {
            let here: Vec<_> = scanned.iter().filter(|h| TileKey::of(h.at, plan.level) == Some(*tile)).collect();
            let cluster = items(&map, &clusters, *tile);
            prop_assert_eq!(cluster.len(), usize::from(!here.is_empty()));
            for item in &cluster {
                let n = item["n"].as_u64().unwrap();
                prop_assert_eq!(n as usize, here.len());
                sum += n;
                let number = |v: &Value| v.as_f64().unwrap();
                let side = |of: &dyn Fn(&HomePoint) -> f64, least: bool| here.iter().map(|h| of(h)).fold(if least { f64::MAX } else { f64::MIN }, |a, b| if least { a.min(b) } else { a.max(b) });
                let exact = [side(&|h| h.at.lat, true), side(&|h| h.at.lng, true), side(&|h| h.at.lat, false), side(&|h| h.at.lng, false)];
                for (i, exact) in exact.into_iter().enumerate() {
                    // Outward, by less than a centimetre.
                    let outward = (number(&item["box"][i]) - exact) * if i < 2 { -1.0 } else { 1.0 };
                    prop_assert!((-1e-12..1.01e-7).contains(&outward), "{} {}", item, exact);
                }
                let mean = here.iter().map(|h| h.at.lat).sum::<f64>() / here.len() as f64;
                prop_assert!((number(&item["y"]) - mean).abs() < 1e-6);
                prop_assert!((number(&item["box"][0])..=number(&item["box"][2])).contains(&number(&item["y"])));
                prop_assert!((number(&item["box"][1])..=number(&item["box"][3])).contains(&number(&item["x"])));
            }
            listed.extend(items(&map, &entities, *tile).iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        }
        prop_assert_eq!(sum as usize, scanned.len());
        let mut expected: Vec<String> = scanned.iter().map(|h| h.id.to_string()).collect();
        expected.sort_unstable();
        listed.sort_unstable();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn filters_compose_as_a_scan_would(homes in homes(60), filter in filter(), days in 0i32..900) {
        let mut map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(entity));
        let matching = |map: &LiveMap<HomeEntity>| homes.iter().filter(|h| map.get(h.id).unwrap().matches(&matcher(&filter))).map(|h| h.id).collect::<Vec<_>>();
        let scanned: Vec<_> = homes.iter().filter(|h| holds(&filter, h)).map(|h| h.id).collect();
        prop_assert_eq!(matching(&map), scanned.clone());
        // As days pass, nights that are still to come stay what they were.
        map.set_today(TODAY + days);
        if filter.free.is_none_or(|free| free.0.days().0 >= TODAY + days) {
            prop_assert_eq!(matching(&map), scanned);
        }
        for home in &homes {
            let tonight = domain::filter::FreeNights(domain::Nights::new(crate::made::date(TODAY + days), crate::made::date(TODAY + days + 1)).unwrap());
            prop_assert_eq!(map.get(home.id).unwrap().free_tonight(), holds(&HomeFilter { free: Some(tonight), ..Default::default() }, home));
        }
    }

    #[test]
    fn a_box_is_listed_exactly(homes in homes(120), bbox in bbox(), filter in filter()) {
        let map = LiveMap::filled(CITY_LEVELS, TODAY, homes.iter().map(entity));
        let mut found: Vec<_> = map.in_bbox(bbox, &matcher(&filter)).map(|h| h.id).collect();
        let mut scanned: Vec<_> = homes.iter().filter(|h| bbox.contains(h.at) && holds(&filter, h)).map(|h| h.id).collect();
        found.sort_unstable();
        scanned.sort_unstable();
        prop_assert_eq!(found, scanned);
    }

    #[test]
    fn the_extent_is_the_smallest_box_around(positions in prop::collection::vec(position(), 1..20)) {
        let homes: Vec<_> = positions.iter().enumerate().map(|(i, at)| CityPoint {
            id: CityId(i as u32), name: "x".into(), country: "ES".into(), at: *at, counts: CityCounts::default(), extent: None,
        }).collect();
        let map = LiveMap::filled(WORLD_LEVELS, TODAY, homes);
        let extent = map.extent().unwrap();
        prop_assert!(positions.iter().all(|at| extent.contains(*at)));
        let south = positions.iter().map(|p| p.lat).fold(f64::MAX, f64::min);
        let north = positions.iter().map(|p| p.lat).fold(f64::MIN, f64::max);
        prop_assert!((extent.south - south).abs() < 2e-7 && (extent.north - north).abs() < 2e-7);
        // Round the world, the box leaves out the widest gap.
        let mut lngs: Vec<f64> = positions.iter().map(|p| p.lng).collect();
        lngs.sort_unstable_by(f64::total_cmp);
        let gaps = lngs.windows(2).map(|w| w[1] - w[0]).chain([lngs[0] + 360.0 - lngs[lngs.len() - 1]]);
        let widest = gaps.fold(0.0, f64::max);
        let width = (extent.east - extent.west).rem_euclid(360.0);
        prop_assert!((width - (360.0 - widest)).abs() < 1e-6, "{} {}", width, 360.0 - widest);
    }

    #[test]
    fn a_map_that_lived_equals_one_that_was_filled(steps in prop::collection::vec((0u32..25, prop::option::weighted(0.7, home(0))), 0..120)) {
        let mut lived = LiveMap::new(CITY_LEVELS, TODAY);
        let mut naive = BTreeMap::new();
        for (n, step) in steps {
            match step {
                Some(point) => {
                    let point = HomePoint { id: crate::made::home_id(n), ..point };
                    lived.put(entity(&point));
                    naive.insert(n, point);
                }
                None => prop_assert_eq!(lived.remove(crate::made::home_id(n)), naive.remove(&n).is_some()),
            }
        }
        prop_assert_eq!(lived.len(), naive.len());
        let filled = LiveMap::filled(CITY_LEVELS, TODAY, naive.values().map(entity));
        prop_assert_eq!(lived.extent(), filled.extent());
        let filter = Arc::new(Matcher::default());
        for level in 0..=18 {
            let tiles: HashSet<TileKey> = naive.values().filter_map(|h| TileKey::of(h.at, level)).collect();
            for mode in [Mode::Clusters, Mode::Entities] {
                let group = Group { level, mode, filter: filter.clone(), encoding: Encoding::Json };
                for tile in &tiles {
                    prop_assert_eq!(lived.chunk(&group, *tile), filled.chunk(&group, *tile));
                }
            }
            prop_assert_eq!(lived.count(&tiles.iter().copied().collect::<Vec<_>>(), &filter).things as usize, naive.values().filter(|h| h.at.lat.abs() <= MAX_LAT).count());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The world's clusters carry homes and hosts, and say so when only these change.
    #[test]
    fn a_world_adds_up_homes_and_hosts(steps in prop::collection::vec((0u32..30, position(), 0u32..5_000, 0u32..900, any::<bool>()), 1..80), level in 0u8..=12) {
        let group = Group { level, mode: Mode::Clusters, filter: Arc::default(), encoding: Encoding::Json };
        let mut world = LiveMap::new(WORLD_LEVELS, TODAY);
        let mut naive: BTreeMap<u32, CityPoint> = BTreeMap::new();
        let mut told: BTreeMap<TileKey, Vec<Value>> = BTreeMap::new();
        for (n, at, homes, hosts, moves) in steps {
            // A city seldom moves; its counts change all the time.
            let at = naive.get(&n).filter(|_| !moves).map_or(at, |city| city.at);
            let city = CityPoint { id: CityId(n), name: format!("{n}"), country: "ES".into(), at, counts: CityCounts { homes, hosts }, extent: None };
            world.put(city.clone());
            naive.insert(n, city);
            let changes = world.take_changes();
            for tile in changes.tiles(level) {
                if world.change_chunk(&group, tile, &changes).is_some() {
                    told.insert(tile, items(&world, &group, tile));
                }
            }
        }
        let sum = |field: &str| told.values().flatten().map(|item| item[field].as_u64().unwrap()).sum::<u64>();
        let on_tiles = || naive.values().filter(|city| city.at.lat.abs() <= MAX_LAT);
        prop_assert_eq!(sum("n"), on_tiles().count() as u64);
        prop_assert_eq!(sum("homes"), on_tiles().map(|city| u64::from(city.counts.homes)).sum::<u64>());
        prop_assert_eq!(sum("hosts"), on_tiles().map(|city| u64::from(city.counts.hosts)).sum::<u64>());
        let tiles: Vec<TileKey> = told.keys().copied().collect();
        prop_assert_eq!(u64::from(world.count(&tiles, &Matcher::default()).hosts), sum("hosts"));
    }
}

#[test]
fn more_than_500_things_become_clusters() {
    let at = |i: u32| Position::new(41.38 + f64::from(i) * 1e-5, 2.16).unwrap();
    let homes = (0..=MOST_ENTITIES).map(|i| plain(i, at(i)));
    let mut map = LiveMap::filled(CITY_LEVELS, TODAY, homes.map(|point| entity(&point)));
    let bbox = BBox::new(41.0, 2.0, 42.0, 3.0).unwrap();
    let (all, none) = (Matcher::default(), Matcher::new(&HomeFilter { guests: Some(3), ..Default::default() }));
    assert_eq!(map.view(bbox, 9.0, &all).mode, Mode::Clusters);
    assert_eq!(map.view(bbox, 9.0, &none).mode, Mode::Entities);
    map.remove(crate::made::home_id(0));
    assert_eq!(map.view(bbox, 9.0, &all).mode, Mode::Entities);
}

#[test]
fn items_read_as_the_contract_says() {
    let at = Position::new(41.5, 2.25).unwrap();
    let price = Some(domain::Price { amount: 8000, currency: domain::Currency::Eur });
    let point = HomePoint { title: "Pis \"al\" <Raval>".into(), price, rooms: vec![], ..plain(1, at) };
    let map = LiveMap::filled(CITY_LEVELS, TODAY, [entity(&point)]);
    let tile = TileKey::of(at, 13).unwrap();
    let group = |mode| Group { level: 13, mode, filter: Arc::default(), encoding: Encoding::Json };
    let text = |group: &Group| String::from_utf8(map.chunk(group, tile).to_vec()).unwrap();
    assert_eq!(
        text(&group(Mode::Entities)),
        r#"{"k":"13/4147/3056","full":[{"id":"00000000-9e37-79b1-0000-000000000001","c":"home","y":41.5,"x":2.25,"kind":"house","title":"Pis \"al\" <Raval>","guests":2,"price":{"amount":8000,"currency":"EUR"},"tonight":false}]}"#
    );
    assert_eq!(
        text(&group(Mode::Clusters)),
        r#"{"k":"13/4147/3056","full":[{"id":"13/4147/3056","c":"cluster","y":41.5,"x":2.25,"n":1,"homes":1,"box":[41.5,2.25,41.5,2.25]}]}"#
    );

    let city = CityPoint {
        id: CITY,
        name: "Barcelona".into(),
        country: "ES".into(),
        at: Position::new(41.5, 2.25).unwrap(),
        counts: CityCounts { homes: 7, hosts: 3 },
        extent: None,
    };
    let world = LiveMap::filled(WORLD_LEVELS, TODAY, [city]);
    let tile = TileKey::of(at, 4).unwrap();
    let text = |mode| String::from_utf8(world.chunk(&Group { level: 4, mode, filter: Arc::default(), encoding: Encoding::Json }, tile).to_vec()).unwrap();
    assert_eq!(
        text(Mode::Entities),
        r#"{"k":"4/8/5","full":[{"id":"3128760","c":"city","y":41.5,"x":2.25,"name":"Barcelona","country":"ES","homes":7,"hosts":3}]}"#
    );
    assert_eq!(
        text(Mode::Clusters),
        r#"{"k":"4/8/5","full":[{"id":"4/8/5","c":"cluster","y":41.5,"x":2.25,"n":1,"homes":7,"hosts":3,"box":[41.5,2.25,41.5,2.25]}]}"#
    );
}
