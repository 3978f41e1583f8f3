//! Reads a CSV record by record with bounded memory, and says by line number what is wrong with the bytes.
//!
//! Used by `import::HomeFile`. Knows nothing of homes.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use csv::ByteRecord;
use thiserror::Error;

/// A record is at most so long. What is longer is a quote that was never closed.
pub const LONGEST: u64 = 256 * 1024;

/// Put after the end of the file: read as a record of its own, unless a quote is still open.
const END: &[u8] = b"\n\x01end\x01";

/// Why a file cannot be read (on). The rows before it were read.
#[derive(Debug, Error)]
pub enum BadFile {
    #[error("the file is empty: expected a header line and a line for each home")]
    Empty,
    #[error("the file is {0}: save it as CSV in UTF-8")]
    NotText(&'static str),
    #[error("line {line} begins a record of more than {} kB: a quote (\") is probably never closed", LONGEST / 1024)]
    TooLong { line: u64 },
    #[error("the file ends inside quotes that are opened in the record of line {line}: it was cut off, or a quote is missing")]
    CutInQuotes { line: u64 },
    #[error("line {line}: {why}")]
    Header { line: u64, why: String },
    #[error("the file cannot be read at line {line}")]
    Read { line: u64, source: io::Error },
}

/// Records of a CSV with the lines they begin on.
pub struct Records<R: Read> {
    csv: csv::Reader<Guarded<R>>,
    since_record: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
    ended: bool,
}

impl<R: Read> Records<R> {
    pub fn new(input: R) -> Self {
        let (since_record, bytes) = (Arc::default(), Arc::default());
        let guarded = Guarded { input, since_record: Arc::clone(&since_record), bytes: Arc::clone(&bytes), end: END, after_cr: false };
        let csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(16 * 1024).from_reader(guarded);
        Self { csv, since_record, bytes, ended: false }
    }

    /// How many bytes were read of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// The next record and its line, none at the end.
    pub fn next(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, BadFile> {
        if self.ended {
            return Ok(None);
        }
        self.since_record.store(0, Relaxed);
        let from = self.csv.position().line();
        let read = self.csv.read_byte_record(record).map_err(|error| {
            self.ended = true;
            match error.into_kind() {
                csv::ErrorKind::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Overlong>()) => BadFile::TooLong { line: from },
                csv::ErrorKind::Io(source) => BadFile::Read { line: from, source },
                other => BadFile::Read { line: from, source: io::Error::other(format!("{other:?}")) },
            }
        })?;
        // Counted from its end: blank lines before it belong to nobody.
        let within = record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
        let line = self.csv.position().line().saturating_sub(1 + within).max(1);
        let mark = &END[1..];
        if !read || (record.len() == 1 && record.get(0) == Some(mark)) {
            self.ended = true;
            return Ok(None);
        }
        if record.iter().next_back().is_some_and(|cell| cell.ends_with(mark)) {
            self.ended = true;
            return Err(BadFile::CutInQuotes { line: line + 1 }); // no line end closes it
        }
        Ok(Some(line))
    }
}

#[derive(Debug, Error)]
#[error("a record is too long")]
struct Overlong;

/// The file, watched: how much was read since the last record, and an end that can be told from a cut.
struct Guarded<R> {
    input: R,
    since_record: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
    end: &'static [u8],
    after_cr: bool,
}

impl<R> Guarded<R> {
    /// Makes every line end a line feed, in place, so that lines can be counted. Gives the new length.
    fn line_feeds(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for n in 0..bytes.len() {
            let after_cr = std::mem::replace(&mut self.after_cr, bytes[n] == b'\r');
            if bytes[n] == b'\n' && after_cr {
                continue;
            }
            bytes[kept] = if bytes[n] == b'\r' { b'\n' } else { bytes[n] };
            kept += 1;
        }
        kept
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_record.load(Relaxed) > LONGEST {
            return Err(io::Error::other(Overlong));
        }
        let mut n = 0;
        while n == 0 {
            let read = self.input.read(buffer)?;
            if read == 0 {
                n = self.end.read(buffer)?;
                break;
            }
            self.bytes.fetch_add(read as u64, Relaxed);
            n = self.line_feeds(&mut buffer[..read]);
        }
        self.since_record.fetch_add(n as u64, Relaxed);
        Ok(n)
    }
}

/// What a file is that is not text in UTF-8, by its first bytes.
pub fn not_text(first: &[u8]) -> Option<&'static str> {
    match first {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("in UTF-16"),
        [0x1f, 0x8b, ..] => Some("compressed with gzip"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive or a spreadsheet"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old spreadsheet"),
        _ if first.contains(&0) => Some("binary"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> (Vec<(u64, Vec<String>)>, Option<BadFile>) {
        let (mut records, mut record, mut seen) = (Records::new(text), ByteRecord::new(), Vec::new());
        loop {
            match records.next(&mut record) {
                Ok(Some(line)) => seen.push((line, record.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect())),
                Ok(None) => return (seen, None),
                Err(bad) => return (seen, Some(bad)),
            }
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let (seen, bad) = all(b"a,b\r\n\"x\ny\",1\r\n\r\nlast,\"q\"\"q\"");
        assert!(bad.is_none());
        let lines: Vec<_> = seen.iter().map(|(line, cells)| (*line, cells.join("|"))).collect();
        assert_eq!(lines, [(1, "a|b".into()), (2, "x\ny|1".into()), (5, "last|q\"q".into())]);
    }

    #[test]
    fn a_file_cut_inside_quotes_is_told_from_a_whole_one() {
        let (seen, bad) = all(b"a,b\n1,2\n3,\"open");
        assert_eq!(seen.len(), 2);
        assert!(matches!(bad, Some(BadFile::CutInQuotes { line: 3 })), "{bad:?}");
        assert!(all(b"a\n\"closed\"").1.is_none());
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
        let mut text = b"a,b\n1,\"".to_vec();
        text.resize(8 << 20, b'x');
        let (seen, bad) = all(&text);
        assert_eq!(seen.len(), 1);
        assert!(matches!(bad, Some(BadFile::TooLong { line: 2 })), "{bad:?}");
    }
}
