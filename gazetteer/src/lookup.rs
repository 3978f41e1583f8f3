//! From a name to a city, or to the choice between several: never a guess.
//!
//! Called by every automation that turns text into a city. The rules:
//!
//! 1. A name is compared whole, in its comparable form; a street, a venue or a part of a name is not a city.
//! 2. A country given means that country only.
//! 3. One city of the name: that one. Several: an alias of `make/aliases.csv` that no hint speaks against; else, with a
//!    hint, the only one within 100 km of it; else the one that outweighs the others.
//! 4. To outweigh is to have fifty times the weight of all others together, or, once a country or the 100 km around
//!    a hint narrow the choice, twice that of the next. Weight is population, ten times for a city's own name as
//!    against an old, foreign or local alias.
//! 5. The name of a country or region is a city's only inside that country or region.
//! 6. Everything else is [`Lookup::Ambiguous`] or [`Lookup::Unknown`].

use std::cmp::Ordering;

use crate::city::City;
use crate::gazetteer::Gazetteer;
use crate::metres::on_earth;
use crate::normalise::{normalise, too_long};

/// Candidates or suggestions in an answer, at most.
pub const MOST_CANDIDATES: usize = 5;
/// What a hint covers: a metropolitan area and its surroundings.
pub(crate) const NEARBY_METRES: f64 = 100_000.0;
/// Against all others of the world together.
const OUTWEIGHS_ALL: f64 = 50.0;
/// Against the next within a country or near a hint.
const OUTWEIGHS_NEXT: f64 = 2.0;
/// An own name against an alias.
const OWN_NAME: f64 = 10.0;
/// Taken for a population that is not known (0), half of what makes a city of the gazetteer.
const UNKNOWN_POPULATION: f64 = 250.0;
/// Words of an unknown text among which names are looked for, to suggest them.
const MOST_WORDS: usize = 8;

/// What a name means.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<'a> {
    /// This city, beyond doubt.
    One(City<'a>),
    /// One of these, the likeliest first; at most five. Ask.
    Ambiguous(Vec<Candidate<'a>>),
    /// No city of the gazetteer. These, at most five, are written alike or named in the text.
    Unknown {
        /// The likeliest first; may be empty.
        suggestions: Vec<Candidate<'a>>,
    },
}

/// A city that may be meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// The city.
    pub city: City<'a>,
    /// How its name fits.
    pub how: Match,
    /// True when it is the city's own name that fits, not a translation, an alias or a name of old.
    pub own_name: bool,
    /// Metres along the ground to the hint, when there was one.
    pub metres: Option<f64>,
}

/// How a city's name fits what was written, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// It is the city's own name.
    Name,
    /// It is another name of the city.
    Alias,
    /// One of the city's names begins with it.
    Prefix,
    /// One of its names begins with it, but for this many slips.
    Slips(u8),
}

impl Candidate<'_> {
    fn weight(&self) -> f64 {
        let people = if self.city.population == 0 { UNKNOWN_POPULATION } else { f64::from(self.city.population) };
        if self.own_name { people * OWN_NAME } else { people }
    }

    /// Weight, less the further away: a third of it at 50 km, a thousandth at 5,000.
    fn score(&self) -> f64 {
        self.weight() / (1.0 + self.metres.unwrap_or(0.0) / 50_000.0).powf(1.5)
    }
}

/// The likelier first, by weight and distance; ids settle the rest.
pub(crate) fn in_order(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    b.score().total_cmp(&a.score()).then(a.city.id.cmp(&b.city.id))
}

