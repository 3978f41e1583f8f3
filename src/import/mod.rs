//! Reads homes out of a CSV file: row by row, whatever its size, with the reason and the line of everything that is refused.
//!
//! Called by `posada import homes`. Writes nothing: what it gives goes to `commands::import_homes`. The layouts it knows are those of Inside Airbnb
//! and of our own export; `docs/homes.md` says what becomes of each column.

mod ahead;
mod header;
mod inside_airbnb;
mod own;
mod records;
mod report;
mod row;

use std::{collections::HashMap, hash::BuildHasher as _, io::Read};

use csv::ByteRecord;
use domain::{
    CityId, Currency, Position,
    home::{HomeFacts, RoomDraft},
};
use gazetteer::Gazetteer;

pub use header::Layout;
pub use records::BadFile;
pub use report::{CannotRun, HostRule, Report, run};
pub use row::{REACH_KM, Refusal};

use header::Header;
use records::Records;
use row::{Cells, refuse};

/// The city that a file's homes are in.
#[derive(Clone, Debug)]
pub struct City {
    pub id: CityId,
    pub name: String,
    pub centre: Position,
}

impl City {
    pub fn of(gazetteer: &Gazetteer, id: CityId) -> Option<Self> {
        let city = gazetteer.get(id.0)?;
        Some(Self { id, name: city.name.to_owned(), centre: Position::new(city.lat, city.lon).ok()? })
    }
}

/// A row that is a home.
#[derive(Clone, Debug)]
pub struct ParsedHome {
    pub reference: String,
    /// The source's name for its host.
    pub source_host: Option<String>,
    pub city: CityId,
    pub facts: HomeFacts,
    pub rooms: Vec<RoomDraft>,
    pub at: Position,
    pub approximate: bool,
    pub on_offer: bool,
    pub remarks: Vec<Remark>,
}

/// Something about a row that was taken all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// 2,000 and more a night.
    DearPrice,
    /// Nobody can book it now: paused.
    NotAvailable,
}

/// A row of the file.
#[derive(Debug)]
pub struct Row {
    pub line: u64,
    /// The source's id as it was sent, for the report.
    pub reference: String,
    pub home: Result<ParsedHome, Refusal>,
}

/// An open file of homes.
pub struct HomeFile<'g, R: Read> {
    records: Records<R>,
    record: ByteRecord,
    columns: Columns,
    layout: Layout,
    ignored: Vec<String>,
    width: usize,
    id_column: Option<usize>,
    city: Option<City>,
    currency: Currency,
    gazetteer: &'g Gazetteer,
    /// Hashes of the ids that were read, with their lines: 12 bytes a row, so that a second one can be refused by line. (That two ids of a
    /// file of a million have one hash is less likely than one in ten million.)
    seen: HashMap<u64, u32>,
    hashes: std::hash::RandomState,
    failed: bool,
}

enum Columns {
    InsideAirbnb(inside_airbnb::Columns),
    Own(own::Columns),
}

impl<'g, R: Read> HomeFile<'g, R> {
    /// Reads the header. `city` is where all homes are; a file of our own export may do without, its rows name theirs.
    pub fn open(input: R, city: Option<City>, currency: Currency, gazetteer: &'g Gazetteer) -> Result<Self, BadFile> {
        let mut records = Records::new(input);
        let mut record = ByteRecord::new();
        let line = records.next(&mut record)?.ok_or(BadFile::Empty)?;
        if let Some(what) = records::not_text(record.as_slice()) {
            return Err(BadFile::NotText(what));
        }
        let (header, layout) = Header::read(&record, line)?;
        let (columns, ignored) = match layout {
            Layout::InsideAirbnb if city.is_none() => {
                let why = "the rows do not say in which city they are: name it (--city)".to_owned();
                return Err(BadFile::Header { line, why });
            }
            Layout::InsideAirbnb => (Columns::InsideAirbnb(inside_airbnb::Columns::find(&header)), inside_airbnb::Columns::ignored(&header)),
            Layout::PosadaExport => (Columns::Own(own::Columns::find(&header)), own::Columns::ignored(&header)),
        };
        let (width, id_column, seen, hashes) = (header.len(), header.column("id"), HashMap::new(), std::hash::RandomState::new());
        Ok(Self { records, record, columns, layout, ignored, width, id_column, city, currency, gazetteer, seen, hashes, failed: false })
    }

    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Columns of the file that nothing is made of.
    pub fn ignored_columns(&self) -> &[String] {
        &self.ignored
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.records.bytes()
    }

