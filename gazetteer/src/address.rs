//! From an address to its city, offline: `Calle Mayor 1, 28013 Madrid, Spain` is Madrid.
//!
//! Called by importers and by whoever places an event or a home by its address. Finds the city only, never the street.
//!
//! Addresses mostly go from small to large, so they are read from the right: a country or region limits what stands
//! left of it, the first part that is a city's name (a postcode beside it allowed) is the city. Texts in Chinese,
//! Japanese and Korean go from large to small and are read by `east_asian`. A part is a city's name as a whole or not at
//! all: "Hotel Paris" is no Paris, and a house number makes a street of "Corrientes 1234".

use crate::city::City;
use crate::east_asian;
use crate::gazetteer::Gazetteer;
use crate::lookup::{Candidate, Lookup, MOST_CANDIDATES, in_order};
use crate::metres::{metres, on_earth};
use crate::normalise::normalise;

/// Characters of an address that are read.
pub const LONGEST_ADDRESS: usize = 400;
/// Parts that are read, from the right.
const MOST_PARTS: usize = 10;
/// Words of a region's or country's name at the end of a part.
const MOST_NAME_WORDS: usize = 4;

/// Countries that write the postcode after the city; elsewhere a number after a name is a house number.
const POSTCODE_LAST: &[&str] = &[
    "AE", "AU", "BD", "BN", "CA", "CN", "EG", "GB", "HK", "ID", "IE", "IN", "JM", "JP", "KE", "KR", "LB", "LK", "MO", "MT", "NG", "NP", "NZ", "PK", "PR", "RU",
    "SA", "SG", "TH", "TW", "UA", "US", "VN", "ZA",
];
/// Countries that number the districts of their cities: "Praha 1", "Dublin 2", "Paris 11e".
const DISTRICTS: &[&str] = &["AT", "CZ", "FR", "HU", "IE", "RO", "SK"];
/// Countries with postcodes of three digits.
const SHORT_POSTCODES: &[&str] = &["FO", "IS", "TW"];
/// How far a town may be from the city named after it in an address.
const SURROUNDINGS_METRES: f64 = 60_000.0;
/// A place this near to the city named after it, with a population this many times smaller, is a quarter of it:
/// Copacabana is in Rio, L'Hospitalet is not in Barcelona.
const QUARTER_METRES: f64 = 12_000.0;
const QUARTER_SHARE: u32 = 20;
/// Words that make a part a street, in the comparable form.
const STREET_WORDS: &[&str] = &[
    "avenida",
    "avenue",
    "av",
    "ave",
    "boulevard",
    "bd",
    "blvd",
    "calle",
    "carrer",
    "carrera",
    "corso",
    "piazza",
    "place",
    "plac",
    "plaza",
    "praca",
    "prospekt",
    "road",
    "rd",
    "rua",
    "rue",
    "square",
    "st",
    "street",
    "ulica",
    "ul",
    "via",
    "улица",
    "ул",
    "проспект",
    "пр",
    "площадь",
    "пл",
    "вул",
    "вулиця",
    "οδος",
    "شارع",
    "רחוב",
];

/// What the parts read so far say about where the city is.
#[derive(Debug, Clone, Copy, Default)]
struct Scope<'a> {
    country: Option<&'a str>,
    region: Option<usize>,
    /// The text is one part: a country's name may be the city's own (Singapore).
    alone: bool,
}

/// Candidates and the form they have in common.
struct Found<'a> {
    form: String,
    candidates: Vec<Candidate<'a>>,
    narrowed: bool,
    /// Something to the right was neither country, region, postcode nor street.
    unexplained: bool,
}

/// A part of an address, as written and in its comparable form.
struct Part<'t> {
    written: &'t str,
    form: String,
}

