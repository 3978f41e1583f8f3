//! How often watchers are told, by how near they look.

use std::time::Duration;

use crate::{config::LiveConfig, map::Level};

pub(super) const CLASSES: usize = 3;

/// Near, middle and far by a view's level, which is at most two finer than its zoom.
pub(super) const fn class_of(level: Level) -> usize {
    match level {
        15.. => 0,
        11..15 => 1,
        _ => 2,
    }
}

/// The shortest time between two tells of a class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates([Duration; CLASSES]);

impl Rates {
    pub(crate) fn new(config: &LiveConfig) -> Self {
        // Above 40 Hz a tick is 25 ms: a viewer cannot see more, and every write costs.
        Self([config.near_hz, config.middle_hz, config.far_hz].map(|hz| Duration::from_secs_f64(1.0 / hz.clamp(0.1, 40.0))))
    }

    pub(super) fn every(&self, class: usize) -> Duration {
        self.0[class]
    }

    /// A class' deltas a second at most.
    pub(crate) fn hz(&self, level: Level) -> f64 {
        1.0 / self.0[class_of(level)].as_secs_f64()
    }
}