    fn read(&mut self, line: u64) -> Row {
        let cell = |n: usize| self.record.get(n).map(|cell| String::from_utf8_lossy(cell).trim().chars().take(60).collect::<String>());
        let reference = self.id_column.and_then(cell).unwrap_or_default();
        let home = self.parse(line);
        Row { line, reference, home }
    }

    fn parse(&mut self, line: u64) -> Result<ParsedHome, Refusal> {
        if self.record.len() != self.width {
            return refuse("cells_differ", format!("the row has {} cells, the header {}", self.record.len(), self.width));
        }
        let cells: Result<Vec<&str>, _> = self.record.iter().map(std::str::from_utf8).collect();
        let Ok(cells) = cells else { return refuse("not_utf8", "the row is not in UTF-8") };
        let cells = Cells { cells };
        let home = match &self.columns {
            Columns::InsideAirbnb(columns) => match &self.city {
                Some(city) => columns.read(&cells, city, self.currency)?,
                None => return refuse("city_unknown", "no city is named"),
            },
            Columns::Own(columns) => columns.read(&cells, self.city.as_ref(), self.gazetteer)?,
        };
        let hash = self.hashes.hash_one(&home.reference);
        if let Some(first) = self.seen.insert(hash, u32::try_from(line).unwrap_or(u32::MAX)) {
            self.seen.insert(hash, first);
            return refuse("id_twice", format!("the id {:?} was on line {first} already", row::short(&home.reference)));
        }
        Ok(home)
    }
}

impl<R: Read> Iterator for HomeFile<'_, R> {
    type Item = Result<Row, BadFile>;

    /// The next row; after an error there is no more.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.records.next(&mut self.record) {
            Ok(Some(line)) => Some(Ok(self.read(line))),
            Ok(None) => None,
            Err(bad) => {
                self.failed = true;
                Some(Err(bad))
            }
        }
    }
}

