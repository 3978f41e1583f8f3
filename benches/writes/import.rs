//! How many rows a second an import takes in: read, checked, written with rooms, hosts, counts and events, durable.

use clap::Args;

use crate::{Report, ground::Ground};

const BARCELONA: u32 = 3_128_760;

#[derive(Args)]
pub struct Import {
    /// Rows of the file
    #[arg(long, default_value_t = 50_000)]
    rows: usize,
    /// Fails when fewer rows a second are taken in
    #[arg(long)]
    min_rows_per_second: Option<f64>,
}

impl Default for Import {
    fn default() -> Self {
        Self { rows: 50_000, min_rows_per_second: None }
    }
}

pub async fn run(order: &Import) -> anyhow::Result<Report> {
    let ground = Ground::new().await?;
    let city = ground.gazetteer.get(BARCELONA).ok_or_else(|| anyhow::anyhow!("the gazetteer has no Barcelona"))?;
    let first = ground.import(&city, "made-up", order.rows).await?;
    let again = ground.import(&city, "made-up", order.rows).await?;
    ground.end().await;
    anyhow::ensure!((first.taken.new, again.taken.unchanged) == (order.rows as u64, order.rows as u64), "{first:?} {again:?}");
    let mut report = Report::new("import");
    report.figure("rows", order.rows as f64);
    report.figure("rows a second, new", order.rows as f64 / first.seconds);
    report.figure("rows a second, known and unchanged", order.rows as f64 / again.seconds);
    report.at_least("rows a second, new", order.min_rows_per_second);
    Ok(report)
}
