//! What a city's tick says: how far the city's stream is in the map, and the day whose nights it shows.
//!
//! A city's map follows from these two and from nothing else, so that the same tick means the same map in every process: who comes back
//! to another one can be told what has changed since. Made by cities; read by their boards.

/// Bits of the day: 65,535 is a day in 2149. What is left of a JSON number (53 bits) counts 137 billion events.
const DAY: u32 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The last event of the stream that is in the map.
    pub(crate) seq: u64,
    /// Days since 1970-01-01.
    pub(crate) day: i32,
}

impl Mark {
    pub(crate) fn tick(self) -> u64 {
        (self.seq << DAY) | u64::from(u16::try_from(self.day).unwrap_or_default())
    }

    pub(crate) fn of(tick: u64) -> Self {
        Self { seq: tick >> DAY, day: i32::from(tick as u16) }
    }

    /// Not later than any tick at which an event is in the map, and later than any at which it is not.
    pub(crate) fn with(seq: u64) -> u64 {
        Self { seq, day: 0 }.tick()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_ascend_with_events_and_with_days_and_read_back() {
        let marks = [(0, 20_780), (0, 20_781), (1, 20_781), (2, 20_790), (137_000_000_000, 65_535)].map(|(seq, day)| Mark { seq, day });
        assert!(marks.windows(2).all(|two| two[0].tick() < two[1].tick()));
        assert!(marks.iter().all(|mark| Mark::of(mark.tick()) == *mark && mark.tick() < 1 << 53));
        assert!(marks[1].tick() < Mark::with(1) && Mark::with(1) <= marks[2].tick());
    }
}
