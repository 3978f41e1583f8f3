//! One tile as a reader holds it: its things by handle, or its cluster; and what a message makes of it.
//!
//! A handle that two things share is never said, and names neither of them if it is.

use std::collections::HashMap;

use domain::{BBox, Price};

use super::{
    degrees,
    messages::{self, Kind, city, home},
    reader::Unreadable,
};
use crate::{Chunk, CityText, Item};

#[derive(Debug, Default)]
pub(super) struct Tile {
    /// By handle: one each, but for the rare ones that share theirs.
    things: HashMap<u32, Vec<Item>>,
    cluster: Option<Cluster>,
}

/// A cluster in whole units, so that differences add up exactly.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    y: i32,
    x: i32,
    n: u32,
    homes: Option<u32>,
    hosts: Option<u32>,
    /// South, west, north, east.
    sides: [i32; 4],
}

impl Tile {
    /// Changes, and says the change as JSON has it.
    pub(super) fn take(&mut self, new: messages::Tile) -> Result<Chunk, Unreadable> {
        let k = name_of(new.key).ok_or(Unreadable::Field("tile.key"))?;
        if new.whole {
            *self = Self::default();
        }
        let is_cluster = new.cluster.is_some();
        if let Some(change) = new.cluster {
            self.cluster = Some(Cluster::changed(self.cluster, change)?);
        }
        if is_cluster && let Some(cluster) = self.cluster {
            return Ok(Chunk::Full { full: vec![cluster.item(&k)], k });
        }
        let mut out = Vec::with_capacity(new.out.len());
        for handle in new.out {
            let gone = self.remove(handle).ok_or_else(|| Unreadable::NotHeld { tile: k.clone(), handle })?;
            out.push(id_of(&gone).to_owned());
        }
        let mut put = Vec::with_capacity(new.homes.len() + new.cities.len());
        for home in new.homes {
            let held = match home.named {
                Some(home::Named::Handle(handle)) => Some(self.remove(handle).ok_or_else(|| Unreadable::NotHeld { tile: k.clone(), handle })?),
                _ => None,
            };
            put.push(self.put(changed_home(held, home)?));
        }
        for city in new.cities {
            let held = match city.named {
                Some(city::Named::Handle(handle)) => Some(self.remove(handle).ok_or_else(|| Unreadable::NotHeld { tile: k.clone(), handle })?),
                _ => None,
            };
            put.push(self.put(changed_city(held, city)?));
        }
        Ok(if new.whole { Chunk::Full { k, full: put } } else { Chunk::Change { k, put, out } })
    }

    /// The one thing of a handle; none if there is none, or another.
    fn remove(&mut self, handle: u32) -> Option<Item> {
        self.things.get_mut(&handle).filter(|things| things.len() == 1)?.pop()
    }

    /// In the place of the one with its id.
    fn put(&mut self, item: Item) -> Item {
        let things = self.things.entry(handle_of(&item)).or_default();
        things.retain(|other| id_of(other) != id_of(&item));
        things.push(item.clone());
        item
    }
}

/// What a thing is called by in changes of the tile that holds it.
fn handle_of(item: &Item) -> u32 {
    let id = id_of(item);
    let digits = if let Item::Home { .. } = item { id.get(id.len() - 8..).and_then(|last| u32::from_str_radix(last, 16).ok()) } else { id.parse().ok() };
    digits.unwrap_or_default()
}

fn id_of(item: &Item) -> &str {
    match item {
        Item::Home { id, .. } | Item::Cluster { id, .. } => id,
        Item::City { id, .. } => &id.0,
    }
}

