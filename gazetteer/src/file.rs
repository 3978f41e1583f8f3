//! The container of the one data file: numbered sections, each deflated, with their lengths.
//!
//! Read by `Gazetteer::open`, written by `examples/pack.rs`. Knows bytes, not cities.
//!
//! Layout, all numbers little-endian: magic `POSGAZ` with two digits of version; u32
//! count of sections; for each section u32 unpacked length and u32 packed length; then the packed sections, end to end.

use thiserror::Error;
use zune_inflate::{DeflateDecoder, DeflateOptions};

const MAGIC: &[u8; 8] = b"POSGAZ01";
const HEAD: usize = 12;
/// No section is larger: a damaged length must not ask for gigabytes.
const LARGEST: usize = 64 << 20;

/// Sections in the order they stand in the file. Columns have one entry per city, cities ordered by country, region, id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// Lines: countries `code TAB name TAB names US names …`.
    Countries,
    /// Lines: regions `country TAB code TAB name TAB names US …`; every (country, code) of a city, in file order.
    Regions,
    /// Lines: time zones.
    Zones,
    /// Varints: the region's index, as zigzag difference to the city before.
    RegionOf,
    /// Varints: time zone index, zigzag difference.
    ZoneOf,
    /// Varints: GeoNames id, zigzag difference.
    Ids,
    /// Varints: latitude in 1e-5 degrees, zigzag difference.
    Latitudes,
    /// Varints: longitude in 1e-5 degrees, zigzag difference.
    Longitudes,
    /// Varints: population.
    Populations,
    /// Lines: own names.
    Names,
    /// Bits: set when the plain slug belongs to a larger city, so that this one's carries its id.
    SlugTaken,
    /// Lines: `file position TAB ASCII name`, for names that no folding makes ASCII.
    AsciiNames,
    /// Lines: `normalised alias TAB GeoNames id`: short forms that name one city.
    Aliases,
    /// fst map: normalised name → posting.
    Index,
    /// Varints: for each posting, count and ranks (first as difference to the first of the posting before, then ascending).
    Postings,
    /// Varint lengths of the blocks of other names, packed.
    OtherNamesIndex,
    /// Blocks of [`NAMES_BLOCK`] cities, each deflated alone: a line per city, names separated by US (0x1f). Stored.
    OtherNames,
}

/// Cities per block of [`Section::OtherNames`].
pub const NAMES_BLOCK: usize = 512;
const SECTIONS: usize = Section::OtherNames as usize + 1;

/// What is wrong with a data file.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FileError {
    #[error("not a gazetteer file of this version")]
    Foreign,
    #[error("the gazetteer file is cut short or damaged")]
    Damaged,
}

/// The sections of one file, still packed.
pub(crate) struct File<'a> {
    packed: Vec<(usize, &'a [u8])>,
}

impl<'a> File<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, FileError> {
        let head = bytes.get(..HEAD).ok_or(FileError::Damaged)?;
        if &head[..8] != MAGIC {
            return Err(FileError::Foreign);
        }
        let number = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if number(8) != Some(SECTIONS as u32) {
            return Err(FileError::Foreign);
        }
        let mut from = HEAD + SECTIONS * 8;
        let mut packed = Vec::with_capacity(SECTIONS);
        for i in 0..SECTIONS {
            let (unpacked, length) = number(HEAD + i * 8).zip(number(HEAD + i * 8 + 4)).ok_or(FileError::Damaged)?;
            let to = from.checked_add(length as usize).ok_or(FileError::Damaged)?;
            if unpacked as usize > LARGEST {
                return Err(FileError::Damaged);
            }
            packed.push((unpacked as usize, bytes.get(from..to).ok_or(FileError::Damaged)?));
            from = to;
        }
        if from != bytes.len() { Err(FileError::Damaged) } else { Ok(Self { packed }) }
    }

    /// One section, unpacked.
    pub(crate) fn section(&self, section: Section) -> Result<Vec<u8>, FileError> {
        let (length, packed) = self.packed[section as usize];
        let bytes = inflate(packed, length, LARGEST)?;
        if bytes.len() == length { Ok(bytes) } else { Err(FileError::Damaged) }
    }

    /// One section as it stands in the file.
    pub(crate) fn stored(&self, section: Section) -> &'a [u8] {
        self.packed[section as usize].1
    }

    pub(crate) fn text(&self, section: Section) -> Result<String, FileError> {
        String::from_utf8(self.section(section)?).map_err(|_| FileError::Damaged)
    }

    /// A column of differences, summed up again.
    pub(crate) fn column(&self, section: Section, count: usize) -> Result<Vec<i64>, FileError> {
        let bytes = self.section(section)?;
        let mut varints = Varints::new(&bytes);
        let mut value = 0i64;
        (0..count)
            .map(|_| {
                let z = varints.next().ok_or(FileError::Damaged)?;
                value = value.wrapping_add((z >> 1) as i64 ^ -((z & 1) as i64));
                Ok(value)
            })
            .collect()
    }
}

/// Inflates about `expected` and at most `limit` bytes.
pub(crate) fn inflate(packed: &[u8], expected: usize, limit: usize) -> Result<Vec<u8>, FileError> {
    let options = DeflateOptions::default().set_size_hint(limit.min(expected)).set_limit(limit);
    DeflateDecoder::new_with_options(packed, options).decode_deflate().map_err(|_| FileError::Damaged)
}

/// Reads LEB128 numbers until the bytes end.
pub(crate) struct Varints<'a> {
    bytes: &'a [u8],
}

impl<'a> Varints<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

impl Iterator for Varints<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

/// Puts packed sections into one file. `sections` are `(unpacked length, packed bytes)` in the order of [`Section`].
///
/// # Panics
/// When there are not exactly as many sections as [`Section`] names.
#[must_use]
pub fn write(sections: &[(usize, Vec<u8>)]) -> Vec<u8> {
    assert_eq!(sections.len(), SECTIONS);
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
    for (unpacked, packed) in sections {
        out.extend_from_slice(&(*unpacked as u32).to_le_bytes());
        out.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    }
    for (_, packed) in sections {
        out.extend_from_slice(packed);
    }
    out
}

/// Appends a LEB128 number.
pub fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number as a zigzag LEB128.
pub fn put_signed(value: i64, out: &mut Vec<u8>) {
    put_varint(((value << 1) ^ (value >> 63)) as u64, out);
}
