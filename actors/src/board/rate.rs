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

/// How many times the usual time a board leaves between two tells, because telling takes long.
///
/// Telling may take a quarter of that time: the thread serves other boards too. Twice in a row more, and the time is doubled (once may be
/// the machine's doing); it is halved again after [`CALM`] tells in a row that would have been well within their share of half the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    stretch: u32,
    /// The last tell was over its share.
    late: bool,
    calm: u32,
}

/// A watcher near by waits for at most 1.6 s then.
const MOST: u32 = 16;
const CALM: u32 = 8;
/// Nothing shorter is too long: a thread may wait for the machine as long as this.
const SHORT: Duration = Duration::from_millis(25);

impl Default for Pace {
    fn default() -> Self {
        Self { stretch: 1, late: false, calm: 0 }
    }
}

impl Pace {
    pub(super) fn stretch(self) -> u32 {
        self.stretch
    }

    /// Telling took so long, where `usual` is the time between two tells that nothing stretches.
    pub(super) fn spent(&mut self, usual: Duration, took: Duration) {
        let share = (usual * self.stretch / 4).max(SHORT);
        let was_late = std::mem::replace(&mut self.late, took > share);
        if self.late && was_late {
            *self = Self { stretch: (self.stretch * 2).min(MOST), late: false, calm: 0 };
        } else if took > share / 4 {
            self.calm = 0;
        } else if self.stretch > 1 {
            self.calm += 1;
            if self.calm == CALM {
                *self = Self { stretch: self.stretch / 2, late: false, calm: 0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(100);

    fn after(tells: &[(u32, u64)]) -> u32 {
        let mut pace = Pace::default();
        for (times, ms) in tells {
            (0..*times).for_each(|_| pace.spent(USUAL, Duration::from_millis(*ms)));
        }
        pace.stretch()
    }

    #[test]
    fn a_tell_within_its_share_stretches_nothing() {
        assert_eq!(after(&[(100, 25)]), 1);
        let mut quick = Pace::default();
        (0..100).for_each(|_| quick.spent(Duration::from_millis(25), SHORT));
        assert_eq!(quick.stretch(), 1, "25 ms are too long for nobody");
    }

    #[test]
    fn two_tells_in_a_row_over_their_share_double_the_time_up_to_a_bound() {
        assert_eq!(after(&[(1, 26)]), 1);
        assert_eq!(after(&[(1, 26), (1, 20), (1, 26)]), 1);
        assert_eq!(after(&[(2, 26)]), 2);
        // 50 ms is a share of 200 ms.
        assert_eq!(after(&[(20, 50)]), 2);
        assert_eq!(after(&[(20, 51)]), 4);
        assert_eq!(after(&[(50, 5_000)]), MOST);
    }

    #[test]
    fn calm_brings_the_usual_time_back_step_by_step() {
        assert_eq!(after(&[(4, 90), (CALM - 1, 1)]), 4);
        assert_eq!(after(&[(4, 90), (CALM, 1)]), 2);
        assert_eq!(after(&[(4, 90), (2 * CALM, 1)]), 1);
        // One that would be too long at half the time begins the wait anew.
        assert_eq!(after(&[(4, 90), (CALM - 1, 1), (1, 60), (CALM - 1, 1)]), 4);
    }
}