impl Gazetteer {
    /// The city an address is in. Reads country names in many languages, ISO codes, regions (see
    /// `docs/gazetteer.md` for which), postcodes beside the city; the rules of [`Gazetteer::lookup`] decide between
    /// cities of one name. `hint` is a point `(lat, lon)` in degrees nearby, if known. Reads the first
    /// [`LONGEST_ADDRESS`] characters.
    #[must_use]
    pub fn resolve_address(&self, text: &str, hint: Option<(f64, f64)>) -> Lookup<'_> {
        let text = text.trim_start();
        let text = text.char_indices().nth(LONGEST_ADDRESS).map_or(text, |(end, _)| &text[..end]);
        let hint = hint.filter(|h| on_earth(h.0, h.1));
        let mut parts = split(text);
        // A comma is part of few names only ("Washington, D.C.").
        if parts.len() <= 1 || self.aliases.contains_key(&normalise(text)) {
            let whole = self.name(text, None, hint);
            if let Some(answer) = whole {
                return answer;
            }
        }
        if parts.len() > MOST_PARTS {
            parts.drain(..parts.len() - MOST_PARTS);
        }
        let mut scope = Scope { alone: parts.len() == 1, ..Scope::default() };
        let named_country = |part: &Part<'_>| self.places.country_by_form(&part.form).filter(|_| part.form.chars().count() > 3);
        if parts.len() > 1
            && let Some(country) = named_country(&parts[0])
            && parts.last().is_some_and(|last| named_country(last).is_none())
        {
            scope.country = Some(country.code);
            parts.remove(0);
        }
        let found = self
            .read(&parts, scope, hint)
            .or_else(|| {
                parts.reverse();
                self.read(&parts, scope, hint)
            })
            .or_else(|| self.read_east_asian(text, hint));
        let answer = found.and_then(|found| {
            let answer = self.choose(&found.form, found.candidates.clone(), found.narrowed, hint)?;
            let doubtful = found.unexplained && !found.narrowed && hint.is_none();
            Some(if doubtful && matches!(answer, Lookup::One(_)) { ambiguous(found.candidates) } else { answer })
        });
        answer.unwrap_or_else(|| {
            if parts.len() <= 1 {
                return Lookup::Unknown { suggestions: self.suggestions(&normalise(text), None, hint) };
            }
            let mut suggestions: Vec<Candidate<'_>> = Vec::new();
            for part in parts.iter().rev().take(4) {
                self.named_in(&part.form, None, hint, &mut suggestions);
            }
            suggestions.sort_by(in_order);
            suggestions.truncate(MOST_CANDIDATES);
            Lookup::Unknown { suggestions }
        })
    }

    /// The city among `parts`, read from the right.
    fn read(&self, parts: &[Part<'_>], scope: Scope<'_>, hint: Option<(f64, f64)>) -> Option<Found<'_>> {
        let (last, rest) = parts.split_last()?;
        // "OR 97201" is Oregon.
        let place = last.form.split(' ').take_while(|w| !w.bytes().any(|b| b.is_ascii_digit())).collect::<Vec<_>>().join(" ");
        let country = if scope.country.is_none() { self.places.country_by_form(&place) } else { None };
        if !rest.is_empty() {
            let mut readings = Vec::new();
            if let Some(country) = country {
                readings.extend(self.read(rest, Scope { country: Some(country.code), ..scope }, hint));
            }
            for (code, region) in self.regions(&place, scope) {
                readings.extend(self.read(rest, Scope { country: Some(code), region: Some(region), ..scope }, hint));
            }
            if let Some(found) = merged(readings) {
                return Some(found);
            }
        }
        // A country's name, written out after something else, is not a village that happens to be called so.
        let is_country = country.is_some() && last.form.chars().count() > 3 && !scope.alone;
        if !is_country && let Some(found) = self.read_part(last, scope, hint) {
            // "Ixelles, Bruxelles": a town and the city it is near.
            let town = rest.last().and_then(|left| self.town_near(left, &found, scope, hint));
            return Some(town.unwrap_or(found));
        }
        let explained = is_country || last.form.bytes().any(|b| b.is_ascii_digit()) || is_street(&last.form);
        if let Some(mut found) = self.read(rest, scope, hint) {
            found.unexplained |= !explained || is_country;
            return Some(found);
        }
        // "Raffles Place 1, Singapore": a country that is a city.
        let code = country.filter(|_| is_country)?.code;
        let candidates = self.candidates(&place, hint, |city| city.country == code && normalise(city.name) == place);
        (!candidates.is_empty()).then_some(Found { form: place, candidates, narrowed: true, unexplained: false })
    }

    /// The city whose whole name `part` is, in the surroundings of the likeliest of `city`.
    fn town_near(&self, part: &Part<'_>, city: &Found<'_>, scope: Scope<'_>, hint: Option<(f64, f64)>) -> Option<Found<'_>> {
        let centre = city.candidates.first()?.city;
        let lead = leading_postcode(&part.form.split(' ').collect::<Vec<_>>(), 4);
        let form = part.form.split(' ').skip(lead).collect::<Vec<_>>().join(" ");
        let near = |town: &City<'_>| {
            let away = metres(town.place(), centre.place());
            let is_part = away <= QUARTER_METRES && town.population < centre.population / QUARTER_SHARE;
            town.country == centre.country && *town != centre && away <= SURROUNDINGS_METRES && !is_part
        };
        let candidates = self.candidates(&form, hint, |town| self.allows(scope, town) && near(town));
        (!candidates.is_empty()).then_some(Found { form, candidates, narrowed: true, unexplained: false })
    }

    /// Regions of this comparable name within the scope, with their countries.
    fn regions<'s>(&'s self, form: &str, scope: Scope<'s>) -> impl Iterator<Item = (&'s str, usize)> {
        let known = self.places.regions_by_form(form).iter().map(|&region| (self.places.region(region).0, region));
        known.filter(move |(code, _)| scope.region.is_none() && scope.country.is_none_or(|c| c == *code))
    }

    /// The city in one part: all of it, or all but a postcode, a region or a country at its ends.
    fn read_part(&self, part: &Part<'_>, scope: Scope<'_>, hint: Option<(f64, f64)>) -> Option<Found<'_>> {
        let words: Vec<&str> = part.form.split(' ').filter(|w| !w.is_empty()).collect();
        let digits = |w: &&str| w.bytes().any(|b| b.is_ascii_digit());
        let find = |words: &[&str], scope: Scope<'_>, fits: &dyn Fn(&City<'_>) -> bool| -> Option<Found<'_>> {
            let form = words.join(" ");
            let candidates = self.candidates(&form, hint, |city| self.allows(scope, city) && fits(city));
            let narrowed = scope.country.is_some();
            (!candidates.is_empty()).then_some(Found { form, candidates, narrowed, unexplained: false })
        };
        if words.iter().all(digits) {
            return None;
        }
        if let Some(found) = find(&words, scope, &|_| true) {
            return Some(found);
        }
        let shortest = if scope.country.is_some_and(|c| SHORT_POSTCODES.contains(&c)) { 3 } else { 4 };
        let lead = leading_postcode(&words, shortest);
        if lead > 0 && lead < words.len() {
            let fits = |city: &City<'_>| !POSTCODE_LAST.contains(&city.country);
            // "00186 Roma RM", "1550 København V": a province or district after the name.
            let ends = [words.len(), words.len() - usize::from(words.len() > lead + 1 && words[words.len() - 1].len() <= 2)];
            if let Some(found) = ends.into_iter().find_map(|end| find(&words[lead..end], scope, &fits)) {
                return Some(found);
            }
        }
        // "10 rue de Rivoli 75004 Paris".
        let middle = words.iter().rposition(|w| w.len() == 5 && w.bytes().all(|b| b.is_ascii_digit()));
        if let Some(middle) = middle.filter(|&m| m > 0 && m + 1 < words.len()) {
            let fits = |city: &City<'_>| !POSTCODE_LAST.contains(&city.country);
            if let Some(found) = find(&words[middle + 1..], scope, &fits) {
                return Some(found);
            }
        }
        let tail = words.iter().rev().take_while(|w| digits(w)).count();
        let body = &words[lead.min(words.len())..words.len() - tail.min(words.len() - lead.min(words.len()))];
        if tail > 0 && !body.is_empty() && lead < words.len() {
            let number: Vec<&str> = words[words.len() - tail..].to_vec();
            let plain = number.concat();
            let district = lead > 0 || plain.trim_end_matches(char::is_alphabetic).len() <= 2;
            let long_or_mixed = plain.len() >= 5 || (plain.bytes().any(|b| b.is_ascii_alphabetic()) && plain.len() > 3);
            let fits = |city: &City<'_>| {
                (district && DISTRICTS.contains(&city.country))
                    || (scope.country.is_some() && plain.len() >= 5)
                    || (POSTCODE_LAST.contains(&city.country) && (long_or_mixed || (scope.country.is_some() && plain.len() >= 3)))
            };
            if let Some(found) = find(body, scope, &fits) {
                return Some(found);
            }
        }
        // "Springfield IL 62701", "Madrid Spain": a region or country at the end, its code in capitals.
        for length in (1..body.len().min(MOST_NAME_WORDS + 1)).rev() {
            let (city, place) = body.split_at(body.len() - length);
            let form = place.join(" ");
            if form.len() <= 3 && !in_capitals(part.written, &form) {
                continue;
            }
            let number_fits = |city: &City<'_>| tail == 0 || POSTCODE_LAST.contains(&city.country) || DISTRICTS.contains(&city.country);
            let mut readings = Vec::new();
            for (code, region) in self.regions(&form, scope) {
                readings.extend(find(city, Scope { country: Some(code), region: Some(region), ..scope }, &number_fits));
            }
            if scope.country.is_none()
                && let Some(country) = self.places.country_by_form(&form)
            {
                let inner = Part { written: part.written, form: city.join(" ") };
                readings.extend(self.read_part(&inner, Scope { country: Some(country.code), ..scope }, hint));
            }
            if let Some(found) = merged(readings) {
                return Some(found);
            }
        }
        None
    }

    /// Large to small: country, province, city, street.
    fn read_east_asian(&self, text: &str, hint: Option<(f64, f64)>) -> Option<Found<'_>> {
        let mut country = None;
        for piece in east_asian::pieces(text) {
            let mut form = normalise(&piece);
            if country.is_none() {
                let cut = form.char_indices().map(|(i, _)| i).filter(|i| *i > 0).chain([form.len()]).rev();
                let named = cut.filter_map(|i| Some((self.places.country_by_form(&form[..i]).filter(|_| i > 3)?.code, i))).next();
                if let Some((code, i)) = named {
                    country = Some(code);
                    form = form[i..].to_owned();
                }
            }
            let scope = Scope { country, ..Scope::default() };
            for form in east_asian::city_forms(&form) {
                let candidates = self.candidates(&form, hint, |city| self.allows(scope, city));
                if !candidates.is_empty() {
                    return Some(Found { form, candidates, narrowed: country.is_some(), unexplained: false });
                }
            }
        }
        None
    }

    fn allows(&self, scope: Scope<'_>, city: &City<'_>) -> bool {
        let in_country = scope.country.is_none_or(|c| c == city.country || sovereign(city.country) == Some(c));
        in_country && scope.region.is_none_or(|region| self.region_of(city.rank) == Some(region))
    }
}

