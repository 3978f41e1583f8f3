//! *import under watch*: thousands of homes come into a city that many look at.
//!
//! `posada import homes` runs as anyone would run it, beside the server. Some look at a street of that city whose prices change all the while:
//! how soon they know is the staleness. Others look at the city as a whole and keep their map from what they are told: at the end it has to be
//! the server's. The same import without anybody looking says what the watching costs it. Leaves the imported homes behind.

mod file;
mod mapper;
mod model;

use std::{
    cell::Cell,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use tokio::process::Command;

use crate::{
    Target,
    fleet::{Changes, Fleet, Look, Viewer, quantile_ms},
    host::{Host, Street},
    http::Http,
    pace::Pace,
    report::Report,
};
use file::HomesFile;
use mapper::Mapper;
use model::Model;

#[derive(Args)]
pub struct Import {
    /// Homes that come, in each of two imports
    #[arg(long, default_value_t = 10_000)]
    pub rows: usize,
    /// Viewers of a street of the city
    #[arg(long, default_value_t = 500)]
    pub viewers: usize,
    /// Viewers of the whole city, whose maps are compared with the server's at the end
    #[arg(long, default_value_t = 100)]
    pub mappers: usize,
    /// Changes a second in the street
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// How posada is called here, with its words: --posada posada --data-dir .posada
    #[arg(long, num_args = 1.., allow_hyphen_values = true, default_values = ["posada"])]
    pub posada: Vec<String>,
    /// Slug of the community that takes them in
    #[arg(long, default_value = "demo")]
    pub into: String,
    #[command(flatten)]
    pub host: Host,
    /// Fails when the 99th percentile of staleness while the import runs is above this, in ms
    #[arg(long)]
    pub max_staleness_p99_ms: Option<f64>,
    /// Fails when the import under watch takes in fewer rows a second
    #[arg(long)]
    pub min_rows_per_s: Option<f64>,
}

pub const STALENESS: &str = "staleness p99 during the import, ms";
pub const ROWS: &str = "rows a second under watch";
pub const MISSING: &str = "homes missing on the server's map at the end";
pub const DIFFERENT: &str = "maps that are not the server's at the end";

const PATIENCE: Duration = Duration::from_secs(60);
/// The zoom at which a city is seen as a whole.
const WHOLE: u8 = 12;

pub async fn run(target: &Target, scenario: &Import) -> Result<Report> {
    ensure!(scenario.mappers > 0 && scenario.viewers > 0, "somebody has to look");
    let mut street = Street::find(&target.url, &scenario.host).await?;
    let [south, west, north, east] = street.bbox;
    let middle = (f64::midpoint(south, north), f64::midpoint(west, east));
    let whole = [south - 0.1, west - 0.15, north + 0.1, east + 0.15];
    let wanted = server_map(target, whole).await?.things() + 2 * scenario.rows as u64;
    let alone = take_in(scenario, street.city, &HomesFile::write(scenario.rows, middle)?).await?;

    let changes = Arc::new(Changes::new((scenario.rate.ceil() as usize + 1) * 600));
    let look = Look { bbox: street.bbox, zoom: 16, layers: &["homes"], single: true, follow: false };
    let mut viewers = Fleet::start(&target.way(1, None)?, Viewer::new(look, &changes))?;
    let mut mappers = Fleet::start(&target.way(1, None)?, Mapper { bbox: whole, zoom: WHOLE })?;
    viewers.open(scenario.viewers, 0, PATIENCE).await?;
    mappers.open(scenario.mappers, 0, PATIENCE).await?;
    street.change(Pace::PerSecond(scenario.rate), Duration::from_secs(3), &changes).await?;
    let before = viewers.take_all().await?;

    let homes = HomesFile::write(scenario.rows, middle)?;
    let (city, ended) = (street.city, Cell::new(false));
    let importing = async {
        let rows = take_in(scenario, city, &homes).await;
        ended.set(true);
        rows
    };
    let changing = async {
        while !ended.get() {
            street.change(Pace::PerSecond(scenario.rate), Duration::from_secs(1), &changes).await?;
        }
        Ok(())
    };
    let (watched, ()) = tokio::try_join!(importing, changing)?;
    let during = viewers.take_all().await?;
    ensure!(during.deliveries > 0 && during.failures.is_empty(), "viewers of the street: {} deliveries, {:?}", during.deliveries, during.failures);
    let (different, things, behind) = compare(target, &mappers, whole, wanted).await?;
    street.restore().await?;
    viewers.end().await?;
    mappers.end().await?;

    let mut report = Report::new("import under watch");
    report.figure("rows", scenario.rows as f64);
    report.figure("viewers of the street", scenario.viewers as f64);
    report.figure("viewers of the whole city", scenario.mappers as f64);
    report.figure("rows a second with nobody looking", alone);
    report.figure(ROWS, watched);
    report.figure("rows a second: under watch / with nobody looking", watched / alone);
    report.figure("staleness p99 before the import, ms", quantile_ms(&before.staleness, 0.99));
    report.figure("staleness p50 during the import, ms", quantile_ms(&during.staleness, 0.5));
    report.figure(STALENESS, quantile_ms(&during.staleness, 0.99));
    report.figure("homes on the map at the end", things as f64);
    report.figure(MISSING, wanted as f64 - things as f64);
    report.figure("all maps are the server's after, s", behind.as_secs_f64());
    report.figure(DIFFERENT, different as f64);
    report.limit(STALENESS, scenario.max_staleness_p99_ms);
    report.at_least(ROWS, scenario.min_rows_per_s.unwrap_or(0.0));
    report.limit(DIFFERENT, Some(0.0));
    report.limit(MISSING, Some(0.0));
    Ok(report)
}

/// Runs one import, and says how many rows a second it took in.
async fn take_in(scenario: &Import, city: u64, homes: &HomesFile) -> Result<f64> {
    let (program, words) = scenario.posada.split_first().context("--posada names no program")?;
    let mut command = Command::new(program);
    command.args(words).args(["--json", "import", "homes"]).arg(homes.path()).arg("--report").arg(homes.refused());
    command.args(["--tenant", &scenario.into, "--source", &homes.source(), "--city", &city.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let said = command.output().await.with_context(|| format!("{program} cannot be started"))?;
    ensure!(said.status.success(), "the import ended with {}: {}", said.status, String::from_utf8_lossy(&said.stderr));
    let document: Value = serde_json::from_slice(&said.stdout).context("what the import says is not JSON")?;
    let (rows, taken) = (document["report"]["rows"].as_u64(), document["report"]["taken"]["new"].as_u64());
    ensure!(rows == Some(scenario.rows as u64) && taken == rows, "not every row was taken in: {}", document["report"]);
    Ok(scenario.rows as f64 / document["report"]["seconds"].as_f64().context("the import does not say how long it took")?)
}

/// What the server answers when it is asked for the whole city.
async fn server_map(target: &Target, [south, west, north, east]: [f64; 4]) -> Result<Model> {
    let path = format!("/api/v1/map?bbox={south},{west},{north},{east}&zoom={WHOLE}&layers=homes");
    Ok(Model::of_answer(&Http::connect(&target.url).await?.get(&path).await?))
}

/// Waits until the server's map has all homes and every other map is the same, or time is up: how many are not, how many homes are on it, and
/// how long that took.
async fn compare(target: &Target, mappers: &Fleet<Mapper>, whole: [f64; 4], wanted: u64) -> Result<(usize, u64, Duration)> {
    let begun = Instant::now();
    loop {
        let server = server_map(target, whole).await?;
        let maps = mappers.memories(0).await?;
        let different = maps.iter().filter(|map| !map.shows_the_same(&server)).count();
        if (different == 0 && server.things() == wanted) || begun.elapsed() > PATIENCE {
            let tally = mappers.take_all().await?;
            ensure!(tally.failures.is_empty(), "viewers of the city: {:?}", tally.failures);
            return Ok((different, server.things(), begun.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
