//! The bench: every scenario with its targets, ourselves beside what people would pick instead, in one run on one machine.
//!
//! A scenario is a row of [`SCENARIOS`]: a module with `SCENARIO`, which names it, and a `run` that returns what was measured and which targets
//! that holds. The driver here runs the rows, keeps the raw figures as JSON, draws them, and writes the document. A target that is not held
//! is written down as such; it fails nothing, because figures of a busy machine are no verdict over a change.

mod document;
mod machine;
mod plot;
mod posada;
mod scenarios;
mod subject;

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::{Args, builder::PossibleValuesParser};
use serde::Serialize;

use crate::process::Cores;
use machine::Machine;
use scenarios::SCENARIOS;
use subject::Figures;

#[derive(Args)]
pub struct Settings {
    /// The program to measure, built for release
    #[arg(long, default_value = "target/release/posada")]
    pub posada: PathBuf,
    /// Small and short, for a look: fewer viewers and rounds, nothing is written
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios, with commas
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|scenario| scenario.name)))]
    pub only: Vec<String>,
    /// Where the document and the raw figures go
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub out: PathBuf,
}

/// What scenarios work with.
pub struct Bench {
    pub posada: posada::Posada,
    /// How this build can bring bytes to a socket.
    pub outlets: Vec<&'static str>,
    pub cores: Cores,
    /// A directory for everything that is started.
    pub below: PathBuf,
    /// Homes that change.
    pub homes: usize,
    pub quick: bool,
}

impl Bench {
    /// One figure for the whole bench, another for a quick look.
    pub fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Outcome>> + 'a>>;

/// A row of the table.
pub struct Scenario {
    pub name: &'static str,
    pub title: &'static str,
    pub run: for<'a> fn(&'a Bench) -> Running<'a>,
}

/// What a scenario showed.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// What was done, in words, with its numbers.
    pub about: String,
    /// Figures by subject.
    pub rows: Vec<(String, Figures)>,
    pub targets: Vec<Target>,
    /// The figures of which a picture is drawn.
    pub pictures: Vec<&'static str>,
}

impl Outcome {
    fn of(&self, subject: &str, figure: &str) -> Result<f64> {
        let row = self.rows.iter().find(|(name, _)| name == subject).with_context(|| format!("{subject} was not measured"))?;
        row.1.get(figure).copied().with_context(|| format!("{figure} was not measured"))
    }

    /// A figure of one subject, as a share of another's, is to be at most this.
    pub fn ratio(&mut self, figure: &'static str, of: &str, to: &str, at_most: f64) -> Result<()> {
        let measured = self.of(of, figure)? / self.of(to, figure)?;
        self.targets.push(Target { what: format!("{figure}: {of} / {to}"), wanted: Wanted::AtMost(at_most), measured });
        Ok(())
    }

    /// A figure of one subject is to be within a bound.
    pub fn bound(&mut self, figure: &'static str, of: &str, wanted: Wanted) -> Result<()> {
        let measured = self.of(of, figure)?;
        self.targets.push(Target { what: format!("{figure}: {of}"), wanted, measured });
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Debug, Serialize)]
pub struct Target {
    pub what: String,
    pub wanted: Wanted,
    pub measured: f64,
}

impl Target {
    pub fn held(&self) -> bool {
        match self.wanted {
            Wanted::AtMost(most) => self.measured <= most,
            Wanted::AtLeast(least) => self.measured >= least,
        }
    }
}

/// A scenario that was run.
#[derive(Debug, Serialize)]
pub struct Ran {
    pub name: &'static str,
    pub title: &'static str,
    pub took_seconds: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Runs the scenarios one after the other, prints each as it ends, and writes everything down unless it was a quick look or a part.
pub async fn run(settings: &Settings, cores: Cores, json: bool) -> Result<()> {
    ensure!(settings.posada.exists(), "{} is missing: cargo build --release --bin posada, or name it with --posada", settings.posada.display());
    let below = Below::make()?;
    let posada = posada::Posada { program: settings.posada.clone(), below: below.0.clone() };
    let bench = Bench { outlets: posada.outlets()?, cores, below: below.0.clone(), homes: 200, quick: settings.quick, posada };
    let machine = Machine::look(&bench)?;
    let say = |text: &str| if json { eprintln!("{text}") } else { println!("{text}") };
    say(&machine.in_words());
    let (mut ran, mut failed) = (Vec::new(), Vec::new());
    for scenario in SCENARIOS.iter().filter(|scenario| settings.only.is_empty() || settings.only.iter().any(|name| name == scenario.name)) {
        let begun = Instant::now();
        let outcome = match (scenario.run)(&bench).await {
            Ok(outcome) => outcome,
            // What the others show is not lost with it.
            Err(error) => {
                eprintln!("scenario {} could not be measured: {error:?}", scenario.name);
                failed.push(scenario.name);
                continue;
            }
        };
        let one = Ran { name: scenario.name, title: scenario.title, took_seconds: begun.elapsed().as_secs_f64(), outcome };
        say(&document::table(&one));
        ran.push(one);
    }
    if !settings.quick && settings.only.is_empty() {
        document::write(&settings.out, &machine, &ran, &failed)?;
        say(&format!("written: {}", settings.out.join("benchmarks.md").display()));
    }
    if json {
        println!("{}", document::raw(&machine, &ran)?);
    }
    ensure!(failed.is_empty(), "could not be measured: {}", failed.join(", "));
    Ok(())
}

/// A directory of the bench's own, gone when it ends. Not below a home: Postgres, as its own user, must be let through.
struct Below(PathBuf);

impl Below {
    fn make() -> Result<Self> {
        let path = Path::new("/var/tmp").join(format!("posada-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        // Postgres may need a moment to let go of its files.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        eprintln!("left behind: {}", self.0.display());
    }
}