impl Gazetteer {
    /// The city of a name, see the rules above. `country` is an ISO code of two letters or a name of the country, in
    /// any case; an unknown one matches no city. `hint` is a point `(lat, lon)` in degrees near which the city is
    /// likely; one that is not on earth is ignored. A text of more than 200 characters is no name.
    #[must_use]
    pub fn lookup(&self, name: &str, country: Option<&str>, hint: Option<(f64, f64)>) -> Lookup<'_> {
        let form = normalise(name);
        let hint = hint.filter(|h| on_earth(h.0, h.1));
        let country = match country.filter(|c| !c.trim().is_empty()) {
            None => None,
            Some(text) => match self.places.country(text) {
                Some(country) => Some(country.code),
                None => return Lookup::Unknown { suggestions: Vec::new() },
            },
        };
        let answer = self.name(name, country, hint);
        answer.unwrap_or_else(|| Lookup::Unknown { suggestions: self.suggestions(&form, country, hint) })
    }

    /// What a name means if it is one; `country` is a code.
    pub(crate) fn name(&self, name: &str, country: Option<&str>, hint: Option<(f64, f64)>) -> Option<Lookup<'_>> {
        let form = normalise(name);
        if form.is_empty() || too_long(name.trim()) {
            return None;
        }
        let candidates = self.candidates(&form, hint, |city| country.is_none_or(|c| c == city.country));
        self.choose(&form, candidates, country.is_some(), hint)
    }

    /// Every city of a comparable name that `wanted` allows, the likeliest first.
    pub(crate) fn candidates(&self, form: &str, hint: Option<(f64, f64)>, wanted: impl Fn(&City<'_>) -> bool) -> Vec<Candidate<'_>> {
        let curated = self.aliases.get(form).and_then(|&id| self.get(id)).map(|city| city.rank);
        let known = self.ranks(form);
        let mut candidates: Vec<_> = curated
            .into_iter()
            .filter(|rank| !known.contains(rank))
            .chain(known.iter().copied())
            .filter_map(|rank| self.candidate(rank, Match::Alias, hint))
            .filter(|candidate| wanted(&candidate.city))
            .collect();
        for candidate in &mut candidates {
            if normalise(candidate.city.name) == form {
                (candidate.how, candidate.own_name) = (Match::Name, true);
            }
        }
        candidates.sort_by(in_order);
        candidates
    }

    /// Rules 3 to 6. `narrowed` says that a country or region already limits the candidates; `None` when there are none.
    pub(crate) fn choose<'a>(&'a self, form: &str, candidates: Vec<Candidate<'a>>, narrowed: bool, hint: Option<(f64, f64)>) -> Option<Lookup<'a>> {
        let first = candidates.first()?;
        let near: Vec<&Candidate<'_>> = candidates.iter().filter(|c| hint.is_some() && c.metres.is_some_and(|m| m <= NEARBY_METRES)).collect();
        let chosen = if near.is_empty() {
            let curated = self.aliases.get(form).and_then(|&id| candidates.iter().find(|c| c.city.id == id));
            if let Some(curated) = curated {
                Some(curated)
            } else if !narrowed && !self.belongs(form, &first.city) {
                None
            } else {
                let all: Vec<&Candidate<'_>> = candidates.iter().collect();
                outweighing(&all, narrowed)
            }
        } else {
            outweighing(&near, true)
        };
        Some(match chosen {
            Some(candidate) => Lookup::One(candidate.city),
            None => {
                let mut candidates = candidates;
                candidates.truncate(MOST_CANDIDATES);
                Lookup::Ambiguous(candidates)
            }
        })
    }

    /// Rule 5. Codes of three letters and less are too often names by chance to count.
    fn belongs(&self, form: &str, city: &City<'_>) -> bool {
        if form.chars().count() <= 3 && form.is_ascii() {
            return true;
        }
        let country_fits = self.places.country_by_form(form).is_none_or(|country| country.code == city.country);
        let regions = self.places.regions_by_form(form);
        let region_fits = regions.is_empty() || self.region_of(city.rank).is_some_and(|region| regions.contains(&region));
        country_fits && region_fits
    }

    /// Cities for a text that is none: those whose names stand in it, else those written alike.
    pub(crate) fn suggestions(&self, form: &str, country: Option<&str>, hint: Option<(f64, f64)>) -> Vec<Candidate<'_>> {
        let wanted_rank = |rank: u32| self.city(rank).is_some_and(|city| country.is_none_or(|c| c == city.country));
        let mut found: Vec<Candidate<'_>> = self.prefix_in(form, MOST_CANDIDATES, hint, &wanted_rank);
        self.named_in(form, country, hint, &mut found);
        found.truncate(MOST_CANDIDATES);
        found
    }

    /// Adds cities whose names stand in a text as whole words, the longest names first, until there are enough.
    pub(crate) fn named_in<'a>(&'a self, form: &str, country: Option<&str>, hint: Option<(f64, f64)>, found: &mut Vec<Candidate<'a>>) {
        let words: Vec<&str> = form.split(' ').take(MOST_WORDS).collect();
        for length in (1..=words.len()).rev() {
            for part in words.windows(length).map(|w| w.join(" ")).filter(|p| p.chars().count() > 2) {
                let mut named = self.candidates(&part, hint, |city| country.is_none_or(|c| c == city.country));
                named.retain(|c| !found.iter().any(|f| f.city == c.city));
                found.extend(named.into_iter().take(MOST_CANDIDATES));
            }
            if found.len() >= MOST_CANDIDATES {
                return;
            }
        }
    }
}

fn outweighing<'c, 'a>(candidates: &[&'c Candidate<'a>], narrowed: bool) -> Option<&'c Candidate<'a>> {
    let mut by_weight = candidates.to_vec();
    by_weight.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    let (first, others) = by_weight.split_first()?;
    let rest: f64 = others.iter().map(|c| c.weight()).sum();
    let next = others.first().map_or(0.0, |c| c.weight());
    let outweighs = if narrowed { first.weight() >= OUTWEIGHS_NEXT * next } else { first.weight() >= OUTWEIGHS_ALL * rest };
    outweighs.then_some(*first)
}
