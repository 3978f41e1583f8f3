//! One table per scenario: figures with their units, and the limits that were to be held.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub scenario: &'static str,
    pub figures: BTreeMap<&'static str, f64>,
    pub broken_limits: Vec<String>,
}

impl Report {
    pub fn new(scenario: &'static str) -> Self {
        Self { scenario, ..Self::default() }
    }

    pub fn figure(&mut self, name: &'static str, value: f64) {
        self.figures.insert(name, value);
    }

    /// Fails the run when a figure is above its limit; no limit, no failure.
    pub fn limit(&mut self, name: &'static str, most: Option<f64>) {
        if let (Some(most), Some(value)) = (most, self.figures.get(name))
            && value.total_cmp(&most).is_gt()
        {
            self.broken_limits.push(format!("{name} is {value:.3}, over the limit of {most}"));
        }
    }

    /// Fails the run when a figure is below what it has to be.
    pub fn at_least(&mut self, name: &'static str, least: f64) {
        if let Some(value) = self.figures.get(name)
            && !value.total_cmp(&least).is_ge()
        {
            self.broken_limits.push(format!("{name} is {value:.3}, below {least}"));
        }
    }

    pub fn held(&self) -> bool {
        self.broken_limits.is_empty()
    }

    pub fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        println!("{}", self.scenario);
        for (name, value) in &self.figures {
            println!("  {name:<44} {value:>14.3}");
        }
        for broken in &self.broken_limits {
            println!("  NOT HELD: {broken}");
        }
        Ok(())
    }
}

/// The middle of some figures; the mean of the two in the middle of an even number, 0 of none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.get(middle) {
        None => 0.0,
        Some(value) if figures.len() % 2 == 1 => *value,
        Some(value) => f64::midpoint(figures[middle - 1], *value),
    }
}
