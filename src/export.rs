//! Writes homes as CSV or GeoJSON, a page at a time: whatever their number, one page is in memory.
//!
//! Used by `http::export` and by `posada export homes`. Public facts only, public positions only. The order is that of making, newest first; a
//! home that is there all the while comes exactly once, one that is listed or taken off meanwhile may or may not come.

use std::io::Write as _;

use bytes::Bytes;
use domain::{CityId, HomeFilter, HomeId, TenantId};
use futures_util::{Stream, stream};
use gazetteer::Gazetteer;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    commands::own_home::not_over_since,
    store::{
        Store, StoreError,
        homes::{HomeView, Homes},
    },
};

/// Homes of one piece.
const PAGE: u16 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, UTF-8, with a header.
    Csv,
    /// RFC 7946: one FeatureCollection of points.
    GeoJson,
}

/// What is exported: the active homes of a tenant, or of one city of it, that match a filter.
#[derive(Clone, Debug)]
pub struct Export {
    pub tenant: TenantId,
    pub city: Option<CityId>,
    pub filter: HomeFilter,
    pub format: Format,
}

/// The columns of the CSV, which `posada import homes` reads again.
pub const COLUMNS: [&str; 20] = [
    "id",
    "city_id",
    "city",
    "country",
    "host_id",
    "kind",
    "offer",
    "title",
    "description",
    "guests",
    "bedrooms",
    "beds",
    "price_amount",
    "currency",
    "latitude",
    "longitude",
    "approximate",
    "rooms",
    "created_at",
    "updated_at",
];

enum Next {
    Head,
    Page { before: Option<HomeId>, first: bool },
    Tail,
    Done,
}

/// The export in pieces. A fault of the database ends it with an error: what came before is not whole.
pub fn pieces(store: Store, gazetteer: &'static Gazetteer, export: Export) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold((store, Next::Head), move |(store, next)| {
        let export = export.clone();
        async move {
            Ok(match next {
                Next::Head => Some((head(export.format), (store, Next::Page { before: None, first: true }))),
                Next::Page { before, first } => {
                    let which = export.city.map_or(Homes::Everywhere, Homes::InCity);
                    let mut tx = store.begin_as_tenant(export.tenant).await?;
                    let page = tx.list_homes(which, &export.filter, before, PAGE, not_over_since(OffsetDateTime::now_utc())).await?;
                    drop(tx);
                    let piece = match export.format {
                        Format::Csv => csv_rows(gazetteer, &page.homes),
                        Format::GeoJson => features(gazetteer, &page.homes, first),
                    };
                    let next = page.next.map_or(Next::Tail, |last| Next::Page { before: Some(last), first: first && page.homes.is_empty() });
                    Some((piece, (store, next)))
                }
                Next::Tail => {
                    let tail = match export.format {
                        Format::Csv => Bytes::new(),
                        Format::GeoJson => Bytes::from_static(b"\n]}\n"),
                    };
                    Some((tail, (store, Next::Done)))
                }
                Next::Done => None,
            })
        }
    })
}

fn head(format: Format) -> Bytes {
    match format {
        Format::Csv => Bytes::from(format!("{}\r\n", COLUMNS.join(","))),
        Format::GeoJson => Bytes::from_static(b"{\"type\":\"FeatureCollection\",\"features\":[\n"),
    }
}

fn csv_rows(gazetteer: &Gazetteer, homes: &[HomeView]) -> Bytes {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::with_capacity(homes.len() * 256));
    for seen in homes {
        let (home, facts) = (&seen.home, &seen.home.facts);
        let city = gazetteer.get(home.city.0);
        let number = |n: Option<u8>| n.map(|n| n.to_string()).unwrap_or_default();
        // Writing to memory does not fail, and every row has the same number of cells.
        let _ = rows.write_record([
            home.id.to_string(),
            home.city.to_string(),
            guarded(city.map_or("", |city| city.name)),
            city.map_or("", |city| city.country).to_owned(),
            home.host.to_string(),
            facts.kind.code().to_owned(),
            facts.offer.code().to_owned(),
            guarded(facts.title.as_str()),
            guarded(facts.description.as_str()),
            facts.guests.get().to_string(),
            number(facts.bedrooms),
            number(facts.beds),
            facts.price.map(|price| price.amount.to_string()).unwrap_or_default(),
            facts.price.map(|price| price.currency.code().to_owned()).unwrap_or_default(),
            home.public.at.lat.to_string(),
            home.public.at.lng.to_string(),
            home.approximate.to_string(),
            rooms_cell(seen),
            iso(home.created_at),
            iso(home.updated_at),
        ]);
    }
    Bytes::from(rows.into_inner().unwrap_or_default())
}

/// `[{"name":"Room","guests":4}]`: begins with a bracket, so no spreadsheet takes it for a formula.
fn rooms_cell(seen: &HomeView) -> String {
    let rooms: Vec<_> = seen.home.rooms.iter().map(|room| json!({"name": room.name.as_str(), "guests": room.guests.get()})).collect();
    serde_json::Value::from(rooms).to_string()
}

fn features(gazetteer: &Gazetteer, homes: &[HomeView], first: bool) -> Bytes {
    let mut text = Vec::with_capacity(homes.len() * 512);
    for (n, seen) in homes.iter().enumerate() {
        let (home, facts) = (&seen.home, &seen.home.facts);
        let city = gazetteer.get(home.city.0);
        let feature = json!({
            "type": "Feature",
            "id": home.id,
            "geometry": { "type": "Point", "coordinates": [home.public.at.lng, home.public.at.lat] },
            "properties": {
                "city_id": home.city, "city": city.map(|city| city.name), "country": city.map(|city| city.country), "host_id": home.host,
                "kind": facts.kind, "offer": facts.offer, "title": facts.title, "description": facts.description, "guests": facts.guests,
                "bedrooms": facts.bedrooms, "beds": facts.beds, "price": facts.price, "approximate": home.approximate,
                "rooms": home.rooms.len(), "created_at": iso(home.created_at), "updated_at": iso(home.updated_at),
            },
        });
        if n > 0 || !first {
            text.extend_from_slice(b",\n");
        }
        // Writing to memory does not fail.
        let _ = write!(text, "{feature}");
    }
    Bytes::from(text)
}

fn iso(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// What a spreadsheet would take for a formula.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A text that no spreadsheet runs: one that would be a formula gets an apostrophe in front, and so does one that has one already, so that
/// [`unguarded`] gives back exactly what was there.
pub fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) || text.starts_with('\'') { format!("'{text}") } else { text.to_owned() }
}

/// Takes the apostrophe away that [`guarded`] put there.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_is_changed_by_the_round_trip() {
        for text in ["=1+1", "+49 30", "-2", "@x", "'=1", "''", "plain", "", "＝1", "=HYPERLINK(\"http://x\")", "O'Hara"] {
            let cell = guarded(text);
            assert!(!cell.starts_with(FORMULA), "{cell}");
            assert_eq!(unguarded(&cell), text);
        }
    }
}
