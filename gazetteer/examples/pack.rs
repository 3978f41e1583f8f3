//! Packs the tables of `make/make.py` into the one data file. Called by that script only.
//!
//!     cargo run --release -p posada-gazetteer --example pack -- TABLES_DIR OUT_FILE
//!
//! Names are normalised by the crate itself, so that the file and the questions agree. Same tables, same bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use gazetteer::file::{NAMES_BLOCK, put_signed, put_varint, write};
use gazetteer::{normalise, slug_base};

/// Longer alternate names are sentences, not names.
const LONGEST_ALIAS: usize = 100;

struct Row {
    id: u32,
    name: String,
    lat: i64,
    lon: i64,
    region: (String, String),
    population: u32,
    zone: String,
    /// Alternate names as shown, keyed by their comparable form.
    others: BTreeMap<String, String>,
    /// An ASCII name for the slug, when the own name has none.
    ascii: Option<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, tables, target] = arguments.as_slice() else { return Err("usage: pack TABLES_DIR OUT_FILE".into()) };
    let read = |name: &str| std::fs::read_to_string(Path::new(tables).join(name));

    let mut cities = read("cities.tsv")?.lines().map(city).collect::<Result<Vec<_>, _>>()?;
    cities.sort_by(|a, b| (&a.region, a.id).cmp(&(&b.region, b.id)));

    // Rank: position by population, the larger first. Postings speak in ranks; opening sorts the same way.
    let mut by_rank: Vec<usize> = (0..cities.len()).collect();
    by_rank.sort_by_key(|&i| (Reverse(cities[i].population), i));

    let (index, postings) = index(&cities, &by_rank)?;
    let (block_lengths, blocks) = other_names(&cities);
    let zones: BTreeSet<&str> = cities.iter().map(|c| c.zone.as_str()).collect();
    let zone_of: HashMap<&str, i64> = zones.iter().enumerate().map(|(i, z)| (*z, i as i64)).collect();
    let (regions, region_of) = regions(&cities, &read("regions.tsv")?);
    let (slug_taken, ascii_names) = slugs(&cities, &by_rank);
    let aliases: String = read("aliases.tsv")?
        .lines()
        .filter_map(|l| l.split_once('\t'))
        .map(|(alias, id)| (normalise(alias), id))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .map(|(key, id)| format!("{key}\t{id}\n"))
        .collect();

    let differences = |values: &mut dyn Iterator<Item = i64>| {
        let (mut out, mut last) = (Vec::new(), 0);
        for value in values {
            put_signed(value - last, &mut out);
            last = value;
        }
        out
    };
    let mut populations = Vec::new();
    cities.iter().for_each(|c| put_varint(u64::from(c.population), &mut populations));

    let packed = [
        deflate(read("countries.tsv")?.as_bytes()),
        deflate(regions.as_bytes()),
        deflate(zones.iter().map(|z| format!("{z}\n")).collect::<String>().as_bytes()),
        deflate(&differences(&mut region_of.into_iter())),
        deflate(&differences(&mut cities.iter().map(|c| zone_of[c.zone.as_str()]))),
        deflate(&differences(&mut cities.iter().map(|c| i64::from(c.id)))),
        deflate(&differences(&mut cities.iter().map(|c| c.lat))),
        deflate(&differences(&mut cities.iter().map(|c| c.lon))),
        deflate(&populations),
        deflate(cities.iter().map(|c| format!("{}\n", c.name)).collect::<String>().as_bytes()),
        deflate(&slug_taken),
        deflate(ascii_names.as_bytes()),
        deflate(aliases.as_bytes()),
        deflate(&index),
        deflate(&postings),
        deflate(&block_lengths),
        (blocks.len(), blocks),
    ];
    for (i, (unpacked, bytes)) in packed.iter().enumerate() {
        eprintln!("section {i:2}: {unpacked:>10} bytes, packed {:>10}", bytes.len());
    }
    std::fs::write(target, write(&packed))?;
    Ok(())
}

fn city(line: &str) -> Result<Row, Box<dyn std::error::Error>> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [id, name, lat, lon, country, region, population, zone, names] = cells.as_slice() else {
        return Err(format!("not a row of nine cells: {line}").into());
    };
    let own = normalise(name);
    let names: Vec<&str> = names.split('\x1f').filter(|n| !n.is_empty() && n.chars().count() <= LONGEST_ALIAS).collect();
    // GeoNames writes machine-made transliterations of caseless scripts ("mndwza") in lower case among the names.
    // They are not names anybody uses, and a fifth of the file.
    let has_caseless = names.iter().any(|n| n.chars().any(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()));
    let machine_made = |n: &str| has_caseless && n.is_ascii() && !n.bytes().any(|b| b.is_ascii_uppercase());
    let mut others: BTreeMap<String, String> = BTreeMap::new();
    for n in names.iter().filter(|n| !machine_made(n)) {
        let key = normalise(n);
        if key.is_empty() || key == own {
            continue;
        }
        // Of spellings that compare equal the one with accents is shown.
        let shown = others.entry(key).or_insert_with(|| (*n).to_owned());
        if shown.is_ascii() && !n.is_ascii() {
            *shown = (*n).to_owned();
        }
    }
    let ascii = slug_base(name).is_none().then(|| {
        let usable = |n: &&&str| n.is_ascii() && slug_base(n).is_some();
        names.iter().filter(usable).max_by_key(|n| n.bytes().any(|b| b.is_ascii_uppercase())).map_or("City", |n| n).to_owned()
    });
    Ok(Row {
        id: id.parse()?,
        name: (*name).to_owned(),
        lat: lat.parse()?,
        lon: lon.parse()?,
        region: ((*country).to_owned(), (*region).to_owned()),
        population: population.parse()?,
        zone: (*zone).to_owned(),
        others,
        ascii,
    })
}

