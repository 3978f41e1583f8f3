//! A Posada of the bench's own: its data in a directory that goes with the bench, on ephemeral ports, on the server's core.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    Target,
    http::Usage,
    process::{Cores, Started, cpu_seconds, family, keep_on},
};

/// The program, and where its data are.
#[derive(Clone, Debug)]
pub struct Posada {
    pub program: PathBuf,
    pub below: PathBuf,
}

/// A server that runs.
pub struct Server {
    started: Started,
    pub target: Target,
    postmaster: u32,
    /// Its Postgres, as the role that serves.
    pub database_url: String,
}

/// Homes of the demo: cities as anywhere, and few enough near the host's that a view shows each by itself.
const HOMES: &str = "2000";

/// What every measured server is told: nothing that protects a community from itself stands in the way of a test of strength.
const SETTINGS: [(&str, &str); 7] = [
    ("demo.homes", HOMES),
    ("live.tenant_connects_per_s", "1000000"),
    ("live.node_connects_per_s", "1000000"),
    ("live.tenant_snapshots_per_s", "1000000"),
    ("live.tenant_bytes_per_s", "100000000000"),
    ("live.tenant_connections", "200000"),
    ("log.filter", "warn"),
];

impl Posada {
    /// The ways in which this build can bring bytes to a socket.
    pub fn outlets(&self) -> Result<Vec<&'static str>> {
        let reference = Command::new(&self.program).args(["config", "reference"]).output().context("posada cannot be started")?;
        let has_raw = String::from_utf8_lossy(&reference.stdout).contains("`live.outlet`");
        Ok(if has_raw { vec!["queue", "raw"] } else { vec!["queue"] })
    }

    pub fn version(&self) -> Result<String> {
        let said = Command::new(&self.program).arg("--version").output().context("posada cannot be started")?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// Starts a server with its own data, named so that the next start of that name finds them, and waits until it serves. Its Postgres goes
    /// to the load test's core.
    pub async fn start(&self, cores: &Cores, name: &str, settings: &[(&str, String)]) -> Result<Server> {
        self.start_at(cores, name, settings, "127.0.0.1:0").await
    }

    /// The same at an address: where viewers come back to.
    pub async fn start_at(&self, cores: &Cores, name: &str, settings: &[(&str, String)], listen: &str) -> Result<Server> {
        let (data, log) = self.places(name);
        self.prepare(name, &[]).await?;
        let mut command = self.command(&data, &log)?;
        for (key, value) in SETTINGS.iter().map(|(key, value)| (*key, (*value).to_owned())).chain(settings.iter().cloned()) {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.args(["serve", "--listen", listen, "--metrics-listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped());
        let mut started = Started::on(&cores.server, "posada", command)?;
        let mut lines = BufReader::new(started.child().stdout.take().context("no output")?).lines();
        let (url, metrics) =
            tokio::task::spawn_blocking(move || addresses(&mut lines)).await?.with_context(|| format!("posada did not start: {}", log.display()))?;
        let (postmaster, database_url) = postgres(&data)?;
        for process in family(postmaster) {
            keep_on(process, &cores.client);
        }
        let target = Target { url, metrics, pid: Some(started.pid()), json: false };
        Ok(Server { started, target, postmaster, database_url })
    }

    fn command(&self, data: &Path, log: &Path) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(data).stdin(Stdio::null()).stderr(std::fs::File::options().create(true).append(true).open(log)?);
        Ok(command)
    }

    /// The data and the log of a server.
    fn places(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.below.join(name), self.below.join(format!("{name}.log")))
    }

    /// How the program is called for the data of a server, in words.
    pub fn call(&self, name: &str) -> Vec<String> {
        let (program, data) = (self.program.display().to_string(), self.places(name).0.display().to_string());
        vec![program, "--data-dir".to_owned(), data]
    }

    /// Makes the demo before the first start of a server, so that nothing fills up while something is measured; then gives these orders
    /// (`tenant create …`).
    pub async fn prepare(&self, name: &str, orders: &[&[&str]]) -> Result<()> {
        let (data, log) = self.places(name);
        let first: &[&[&str]] = if data.exists() { &[] } else { &[&["migrate"], &["demo", "--homes", HOMES]] };
        for orders in first.iter().chain(orders) {
            let mut command = self.command(&data, &log)?;
            command.args(*orders).stdout(Stdio::null());
            let status = tokio::task::spawn_blocking(move || command.status()).await??;
            ensure!(status.success(), "posada {} ended with {status}: {}", orders.join(" "), log.display());
        }
        Ok(())
    }
}

/// What `posada serve` prints when it is ready.
fn addresses(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Result<(String, String)> {
    let mut url = None;
    for line in lines {
        let line = line?;
        let address = line.find("http://").map(|at| line[at..].trim().to_owned());
        match (&url, address) {
            (None, Some(address)) => url = Some(address),
            (Some(url), Some(metrics)) => return Ok((url.clone(), metrics)),
            (_, None) => {}
        }
    }
    bail!("it ended before it was ready")
}

/// The process of the embedded Postgres, and its address.
fn postgres(data: &Path) -> Result<(u32, String)> {
    let file = data.join("postgres/postmaster.pid");
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))?;
    // Its lines: process, data directory, start, port, directory of the socket.
    let line = |number: usize| text.lines().nth(number).map(str::trim).with_context(|| format!("{} has no line {}", file.display(), number + 1));
    let pid = line(0)?.parse().with_context(|| format!("{} names no process", file.display()))?;
    Ok((pid, format!("postgres://posada_app@localhost:{}/posada?host={}", line(3)?, line(4)?)))
}

impl Server {
    /// What the server's own process has used.
    pub async fn usage(&self) -> Result<Usage> {
        Usage::read(&self.target).await
    }

    /// The address it listens on, for its successor.
    pub fn listens(&self) -> String {
        self.target.url.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// Puts its Postgres beside it: where the time of one request is measured, the way between the two is part of the server.
    pub fn keep_postgres_beside(&self, cores: &Cores) {
        for process in family(self.postmaster) {
            keep_on(process, &cores.server);
        }
    }

    /// CPU seconds of its Postgres.
    pub fn postgres_cpu_seconds(&self) -> f64 {
        family(self.postmaster).into_iter().map(cpu_seconds).sum()
    }

    pub async fn stop(self) -> Result<()> {
        let status = tokio::task::spawn_blocking(move || self.started.stop(Duration::from_secs(60))).await??;
        // Ended by a signal it heard is how a server ends.
        if status.success() || status.code() == Some(130) { Ok(()) } else { bail!("posada ended with {status}") }
    }
}
