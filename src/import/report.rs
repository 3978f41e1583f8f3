//! Runs a file into the store: batch after batch, every refusal written down as it comes, and a report of what became of it all.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    time::Instant,
};

use domain::MemberId;
use serde::Serialize;
use thiserror::Error;

use super::{BadFile, HomeFile, Layout, ParsedHome, Refusal, Remark, Row, ahead::Ahead};
use crate::commands::import_homes::{BATCH, CannotImport, HostOf, Import, SourceHome, Taken};

/// Whose homes they become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// All of them this member's.
    Member(MemberId),
    /// One placeholder member for each host of the source; rows without a host have one of their own.
    EachOfTheSource,
}

/// What became of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub layout: Layout,
    pub dry_run: bool,
    /// Rows after the header.
    pub rows: u64,
    pub taken: Taken,
    /// By reason.
    pub refused: BTreeMap<&'static str, Refused>,
    /// Rows that were taken, with something to know about them.
    pub remarks: BTreeMap<Remark, u64>,
    /// Columns of the file that nothing is made of.
    pub ignored_columns: Vec<String>,
    pub seconds: f64,
}

/// Refusals of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Refused {
    pub rows: u64,
    pub first_line: u64,
    pub example: String,
}

impl Report {
    pub fn refused_rows(&self) -> u64 {
        self.refused.values().map(|refused| refused.rows).sum()
    }
}

#[derive(Debug, Error)]
pub enum CannotRun {
    /// What was read before it is taken in.
    #[error(transparent)]
    File(#[from] BadFile),
    #[error(transparent)]
    Import(#[from] CannotImport),
    #[error("the report of refused rows cannot be written")]
    Report(#[from] std::io::Error),
}

/// Takes in a file. `refusals` gets a CSV of the refused rows; `told` hears after each batch how many bytes of the file were read and what was taken.
pub async fn run<R: Read + Send + 'static>(
    file: HomeFile<'static, R>,
    import: Import<'_>,
    hosts: HostRule,
    refusals: &mut impl Write,
    mut told: impl FnMut(u64, &Report),
) -> Result<Report, CannotRun> {
    let began = Instant::now();
    let mut report = Report {
        layout: file.layout(),
        dry_run: import.dry_run,
        rows: 0,
        taken: Taken::default(),
        refused: BTreeMap::new(),
        remarks: BTreeMap::new(),
        ignored_columns: file.ignored_columns().to_vec(),
        seconds: 0.0,
    };
    let mut refusals = csv::Writer::from_writer(refusals);
    refusals.write_record(["line", "id", "reason", "detail"]).map_err(std::io::Error::from)?;
    let mut ahead = Ahead::of(file, BATCH)?;
    let end = loop {
        let page = ahead.page().await;
        let batch = report.sort_out(page.rows, hosts, &mut refusals)?;
        if !batch.is_empty() {
            report.taken += import.batch(&batch).await?;
        }
        report.seconds = began.elapsed().as_secs_f64();
        told(page.bytes, &report);
        if let Some(end) = page.end {
            break end;
        }
    };
    refusals.flush()?;
    end?; // what came before a broken end is in
    Ok(report)
}

impl Report {
    /// Writes down what is refused, counts what there is to know, and gives the homes.
    fn sort_out(&mut self, rows: Vec<Row>, hosts: HostRule, refusals: &mut csv::Writer<impl Write>) -> std::io::Result<Vec<SourceHome>> {
        let mut homes = Vec::with_capacity(rows.len());
        for row in rows {
            self.rows += 1;
            match row.home {
                Ok(home) => {
                    for remark in &home.remarks {
                        *self.remarks.entry(*remark).or_default() += 1;
                    }
                    homes.push(source_home(home, hosts));
                }
                Err(refusal) => {
                    let cells = [&row.line.to_string(), &crate::export::guarded(&row.reference), refusal.reason, &crate::export::guarded(&refusal.detail)];
                    refusals.write_record(cells)?;
                    self.refuse(row.line, &refusal);
                }
            }
        }
        Ok(homes)
    }

    fn refuse(&mut self, line: u64, refusal: &Refusal) {
        metrics::counter!("posada_import_refused_total", "reason" => refusal.reason).increment(1);
        let refused = self.refused.entry(refusal.reason).or_insert_with(|| Refused { first_line: line, example: refusal.detail.clone(), rows: 0 });
        refused.rows += 1;
    }
}

fn source_home(home: ParsedHome, hosts: HostRule) -> SourceHome {
    let host = match hosts {
        HostRule::Member(member) => HostOf::Member(member),
        HostRule::EachOfTheSource => {
            let reference = home.source_host.unwrap_or_else(|| format!("of {}", home.reference));
            HostOf::Source { name: format!("Host {}", reference.chars().take(60).collect::<String>()), reference }
        }
    };
    SourceHome {
        reference: home.reference,
        host,
        city: home.city,
        facts: home.facts,
        rooms: home.rooms,
        at: home.at,
        approximate: home.approximate,
        on_offer: home.on_offer,
    }
}
