//! How many things happen in the busiest second.

use std::time::{Duration, Instant};

/// The most moments that any window of a second holds.
pub fn peak_per_second(mut moments: Vec<Instant>) -> usize {
    moments.sort_unstable();
    let (mut first, mut most) = (0, 0);
    for (last, moment) in moments.iter().enumerate() {
        while *moment - moments[first] >= Duration::from_secs(1) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_may_begin_anywhere() {
        let begun = Instant::now();
        let peak = |millis: &[u64]| peak_per_second(millis.iter().map(|ms| begun + Duration::from_millis(*ms)).collect());
        assert_eq!(peak(&[]), 0);
        assert_eq!(peak(&[5]), 1);
        assert_eq!(peak(&[1_900, 0, 900, 1_100, 1_000]), 3, "from 0.9 to 1.899, or from 1.0 to 1.999");
        assert_eq!(peak(&[0, 1_000, 2_000, 3_000]), 1, "a second apart is another second");
    }
}
