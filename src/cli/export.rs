//! `posada export homes`: a community's homes as CSV or GeoJSON, with public positions, a page at a time.

use std::{
    fs::File,
    io::{BufWriter, ErrorKind, Write},
    path::Path,
};

use anyhow::Context;
use futures_util::{StreamExt as _, pin_mut};
use gazetteer::Gazetteer;

use super::{
    Exit,
    args::{self, Misused},
    members,
    session::Session,
};
use crate::{
    export::{Export, Format, pieces},
    http::home_filter::FilterQuery,
};

pub(super) async fn run(session: &Session, command: &args::Export) -> anyhow::Result<Exit> {
    let args::Export::Homes(order) = command;
    let format = match order.format {
        args::ExportFormat::Csv => Format::Csv,
        args::ExportFormat::Geojson => Format::GeoJson,
    };
    let query = FilterQuery {
        kinds: order.kinds.clone(),
        guests: order.guests.clone(),
        price_min: order.price_min.clone(),
        price_max: order.price_max.clone(),
        currency: order.currency.clone(),
        free_from: order.free_from.clone(),
        free_to: order.free_to.clone(),
    };
    let filter = query.parse(time::OffsetDateTime::now_utc()).map_err(|problem| Misused(problem.detail.replace('_', "-")))?;
    let city = order.city.as_deref().map(members::city).transpose()?.map(|located| located.city_id());
    let tenant = session.tenant(&order.tenant).await?;
    let export = Export { tenant: tenant.id, city, filter, format };
    if order.out == Path::new("-") {
        return match write(session, export, std::io::stdout().lock()).await {
            // `… | head` has seen enough.
            Err(error) if error.downcast_ref().is_some_and(|error: &std::io::Error| error.kind() == ErrorKind::BrokenPipe) => Ok(Exit::Done),
            outcome => outcome.map(|()| Exit::Done),
        };
    }
    // Half an export never has the name of a whole one.
    let mut part = order.out.clone().into_os_string();
    part.push(".part");
    let file = File::create(&part).with_context(|| part.to_string_lossy().into_owned())?;
    write(session, export, BufWriter::new(file)).await?;
    std::fs::rename(&part, &order.out).with_context(|| order.out.display().to_string())?;
    Ok(Exit::Done)
}

async fn write(session: &Session, export: Export, mut out: impl Write) -> anyhow::Result<()> {
    let pieces = pieces(session.store(), Gazetteer::embedded(), export);
    pin_mut!(pieces);
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?)?;
    }
    out.flush()?;
    Ok(())
}
