//! One row of a file as a home, or why not: what both layouts have in common.

use domain::{
    Position,
    home::{RoomName, Title},
    place::BadPosition,
};

/// A home must be this near to the city that its file is of; `place_city` allows more, to people who see the map.
pub const REACH_KM: f64 = 60.0;

/// Why a row is refused: a word to count by, and what is wrong with this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: &'static str,
    pub detail: String,
}

pub(super) fn refuse<T>(reason: &'static str, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { reason, detail: detail.into() })
}

/// The cells of a row by the columns of its header.
pub(super) struct Cells<'a> {
    pub cells: Vec<&'a str>,
}

impl<'a> Cells<'a> {
    pub fn get(&self, column: Option<usize>) -> &'a str {
        column.and_then(|n| self.cells.get(n)).map_or("", |cell| cell.trim())
    }
}

pub(super) fn title(text: &str) -> Result<Title, Refusal> {
    Title::parse(text).or_else(|bad| match bad.to_string() {
        // A made-up name would say something of somebody's home that nobody said.
        _ if text.trim().is_empty() => refuse("title_empty", "the row has no title"),
        why => refuse("title_invalid", format!("the title {why}")),
    })
}

pub(super) fn room_name(text: &str) -> Result<RoomName, Refusal> {
    RoomName::parse(text).or_else(|bad| refuse("rooms_invalid", format!("a room's name {bad}")))
}

/// A position, checked against the city.
pub(super) fn position(lat: &str, lng: &str, city: &str, centre: Position) -> Result<Position, Refusal> {
    if lat.is_empty() || lng.is_empty() {
        return refuse("position_missing", "the row has no position");
    }
    let (Ok(latitude), Ok(longitude)) = (lat.parse::<f64>(), lng.parse::<f64>()) else {
        return refuse("position_invalid", format!("{:?}, {:?} are not numbers like 41.4042", short(lat), short(lng)));
    };
    let at = Position::new(latitude, longitude).or_else(|bad| match bad {
        BadPosition::NullIsland => refuse("position_missing", "0, 0 is open sea: the position is missing"),
        bad => refuse("position_invalid", bad.to_string()),
    })?;
    at.belongs_to(city, centre).or_else(|bad| match bad {
        BadPosition::Swapped { .. } => refuse("position_swapped", bad.to_string()),
        bad => refuse("position_far", bad.to_string()),
    })?;
    let km = at.metres_to(centre) / 1000.0;
    if km > REACH_KM {
        return refuse("position_far", format!("{km:.0} km from {city}, more than {REACH_KM:.0}"));
    }
    Ok(at)
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
