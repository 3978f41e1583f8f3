//! What a fleet has counted: frames, bytes, changes that reached viewers, and how late they were.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// Texts of failures that are told apart; more are counted as one.
const FAILURES: usize = 16;

/// Counts of one group of connections since they were last taken.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Messages, control frames not counted.
    pub frames: u64,
    /// Bytes as they came from the sockets, heads included.
    pub bytes: u64,
    /// Changes that reached a viewer: one change seen by ten viewers is ten.
    pub deliveries: u64,
    /// From the sending of a write to the change in a viewer's hands, µs.
    pub latency: Histogram<u64>,
    /// From the answer to a write, which is after its commit, to the change in a viewer's hands, µs; 0 where it was there first.
    pub staleness: Histogram<u64>,
    /// What a watcher counts beside, by name.
    pub counted: BTreeMap<&'static str, u64>,
    /// Handshakes that were answered with "come back later".
    pub refused: u64,
    /// Connections that ended although nobody here ended them.
    pub ended: u64,
    /// What went wrong, and how often.
    pub failures: BTreeMap<String, u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            frames: 0,
            bytes: 0,
            deliveries: 0,
            latency: histogram(),
            staleness: histogram(),
            counted: BTreeMap::new(),
            refused: 0,
            ended: 0,
            failures: BTreeMap::new(),
        }
    }
}

/// 1 µs to 10 minutes, to three digits.
fn histogram() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_max(600_000_000, 3).unwrap_or_else(|_| unreachable!("600 s and three digits are in range"));
    histogram.auto(true);
    histogram
}

impl Tally {
    /// A change reached a viewer so many µs after its write was sent, and after it was answered.
    pub fn delivered(&mut self, since_sent: u64, since_answered: u64) {
        self.deliveries += 1;
        self.latency.saturating_record(since_sent);
        self.staleness.saturating_record(since_answered);
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counted.entry(what).or_default() += 1;
    }

    pub fn fail(&mut self, why: String) {
        let why = if self.failures.len() < FAILURES || self.failures.contains_key(&why) { why } else { "and others".to_owned() };
        *self.failures.entry(why).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.deliveries += other.deliveries;
        self.refused += other.refused;
        self.ended += other.ended;
        // Both histograms have one range and precision, so that adding cannot fail.
        let _ = self.latency.add(&other.latency);
        let _ = self.staleness.add(&other.staleness);
        for (what, count) in &other.counted {
            *self.counted.entry(what).or_default() += count;
        }
        for (why, count) in &other.failures {
            *self.failures.entry(why.clone()).or_default() += count;
        }
    }
}

/// A quantile of a histogram of µs, in ms; 0 for an empty one.
pub fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}
