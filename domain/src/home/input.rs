//! Reads what a host sent, field by field, so that one answer names every wrong field with what would be right.
//!
//! An absent field and `null` are different things: a change leaves absent fields as they are.

use serde_json::{Map, Value};

use super::{
    Home, HomeKind, Offer,
    facts::{Capacity, Fault, HomeFacts, RoomDraft, limits},
    text::{BadText, Description, RoomName, Title},
};
use crate::{
    ids::{CityId, RoomId},
    money::{Currency, Price},
    place::Position,
};

/// The shape of a home in a request, for the API's document; requests are read by [`HomeInput::from_json`].
#[derive(serde::Deserialize, utoipa::ToSchema)]
pub struct HomeDraft {
    pub kind: HomeKind,
    pub offer: Offer,
    /// 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    pub title: String,
    /// At most 1,000 characters.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    #[schema(minimum = 1, maximum = 20)]
    pub guests: u8,
    #[schema(minimum = 0, maximum = 50)]
    pub bedrooms: Option<u8>,
    #[schema(minimum = 1, maximum = 50)]
    pub beds: Option<u8>,
    /// Per night; absent or null: free.
    pub price: Option<PriceInput>,
    /// Absent: the city is all that is known, and the home is shown as approximate.
    pub position: Option<Position>,
    /// GeoNames id; absent: the nearest city.
    pub city: Option<CityId>,
    /// Absent: one room for all guests.
    pub rooms: Option<Vec<RoomInput>>,
}

/// A price per night in minor units.
#[derive(serde::Deserialize, utoipa::ToSchema)]
pub struct PriceInput {
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub amount: u32,
    pub currency: Currency,
}

/// A room in a request. In a change, a room with an id stays that room; rooms left out go.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
pub struct RoomInput {
    pub id: Option<RoomId>,
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    #[serde(deserialize_with = "room_name")]
    pub name: RoomName,
    /// Absent: as many as the home.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 20)]
    pub guests: Option<Capacity>,
}

fn room_name<'de, D: serde::Deserializer<'de>>(d: D) -> Result<RoomName, D::Error> {
    RoomName::parse(&<String as serde::Deserialize>::deserialize(d)?).map_err(serde::de::Error::custom)
}

/// The fields that were sent, each valid by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HomeInput {
    pub kind: Option<HomeKind>,
    pub offer: Option<Offer>,
    pub title: Option<Title>,
    pub description: Option<Description>,
    pub guests: Option<Capacity>,
    /// The inner option is the `null` that was sent.
    pub bedrooms: Option<Option<u8>>,
    pub beds: Option<Option<u8>>,
    pub price: Option<Option<Price>>,
    pub position: Option<Position>,
    pub city: Option<CityId>,
    pub rooms: Option<Vec<RoomInput>>,
}

/// What a host lists: valid, but not yet somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct NewHome {
    pub facts: HomeFacts,
    pub rooms: Vec<RoomDraft>,
    /// None: only the city is known.
    pub position: Option<Position>,
    /// None: the nearest city decides.
    pub city: Option<CityId>,
}

/// Where a home is moved to: `{lat, lng}`, and its city if the position is not to decide.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, utoipa::ToSchema)]
pub struct PlaceInput {
    #[schema(inline)]
    #[serde(flatten)]
    pub at: Position,
    /// GeoNames id. Absent: the home stays in its city when it is put right by a few kilometres, else the nearest city decides.
    pub city: Option<CityId>,
}

impl PlaceInput {
    pub fn from_json(sent: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(sent) = sent else {
            return Err(vec![Fault::new("", "the body is not an object", "{lat, lng}")]);
        };
        let mut read = Reader { at: String::new(), sent, faults: Vec::new() };
        read.known(&["lat", "lng", "city"]);
        let at = read.degrees().and_then(|(lat, lng)| read.on_earth("lat", lat, lng));
        let city = read.city();
        match at {
            Some(at) if read.faults.is_empty() => Ok(Self { at, city }),
            _ => Err(read.faults),
        }
    }
}

