//! The layout of `posada export homes`: every column is ours, so everything comes back but the exact position, which was never in it.

use domain::{
    CityId, Currency, Price,
    home::{Capacity, Description, HomeFacts, HomeKind, Offer, RoomDraft},
};
use gazetteer::Gazetteer;
use serde::Deserialize;

use super::{
    City, ParsedHome,
    header::Header,
    row::{Cells, Refusal, position, refuse, room_name, short, title},
};
use crate::export::{COLUMNS, unguarded};

/// Where the columns are, in the order of [`COLUMNS`].
#[derive(Clone, Debug)]
pub(super) struct Columns([Option<usize>; COLUMNS.len()]);

pub(super) const NEEDED: [&str; 7] = ["id", "kind", "offer", "title", "guests", "latitude", "longitude"];

#[derive(Deserialize)]
struct RoomCell {
    name: String,
    guests: u8,
}

impl Columns {
    pub fn find(header: &Header) -> Self {
        Self(COLUMNS.map(|column| header.column(column)))
    }

    pub fn ignored(header: &Header) -> Vec<String> {
        header.names().filter(|name| !COLUMNS.contains(name)).map(str::to_owned).collect()
    }

    fn of<'a>(&self, cells: &Cells<'a>, name: &str) -> &'a str {
        cells.get(COLUMNS.iter().position(|column| *column == name).and_then(|n| self.0[n]))
    }

    /// `city` is the one that was named for the whole file; without it each row names its own.
    pub fn read(&self, cells: &Cells<'_>, city: Option<&City>, gazetteer: &Gazetteer) -> Result<ParsedHome, Refusal> {
        let cell = |name: &str| self.of(cells, name);
        let reference = cell("id");
        if reference.is_empty() {
            return refuse("id_missing", "the row has no id");
        }
        let title = title(unguarded(cell("title")))?;
        let description = Description::parse(unguarded(cell("description"))).or_else(|bad| refuse("description_invalid", format!("the description {bad}")))?;
        let Some(kind) = HomeKind::from_code(cell("kind")) else { return refuse("kind_unknown", format!("{:?} is no kind of home", short(cell("kind")))) };
        let Some(offer) = Offer::from_code(cell("offer")) else { return refuse("offer_unknown", format!("{:?} is no offer", short(cell("offer")))) };
        let Some(guests) = cell("guests").parse().ok().and_then(Capacity::new) else {
            return refuse("guests_invalid", format!("{:?} guests: 1 to 20 are possible", short(cell("guests"))));
        };
        let (bedrooms, beds) = (number(cell("bedrooms"), "bedrooms", 0)?, number(cell("beds"), "beds", 1)?);
        let price = price(cell("price_amount"), cell("currency"))?;
        let own;
        let city = match city {
            Some(city) => city,
            None => {
                let id = cell("city_id").parse().ok().and_then(|id: u32| City::of(gazetteer, CityId(id)));
                let Some(found) = id else { return refuse("city_unknown", format!("{:?} is no city of the gazetteer", short(cell("city_id")))) };
                own = found;
                &own
            }
        };
        let at = position(cell("latitude"), cell("longitude"), &city.name, city.centre)?;
        let facts = HomeFacts { kind, offer, title, description, guests, bedrooms, beds, price };
        let rooms = rooms(cell("rooms"), &facts)?;
        let host = cell("host_id");
        Ok(ParsedHome {
            reference: reference.to_owned(),
            source_host: (!host.is_empty()).then(|| host.to_owned()),
            city: city.id,
            facts,
            rooms,
            at,
            approximate: cell("approximate") == "true",
            on_offer: true,
            remarks: Vec::new(),
        })
    }
}

fn number(text: &str, what: &'static str, least: u8) -> Result<Option<u8>, Refusal> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(n) if (least..=50).contains(&n) => Ok(Some(n)),
        _ => refuse("number_invalid", format!("{:?} {what}: {least} to 50 are possible", short(text))),
    }
}

fn price(amount: &str, currency: &str) -> Result<Option<Price>, Refusal> {
    if amount.is_empty() && currency.is_empty() {
        return Ok(None);
    }
    let currency = Currency::from_code(currency).or_else(|bad| refuse("price_invalid", bad.to_string()))?;
    let Ok(amount) = amount.parse() else { return refuse("price_invalid", format!("{:?} is no amount in minor units", short(amount))) };
    Price::new(amount, currency).map(Some).or_else(|bad| refuse("price_invalid", bad.to_string()))
}

fn rooms(text: &str, facts: &HomeFacts) -> Result<Vec<RoomDraft>, Refusal> {
    if text.is_empty() {
        return Ok(vec![facts.only_room()]);
    }
    let Ok(rooms) = serde_json::from_str::<Vec<RoomCell>>(text) else {
        return refuse("rooms_invalid", "rooms are a list like [{\"name\":\"Attic\",\"guests\":2}]");
    };
    if !domain::home::limits::ROOMS.contains(&rooms.len()) {
        return refuse("rooms_invalid", format!("{} rooms: 1 to 50 are possible", rooms.len()));
    }
    let draft = |room: RoomCell| match Capacity::new(room.guests).filter(|guests| *guests <= facts.guests) {
        Some(guests) => Ok(RoomDraft { name: room_name(&room.name)?, guests }),
        None => refuse("rooms_invalid", format!("a room for {} guests in a home for {}", room.guests, facts.guests.get())),
    };
    rooms.into_iter().map(draft).collect()
}
