//! The opened file: columns by rank, the name index, and the questions by id and by place.
//!
//! Built once from bytes (`open`) and shared for ever (`embedded`); changes nothing afterwards. Cities are numbered by
//! rank, 0 the most populous, so that "the larger first" is the order of numbers everywhere in this crate.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::OnceLock;

use fst::Map;

use crate::city::City;
use crate::file::{File, FileError, NAMES_BLOCK, Section, Varints, inflate};
use crate::lookup::{Candidate, Match};
use crate::metres::{metres, on_earth};
use crate::near::Near;
use crate::normalise::normalise;
use crate::places::{Country, Places};

static EMBEDDED: &[u8] = include_bytes!("../data/cities.gaz");

/// A window smaller than this is searched by place, a larger one by population.
const SMALL_WINDOW_METRES: f64 = 300_000.0;
/// More cities than this are never listed at once.
const MOST_LISTED: usize = 10_000;

/// Every city, its names and its place.
pub struct Gazetteer {
    columns: Vec<Row>,
    by_id: Vec<(u32, u32)>,
    names: String,
    zones: Vec<String>,
    pub(crate) places: Places,
    ascii: HashMap<u32, String>,
    pub(crate) aliases: HashMap<String, u32>,
    pub(crate) index: Map<Vec<u8>>,
    posting_starts: Vec<u32>,
    posting_ranks: Vec<u32>,
    other_names: &'static [u8],
    other_names_starts: Vec<u32>,
    near: OnceLock<Near>,
}

struct Row {
    id: u32,
    lat: i32,
    lon: i32,
    population: u32,
    name_start: u32,
    /// Position in the file's order, in which the blocks of other names are.
    position: u32,
    region: u16,
    zone: u16,
    name_length: u16,
    slug_taken: bool,
}

