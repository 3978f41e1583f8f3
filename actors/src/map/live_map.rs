//! A map that lives: things come, move and go, and every question is answered from memory.

use std::{collections::HashMap, ops::RangeInclusive};

use domain::{BBox, Position};

use super::{
    Changes, Matcher, Mode, Thing, Weight,
    place_index::PlaceIndex,
    sphere::{Sphere, least_metres_between},
    sums::Sums,
    tile::{Level, TileKey, code_of, tiling},
};

/// Up to so many matching things a view shows each; more become clusters.
pub const MOST_ENTITIES: u32 = 500;

/// Levels of a city's map.
pub const CITY_LEVELS: RangeInclusive<Level> = 8..=18;

/// Levels of a tenant's world map.
pub const WORLD_LEVELS: RangeInclusive<Level> = 0..=12;

/// How a view is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewPlan {
    pub level: Level,
    pub mode: Mode,
    /// At most [`super::MOST_TILES`].
    pub tiles: Vec<TileKey>,
    /// The box of the tiles: the asked one, snapped outward.
    pub covers: BBox,
    /// What matches in the tiles.
    pub total: Weight,
}

/// A thing and where the tile index has it.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) thing: T,
    code: u64,
}

/// Beyond the tiles.
const NOWHERE: u64 = u64::MAX;

impl<T: Thing> Placed<T> {
    fn new(thing: T) -> Self {
        let code = code_of(thing.at()).unwrap_or(NOWHERE);
        Self { thing, code }
    }

    /// None beyond the tiles.
    pub(super) fn code(&self) -> Option<u64> {
        (self.code != NOWHERE).then_some(self.code)
    }

    fn sums(&self) -> Sums {
        Sums::of(self.thing.at(), self.thing.weight())
    }
}

/// Things by id, by tile, by distance.
#[derive(Debug)]
pub struct LiveMap<T: Thing> {
    levels: RangeInclusive<Level>,
    today: i32,
    slots: Vec<Option<Placed<T>>>,
    free: Vec<u32>,
    ids: HashMap<T::Id, u32>,
    places: PlaceIndex,
    /// Slots beyond the tiles.
    beyond: Vec<u32>,
    sphere: Sphere,
    /// What things were when [`LiveMap::take_changes`] was last called.
    before: HashMap<T::Id, Option<Placed<T>>>,
}

impl<T: Thing> LiveMap<T> {
    /// An empty map whose views have these levels ([`CITY_LEVELS`], [`WORLD_LEVELS`]). `today` is a day number (days since 1970-01-01).
    pub fn new(levels: RangeInclusive<Level>, today: i32) -> Self {
        Self::filled(levels, today, [])
    }

    /// A map of these things, the last one of an id; quicker than putting one by one. Nothing counts as changed.
    pub fn filled(levels: RangeInclusive<Level>, today: i32, things: impl IntoIterator<Item = T>) -> Self {
        let mut last: HashMap<T::Id, Placed<T>> = HashMap::new();
        for mut thing in things {
            thing.set_today(today);
            last.insert(thing.id(), Placed::new(thing));
        }
        // In the order of their places: what is looked at together lies together.
        let mut slots: Vec<Option<Placed<T>>> = last.into_values().map(Some).collect();
        slots.sort_unstable_by_key(|placed| placed.as_ref().map(|placed| (placed.code, placed.thing.id())));
        let ids = slots.iter().flatten().enumerate().map(|(slot, placed)| (placed.thing.id(), slot as u32)).collect();
        let (mut places, mut beyond) = (PlaceIndex::default(), Vec::new());
        let placed = || slots.iter().enumerate().filter_map(|(slot, placed)| placed.as_ref().map(|placed| (slot as u32, placed)));
        for (slot, placed) in placed() {
            match placed.code() {
                Some(code) => places.put(slot, code, &placed.sums()),
                None => beyond.push(slot),
            }
        }
        let sphere = Sphere::of(placed().map(|(slot, placed)| (slot, placed.thing.at())));
        Self { levels, today, slots, free: Vec::new(), ids, places, beyond, sphere, before: HashMap::new() }
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn get(&self, id: T::Id) -> Option<&T> {
        self.placed(id).map(|placed| &placed.thing)
    }

    /// All things, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|placed| &placed.thing)
    }

    pub fn today(&self) -> i32 {
        self.today
    }

    /// Adds a thing, or puts it in the place of the one with its id, wherever that was.
    pub fn put(&mut self, mut thing: T) {
        thing.set_today(self.today);
        let id = thing.id();
        let new = Placed::new(thing);
        let Some(&slot) = self.ids.get(&id) else {
            let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
            self.place(slot, &new);
            self.sphere.put(slot, new.thing.at());
            match self.slots.get_mut(slot as usize) {
                Some(place) => *place = Some(new),
                None => self.slots.push(Some(new)),
            }
            self.ids.insert(id, slot);
            self.before.entry(id).or_insert(None);
            return;
        };
        let Some(old) = self.slots[slot as usize].take() else { return };
        let moves = old.thing.at() != new.thing.at();
        if moves || old.thing.weight() != new.thing.weight() {
            self.unplace(slot, &old);
            self.place(slot, &new);
        }
        if moves {
            self.sphere.remove(slot, old.thing.at());
            self.sphere.put(slot, new.thing.at());
        }
        self.slots[slot as usize] = Some(new);
        self.before.entry(id).or_insert(Some(old));
    }