/// The fst and its postings. A key's value is the number of its posting; postings are numbered by the rank of their
/// largest city, so that walking the fst by smallest value walks the cities from the largest down.
fn index(cities: &[Row], by_rank: &[usize]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error>> {
    let mut keys: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for (rank, &i) in by_rank.iter().enumerate() {
        let city = &cities[i];
        let own = [normalise(&city.name), city.ascii.as_deref().map(normalise).unwrap_or_default()];
        for key in own.iter().chain(city.others.keys()).filter(|k| !k.is_empty()) {
            keys.entry(key.clone()).or_default().insert(rank as u32);
        }
    }
    let lists: BTreeSet<Vec<u32>> = keys.values().map(|ranks| ranks.iter().copied().collect()).collect();
    let number: HashMap<&[u32], u64> = lists.iter().enumerate().map(|(i, l)| (l.as_slice(), i as u64)).collect();
    let mut map = fst::MapBuilder::memory();
    for (key, ranks) in &keys {
        let ranks: Vec<u32> = ranks.iter().copied().collect();
        map.insert(key, number[ranks.as_slice()])?;
    }
    let mut postings = Vec::new();
    let mut first = 0;
    put_varint(lists.len() as u64, &mut postings);
    for list in &lists {
        put_varint(list.len() as u64, &mut postings);
        put_varint(u64::from(list[0] - first), &mut postings);
        first = list[0];
        for pair in list.windows(2) {
            put_varint(u64::from(pair[1] - pair[0]), &mut postings);
        }
    }
    eprintln!("{} cities, {} names, {} postings", cities.len(), keys.len(), lists.len());
    Ok((map.into_inner()?, postings))
}

fn other_names(cities: &[Row]) -> (Vec<u8>, Vec<u8>) {
    let (mut lengths, mut blocks) = (Vec::new(), Vec::new());
    for chunk in cities.chunks(NAMES_BLOCK) {
        let text: String = chunk.iter().map(|c| c.others.values().map(String::as_str).collect::<Vec<_>>().join("\x1f") + "\n").collect();
        let (_, packed) = deflate(text.as_bytes());
        put_varint(packed.len() as u64, &mut lengths);
        blocks.extend(packed);
    }
    (lengths, blocks)
}

/// Every region some city is in, with its names where they are known, and each city's index into them.
fn regions(cities: &[Row], known: &str) -> (String, Vec<i64>) {
    let names: HashMap<(&str, &str), &str> = known
        .lines()
        .filter_map(|l| {
            let mut cells = l.splitn(3, '\t');
            Some(((cells.next()?, cells.next()?), cells.next()?))
        })
        .collect();
    let all: BTreeSet<(&str, &str)> = cities.iter().map(|c| (c.region.0.as_str(), c.region.1.as_str())).collect();
    let place: HashMap<(&str, &str), i64> = all.iter().enumerate().map(|(i, r)| (*r, i as i64)).collect();
    let lines = all.iter().map(|(country, code)| format!("{country}\t{code}\t{}\n", names.get(&(country, code)).unwrap_or(&"\t"))).collect();
    (lines, cities.iter().map(|c| place[&(c.region.0.as_str(), c.region.1.as_str())]).collect())
}

fn slugs(cities: &[Row], by_rank: &[usize]) -> (Vec<u8>, String) {
    let mut taken = vec![0u8; cities.len().div_ceil(8)];
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    for &i in by_rank {
        let city = &cities[i];
        let base = slug_base(&city.name).or_else(|| city.ascii.as_deref().and_then(slug_base)).unwrap_or_default();
        if !seen.insert((base, &city.region.0)) {
            taken[i / 8] |= 1 << (i % 8);
        }
    }
    let ascii = cities.iter().enumerate().filter_map(|(i, c)| Some(format!("{i}\t{}\n", c.ascii.as_ref()?))).collect();
    (taken, ascii)
}

fn deflate(bytes: &[u8]) -> (usize, Vec<u8>) {
    (bytes.len(), miniz_oxide::deflate::compress_to_vec(bytes, 10))
}
