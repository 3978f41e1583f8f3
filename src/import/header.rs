//! The first line of a file: which layout it is, and where its columns are.

use csv::ByteRecord;

use super::{inside_airbnb, own, records::BadFile};

/// Names of columns, lower case, in their order.
#[derive(Clone, Debug)]
pub(super) struct Header(Vec<String>);

/// What the columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    InsideAirbnb,
    PosadaExport,
}

impl Header {
    pub fn read(record: &ByteRecord, line: u64) -> Result<(Self, Layout), BadFile> {
        let bad = |why: String| BadFile::Header { line, why };
        let mut names = Vec::with_capacity(record.len());
        for cell in record {
            let name = std::str::from_utf8(cell).map_err(|_| BadFile::NotText("not in UTF-8"))?;
            names.push(name.trim().trim_start_matches('\u{feff}').to_lowercase());
        }
        let header = Self(names);
        let has = |needed: &[&str]| needed.iter().all(|name| header.column(name).is_some());
        let layout = if has(&own::NEEDED) {
            Layout::PosadaExport
        } else if has(&inside_airbnb::NEEDED) {
            Layout::InsideAirbnb
        } else {
            return Err(bad(header.misread()));
        };
        if let Some(twice) = header.0.iter().enumerate().find(|(n, name)| !name.is_empty() && header.0[..*n].contains(name)) {
            return Err(bad(format!("the column {:?} is there twice", twice.1)));
        }
        Ok((header, layout))
    }

    /// Why it is no header of ours, with what would be right.
    fn misread(&self) -> String {
        if let [only] = self.0.as_slice()
            && let Some(separator) = [';', '\t', '|'].into_iter().find(|c| only.contains(*c))
        {
            return format!("the columns are separated by {separator:?}: save the file with commas");
        }
        let lacking = |needed: &[&str]| needed.iter().filter(|name| self.column(name).is_none()).copied().collect::<Vec<_>>().join(", ");
        let seen: String = self.0.join(", ").chars().take(200).collect();
        format!(
            "this is no header we know ({seen}). For listings of Inside Airbnb these columns are missing: {}; for an export of Posada: {}",
            lacking(&inside_airbnb::NEEDED),
            lacking(&own::NEEDED)
        )
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column == name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}