    /// Takes a thing off the map; false if it was not there.
    pub fn remove(&mut self, id: T::Id) -> bool {
        let Some(slot) = self.ids.remove(&id) else { return false };
        let Some(old) = self.slots[slot as usize].take() else { return false };
        self.unplace(slot, &old);
        self.sphere.remove(slot, old.thing.at());
        self.free.push(slot);
        self.before.entry(id).or_insert(Some(old));
        true
    }

    /// A new day: nights slide, and things that read differently now count as changed.
    pub fn set_today(&mut self, today: i32) {
        if today == self.today {
            return;
        }
        self.today = today;
        for placed in self.slots.iter_mut().flatten() {
            if placed.thing.changes_on(today) {
                self.before.entry(placed.thing.id()).or_insert_with(|| Some(placed.clone()));
            }
            placed.thing.set_today(today);
        }
    }

    /// What changed since this was last called (or since the map was filled).
    pub fn take_changes(&mut self) -> Changes<T> {
        let before = std::mem::take(&mut self.before);
        Changes::new(before, self)
    }

    /// Forgets what changed, when nobody looks: otherwise what was is kept until it is taken.
    pub fn forget_changes(&mut self) {
        self.before = HashMap::new();
    }

    /// The level a box is shown at, by box and zoom alone.
    pub fn level_of(&self, bbox: BBox, zoom: f64) -> Level {
        tiling(bbox, zoom, self.levels.clone()).level
    }

    /// How to show a box at a zoom. The level depends on box and zoom alone, the mode on how much matches in the tiles.
    pub fn view(&self, bbox: BBox, zoom: f64, filter: &Matcher) -> ViewPlan {
        let tiling = tiling(bbox, zoom, self.levels.clone());
        let total = self.count(&tiling.tiles, filter);
        ViewPlan { level: tiling.level, mode: Mode::for_things(total.things), tiles: tiling.tiles, covers: tiling.covers, total }
    }

    /// What matches in some tiles. Cheap without a filter; with one, every thing in the tiles is asked.
    pub fn count(&self, tiles: &[TileKey], filter: &Matcher) -> Weight {
        tiles.iter().map(|tile| self.weight(*tile, filter)).sum()
    }

    fn weight(&self, tile: TileKey, filter: &Matcher) -> Weight {
        match self.places.sums(tile) {
            Ok(sums) if filter.is_empty() => sums.map(|sums| sums.weight).unwrap_or_default(),
            _ => self.in_tile(tile).filter(|thing| thing.matches(filter)).map(Thing::weight).sum(),
        }
    }

    pub(super) fn sums(&self, tile: TileKey, filter: &Matcher) -> Sums {
        match self.places.sums(tile) {
            Ok(sums) if filter.is_empty() => sums.copied().unwrap_or_default(),
            _ => {
                let mut sums = Sums::default();
                self.in_tile(tile).filter(|thing| thing.matches(filter)).for_each(|thing| sums.add(&Sums::of(thing.at(), thing.weight())));
                sums
            }
        }
    }

    /// The things of a tile, in no order.
    pub(super) fn in_tile(&self, tile: TileKey) -> impl Iterator<Item = &T> {
        let codes = tile.codes();
        self.places.slots(tile).filter_map(|slot| self.slot(slot)).filter(move |placed| codes.contains(&placed.code)).map(|placed| &placed.thing)
    }

    /// The matching things in exactly this box, also beyond the tiles, in no order.
    pub fn in_bbox(&self, bbox: BBox, filter: &Matcher) -> impl Iterator<Item = &T> {
        let tiles = tiling(bbox, 24.0, 0..=super::place_index::GRID).tiles;
        let inside = tiles.into_iter().flat_map(|tile| self.in_tile(tile));
        let beyond = self.beyond.iter().filter_map(|slot| self.slot(*slot)).map(|placed| &placed.thing);
        inside.chain(beyond).filter(move |thing| bbox.contains(thing.at()) && thing.matches(filter))
    }