/// A home put whole, or one that is held with what changed.
fn changed_home(held: Option<Item>, new: messages::Home) -> Result<Item, Unreadable> {
    let word = |number| Kind::word(number).ok_or(Unreadable::Field("home.kind"));
    let mut home = match (new.named, held) {
        (Some(home::Named::Id(id)), _) => Item::Home {
            id: uuid::Uuid::from_slice(&id).map_err(|_| Unreadable::Field("home.id"))?.to_string(),
            y: 0.0,
            x: 0.0,
            kind: word(new.kind.ok_or(Unreadable::Field("home.kind"))?)?,
            title: String::new(),
            guests: 0,
            price: None,
            tonight: false,
        },
        (_, Some(held)) => held,
        (_, None) => return Err(Unreadable::Field("home.named")),
    };
    let Item::Home { y, x, kind, title, guests, price, tonight, .. } = &mut home else { return Err(Unreadable::Field("home.named")) };
    set(y, new.y.map(degrees));
    set(x, new.x.map(degrees));
    set(kind, new.kind.map(word).transpose()?);
    set(title, new.title);
    set(guests, new.guests.map(|guests| guests as u8));
    set(tonight, new.tonight);
    let currency = match new.currency {
        Some(number) => Some(messages::Currency::word(number).ok_or(Unreadable::Field("home.currency"))?),
        None => price.map(|price| price.currency),
    };
    let amount = new.amount.or_else(|| price.map(|price| price.amount)).filter(|amount| *amount > 0);
    *price = match (amount, currency) {
        (Some(amount), Some(currency)) => Some(Price { amount, currency }),
        (Some(_), None) => return Err(Unreadable::Field("home.currency")),
        (None, _) => None,
    };
    Ok(home)
}

/// The same for a city.
fn changed_city(held: Option<Item>, new: messages::City) -> Result<Item, Unreadable> {
    let mut city = match (new.named, held) {
        (Some(city::Named::Id(id)), _) => {
            Item::City { id: CityText(id.to_string()), y: 0.0, x: 0.0, name: String::new(), country: String::new(), homes: 0, hosts: 0 }
        }
        (_, Some(held)) => held,
        (_, None) => return Err(Unreadable::Field("city.named")),
    };
    let Item::City { y, x, name, country, homes, hosts, .. } = &mut city else { return Err(Unreadable::Field("city.named")) };
    set(y, new.y.map(degrees));
    set(x, new.x.map(degrees));
    set(name, new.name);
    set(country, new.country);
    set(homes, new.homes);
    set(hosts, new.hosts);
    Ok(city)
}

fn set<T>(place: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *place = new;
    }
}

impl Cluster {
    fn changed(held: Option<Self>, new: messages::Cluster) -> Result<Self, Unreadable> {
        let is_new = held.is_none();
        let mut cluster = held.unwrap_or(Self { y: 0, x: 0, n: 0, homes: None, hosts: None, sides: [0; 4] });
        cluster.y = cluster.y.wrapping_add(new.y.unwrap_or(0));
        cluster.x = cluster.x.wrapping_add(new.x.unwrap_or(0));
        set(&mut cluster.n, new.n);
        cluster.homes = new.homes.or(cluster.homes);
        cluster.hosts = new.hosts.or(cluster.hosts);
        let middle = [cluster.y, cluster.x, cluster.y, cluster.x];
        for (at, away) in [new.south, new.west, new.north, new.east].into_iter().enumerate() {
            match away {
                Some(away) if at < 2 => cluster.sides[at] = middle[at].wrapping_sub_unsigned(away),
                Some(away) => cluster.sides[at] = middle[at].wrapping_add_unsigned(away),
                None if is_new => return Err(Unreadable::Field("cluster's box")),
                None => {}
            }
        }
        Ok(cluster)
    }

    fn item(&self, k: &str) -> Item {
        let [south, west, north, east] = self.sides.map(degrees);
        let (y, x) = (degrees(self.y), degrees(self.x));
        let bounds = BBox { south, west, north, east };
        Item::Cluster { id: k.to_owned(), y, x, n: self.n, homes: self.homes.unwrap_or(self.n), hosts: self.hosts, bounds }
    }
}

