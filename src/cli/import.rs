//! `posada import homes`: a file of homes into a community, with a bar, a report and a code that a script can go by.
//!
//! The work is `import` (reading) and `commands::import_homes` (saving). A server that runs beside it hears of the events by its head timer.

use std::{
    fs::File,
    io::{BufWriter, Read},
    path::{Path, PathBuf},
};

use actors::RelayHandle;
use anyhow::Context;
use domain::{CityId, Currency, MemberId, TenantId};
use gazetteer::Gazetteer;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{
    Exit,
    args::{self, Misused},
    members,
    output::{Output, table},
    session::Session,
};
use crate::{
    commands::{
        import_homes::Import,
        place_city::{CannotPlace, Wanted, locate},
    },
    import::{self, City, HomeFile, HostRule, Layout, Remark, Report},
};

pub(super) async fn run(session: &Session, command: &args::Import, output: Output) -> anyhow::Result<Exit> {
    match command {
        args::Import::Homes(homes) => take_in(session, homes, output).await,
    }
}

async fn take_in(session: &Session, order: &args::ImportHomes, output: Output) -> anyhow::Result<Exit> {
    let gazetteer = Gazetteer::embedded();
    let currency = Currency::from_code(&order.currency.to_uppercase()).map_err(|error| Misused(format!("--currency: {error}")))?;
    let city = order.city.as_deref().map(|name| city(name, &order.file)).transpose()?.and_then(|id| City::of(gazetteer, id));
    let tenant = session.tenant(&order.tenant).await?;
    let hosts = match order.host.as_str() {
        "auto" => HostRule::EachOfTheSource,
        email => HostRule::Member(member(session, tenant.id, email).await?),
    };
    let (input, length): (Box<dyn Read + Send>, u64) = if order.file == Path::new("-") {
        (Box::new(std::io::stdin()), 0)
    } else {
        let file = File::open(&order.file).with_context(|| order.file.display().to_string())?;
        let length = file.metadata().map_or(0, |meta| meta.len());
        (Box::new(file), length)
    };
    let name = order.file.display().to_string();
    let file = HomeFile::open(input, city, currency, gazetteer).with_context(|| name.clone())?;
    let source = order.source.clone().unwrap_or_else(|| source_of(file.layout()).to_owned());

    let path = order.report.clone().unwrap_or_else(|| refusals_beside_us(&order.file));
    let mut refusals = BufWriter::new(File::create(&path).with_context(|| path.display().to_string())?);
    let bar = bar(length, output.json);
    let (store, relay) = (session.store(), RelayHandle::default());
    let import = Import { store: &store, relay: &relay, gazetteer, tenant: tenant.id, source: &source, dry_run: order.dry_run };
    let told = |bytes: u64, report: &Report| {
        bar.set_position(bytes);
        bar.set_message(format!("{} homes, {} refused", report.taken.total(), report.refused_rows()));
    };
    let outcome = import::run(file, import, hosts, &mut refusals, told).await;
    bar.finish_and_clear();
    let report = outcome.with_context(|| format!("{name} (what was taken in before stays; run it again once it is mended)"))?;
    let refused = report.refused_rows();
    if refused == 0 {
        drop(refusals);
        std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
    }
    let written = (refused > 0).then_some(&path);
    let document = json!({ "file": name, "tenant": tenant.slug, "source": source, "refused_rows": refused, "refused_file": written, "report": report });
    output.answer(&document, || lines(&name, &report, written));
    Ok(if refused > 0 { Exit::Refused } else { Exit::Done })
}

/// The city that was named. Of several of that name the one that the file's positions are in: a fact, not a guess.
fn city(name: &str, file: &Path) -> anyhow::Result<CityId> {
    let error = match members::city(name) {
        Ok(located) => return Ok(located.city_id()),
        Err(error) => error,
    };
    let gazetteer = Gazetteer::embedded();
    let Err(CannotPlace::Ambiguous(_, choices)) = locate(gazetteer, &Wanted { name: Some(name), ..Wanted::default() }) else { return Err(error) };
    let Some(at) = File::open(file).ok().and_then(import::first_position) else { return Err(error) };
    let near = |id: &CityId| City::of(gazetteer, *id).is_some_and(|city| city.centre.metres_to(at) / 1000.0 <= import::REACH_KM);
    match choices.iter().map(|choice| choice.id).filter(near).collect::<Vec<_>>().as_slice() {
        [only] => Ok(*only),
        _ => Err(error),
    }
}

async fn member(session: &Session, tenant: TenantId, email: &str) -> anyhow::Result<MemberId> {
    let email: domain::Email = email.parse().map_err(|error| Misused(format!("--host {email:?}: {error}; or auto")))?;
    let members = session.owner().await?.members(tenant).await?;
    let found = members.into_iter().find(|member| member.email == email.as_str());
    found.map(|member| MemberId(member.id)).with_context(|| format!("nobody with the address {email} is a member there; `posada member add` adds them"))
}

fn source_of(layout: Layout) -> &'static str {
    match layout {
        Layout::InsideAirbnb => "inside-airbnb",
        Layout::PosadaExport => "posada",
    }
}

/// In the directory we work in: that of the file may not be ours to write to.
fn refusals_beside_us(file: &Path) -> PathBuf {
    let name = file.file_name().filter(|name| *name != "-").map_or_else(|| "homes.csv".into(), |name| name.to_string_lossy().into_owned());
    PathBuf::from(format!("{name}.refused.csv"))
}

fn bar(length: u64, hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = if length == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(length) };
    let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {bytes}/{total_bytes}  {msg}  {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn lines(name: &str, report: &Report, refusals: Option<&PathBuf>) -> String {
    let taken = report.taken;
    let mut text = format!(
        "{name}: {} rows, {} homes taken: {} new, {} changed, {} as they were{}; {} refused. {:.1} s, {:.0} rows/s.\n",
        report.rows,
        taken.total(),
        taken.new,
        taken.changed,
        taken.unchanged,
        if report.dry_run { " (a trial: nothing was kept)" } else { "" },
        report.refused_rows(),
        report.seconds,
        report.rows as f64 / report.seconds.max(0.001),
    );
    if taken.paused > 0 {
        text.push_str(&format!("{} of them are paused: their source has no day on offer.\n", taken.paused));
    }
    if let Some(dear) = report.remarks.get(&Remark::DearPrice) {
        text.push_str(&format!("{dear} cost 2,000 or more a night: taken as published.\n"));
    }
    if !report.ignored_columns.is_empty() {
        text.push_str(&format!("Nothing is made of: {}.\n", report.ignored_columns.join(", ")));
    }
    if let Some(path) = refusals {
        let rows: Vec<Vec<String>> = report
            .refused
            .iter()
            .map(|(reason, refused)| vec![(*reason).to_owned(), refused.rows.to_string(), refused.first_line.to_string(), refused.example.clone()])
            .collect();
        text.push_str(&format!("\n{}\nEvery refused row: {}\n", table(&["refused because", "rows", "first line", "example"], &rows), path.display()));
    }
    text
}