const FIELDS: [&str; 11] = ["kind", "offer", "title", "description", "guests", "bedrooms", "beds", "price", "position", "city", "rooms"];

impl HomeInput {
    /// Every field on its own; unknown fields are faults, so that nothing sent is dropped in silence.
    pub fn from_json(sent: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(sent) = sent else {
            return Err(vec![Fault::new("", "the body is not an object", "a JSON object with the fields of a home")]);
        };
        let mut read = Reader { at: String::new(), sent, faults: Vec::new() };
        read.known(&FIELDS);
        let input = Self {
            kind: read.code("kind", HomeKind::ALL, HomeKind::code),
            offer: read.code("offer", Offer::ALL, Offer::code),
            title: read.text("title", "1 to 255 characters", Title::parse),
            description: read
                .nullable("description", |read, field| read.text(field, "at most 1,000 characters", Description::parse))
                .map(|given| given.unwrap_or_else(Description::none)),
            guests: read.number("guests", 1, 20).and_then(|n| Capacity::new(n as u8)),
            bedrooms: read.nullable("bedrooms", |read, field| read.number(field, 0, 50).map(|n| n as u8)),
            beds: read.nullable("beds", |read, field| read.number(field, 1, 50).map(|n| n as u8)),
            price: read.nullable("price", Reader::price),
            position: read.position("position"),
            city: read.city(),
            rooms: read.nullable("rooms", Reader::rooms).flatten(),
        };
        if read.faults.is_empty() { Ok(input) } else { Err(read.faults) }
    }

    /// A new home: what must be there is there.
    pub fn into_new(self) -> Result<NewHome, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut missing = |field: &str, expected: &str| faults.push(Fault::new(field, "is missing", expected));
        if self.kind.is_none() {
            missing("kind", &codes(HomeKind::ALL, HomeKind::code));
        }
        if self.offer.is_none() {
            missing("offer", &codes(Offer::ALL, Offer::code));
        }
        if self.title.is_none() {
            missing("title", "1 to 255 characters");
        }
        if self.guests.is_none() {
            missing("guests", "a whole number from 1 to 20");
        }
        if self.position.is_none() && self.city.is_none() {
            missing("position", "{lat, lng} in degrees, or at least a city");
        }
        let (Some(kind), Some(offer), Some(title), Some(guests), []) = (self.kind, self.offer, self.title, self.guests, &faults[..]) else {
            return Err(faults);
        };
        let facts = HomeFacts {
            kind,
            offer,
            title,
            description: self.description.unwrap_or_else(Description::none),
            guests,
            bedrooms: self.bedrooms.flatten(),
            beds: self.beds.flatten(),
            price: self.price.flatten(),
        };
        let rooms = match self.rooms {
            None => vec![facts.only_room()],
            Some(rooms) => {
                faults.extend(room_faults(&rooms, guests));
                faults.extend(
                    rooms
                        .iter()
                        .enumerate()
                        .filter(|(_, room)| room.id.is_some())
                        .map(|(n, _)| Fault::new(format!("rooms[{n}].id"), "a new home has no rooms yet", "no id")),
                );
                rooms.into_iter().map(|room| RoomDraft { guests: room.guests.unwrap_or(guests), name: room.name }).collect()
            }
        };
        if faults.is_empty() { Ok(NewHome { facts, rooms, position: self.position, city: self.city }) } else { Err(faults) }
    }

    /// The facts of a home after this change. Rooms are checked against them, but not changed here: their ids are the caller's to give.
    pub fn changed(&self, home: &Home) -> Result<HomeFacts, Vec<Fault>> {
        let facts = HomeFacts {
            kind: self.kind.unwrap_or(home.facts.kind),
            offer: self.offer.unwrap_or(home.facts.offer),
            title: self.title.clone().unwrap_or_else(|| home.facts.title.clone()),
            description: self.description.clone().unwrap_or_else(|| home.facts.description.clone()),
            guests: self.guests.unwrap_or(home.facts.guests),
            bedrooms: self.bedrooms.unwrap_or(home.facts.bedrooms),
            beds: self.beds.unwrap_or(home.facts.beds),
            price: self.price.unwrap_or(home.facts.price),
        };
        let mut faults = Vec::new();
        if let Some(rooms) = &self.rooms {
            faults.extend(room_faults(rooms, facts.guests));
            for (n, room) in rooms.iter().enumerate() {
                let Some(id) = room.id else { continue };
                if !home.rooms.iter().any(|r| r.id == id) {
                    faults.push(Fault::new(format!("rooms[{n}].id"), "is no room of this home", "the id of one of its rooms, or none for a new room"));
                } else if rooms[..n].iter().any(|r| r.id == Some(id)) {
                    faults.push(Fault::new(format!("rooms[{n}].id"), "is named twice", "each room once"));
                }
            }
        } else if home.rooms.len() > 1 {
            faults.extend(home.rooms.iter().filter(|room| room.guests > facts.guests).take(1).map(|room| {
                let message = format!("the room {:?} takes {} guests, more than the home's {}", room.name.as_str(), room.guests.get(), facts.guests.get());
                Fault::new("guests", message, "as many as the largest room takes, or rooms sent with it")
            }));
        }
        if faults.is_empty() { Ok(facts) } else { Err(faults) }
    }
}

