//! What can be on a live map.

use std::{fmt, hash::Hash};

use domain::Position;
use wire::binary::messages::Tile;

use super::{Matcher, Weight};

/// Something with a place, a weight in clusters, and its own bytes in either encoding.
pub trait Thing: Clone {
    type Id: Copy + Eq + Hash + Ord + fmt::Debug + fmt::Display;

    /// Whether clusters of these say how many hosts they hold.
    const COUNTS_HOSTS: bool;

    /// Whether a map of these follows from the events of one stream and from the day, and from nothing else.
    const FOLLOWS_A_STREAM: bool;

    fn id(&self) -> Self::Id;

    /// What the binary encoding calls a thing by that viewers hold: always the same, and nearly always its own.
    fn handle(id: Self::Id) -> u32;

    /// Where everyone may see it.
    fn at(&self) -> Position;

    /// What it adds to a cluster's sums; `things` is 1.
    fn weight(&self) -> Weight;

    fn matches(&self, filter: &Matcher) -> bool;

    /// Appends its item as the live protocol says, one JSON object. The same state writes the same bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Adds it to a tile of the binary encoding: whole by its id, or by its handle what is different from what viewers hold. False if nothing is.
    fn put(&self, before: Option<&Self>, tile: &mut Tile) -> bool;

    /// Whether its item will read differently on a day (number since 1970-01-01).
    fn changes_on(&self, _today: i32) -> bool {
        false
    }

    fn set_today(&mut self, _today: i32) {}
}
