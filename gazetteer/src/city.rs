//! One city as the gazetteer knows it, and how its slug is made.
//!
//! A `City` is a view into the opened file: cheap to copy, never outlives it, changes nothing.

use unicode_normalization::UnicodeNormalization;

use crate::normalise::normalise;

/// The longest name part of a slug, in bytes.
const LONGEST_SLUG: usize = 60;

/// A row of the gazetteer.
#[derive(Debug, Clone, Copy)]
pub struct City<'a> {
    /// GeoNames id: the city's identity everywhere.
    pub id: u32,
    /// The name GeoNames shows, mostly Latin script with accents.
    pub name: &'a str,
    /// ISO 3166 code of two capital letters.
    pub country: &'a str,
    /// English name of the country.
    pub country_name: &'a str,
    /// Name of the first-level region where it is known (see `docs/gazetteer.md`), else its GeoNames code; may be empty.
    pub region: &'a str,
    /// GeoNames admin1 code, unique within the country only; may be empty.
    pub region_code: &'a str,
    /// People; 0 where GeoNames does not know.
    pub population: u32,
    /// IANA time zone.
    pub time_zone: &'a str,
    /// Degrees, WGS 84.
    pub lat: f64,
    /// Degrees, WGS 84, −180 to 180.
    pub lon: f64,
    pub(crate) rank: u32,
    pub(crate) ascii: Option<&'a str>,
    pub(crate) slug_taken: bool,
}

impl City<'_> {
    /// The name in ASCII letters: accents dropped, `ß` as `ss` and so on; never empty.
    #[must_use]
    pub fn ascii_name(&self) -> String {
        if let Some(ascii) = self.ascii {
            return ascii.to_owned();
        }
        let mut out = String::with_capacity(self.name.len());
        for c in self.name.nfkd() {
            if c.is_ascii() {
                out.push(c);
                continue;
            }
            let folded = normalise(c.encode_utf8(&mut [0; 4]));
            let Some(first) = folded.chars().next().filter(|_| folded.is_ascii()) else { continue };
            out.push(if c.is_uppercase() { first.to_ascii_uppercase() } else { first });
            out.push_str(&folded[1..]);
        }
        out
    }

    /// Name and country as a part of an address, `cordoba-es`; unique over the whole gazetteer and never empty. Of
    /// cities with one name in one country the most populous has the plain slug, the others end in their id.
    #[must_use]
    pub fn slug(&self) -> String {
        let base = slug_base(self.name).or_else(|| self.ascii.and_then(slug_base)).unwrap_or_default();
        let country = self.country.to_ascii_lowercase();
        if self.slug_taken { format!("{base}-{country}-{}", self.id) } else { format!("{base}-{country}") }
    }

    /// The point `(lat, lon)` in degrees.
    #[must_use]
    pub fn place(&self) -> (f64, f64) {
        (self.lat, self.lon)
    }
}

impl PartialEq for City<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for City<'_> {}

/// The name part of a slug: the comparable form with hyphens for spaces, cut at a word when long. `None` when folding
/// does not make the name ASCII.
#[must_use]
pub fn slug_base(name: &str) -> Option<String> {
    let form = normalise(name);
    if form.is_empty() || !form.is_ascii() {
        return None;
    }
    let mut base = form.replace(' ', "-");
    if base.len() > LONGEST_SLUG {
        base.truncate(LONGEST_SLUG);
        if let Some(end) = base.rfind('-') {
            base.truncate(end);
        }
    }
    Some(base)
}