fn room_faults(rooms: &[RoomInput], guests: Capacity) -> impl Iterator<Item = Fault> {
    rooms
        .iter()
        .enumerate()
        .filter(move |(_, room)| room.guests.is_some_and(|g| g > guests))
        .map(move |(n, _)| Fault::new(format!("rooms[{n}].guests"), "more than the whole home takes", format!("1 to {}", guests.get())))
}

fn codes<T: Copy>(all: &[T], code: fn(T) -> &'static str) -> String {
    all.iter().map(|c| code(*c)).collect::<Vec<_>>().join(", ")
}

struct Reader<'a> {
    /// Path of the object, with its dot.
    at: String,
    sent: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, field: &str, message: impl ToString, expected: impl Into<String>) {
        self.faults.push(Fault::new(format!("{}{field}", self.at), message, expected));
    }

    fn known(&mut self, fields: &[&str]) {
        for name in self.sent.keys().filter(|name| !fields.contains(&name.as_str())).take(20) {
            let shown: String = name.chars().take(60).collect();
            self.fault(&shown, "is not a field that can be set", fields.join(", "));
        }
    }

    /// Present and null is `Some(None)`.
    fn nullable<T>(&mut self, field: &str, read: impl FnOnce(&mut Self, &str) -> Option<T>) -> Option<Option<T>> {
        match self.sent.get(field)? {
            Value::Null => Some(None),
            _ => read(self, field).map(Some),
        }
    }

    fn code<T: Copy>(&mut self, field: &str, all: &[T], code: fn(T) -> &'static str) -> Option<T> {
        let sent = self.sent.get(field)?;
        let found = sent.as_str().and_then(|word| all.iter().copied().find(|c| code(*c) == word));
        if found.is_none() {
            self.fault(field, "is not one of the words", codes(all, code));
        }
        found
    }

    fn text<T>(&mut self, field: &str, expected: &str, parse: fn(&str) -> Result<T, BadText>) -> Option<T> {
        match self.sent.get(field)?.as_str().map(parse) {
            Some(Ok(text)) => Some(text),
            Some(Err(bad)) => {
                self.fault(field, bad, expected);
                None
            }
            None => {
                self.fault(field, "is not a text", expected);
                None
            }
        }
    }

    fn number(&mut self, field: &str, least: i64, most: i64) -> Option<i64> {
        let sent = self.sent.get(field)?;
        let number = sent.as_i64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            let message = if sent.is_i64() || sent.is_u64() { "is out of range" } else { "is not a whole number" };
            self.fault(field, message, format!("a whole number from {least} to {most}"));
        }
        number
    }

    /// Reads inside an object or says that there is none.
    fn inside<T>(&mut self, field: &str, expected: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let Value::Object(sent) = self.sent.get(field)? else {
            self.fault(field, "is not an object", expected);
            return None;
        };
        let mut inner = Reader { at: format!("{}{field}.", self.at), sent, faults: Vec::new() };
        let value = read(&mut inner);
        self.faults.append(&mut inner.faults);
        value
    }

    fn required(&mut self, field: &str, expected: &str) {
        if !self.sent.contains_key(field) {
            self.fault(field, "is missing", expected);
        }
    }

    fn price(&mut self, field: &str) -> Option<Price> {
        self.inside(field, "{amount, currency}, or null for a free stay", |read| {
            read.known(&["amount", "currency"]);
            read.required("amount", "minor units, 1 to 100000000");
            read.required("currency", &codes(&Currency::ALL, Currency::code));
            let amount = read.number("amount", 1, i64::from(Price::MOST));
            let currency = read.code("currency", &Currency::ALL, Currency::code);
            Price::new(amount?, currency?).ok()
        })
    }

    fn position(&mut self, field: &str) -> Option<Position> {
        let (lat, lng) = self.inside(field, "{lat, lng} in degrees", |read| {
            read.known(&["lat", "lng"]);
            read.degrees()
        })?;
        self.on_earth(field, lat, lng)
    }

    fn degrees(&mut self) -> Option<(f64, f64)> {
        let mut degrees = |name: &str| {
            self.required(name, "degrees");
            let sent = self.sent.get(name)?;
            let number = sent.as_f64();
            if number.is_none() {
                self.fault(name, "is not a number", "degrees");
            }
            number
        };
        let (lat, lng) = (degrees("lat"), degrees("lng"));
        Some((lat?, lng?))
    }

    fn on_earth(&mut self, field: &str, lat: f64, lng: f64) -> Option<Position> {
        Position::new(lat, lng).map_err(|bad| self.fault(field, bad, "latitude -90 to 90, longitude -180 to 180, not 0, 0")).ok()
    }

    fn city(&mut self) -> Option<CityId> {
        self.nullable("city", |read, field| read.number(field, 1, i64::from(u32::MAX)).map(|n| CityId(n as u32))).flatten()
    }

    fn rooms(&mut self, field: &str) -> Option<Vec<RoomInput>> {
        let expected = "1 to 50 rooms, each {name, guests}";
        let Some(sent) = self.sent.get(field)?.as_array().filter(|rooms| limits::ROOMS.contains(&rooms.len())) else {
            self.fault(field, "is not a list of 1 to 50 rooms", expected);
            return None;
        };
        let mut rooms = Vec::with_capacity(sent.len());
        for (n, room) in sent.iter().enumerate() {
            let Value::Object(sent) = room else {
                self.fault(&format!("{field}[{n}]"), "is not an object", "{name, guests}");
                continue;
            };
            let mut read = Reader { at: format!("{}{field}[{n}].", self.at), sent, faults: Vec::new() };
            read.known(&["id", "name", "guests"]);
            read.required("name", "1 to 120 characters");
            let id = read.sent.get("id").filter(|id| !id.is_null());
            let id = id.map(|id| id.as_str().and_then(|text| text.parse::<RoomId>().ok()));
            if id == Some(None) {
                read.fault("id", "is not an id", "the id of one of the home's rooms, or none for a new room");
            }
            let name = read.text("name", "1 to 120 characters", RoomName::parse);
            let guests = read.nullable("guests", |read, field| read.number(field, 1, 20)).flatten().and_then(|n| Capacity::new(n as u8));
            self.faults.append(&mut read.faults);
            rooms.extend(name.map(|name| RoomInput { id: id.flatten(), name, guests }));
        }
        Some(rooms)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({"kind": "apartment", "offer": "entire_place", "title": "By the sea", "guests": 4, "price": {"amount": 8000, "currency": "EUR"},
               "position": {"lat": 41.39, "lng": 2.17}})
    }

    fn faults(sent: &Value) -> Vec<String> {
        let mut fields: Vec<String> = match HomeInput::from_json(sent).and_then(HomeInput::into_new) {
            Ok(_) => vec![],
            Err(faults) => faults.into_iter().map(|f| f.field).collect(),
        };
        fields.sort();
        fields
    }

    #[test]
    fn a_good_draft_has_one_room_for_all_guests() {
        let new = HomeInput::from_json(&good()).unwrap().into_new().unwrap();
        assert_eq!((new.rooms.len(), new.rooms[0].guests, new.city), (1, new.facts.guests, None));
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let bad = json!({"kind": "castle", "offer": 7, "title": " ", "description": "x".repeat(1001), "guests": 21, "bedrooms": 51, "beds": 0,
            "price": {"amount": 1.5, "currency": "XXX", "tip": 1}, "position": {"lat": "41", "lng": 2}, "city": -1,
            "rooms": [{"guests": 0}, 3], "status": "active"});
        let expected = [
            "bedrooms",
            "beds",
            "city",
            "description",
            "guests",
            "kind",
            "offer",
            "position.lat",
            "price.amount",
            "price.currency",
            "price.tip",
            "rooms[0].guests",
            "rooms[0].name",
            "rooms[1]",
            "status",
            "title",
        ];
        assert_eq!(faults(&bad), expected);
        assert_eq!(faults(&json!({})), ["guests", "kind", "offer", "position", "title"]);
        assert_eq!(faults(&json!([])), [""]);
    }

    #[test]
    fn limits_hold_at_both_ends() {
        let with = |field: &str, value: Value| {
            let mut draft = good();
            draft[field] = value;
            faults(&draft)
        };
        for (field, least, most) in [("guests", 1, 20), ("bedrooms", 0, 50), ("beds", 1, 50)] {
            assert!(with(field, json!(least)).is_empty() && with(field, json!(most)).is_empty(), "{field}");
            assert_eq!([with(field, json!(least - 1)), with(field, json!(most + 1)), with(field, json!("3"))].concat(), [field; 3]);
        }
        assert!(with("title", json!("t".repeat(255))).is_empty());
        assert_eq!(with("title", json!("t".repeat(256))), ["title"]);
        assert_eq!(with("price", json!({"amount": 0, "currency": "EUR"})), ["price.amount"]);
        assert_eq!(with("price", json!({"amount": 100_000_001, "currency": "EUR"})), ["price.amount"]);
        for currency in Currency::ALL {
            assert!(with("price", json!({"amount": 1, "currency": currency})).is_empty());
        }
        assert_eq!(with("position", json!({"lat": 0.0, "lng": 0.0})), ["position"]);
        assert_eq!(with("position", json!({"lat": 91, "lng": 0})), ["position"]);
        assert_eq!(with("rooms", json!([])), ["rooms"]);
        assert_eq!(with("rooms", json!([{"name": "Attic", "guests": 5}])), ["rooms[0].guests"]);
    }

    #[test]
    fn a_place_is_read_strictly() {
        let fields = |sent: Value| PlaceInput::from_json(&sent).map_err(|faults| faults.into_iter().map(|f| f.field).collect::<Vec<_>>());
        assert_eq!(fields(json!({"lat": 41.5, "lng": 2, "city": 3_128_760})).unwrap().city, Some(CityId(3_128_760)));
        assert_eq!(fields(json!({"lat": "x", "city": 0, "z": 1})).unwrap_err(), ["z", "lat", "lng", "city"]);
        assert_eq!(fields(json!({"lat": 0, "lng": 0})).unwrap_err(), ["lat"]);
    }

    #[test]
    fn null_clears_and_absent_leaves() {
        let input = HomeInput::from_json(&json!({"price": null, "beds": null})).unwrap();
        assert_eq!((input.price, input.beds, input.bedrooms), (Some(None), Some(None), None));
    }
}
