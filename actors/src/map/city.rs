//! A city on the world map.

use std::io::Write;

use domain::{CityId, Position};
use wire::binary::{
    messages::{City, Tile, city::Named},
    units,
};

use super::{
    Matcher, Thing, Weight,
    binary::changed,
    chunk::{write_place, write_text},
};
use crate::ports::CityPoint;

impl Thing for CityPoint {
    type Id = CityId;
    const COUNTS_HOSTS: bool = true;
    const FOLLOWS_A_STREAM: bool = false;

    fn id(&self) -> CityId {
        self.id
    }

    fn handle(id: CityId) -> u32 {
        id.0
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
        let _ = write!(out, r#"{{"id":"{}","c":"city","#, self.id);
        write_place(out, self.at);
        out.extend_from_slice(br#","name":"#);
        write_text(out, &self.name);
        out.extend_from_slice(br#","country":"#);
        write_text(out, &self.country);
        let _ = write!(out, r#","homes":{},"hosts":{}}}"#, self.counts.homes, self.counts.hosts);
    }

    fn put(&self, before: Option<&Self>, tile: &mut Tile) -> bool {
        let city = City {
            named: Some(if before.is_some() { Named::Handle(Self::handle(self.id)) } else { Named::Id(self.id.0) }),
            y: changed(before.map(|b| units(b.at.lat)), units(self.at.lat)),
            x: changed(before.map(|b| units(b.at.lng)), units(self.at.lng)),
            name: changed(before.map(|b| &b.name), &self.name).map(|name| name.to_string()),
            country: changed(before.map(|b| &b.country), &self.country).map(|country| country.to_string()),
            homes: changed(before.map(|b| b.counts.homes), self.counts.homes),
            hosts: changed(before.map(|b| b.counts.hosts), self.counts.hosts),
        };
        let says = city != City { named: city.named, ..City::default() };
        if says {
            tile.cities.push(city);
        }
        says
    }
}