/// `13/4141/3060` of the number that has a leading 1, then two bits for each level: of y and of x.
fn name_of(key: u64) -> Option<String> {
    let bits = key.checked_ilog2()?;
    if bits % 2 != 0 {
        return None;
    }
    let every_other = |from: u32| (0..bits / 2).fold(0u64, |all, level| all | (key >> (2 * level + from) & 1) << level);
    Some(format!("{}/{}/{}", bits / 2, every_other(0), every_other(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEVENS: Option<home::Named> = Some(home::Named::Handle(0x0707_0707));

    fn id(byte: u8) -> Option<home::Named> {
        Some(home::Named::Id(vec![byte; 16]))
    }

    #[test]
    fn tiles_have_the_names_of_slippy_maps() {
        assert_eq!(name_of(1).as_deref(), Some("0/0/0"));
        assert_eq!(name_of(0b1_01).as_deref(), Some("1/1/0"));
        assert_eq!(name_of(0b1_10_11).as_deref(), Some("2/1/3"));
        assert_eq!((name_of(0), name_of(0b10)), (None, None));
    }

    #[test]
    fn a_price_comes_changes_and_goes() {
        let mut tile = Tile::default();
        let new = messages::Home { named: id(7), kind: Some(Kind::Boat.into()), guests: Some(2), ..Default::default() };
        let mut price_after = |home: messages::Home| {
            let chunk = tile.take(messages::Tile { key: 1, homes: vec![home], ..Default::default() }).unwrap();
            let Chunk::Change { put, .. } = chunk else { panic!("a change") };
            let Item::Home { price, .. } = put[0] else { panic!("a home") };
            price.map(|price| (price.amount, price.currency.code()))
        };
        let change =
            |amount, currency: Option<messages::Currency>| messages::Home { named: SEVENS, amount, currency: currency.map(Into::into), ..Default::default() };
        assert_eq!(price_after(new), None);
        assert_eq!(price_after(change(Some(900), Some(messages::Currency::Chf))), Some((900, "CHF")));
        assert_eq!(price_after(change(Some(800), None)), Some((800, "CHF")));
        assert_eq!(price_after(change(None, None)), Some((800, "CHF")));
        assert_eq!(price_after(change(Some(0), None)), None);
    }

    #[test]
    fn what_is_not_held_cannot_change() {
        let home = messages::Home { named: SEVENS, amount: Some(1), ..Default::default() };
        let refused = Tile::default().take(messages::Tile { key: 1, homes: vec![home], ..Default::default() });
        assert!(matches!(refused, Err(Unreadable::NotHeld { handle: 0x0707_0707, .. })));
        let gone = Tile::default().take(messages::Tile { key: 1, out: vec![9], ..Default::default() });
        assert!(matches!(gone, Err(Unreadable::NotHeld { handle: 9, .. })));
    }

    #[test]
    fn a_handle_that_two_share_names_neither() {
        let put = |named| messages::Home { named, kind: Some(Kind::Boat.into()), guests: Some(2), ..Default::default() };
        let mut other = vec![7; 16];
        other[0] = 1;
        let homes = vec![put(id(7)), put(Some(home::Named::Id(other)))];
        let both = || messages::Tile { key: 1, whole: true, homes: homes.clone(), ..Default::default() };
        let changes = [
            messages::Tile { key: 1, homes: vec![put(SEVENS)], ..Default::default() },
            messages::Tile { key: 1, out: vec![0x0707_0707], ..Default::default() },
        ];
        for change in changes {
            let mut tile = Tile::default();
            assert!(matches!(tile.take(both()), Ok(Chunk::Full { full, .. }) if full.len() == 2));
            assert!(matches!(tile.take(change.clone()), Err(Unreadable::NotHeld { .. })));
            // Put again with its id, a thing is in the place of itself; alone, it has its handle.
            let alone = messages::Tile { key: 1, whole: true, homes: vec![put(id(7)), put(id(7))], ..Default::default() };
            tile.take(alone).unwrap();
            assert!(tile.take(change).is_ok());
        }
    }
}
