//! A city on the world map.

use std::io::Write;

use domain::{CityId, Position};

use super::{
    Matcher, Thing, Weight,
    chunk::{write_degrees, write_text},
};
use crate::ports::CityPoint;

impl Thing for CityPoint {
    type Id = CityId;
    const COUNTS_HOSTS: bool = true;

    fn id(&self) -> CityId {
        self.id
    }

    fn at(&self) -> Position {
        self.at
    }

    fn weight(&self) -> Weight {
        Weight { things: 1, homes: self.counts.homes, hosts: self.counts.hosts }
    }

    /// Always: a city does not know its homes. A filtered world is a map of its own, filled with the filtered counts.
    fn matches(&self, _: &Matcher) -> bool {
        true
    }

    fn write(&self, out: &mut Vec<u8>) {
        // Writing into a Vec cannot fail.
        let _ = write!(out, r#"{{"id":"{}","c":"city","y":"#, self.id);
        write_degrees(out, self.at.lat);
        out.extend_from_slice(br#","x":"#);
        write_degrees(out, self.at.lng);
        out.extend_from_slice(br#","name":"#);
        write_text(out, &self.name);
        out.extend_from_slice(br#","country":"#);
        write_text(out, &self.country);
        let _ = write!(out, r#","homes":{},"hosts":{}}}"#, self.counts.homes, self.counts.hosts);
    }
}