    /// The nearest matching things with their distances in metres (geodesic), nearest first, equal distances by id.
    pub fn nearest(&self, from: Position, most: usize, filter: &Matcher) -> Vec<(&T, f64)> {
        // A filter that holds for little would walk the whole tree, which costs more than asking everything and sorting what is left.
        const PATIENCE: usize = 2_000;
        let mut asked = 0usize;
        let enough = if filter.is_empty() { usize::MAX } else { PATIENCE + 16 * most };
        let near = self.sphere.outward(from).take_while(|_| {
            asked += 1;
            asked <= enough
        });
        let near = near.filter_map(|(slot, least)| self.slot(slot).map(|p| (&p.thing, least))).filter(|(thing, _)| thing.matches(filter));
        let (found, is_proven) = nearest_of(near, from, most);
        if is_proven || asked <= enough {
            return found;
        }
        let mut all: Vec<_> = self.iter().filter(|thing| thing.matches(filter)).map(|thing| (thing, least_metres_between(from, thing.at()))).collect();
        all.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        nearest_of(all.into_iter(), from, most).0
    }

    /// The matching things at most so many metres away (geodesic), nearest first, equal distances by id.
    pub fn within(&self, from: Position, metres: f64, filter: &Matcher) -> Vec<(&T, f64)> {
        let about = self.sphere.about(from, metres).filter_map(|slot| self.slot(slot)).map(|placed| &placed.thing);
        let matching = about.filter(|thing| thing.matches(filter)).map(|thing| (thing, from.metres_to(thing.at())));
        let mut found: Vec<_> = matching.filter(|(_, away)| *away <= metres).collect();
        found.sort_unstable_by(by_distance);
        found
    }

    /// The smallest box around everything, over the date line if that is smaller; none when empty.
    ///
    /// Rounded outward to 1e-7 degrees. Gaps narrower than 1.4 degrees are not looked for, so that a box which is nearly the
    /// whole parallel may be wider than it had to be.
    pub fn extent(&self) -> Option<BBox> {
        let beyond = self.beyond.iter().filter_map(|slot| self.slot(*slot)).map(|placed| placed.sums().bounds().degrees());
        let boxes: Vec<BBox> = self.places.level(8).into_iter().map(|sums| sums.bounds().degrees()).chain(beyond).collect();
        around(&boxes)
    }

    pub(super) fn placed(&self, id: T::Id) -> Option<&Placed<T>> {
        self.ids.get(&id).and_then(|slot| self.slot(*slot))
    }

    fn slot(&self, slot: u32) -> Option<&Placed<T>> {
        self.slots.get(slot as usize).and_then(Option::as_ref)
    }

    fn place(&mut self, slot: u32, placed: &Placed<T>) {
        match placed.code() {
            Some(code) => self.places.put(slot, code, &placed.sums()),
            None => self.beyond.push(slot),
        }
    }

    fn unplace(&mut self, slot: u32, placed: &Placed<T>) {
        let slots = &self.slots;
        let sums_of = |slot: u32| slots.get(slot as usize).and_then(Option::as_ref).map(Placed::sums).unwrap_or_default();
        match placed.code() {
            Some(code) => self.places.remove(slot, code, &placed.sums(), sums_of),
            None => self.beyond.retain(|s| *s != slot),
        }
    }
}

fn by_distance<T: Thing>(a: &(&T, f64), b: &(&T, f64)) -> std::cmp::Ordering {
    a.1.total_cmp(&b.1).then_with(|| a.0.id().cmp(&b.0.id()))
}

/// The nearest of candidates that come in the order of the fewest metres they can be away; and whether later ones cannot matter.
fn nearest_of<'a, T: Thing>(candidates: impl Iterator<Item = (&'a T, f64)>, from: Position, most: usize) -> (Vec<(&'a T, f64)>, bool) {
    let mut found: Vec<(&T, f64)> = Vec::with_capacity(most.min(1000) + 1);
    if most == 0 {
        return (found, true);
    }
    for (thing, least) in candidates {
        if found.len() == most && found.last().is_some_and(|(_, worst)| least > *worst) {
            return (found, true);
        }
        let one = (thing, from.metres_to(thing.at()));
        let place = found.partition_point(|other| by_distance(other, &one).is_lt());
        found.insert(place, one);
        found.truncate(most);
    }
    (found, false)
}

/// The smallest box around boxes that do not cross the date line: everything but the widest gap between meridians.
fn around(boxes: &[BBox]) -> Option<BBox> {
    let mut spans: Vec<(f64, f64)> = boxes.iter().map(|b| (b.west, b.east)).collect();
    spans.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (first, last) = (*spans.first()?, spans.iter().map(|span| span.1).fold(f64::MIN, f64::max));
    // The gap over the date line, unless one between two spans is wider.
    let (mut west, mut east, mut widest) = (first.0, last, first.0 + 360.0 - last);
    let mut reached = first.1;
    for span in spans {
        if span.0 - reached > widest {
            (west, east, widest) = (span.0, reached, span.0 - reached);
        }
        reached = reached.max(span.1);
    }
    let south = boxes.iter().map(|b| b.south).fold(f64::MAX, f64::min);
    let north = boxes.iter().map(|b| b.north).fold(f64::MIN, f64::max);
    Some(BBox { south, west, north, east })
}
