//! Which nights of a room are taken: bits for the next years, ranges for what is further away.
//!
//! Owned by a home on the map. Holds nothing of the past: nights before the window count as free, because nobody can ask for them.

/// Words of 64 days in the window.
const WORDS: i32 = 16;

/// The word a day is in; windows begin at a word, so sliding is dropping words.
pub(super) fn word_of(day: i32) -> i32 {
    day.div_euclid(64)
}

/// Day numbers are days since 1970-01-01. Every call names the word its window begins with; only [`Taken::slide`] changes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// One bit a day, set when taken; as many words as are needed, at most [`WORDS`].
    near: Box<[u64]>,
    /// Half-open, ascending: what begins or goes on beyond the window.
    far: Box<[(i32, i32)]>,
}

impl Taken {
    /// From half-open ranges of day numbers, for a window that begins with the word `base`.
    pub(super) fn new(base: i32, ranges: impl IntoIterator<Item = (i32, i32)>) -> Self {
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for range in ranges {
            mark(&mut near, &mut far, base, range);
        }
        far.sort_unstable();
        Self { near: near.into(), far: far.into() }
    }

    /// Whether every night from `from` up to, not including, `to` is free.
    pub(super) fn is_free(&self, base: i32, from: i32, to: i32) -> bool {
        let first = word_of(from).max(base);
        let last = word_of(to - 1).min(base + self.near.len() as i32 - 1);
        (first..=last).all(|word| self.near[(word - base) as usize] & days(word, from, to) == 0)
            && self.far.iter().take_while(|range| range.0 < to).all(|range| range.1 <= from)
    }

    /// Moves the window's beginning to a later word, forgetting what lies before it.
    pub(super) fn slide(&mut self, base: i32, to: i32) {
        if to <= base || (self.near.is_empty() && self.far.is_empty()) {
            return;
        }
        let mut near: Vec<u64> = self.near.iter().copied().skip((to - base) as usize).collect();
        let mut far = Vec::new();
        for range in &self.far {
            mark(&mut near, &mut far, to, *range);
        }
        *self = Self { near: near.into(), far: far.into() };
    }
}

fn mark(near: &mut Vec<u64>, far: &mut Vec<(i32, i32)>, base: i32, (from, to): (i32, i32)) {
    let end = (base + WORDS) * 64;
    let (start, stop) = (from.max(base * 64), to.min(end));
    if start < stop {
        let words = word_of(stop - 1) - base + 1;
        if near.len() < words as usize {
            near.resize(words as usize, 0);
        }
        for word in word_of(start)..=word_of(stop - 1) {
            near[(word - base) as usize] |= days(word, start, stop);
        }
    }
    if to > end && from < to {
        far.push((from.max(end), to));
    }
}

/// The bits of a word for the days from `from` up to, not including, `to`.
fn days(word: i32, from: i32, to: i32) -> u64 {
    let first = (from - word * 64).clamp(0, 64) as u32;
    let end = (to - word * 64).clamp(0, 64) as u32;
    let below = |n: u32| if n == 64 { u64::MAX } else { (1 << n) - 1 };
    below(end) & !below(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn free_is_what_no_range_overlaps(today in 15_000i32..25_000, ranges in prop::collection::vec((-100i32..2500, 1i32..400), 0..12),
            slides in prop::collection::vec(0i32..900, 0..4), asks in prop::collection::vec((0i32..2600, 1i32..366), 1..20))
        {
            let ranges: Vec<_> = ranges.into_iter().map(|(from, n)| (today + from, today + from + n)).collect();
            let mut base = word_of(today);
            let mut taken = Taken::new(base, ranges.iter().copied());
            let mut now = today;
            for step in slides {
                now += step;
                taken.slide(base, word_of(now));
                base = word_of(now);
            }
            for (from, n) in asks {
                let (from, to) = (now + from, now + from + n);
                prop_assert_eq!(taken.is_free(base, from, to), ranges.iter().all(|r| r.1 <= from || to <= r.0));
            }
        }
    }
}
