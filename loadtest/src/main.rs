//! Measures a running Posada over HTTP and WebSocket, and nothing else.
//!
//! Each scenario prints one table, or JSON with `--json`, and fails (exit code 1) when a limit that was set is not held.
//! Figures of one noisy machine mean little by themselves: compare two runs side by side, as ratios.

mod bench;
mod fleet;
mod host;
mod http;
mod idle;
mod import;
mod kernel_limit;
mod noisy;
mod one_city;
mod pace;
mod peers;
mod process;
mod report;
mod restart;
mod stalled;
mod stays;
mod users;
mod world;

use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

use fleet::{Way, Wire};
use tokio::signal::unix::{SignalKind, signal};

/// Measures a running Posada: what a viewer costs, and how soon a change reaches everyone who looks.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  make run-release    (in another terminal)\n  cargo run --release -p posada-loadtest -- one-city --viewers 500 --rate 20 --seconds 10"
)]
struct Cli {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    scenario: Scenario,
}

/// Where the server is, and who the load test is there.
#[derive(Args, Clone)]
pub struct Target {
    /// Address of the server, http only
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Address of its metrics, from which CPU and memory are read
    #[arg(long, global = true, default_value = "http://127.0.0.1:9464/metrics")]
    pub metrics: String,
    /// The server's process, if it is on this machine: CPU and memory then come from the kernel, where the metrics may be some seconds old
    #[arg(long, global = true)]
    pub pid: Option<u32>,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

impl Target {
    /// How a fleet of viewers reaches a community of the server, or its default one.
    pub fn way(&self, threads: usize, tenant: Option<&str>) -> Result<Way> {
        let path = tenant.map_or_else(|| "/live".to_owned(), |slug| format!("/t/{slug}/live"));
        let wire = Wire::WebSocket { path, subprotocol: Some("posada.v1.json") };
        Ok(Way { address: address_of(&self.url)?, wire, threads, at_once: 128, narrow: false })
    }
}

/// The IPv4 address of `http://host:port`.
pub fn address_of(url: &str) -> Result<SocketAddrV4> {
    let host = url.strip_prefix("http://").with_context(|| format!("{url}: only http is spoken here"))?.split('/').next().unwrap_or_default();
    let named = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut addresses = named.to_socket_addrs().with_context(|| format!("{url} is not an address like http://127.0.0.1:8080"))?;
    let v4 = addresses.find_map(|address| if let SocketAddr::V4(address) = address { Some(address) } else { None });
    v4.with_context(|| format!("{url} has no IPv4 address"))
}

#[derive(Subcommand)]
enum Scenario {
    /// Viewers who look at the world while nothing happens: memory and CPU per connection
    Idle(idle::Idle),
    /// Viewers of one city whose homes change: deliveries, staleness, bytes, CPU per million deliveries
    OneCity(one_city::OneCity),
    /// Send ready-made frames to raw sockets and do nothing else: what no server can be cheaper than
    KernelLimit(kernel_limit::KernelLimit),
    /// Start a Posada and its peers, measure all of them in turn, and write docs/benchmarks.md
    Bench(bench::Settings),
    /// Guests who ask connected hosts for nights: from the click to the host's socket, beside a bare commit of the same row
    Stays(stays::Stays),
    /// Users who follow one script: how many a server bears at a p95, and how much it answers
    Users(users::Users),
    /// One community at ten times its quota beside a quiet one: how much the quiet one's p99 moves
    Noisy(noisy::Noisy),
    /// End a server (--pid) under its viewers and start it again: how evenly they come back, who is told everything anew, what is lost
    Restart(restart::Restart),
    /// People with eight views each, of the world down to a street, some of whom wander, while things change in many cities
    World(world::World),
    /// Thousands of homes imported into a city that many look at: what it costs them, what they cost it, and whether all maps are right after it
    Import(import::Import),
    /// Viewers of one city of whom some stop reading: how much later the others know, and what it costs the server
    Stalled(stalled::Stalled),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Scenario::KernelLimit(settings) = &cli.scenario {
        return kernel_limit::run(settings);
    }
    let cores = process::Cores::split()?;
    process::raise_descriptors();
    if matches!(cli.scenario, Scenario::Bench(_)) {
        // Before any thread is started: threads stay where their parent was.
        cores.take_client()?;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(cli, cores))
}

/// Returns when somebody wants this to end.
async fn interrupted() -> Result<&'static str> {
    let mut asked = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.map(|()| "interrupted").map_err(Into::into),
        _ = asked.recv() => Ok("asked to end"),
    }
}

async fn run(cli: Cli, cores: process::Cores) -> Result<()> {
    let report = match cli.scenario {
        Scenario::Idle(scenario) => idle::run(&cli.target, &scenario).await?,
        Scenario::OneCity(scenario) => one_city::run(&cli.target, &scenario).await?,
        Scenario::Bench(settings) => {
            return tokio::select! {
                done = bench::run(&settings, cores, cli.target.json) => done,
                // What was started ends with the bench, however that ends.
                why = interrupted() => bail!("{}", why?),
            };
        }
        Scenario::KernelLimit(settings) => return kernel_limit::run(&settings),
        Scenario::Stays(scenario) => stays::run(&cli.target, &scenario).await?,
        Scenario::Users(scenario) => users::run(&cli.target, &scenario).await?,
        Scenario::Noisy(scenario) => noisy::run(&cli.target, &scenario).await?,
        Scenario::Restart(scenario) => restart::by_command(&cli.target, &scenario, cores).await?,
        Scenario::World(scenario) => world::run(&cli.target, &scenario).await?,
        Scenario::Import(scenario) => import::run(&cli.target, &scenario).await?,
        Scenario::Stalled(scenario) => stalled::run(&cli.target, &scenario).await?,
    };
    report.print(cli.target.json)?;
    if report.held() { Ok(()) } else { std::process::exit(1) }
}
