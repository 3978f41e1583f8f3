//! The layout of Inside Airbnb's listings: what its columns say of a home, and what they do not.
//!
//! `room_type` gives kind and offer; nothing gives the number of guests, so the usual one of the room type stands in. A price of 0 or none means
//! that the source does not know it: here a home without a price is free, so such a row is refused rather than given away. 9999 (99999, …) is what
//! hosts write for "not at any price". `availability_365` = 0 is a home that nobody can book now: taken in, but paused.

use domain::{
    Currency, Price,
    home::{Capacity, Description, HomeFacts, HomeKind, Offer},
};

use super::{
    header::Header,
    row::{Cells, Refusal, position, refuse, short, title},
    {City, ParsedHome, Remark},
};

/// Where the columns are.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    id: Option<usize>,
    name: Option<usize>,
    host_id: Option<usize>,
    latitude: Option<usize>,
    longitude: Option<usize>,
    room_type: Option<usize>,
    price: Option<usize>,
    availability: Option<usize>,
}

pub(super) const NEEDED: [&str; 6] = ["id", "name", "latitude", "longitude", "room_type", "price"];
const USED: [&str; 8] = ["id", "name", "host_id", "latitude", "longitude", "room_type", "price", "availability_365"];

/// Above this, in whole units a night, a price is taken as it is and remarked upon.
const DEAR: u32 = 2_000;

impl Columns {
    pub fn find(header: &Header) -> Self {
        let [id, name, host_id, latitude, longitude, room_type, price, availability] = USED.map(|column| header.column(column));
        Self { id, name, host_id, latitude, longitude, room_type, price, availability }
    }

    /// Columns that are there and say nothing we keep.
    pub fn ignored(header: &Header) -> Vec<String> {
        header.names().filter(|name| !USED.contains(name)).map(str::to_owned).collect()
    }

    pub fn read(&self, cells: &Cells<'_>, city: &City, currency: Currency) -> Result<ParsedHome, Refusal> {
        let reference = cells.get(self.id);
        if reference.is_empty() {
            return refuse("id_missing", "the row has no id");
        }
        let title = title(cells.get(self.name))?;
        let (kind, offer, guests) = match cells.get(self.room_type) {
            "Entire home/apt" => (HomeKind::Apartment, Offer::EntirePlace, 4),
            "Private room" => (HomeKind::Apartment, Offer::PrivateRoom, 2),
            "Hotel room" => (HomeKind::Hotel, Offer::PrivateRoom, 2),
            "Shared room" => (HomeKind::Apartment, Offer::SharedRoom, 1),
            other => {
                let known = "Entire home/apt, Private room, Hotel room, Shared room";
                return refuse("room_type_unknown", format!("{:?} is no room type we know: {known}", short(other)));
            }
        };
        let (price, dear) = price(cells.get(self.price), currency)?;
        let at = position(cells.get(self.latitude), cells.get(self.longitude), &city.name, city.centre)?;
        let availability = cells.get(self.availability);
        let Some(guests) = Capacity::new(guests) else { return refuse("guests_invalid", "no number of guests") };
        let facts = HomeFacts { kind, offer, title, description: Description::none(), guests, bedrooms: None, beds: None, price: Some(price) };
        let mut remarks = Vec::new();
        if dear {
            remarks.push(Remark::DearPrice);
        }
        let on_offer = availability != "0";
        if !on_offer {
            remarks.push(Remark::NotAvailable);
        }
        let host = cells.get(self.host_id);
        Ok(ParsedHome {
            reference: reference.to_owned(),
            source_host: (!host.is_empty()).then(|| host.to_owned()),
            city: city.id,
            rooms: vec![facts.only_room()],
            facts,
            at,
            approximate: false,
            on_offer,
            remarks,
        })
    }
}

/// Whole units, perhaps with a sign of the currency, thousands and cents: `121`, `$1,250.00`.
fn price(text: &str, currency: Currency) -> Result<(Price, bool), Refusal> {
    let bare: String = text.trim_start_matches(['$', '€', '£']).trim().replace(',', "");
    if bare.is_empty() {
        return refuse("price_unknown", "the row has no price; a home without a price would be free");
    }
    let (whole, cents) = bare.split_once('.').unwrap_or((&bare, ""));
    let (Ok(units), Ok(cents)) = (whole.parse::<u32>(), format!("{cents:0<2}").parse::<u32>()) else {
        return refuse("price_invalid", format!("{:?} is no price like 121 or 121.50", short(text)));
    };
    if cents > 99 {
        return refuse("price_invalid", format!("{:?} is no price like 121 or 121.50", short(text)));
    }
    if units == 0 && cents == 0 {
        return refuse("price_unknown", "a price of 0 means that the source does not know it; a home without a price would be free");
    }
    if whole.len() >= 4 && whole.bytes().all(|digit| digit == b'9') {
        return refuse("price_placeholder", format!("{whole} is what hosts write for \"not at any price\""));
    }
    match Price::new(i64::from(units) * 100 + i64::from(cents), currency) {
        Ok(price) => Ok((price, units >= DEAR)),
        Err(bad) => refuse("price_invalid", bad.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_published() {
        let amount = |text: &str| price(text, Currency::Eur).map(|(price, dear)| (price.amount, dear)).map_err(|r| r.reason);
        assert_eq!(amount("121"), Ok((12_100, false)));
        assert_eq!(amount("$1,250.50"), Ok((125_050, false)));
        assert_eq!(amount("8999"), Ok((899_900, true)));
        assert_eq!((amount("0"), amount("0.00"), amount("")), (Err("price_unknown"), Err("price_unknown"), Err("price_unknown")));
        assert_eq!((amount("9999"), amount("99999.00"), amount("999")), (Err("price_placeholder"), Err("price_placeholder"), Ok((99_900, false))));
        for bad in ["-5", "cheap", "1.234", "99999998"] {
            assert_eq!(amount(bad), Err("price_invalid"), "{bad}");
        }
    }
}