impl Gazetteer {
    /// The gazetteer built into the program, opened on first use (about a tenth of a second).
    ///
    /// # Panics
    /// Never with the file in this repository: a test opens it.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static GAZETTEER: OnceLock<Gazetteer> = OnceLock::new();
        GAZETTEER.get_or_init(|| Self::open(EMBEDDED).expect("the embedded gazetteer file is whole"))
    }

    /// The bytes of the embedded file, to measure or to damage.
    #[must_use]
    pub fn embedded_file() -> &'static [u8] {
        EMBEDDED
    }

    /// Opens a file made by `make/make.py`.
    ///
    /// # Errors
    /// [`FileError`] when it is another kind of file, cut short or damaged.
    pub fn open(bytes: &'static [u8]) -> Result<Self, FileError> {
        let file = File::read(bytes)?;
        // Half of the bytes are the index: unpacked beside the rest.
        let (index, rest) = std::thread::scope(|scope| {
            let index = scope.spawn(|| {
                let index = Map::new(file.section(Section::Index)?).map_err(|_| FileError::Damaged)?;
                // Walking a damaged fst may panic: its checksum is worth ten milliseconds.
                index.as_fst().verify().map_err(|_| FileError::Damaged)?;
                Ok(index)
            });
            let rest = Self::open_but_index(&file);
            (index.join().unwrap_or(Err(FileError::Damaged)), rest)
        });
        Ok(Self { index: index?, ..rest? })
    }

    fn open_but_index(file: &File<'static>) -> Result<Self, FileError> {
        let places = Places::read(&file.text(Section::Countries)?, &file.text(Section::Regions)?)?;
        let zones: Vec<String> = file.text(Section::Zones)?.lines().map(str::to_owned).collect();
        let names = file.text(Section::Names)?;
        let mut columns = read_columns(file, &names)?;
        if columns.iter().any(|c| usize::from(c.region) >= places.region_count() || usize::from(c.zone) >= zones.len()) {
            return Err(FileError::Damaged);
        }
        columns.sort_by_key(|c| (Reverse(c.population), c.position));
        let mut by_id: Vec<(u32, u32)> = columns.iter().zip(0..).map(|(c, rank)| (c.id, rank)).collect();
        by_id.sort_unstable();

        let ascii = pairs(&file.text(Section::AsciiNames)?, |position, name| Some((position.parse().ok()?, name.to_owned())))?;
        let aliases = pairs(&file.text(Section::Aliases)?, |alias, id| Some((alias.to_owned(), id.parse().ok()?)))?;
        let (posting_starts, posting_ranks) = read_postings(&file.section(Section::Postings)?, columns.len())?;

        let lengths = file.section(Section::OtherNamesIndex)?;
        let mut other_names_starts = vec![0u32];
        for length in Varints::new(&lengths) {
            let last = other_names_starts.last().copied().unwrap_or_default();
            other_names_starts.push(u32::try_from(u64::from(last) + length).map_err(|_| FileError::Damaged)?);
        }
        Ok(Self {
            columns,
            by_id,
            names,
            zones,
            places,
            ascii,
            aliases,
            index: Map::default(),
            posting_starts,
            posting_ranks,
            other_names: file.stored(Section::OtherNames),
            other_names_starts,
            near: OnceLock::new(),
        })
    }

    /// How many cities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// True when there is no city at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The city of a GeoNames id.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<City<'_>> {
        let place = self.by_id.binary_search_by_key(&id, |entry| entry.0).ok()?;
        self.city(self.by_id[place].1)
    }

    /// Every city, the most populous first.
    pub fn cities(&self) -> impl Iterator<Item = City<'_>> {
        (0..self.columns.len() as u32).filter_map(|rank| self.city(rank))
    }

    /// The city whose [`City::slug`] this is.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<City<'_>> {
        if let Some(city) = slug.rsplit('-').next().and_then(|id| self.get(id.parse().ok()?)).filter(|c| c.slug() == slug) {
            return Some(city);
        }
        let (base, _) = slug.rsplit_once('-')?;
        let form = normalise(base);
        // A base cut for length is no name, but still the beginning of one.
        let whole = self.ranks(&form).iter().filter_map(|&rank| self.city(rank)).find(|c| c.slug() == slug);
        whole.or_else(|| self.beginning_with(&form, 64).into_iter().filter_map(|r| self.city(r)).find(|c| c.slug() == slug))
    }

    /// All names of a city: its own first, then those in other tongues, scripts and times. Of spellings that compare
    /// equal only one. Empty for an unknown id. Unpacks some kilobytes: for a page about one city, not for a list.
    #[must_use]
    pub fn names(&self, id: u32) -> Vec<String> {
        let Some(city) = self.get(id) else { return Vec::new() };
        let mut names = vec![city.name.to_owned()];
        let position = self.columns[city.rank as usize].position as usize;
        let block = position / NAMES_BLOCK;
        let bounds = self.other_names_starts.get(block).zip(self.other_names_starts.get(block + 1));
        let packed = bounds.and_then(|(from, to)| self.other_names.get(*from as usize..*to as usize));
        if let Some(Ok(block)) = packed.map(|p| inflate(p, 1 << 16, 1 << 24))
            && let Ok(block) = String::from_utf8(block)
            && let Some(line) = block.lines().nth(position % NAMES_BLOCK)
        {
            names.extend(line.split('\x1f').filter(|n| !n.is_empty()).map(str::to_owned));
        }
        names
    }

    /// A country by its ISO code of two letters in any case, or by a name of it in a common or its own language.
    #[must_use]
    pub fn country(&self, text: &str) -> Option<Country<'_>> {
        self.places.country(text)
    }

    /// The `n` cities nearest to a point, nearest first, with metres along the ground. Empty for a point not on earth.
    #[must_use]
    pub fn nearest(&self, lat: f64, lon: f64, n: usize) -> Vec<(City<'_>, f64)> {
        let n = n.min(MOST_LISTED);
        if n == 0 || !on_earth(lat, lon) {
            return Vec::new();
        }
        // The straight line is never longer than the way along the ground, so whatever is nearer than the worst of a
        // first choice lies within a ball of that radius.
        let first = self.near().nearest(lat, lon, n);
        let worst = first.iter().map(|&(_, rank)| self.metres_to(rank, (lat, lon))).fold(0.0, f64::max);
        let mut found = self.within(lat, lon, worst + 1.0);
        found.truncate(n);
        found
    }

    /// Every city within `radius` metres along the ground, nearest first. Empty for a point not on earth.
    #[must_use]
    pub fn within(&self, lat: f64, lon: f64, radius: f64) -> Vec<(City<'_>, f64)> {
        if !on_earth(lat, lon) || radius.is_nan() {
            return Vec::new();
        }
        let mut found: Vec<(f64, u32)> = self
            .near()
            .within(lat, lon, radius)
            .into_iter()
            .map(|rank| (self.metres_to(rank, (lat, lon)), rank))
            .filter(|(metres, _)| *metres <= radius)
            .collect();
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.into_iter().filter_map(|(metres, rank)| Some((self.city(rank)?, metres))).collect()
    }

    /// The most populous cities of a window in degrees, at most `limit`, the largest first. `west > east` is a window
    /// over the date line; edges belong to it.
    #[must_use]
    pub fn in_bbox(&self, south: f64, west: f64, north: f64, east: f64, limit: usize) -> Vec<City<'_>> {
        if !(on_earth(south, west) && on_earth(north, east)) || south > north {
            return Vec::new();
        }
        let limit = limit.min(MOST_LISTED);
        let inside = |rank: u32| {
            let (lat, lon) = self.place_of(rank);
            let lon_in = if west <= east { (west..=east).contains(&lon) } else { lon >= west || lon <= east };
            lat >= south && lat <= north && lon_in
        };
        let width = if west <= east { east - west } else { east + 360.0 - west };
        let centre = ((south + north) / 2.0, west + width / 2.0);
        let reach = [south, north, centre.0].map(|lat| metres(centre, (lat, west))).into_iter().fold(0.0, f64::max);
        if reach < SMALL_WINDOW_METRES && width < 90.0 {
            // A chord to a corner is the longest in the window, but for the bulge of parallels near the poles.
            let mut ranks = self.near().within(centre.0, centre.1, reach * 1.5 + 1_000.0);
            ranks.retain(|&rank| inside(rank));
            ranks.sort_unstable();
            return ranks.into_iter().take(limit).filter_map(|rank| self.city(rank)).collect();
        }
        (0..self.columns.len() as u32).filter(|&rank| inside(rank)).take(limit).filter_map(|rank| self.city(rank)).collect()
    }

    pub(crate) fn city(&self, rank: u32) -> Option<City<'_>> {
        let row = self.columns.get(rank as usize)?;
        let (country, country_name, region_code, region) = self.places.region(usize::from(row.region));
        let start = row.name_start as usize;
        Some(City {
            id: row.id,
            name: self.names.get(start..start + usize::from(row.name_length))?,
            country,
            country_name,
            region,
            region_code,
            population: row.population,
            time_zone: &self.zones[usize::from(row.zone)],
            lat: f64::from(row.lat) / 1e5,
            lon: f64::from(row.lon) / 1e5,
            rank,
            ascii: self.ascii.get(&row.position).map(String::as_str),
            slug_taken: row.slug_taken,
        })
    }

    /// Ranks of the cities of a comparable name, the most populous first.
    pub(crate) fn ranks(&self, form: &str) -> &[u32] {
        self.index.get(form).map_or(&[], |posting| self.posting(posting))
    }

    pub(crate) fn posting(&self, number: u64) -> &[u32] {
        let place = number as usize;
        let bounds = self.posting_starts.get(place).zip(self.posting_starts.get(place + 1));
        bounds.and_then(|(from, to)| self.posting_ranks.get(*from as usize..*to as usize)).unwrap_or(&[])
    }

    pub(crate) fn candidate(&self, rank: u32, how: Match, hint: Option<(f64, f64)>) -> Option<Candidate<'_>> {
        let city = self.city(rank)?;
        Some(Candidate { city, how, own_name: how == Match::Name, metres: hint.map(|h| metres(city.place(), h)) })
    }

    pub(crate) fn region_of(&self, rank: u32) -> Option<usize> {
        self.columns.get(rank as usize).map(|row| usize::from(row.region))
    }

    pub(crate) fn near(&self) -> &Near {
        self.near.get_or_init(|| Near::new((0..self.columns.len() as u32).map(|rank| self.place_of(rank))))
    }

    fn place_of(&self, rank: u32) -> (f64, f64) {
        let row = &self.columns[rank as usize];
        (f64::from(row.lat) / 1e5, f64::from(row.lon) / 1e5)
    }

    fn metres_to(&self, rank: u32, at: (f64, f64)) -> f64 {
        metres(self.place_of(rank), at)
    }
}

