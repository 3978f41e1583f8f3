//! A map that lives: things come, move and go, and every question is answered from memory.

use std::{collections::hash_map::Entry, ops::RangeInclusive};

use foldhash::{HashMap, fast::RandomState};

use domain::{BBox, Position};

use super::{
    Changes, Matcher, Mode, Thing, Weight,
    before::{Before, Mark, Was},
    handles::Handles,
    places::Places,
    sphere::least_metres_between,
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

/// Where a thing is kept.
#[derive(Debug)]
struct Slot<T> {
    thing: Option<T>,
    mark: Mark,
}

impl<T> Slot<T> {
    fn of(thing: T) -> Self {
        Self { thing: Some(thing), mark: Mark::default() }
    }
}

/// Things by id and by place.
#[derive(Debug)]
pub struct LiveMap<T: Thing> {
    levels: RangeInclusive<Level>,
    today: i32,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    ids: HashMap<T::Id, u32>,
    handles: Handles,
    places: Places,
    before: Before<T>,
}

impl<T: Thing> LiveMap<T> {
    /// An empty map whose views have these levels ([`CITY_LEVELS`], [`WORLD_LEVELS`]). `today` is a day number (days since 1970-01-01).
    pub fn new(levels: RangeInclusive<Level>, today: i32) -> Self {
        Self::filled(levels, today, [])
    }

    /// A map of these things, the last one of an id; quicker than putting one by one. Nothing counts as changed.
    pub fn filled(levels: RangeInclusive<Level>, today: i32, things: impl IntoIterator<Item = T>) -> Self {
        let things = things.into_iter();
        let mut ids = HashMap::with_capacity_and_hasher(things.size_hint().0, RandomState::default());
        let mut slots: Vec<Slot<T>> = Vec::with_capacity(things.size_hint().0);
        for mut thing in things {
            thing.set_today(today);
            match ids.entry(thing.id()) {
                Entry::Occupied(slot) => slots[*slot.get() as usize].thing = Some(thing),
                Entry::Vacant(new) => {
                    new.insert(slots.len() as u32);
                    slots.push(Slot::of(thing));
                }
            }
        }
        // In the order of their places: what is looked at together lies together.
        let code = |slot: &Slot<T>| slot.thing.as_ref().and_then(|thing| code_of(thing.at()));
        let mut order: Vec<_> = slots.iter().enumerate().map(|(slot, thing)| (code(thing), slot as u32)).collect();
        order.sort_unstable();
        let slots: Vec<Slot<T>> = order.iter().filter_map(|(_, slot)| slots[*slot as usize].thing.take()).map(Slot::of).collect();
        let things = || slots.iter().filter_map(|slot| slot.thing.as_ref());
        things().enumerate().for_each(|(slot, thing)| {
            ids.insert(thing.id(), slot as u32);
        });
        let places = Places::of(things().map(|thing| (thing.at(), thing.weight())));
        let handles = Handles::of(ids.keys().map(|id| T::handle(*id)));
        Self { levels, today, slots, free: Vec::new(), ids, handles, places, before: Before::new() }
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn get(&self, id: T::Id) -> Option<&T> {
        self.ids.get(&id).and_then(|slot| self.slot(*slot))
    }

    /// All things, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.thing.as_ref())
    }

    pub fn today(&self) -> i32 {
        self.today
    }

    /// Adds a thing, or puts it in the place of the one with its id, wherever that was.
    pub fn put(&mut self, mut thing: T) {
        let id = thing.id();
        let slot = self.ids.get(&id).copied();
        thing.set_today(self.today);
        match slot {
            Some(slot) => self.replace(slot, thing),
            None => self.add(thing),
        }
    }

    fn add(&mut self, thing: T) {
        let id = thing.id();
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        self.places.put(slot, thing.at(), thing.weight());
        let new = Slot { thing: Some(thing), mark: self.before.come(id) };
        match self.slots.get_mut(slot as usize) {
            Some(empty) => *empty = new,
            None => self.slots.push(new),
        }
        self.ids.insert(id, slot);
        self.handles.come(T::handle(id));
    }

    fn replace(&mut self, slot: u32, thing: T) {
        let (id, at, weight) = (thing.id(), thing.at(), thing.weight());
        let Slot { thing: place, mark } = &mut self.slots[slot as usize];
        let old = place.replace(thing);
        let code = self.places.shift(slot, at, weight);
        if let Some(thing) = old {
            self.before.change(mark, id, || Was { thing, code });
        }
    }

    /// Takes a thing off the map; false if it was not there.
    pub fn remove(&mut self, id: T::Id) -> bool {
        let Some(slot) = self.ids.remove(&id) else { return false };
        self.handles.go(T::handle(id));
        let code = self.places.code(slot);
        let Slot { thing, mark } = &mut self.slots[slot as usize];
        if let Some(thing) = thing.take() {
            self.before.go(*mark, id, Was { thing, code });
        }
        self.places.remove(slot);
        self.free.push(slot);
        true
    }

    /// A new day: nights slide, and things that read differently now count as changed.
    pub fn set_today(&mut self, today: i32) {
        if today == self.today {
            return;
        }
        self.today = today;
        for (n, Slot { thing, mark }) in self.slots.iter_mut().enumerate() {
            let Some(thing) = thing else { continue };
            if thing.changes_on(today) {
                self.before.change(mark, thing.id(), || Was { thing: thing.clone(), code: self.places.code(n as u32) });
            }
            thing.set_today(today);
        }
    }

    /// Whether something in a tile reads differently on another day.
    pub(crate) fn turns_on(&self, tile: TileKey, day: i32) -> bool {
        self.in_tile(tile).any(|thing| thing.changes_on(day))
    }

    /// What changed since this was last called (or since the map was filled).
    pub fn take_changes(&mut self) -> Changes<T> {
        let before = self.before.take();
        Changes::new(before, self)
    }

    /// Forgets what changed, when nobody looks: otherwise what was is kept until it is taken.
    pub fn forget_changes(&mut self) {
        self.before.take();
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
        match filter.is_empty() {
            true => self.places.sums(tile).weight,
            false => self.in_tile(tile).filter(|thing| thing.matches(filter)).map(Thing::weight).sum(),
        }
    }

    pub(super) fn sums(&self, tile: TileKey, filter: &Matcher) -> Sums {
        if filter.is_empty() {
            return self.places.sums(tile);
        }
        let mut sums = Sums::NONE;
        self.in_tile(tile).filter(|thing| thing.matches(filter)).for_each(|thing| sums.add(&Sums::of(thing.at(), thing.weight())));
        sums
    }

    /// The things of a tile, in no order.
    pub(super) fn in_tile(&self, tile: TileKey) -> impl Iterator<Item = &T> {
        self.places.slots(tile).filter_map(|slot| self.slot(slot))
    }

    /// The matching things in exactly this box, also beyond the tiles, in no order.
    pub fn in_bbox(&self, bbox: BBox, filter: &Matcher) -> impl Iterator<Item = &T> {
        self.places.about_box(bbox).into_iter().filter_map(|slot| self.slot(slot)).filter(move |thing| bbox.contains(thing.at()) && thing.matches(filter))
    }

    /// The nearest matching things with their distances in metres (geodesic), nearest first, equal distances by id.
    pub fn nearest(&self, from: Position, most: usize, filter: &Matcher) -> Vec<(&T, f64)> {
        // A filter that holds for little would walk the whole tree, which costs more than asking everything and sorting what is left.
        const PATIENCE: usize = 2_000;
        let mut asked = 0usize;
        let enough = if filter.is_empty() { usize::MAX } else { PATIENCE + 16 * most };
        let near = self.places.outward(from).take_while(|_| {
            asked += 1;
            asked <= enough
        });
        let near = near.filter_map(|(slot, least)| self.slot(slot).map(|thing| (thing, least))).filter(|(thing, _)| thing.matches(filter));
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
        let about = self.places.about(from, metres).into_iter().filter_map(|slot| self.slot(slot));
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
        around(&self.places.boxes(8))
    }

    /// Whether a handle never stood for two things at once: then it names one in whatever viewers hold of this map.
    pub(super) fn is_own(&self, handle: u32) -> bool {
        self.handles.is_own(handle)
    }

    /// A thing and the code of where it is.
    pub(super) fn placed(&self, id: T::Id) -> Option<(&T, Option<u64>)> {
        let slot = *self.ids.get(&id)?;
        self.slot(slot).map(|thing| (thing, self.places.code(slot)))
    }

    fn slot(&self, slot: u32) -> Option<&T> {
        self.slots.get(slot as usize).and_then(|slot| slot.thing.as_ref())
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
