//! Countries and first-level regions: what they are called and which code they have.
//!
//! Called by `address` to read what stands around a city's name, and by `lookup` to refuse a country's name as a
//! city's. Names come from CLDR and `make/regions.csv`.

use std::collections::HashMap;

use crate::file::FileError;
use crate::normalise::normalise;

/// A country of the gazetteer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country<'a> {
    /// ISO 3166 code of two capital letters.
    pub code: &'a str,
    /// English name.
    pub name: &'a str,
}

struct Region {
    country: usize,
    code: String,
    name: String,
}

/// All countries and regions, by index and by comparable name.
pub(crate) struct Places {
    countries: Vec<(String, String)>,
    regions: Vec<Region>,
    country_by_name: HashMap<String, usize>,
    regions_by_name: HashMap<String, Vec<usize>>,
}

impl Places {
    pub(crate) fn read(countries: &str, regions: &str) -> Result<Self, FileError> {
        let mut places = Self { countries: Vec::new(), regions: Vec::new(), country_by_name: HashMap::new(), regions_by_name: HashMap::new() };
        for line in countries.lines() {
            let [code, name, names] = cells(line)?;
            let index = places.countries.len();
            places.countries.push((code.to_owned(), name.to_owned()));
            for name in std::iter::once(name).chain(names.split('\x1f')) {
                places.country_by_name.entry(normalise(name)).or_insert(index);
            }
        }
        // Codes last: where a code spells another country's name, the name is meant.
        for (index, (code, _)) in places.countries.iter().enumerate() {
            places.country_by_name.entry(normalise(code)).or_insert(index);
        }
        places.country_by_name.remove("");
        for line in regions.lines() {
            let mut parts = line.splitn(4, '\t');
            let mut cell = || parts.next().ok_or(FileError::Damaged);
            let (country, code, name, names) = (cell()?, cell()?, cell()?, cell()?);
            let country = places.countries.iter().position(|c| c.0 == country).ok_or(FileError::Damaged)?;
            let index = places.regions.len();
            if !name.is_empty() {
                for form in std::iter::once(name).chain(names.split('\x1f')).map(normalise).filter(|f| !f.is_empty()) {
                    let same = places.regions_by_name.entry(form).or_default();
                    if !same.contains(&index) {
                        same.push(index);
                    }
                }
            }
            places.regions.push(Region { country, code: code.to_owned(), name: name.to_owned() });
        }
        Ok(places)
    }

    /// By code in any case, or by any of its names.
    pub(crate) fn country(&self, text: &str) -> Option<Country<'_>> {
        self.country_by_form(&normalise(text))
    }

    pub(crate) fn country_by_form(&self, form: &str) -> Option<Country<'_>> {
        let (code, name) = &self.countries[*self.country_by_name.get(form)?];
        Some(Country { code, name })
    }

    /// Indices of the regions of this comparable name.
    pub(crate) fn regions_by_form(&self, form: &str) -> &[usize] {
        self.regions_by_name.get(form).map_or(&[], Vec::as_slice)
    }

    /// `(country code, country name, region code, region name or code)` of a region.
    pub(crate) fn region(&self, index: usize) -> (&str, &str, &str, &str) {
        let region = &self.regions[index];
        let (code, country) = &self.countries[region.country];
        let name = if region.name.is_empty() { &region.code } else { &region.name };
        (code, country, &region.code, name)
    }

    pub(crate) fn region_count(&self) -> usize {
        self.regions.len()
    }
}

fn cells(line: &str) -> Result<[&str; 3], FileError> {
    let mut parts = line.splitn(3, '\t');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(a), Some(b), Some(c)) => Ok([a, b, c]),
        _ => Err(FileError::Damaged),
    }
}