/// The first position that a file has, among its first rows: enough to tell which Barcelona is meant.
pub fn first_position(input: impl Read) -> Option<Position> {
    let (mut records, mut record) = (Records::new(input), ByteRecord::new());
    let line = records.next(&mut record).ok()??;
    let (header, _) = Header::read(&record, line).ok()?;
    let (lat, lng) = (header.column("latitude")?, header.column("longitude")?);
    for _ in 0..100 {
        records.next(&mut record).ok()??;
        let degrees = |n: usize| std::str::from_utf8(record.get(n)?).ok()?.trim().parse::<f64>().ok();
        if let Some(at) = degrees(lat).zip(degrees(lng)).and_then(|(lat, lng)| Position::new(lat, lng).ok()) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,name,host_id,neighbourhood,latitude,longitude,room_type,price,minimum_nights,number_of_reviews,availability_365\n";

    fn barcelona() -> Option<City> {
        City::of(Gazetteer::embedded(), CityId(3_128_760))
    }

    fn open(text: &[u8]) -> Result<HomeFile<'static, &[u8]>, BadFile> {
        HomeFile::open(text, barcelona(), Currency::Eur, Gazetteer::embedded())
    }

    /// Line and reason of each row; an empty reason was taken.
    fn reasons(rows: &str) -> Vec<(u64, &'static str)> {
        let text = format!("{HEADER}{rows}");
        let file = open(text.as_bytes()).unwrap();
        file.map(|row| row.unwrap()).map(|row| (row.line, row.home.err().map_or("", |refusal| refusal.reason))).collect()
    }

    #[test]
    fn rows_are_mapped_as_documented() {
        let rows =
            "1,  Huge\u{301} flat 🏖 \n,7,x,41.4042,2.17306,Entire home/apt,121,1,21,47\n2,\"A \"\"quoted\"\"\nname\",8,x,41.40,2.17,Hotel room,50,1,1,0\n";
        let text = format!("{HEADER}{}", rows.replacen(" \n,7", ",7", 1));
        let homes: Vec<ParsedHome> = open(text.as_bytes()).unwrap().map(|row| row.unwrap().home.unwrap()).collect();
        assert_eq!((homes[0].facts.title.as_str(), homes[0].facts.guests.get(), homes[0].on_offer), ("Hugé flat 🏖", 4, true));
        assert_eq!(homes[0].facts.price.unwrap().amount, 12_100);
        assert_eq!((homes[1].facts.title.as_str(), homes[1].facts.kind.code(), homes[1].on_offer), ("A \"quoted\" name", "hotel", false));
        assert_eq!(homes[1].source_host.as_deref(), Some("8"));
    }

    #[test]
    fn every_refusal_has_its_line_and_reason() {
        let good = "7,x,41.4042,2.17306,Entire home/apt,121,1,21,47";
        let rows = [
            format!("1,Good,{good}"),
            format!("2, ,{good}"),
            format!("1,Twice,{good}"),
            format!(",No id,{good}"),
            "3,Free?,7,x,41.4042,2.17306,Private room,0,1,21,47".into(),
            "4,Nines,7,x,41.4042,2.17306,Private room,9999,1,21,47".into(),
            "5,Sea,7,x,0,0,Private room,50,1,21,47".into(),
            "6,Sign,7,x,41.4042,-2.17306,Private room,50,1,21,47".into(),
            "7,Swap,7,x,2.17306,41.4042,Private room,50,1,21,47".into(),
            "8,Madrid,7,x,40.4168,-3.7038,Private room,50,1,21,47".into(),
            "9,Words,7,x,north,east,Private room,50,1,21,47".into(),
            "10,Tent,7,x,41.4042,2.17306,Tent,50,1,21,47".into(),
            "11,Short,7".into(),
            format!("12,{},{good}", "t".repeat(256)),
            format!("13,evil\u{202e},{good}"),
            format!("14,Last,{good}"),
        ];
        let told = reasons(&(rows.join("\n") + "\n"));
        let expected = [
            "",
            "title_empty",
            "id_twice",
            "id_missing",
            "price_unknown",
            "price_placeholder",
            "position_missing",
            "position_swapped",
            "position_swapped",
            "position_far",
            "position_invalid",
            "room_type_unknown",
            "cells_differ",
            "title_invalid",
            "title_invalid",
            "",
        ];
        assert_eq!(told, expected.into_iter().enumerate().map(|(n, reason)| (n as u64 + 2, reason)).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_such_file_is_said_at_once() {
        let why = |text: &[u8]| open(text).err().map(|bad| bad.to_string()).unwrap_or_default();
        assert!(why(b"").contains("empty"));
        assert!(why(b"\xff\xfei\0d\0").contains("UTF-16"));
        assert!(why(b"\x1f\x8b\x08\0").contains("gzip"));
        assert!(why(b"PK\x03\x04").contains("ZIP"));
        assert!(why(b"id;name;latitude\n").contains("separated by ';'"));
        assert!(why(b"id,name\n").contains("line 1") && why(b"id,name\n").contains("latitude, longitude, room_type, price"));
        assert!(why(b"id,name,latitude,longitude,room_type,price,price\n").contains("twice"));
        assert!(why(b"id,n\xe4me\n").contains("UTF-8"));
        let nowhere = HomeFile::open(HEADER.as_bytes(), None, Currency::Eur, Gazetteer::embedded()).err().unwrap().to_string();
        assert!(nowhere.contains("--city"));
    }

    #[test]
    fn rows_that_are_not_utf8_are_refused_and_the_rest_is_read() {
        let mut text = HEADER.as_bytes().to_vec();
        text.extend_from_slice(b"1,caf\xe9,7,x,41.4042,2.17306,Private room,50,1,1,1\n2,Good,7,x,41.4042,2.17306,Private room,50,1,1,1");
        let rows: Vec<Row> = open(&text).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(rows[0].home.as_ref().unwrap_err().reason, "not_utf8");
        assert!(rows[1].home.is_ok());
    }

    /// The real thing, where it lies beside the project; said aloud where it does not.
    #[test]
    fn the_listings_of_barcelona_are_read_with_a_reason_for_each_refusal() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/homes/barcelona.csv");
        let Ok(file) = std::fs::File::open(path) else {
            eprintln!("SKIPPED: {path} is not there");
            return;
        };
        let file = HomeFile::open(file, barcelona(), Currency::Eur, Gazetteer::embedded()).unwrap();
        let (mut taken, mut refused) = (0, std::collections::BTreeMap::new());
        for row in file {
            match row.unwrap().home {
                Ok(_) => taken += 1,
                Err(refusal) => *refused.entry(refusal.reason).or_insert(0) += 1,
            }
        }
        let reasons: Vec<_> = refused.into_iter().collect();
        assert_eq!((taken, reasons), (16_029, vec![("price_placeholder", 12), ("price_unknown", 4), ("title_empty", 10)]));
    }
}
