//! Tells whether a text may begin with a word typed with a slip or two.
//!
//! A nondeterministic automaton kept in the bits of a few words, fed with the bytes of UTF-8 text one by one. `prefix`
//! runs it down the name index. A slip is one character too many, one missing, one wrong, or two neighbours swapped
//! (optimal string alignment distance).

/// The longest word that may have slips: its characters are the bits of a u64, one more for the beginning.
const LONGEST: usize = 60;

/// The word looked for.
pub(crate) struct Word {
    /// For each character of the word, the places where it stands.
    places: Vec<(char, u64)>,
    length: usize,
    slips: usize,
    /// First bytes of the word's characters beyond ASCII: its scripts, about.
    scripts: Option<(u8, u8)>,
}

/// How far the text read so far has come; small and copied freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Bit `i` of `at[k]`: the text reads as the first `i` characters of the word with `k` slips.
    at: [u64; 3],
    /// Bit `i` of `swapped[k]`: as above, and the text's last character is the word's next but one.
    swapped: [u64; 3],
    /// A character of which some bytes are still to come.
    pending: u32,
    missing: u8,
}

impl Word {
    /// `None` for an empty or very long word.
    pub(crate) fn new(text: &str, slips: usize) -> Option<Self> {
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return None;
        }
        let mut places: Vec<(char, u64)> = Vec::new();
        for (i, c) in text.chars().enumerate() {
            match places.iter_mut().find(|p| p.0 == c) {
                Some(place) => place.1 |= 1 << i,
                None => places.push((c, 1 << i)),
            }
        }
        let leads = text.bytes().filter(|b| *b >= 0xc0);
        let scripts = leads.clone().min().zip(leads.max());
        Some(Self { places, length, slips: slips.min(2), scripts })
    }

    pub(crate) fn start(&self) -> Reached {
        Reached { at: [0b1, 0b11, 0b111], swapped: [0; 3], pending: 0, missing: 0 }
    }

    /// After one more byte; `None` when no text that goes on like this can match. A letter of another script is no slip:
    /// it is never read.
    pub(crate) fn step(&self, mut reached: Reached, byte: u8) -> Option<Reached> {
        if byte < 0x80 {
            return self.read(reached, u32::from(byte));
        }
        if byte & 0xc0 == 0x80 {
            reached.pending = reached.pending << 6 | u32::from(byte & 0x3f);
            reached.missing = reached.missing.saturating_sub(1);
            return if reached.missing == 0 { self.read(reached, reached.pending) } else { Some(reached) };
        }
        if self.scripts.is_none_or(|(first, last)| byte < first || byte > last) {
            return None;
        }
        (reached.pending, reached.missing) = match byte {
            0xc0..=0xdf => (u32::from(byte & 0x1f), 1),
            0xe0..=0xef => (u32::from(byte & 0x0f), 2),
            _ => (u32::from(byte & 0x07), 3),
        };
        Some(reached)
    }

    /// True when the text read so far is the whole word with no more slips than allowed.
    pub(crate) fn is_read(&self, reached: &Reached) -> bool {
        reached.missing == 0 && reached.at[self.slips] >> self.length & 1 == 1
    }

    /// True when `text` begins as the word, slips allowed.
    pub(crate) fn begins(&self, text: &str) -> bool {
        let mut reached = self.start();
        for byte in text.bytes() {
            match self.step(reached, byte) {
                Some(next) if self.is_read(&next) => return true,
                Some(next) => reached = next,
                None => return false,
            }
        }
        false
    }

    fn read(&self, before: Reached, c: u32) -> Option<Reached> {
        let here = self.places.iter().find(|p| p.0 as u32 == c).map_or(0, |p| p.1);
        let mut after = Reached { at: [(before.at[0] & here) << 1, 0, 0], swapped: [0; 3], pending: 0, missing: 0 };
        for k in 1..=self.slips {
            after.at[k] = (before.at[k] & here) << 1 | before.at[k - 1] | before.at[k - 1] << 1 | after.at[k - 1] << 1 | (before.swapped[k] & here) << 2;
            after.swapped[k] = before.at[k - 1] & here >> 1;
        }
        let alive = after.at[self.slips] & ((1 << (self.length + 1)) - 1);
        (alive | after.swapped[self.slips] != 0).then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(word: &str, slips: usize, text: &str) -> bool {
        let word = Word::new(word, slips).unwrap();
        let mut reached = word.start();
        for byte in text.bytes() {
            match word.step(reached, byte) {
                Some(next) => reached = next,
                None => return false,
            }
        }
        word.is_read(&reached)
    }

    #[test]
    fn one_slip_of_each_kind() {
        for text in ["barcelona", "barclona", "barceloona", "barcalona", "abrcelona", "barcelnoa", "xbarcelona", "barcelon"] {
            assert!(reads("barcelona", 1, text), "{text}");
        }
        for text in ["barcalana", "baclna", "madrid", "", "barcelonaxx"] {
            assert!(!reads("barcelona", 1, text), "{text}");
        }
        assert!(reads("москва", 1, "масква") && !reads("москва", 1, "маскво"));
        assert!(reads("барселона", 2, "брасилона"));
        assert!(!reads("barcelona", 0, "barcelonb") && reads("barcelona", 0, "barcelona"));
    }

    #[test]
    fn a_word_too_long_or_empty_has_no_slips() {
        assert!(Word::new("", 1).is_none());
        assert!(Word::new(&"x".repeat(61), 1).is_none());
        assert!(reads(&"x".repeat(60), 1, &"x".repeat(59)));
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_plain_table(word in "[abc]{1,9}", text in "[abc]{0,11}", slips in 0usize..3) {
            proptest::prop_assert_eq!(reads(&word, slips, &text), distance(&word, &text) <= slips);
        }
    }

    /// Optimal string alignment, by the book.
    fn distance(a: &str, b: &str) -> usize {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                d[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let plain = (d[i - 1][j] + 1).min(d[i][j - 1] + 1).min(d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                    let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swap { plain.min(d[i - 2][j - 2] + 1) } else { plain }
                };
            }
        }
        d[a.len()][b.len()]
    }
}