fn read_columns(file: &File<'_>, names: &str) -> Result<Vec<Row>, FileError> {
    let populations: Vec<u64> = Varints::new(&file.section(Section::Populations)?).collect();
    let count = populations.len();
    let ids = file.column(Section::Ids, count)?;
    let lats = file.column(Section::Latitudes, count)?;
    let lons = file.column(Section::Longitudes, count)?;
    let regions = file.column(Section::RegionOf, count)?;
    let zones = file.column(Section::ZoneOf, count)?;
    let taken = file.section(Section::SlugTaken)?;
    let mut lines = names.lines();
    let mut columns = Vec::with_capacity(count);
    for i in 0..count {
        let name = lines.next().ok_or(FileError::Damaged)?;
        let damaged = |_| FileError::Damaged;
        columns.push(Row {
            id: u32::try_from(ids[i]).map_err(damaged)?,
            lat: i32::try_from(lats[i]).map_err(damaged)?,
            lon: i32::try_from(lons[i]).map_err(damaged)?,
            population: u32::try_from(populations[i]).map_err(damaged)?,
            name_start: (name.as_ptr() as usize - names.as_ptr() as usize) as u32,
            position: i as u32,
            region: u16::try_from(regions[i]).map_err(damaged)?,
            zone: u16::try_from(zones[i]).map_err(damaged)?,
            name_length: u16::try_from(name.len()).map_err(damaged)?,
            slug_taken: taken.get(i / 8).ok_or(FileError::Damaged)? >> (i % 8) & 1 == 1,
        });
    }
    Ok(columns)
}

fn read_postings(bytes: &[u8], cities: usize) -> Result<(Vec<u32>, Vec<u32>), FileError> {
    let mut varints = Varints::new(bytes);
    let mut next = || varints.next().ok_or(FileError::Damaged);
    let count = next()? as usize;
    let (mut starts, mut ranks) = (vec![0u32], Vec::new());
    let mut first = 0u64;
    for _ in 0..count {
        let length = next()?;
        first = first.saturating_add(next()?);
        let mut rank = first;
        for i in 0..length {
            if i > 0 {
                rank = rank.saturating_add(next()?);
            }
            if rank >= cities as u64 {
                return Err(FileError::Damaged);
            }
            ranks.push(rank as u32);
        }
        starts.push(ranks.len() as u32);
    }
    Ok((starts, ranks))
}

fn pairs<K: std::hash::Hash + Eq, V>(text: &str, read: impl Fn(&str, &str) -> Option<(K, V)>) -> Result<HashMap<K, V>, FileError> {
    text.lines().map(|line| line.split_once('\t').and_then(|(a, b)| read(a, b)).ok_or(FileError::Damaged)).collect()
}