/// The country in whose name mail to a territory with a code of its own is often addressed.
fn sovereign(territory: &str) -> Option<&'static str> {
    Some(match territory {
        "PR" | "GU" | "VI" | "AS" | "MP" => "US",
        "HK" | "MO" => "CN",
        "GP" | "MQ" | "RE" | "GF" | "YT" | "NC" | "PF" => "FR",
        "AW" | "CW" | "BQ" | "SX" => "NL",
        "GI" | "JE" | "GG" | "IM" => "GB",
        "FO" | "GL" => "DK",
        _ => return None,
    })
}

fn split(text: &str) -> Vec<Part<'_>> {
    text.split([',', ';', '|', '\n', '\r', '\t', '(', ')', '，', '、', '،', '؛', '·', '•'])
        .flat_map(|part| part.split(" - "))
        .flat_map(|part| part.split(" – "))
        .flat_map(|part| part.split(" — "))
        .flat_map(|part| part.split(" / "))
        .map(|written| Part { written: written.trim(), form: normalise(written) })
        .filter(|part| !part.form.is_empty())
        .collect()
}

/// How many words at the beginning are a postcode: digits, in one or two groups, four to eight of them in all; a
/// country letter before ("D-10115"), two letters after four digits ("1012 AB"), or letters within ("C1425").
fn leading_postcode(words: &[&str], shortest: usize) -> usize {
    let numeric = |w: &str| w.bytes().all(|b| b.is_ascii_digit());
    let prefixed = words.first().is_some_and(|w| w.len() <= 3 && !w.bytes().any(|b| b.is_ascii_digit()) && w.is_ascii());
    let from = usize::from(prefixed && words.get(1).is_some_and(|w| numeric(w)));
    let mut end = from;
    let mut count = 0;
    while let Some(word) = words.get(end) {
        let first_mixed = end == from && word.len() >= 5 && word.bytes().any(|b| b.is_ascii_digit());
        if !(numeric(word) || first_mixed) || end - from == 2 {
            break;
        }
        count += word.len();
        end += 1;
    }
    if !(shortest..=9).contains(&count) {
        return 0;
    }
    let letters = |w: &&str| w.len() == 2 && w.bytes().all(|b| b.is_ascii_alphabetic());
    if count == 4 && end - from == 1 && words.len() > end + 1 && words.get(end).is_some_and(letters) { end + 1 } else { end }
}

fn is_street(form: &str) -> bool {
    form.split(' ').any(|word| STREET_WORDS.contains(&word))
}

fn in_capitals(written: &str, form: &str) -> bool {
    let wanted: String = form.chars().filter(|c| *c != ' ').flat_map(char::to_uppercase).collect();
    let letters: String = written.chars().filter(|c| *c != '.').collect();
    letters.split(|c: char| !c.is_alphanumeric()).any(|word| word == wanted)
}

/// Several readings of one text become one choice.
fn merged(readings: Vec<Found<'_>>) -> Option<Found<'_>> {
    let mut readings = readings.into_iter();
    let mut all = readings.next()?;
    for more in readings {
        for candidate in more.candidates {
            if !all.candidates.iter().any(|c| c.city == candidate.city) {
                all.candidates.push(candidate);
            }
        }
        all.unexplained &= more.unexplained;
    }
    all.candidates.sort_by(in_order);
    Some(all)
}

fn ambiguous(mut candidates: Vec<Candidate<'_>>) -> Lookup<'_> {
    candidates.truncate(MOST_CANDIDATES);
    Lookup::Ambiguous(candidates)
}
