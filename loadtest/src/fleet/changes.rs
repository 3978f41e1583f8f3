//! The changes of a run: each has a number of its own, which travels as a price, and the moments it was sent and answered.
//!
//! Writers take numbers and note moments; fleets look them up for every change they see. The table is made before the run, so that neither
//! waits for the other.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use memchr::memmem::Finder;

use super::Tally;

/// The price of the first change, in minor units: above every price of a demo, so that a snapshot's prices are not taken for changes.
const FIRST: u32 = 20_000_000;
/// The most changes of one run: prices end at 100,000,000.
pub const MOST: usize = 50_000_000;

pub struct Changes {
    begun: Instant,
    taken: AtomicU32,
    /// µs since `begun`, plus one; 0 while it has not happened.
    sent: Vec<AtomicU64>,
    answered: Vec<AtomicU64>,
    amount: Finder<'static>,
}

/// The number of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change(u32);

impl Change {
    /// The price it travels as.
    pub fn amount(self) -> u32 {
        FIRST + self.0
    }
}

impl Changes {
    /// Room for so many changes.
    pub fn new(most: usize) -> Self {
        let table = || std::iter::repeat_with(AtomicU64::default).take(most.min(MOST)).collect();
        Self { begun: Instant::now(), taken: AtomicU32::new(0), sent: table(), answered: table(), amount: Finder::new("\"amount\":") }
    }

    /// The next number; `None` when the table is full.
    pub fn next(&self) -> Option<Change> {
        let number = self.taken.fetch_add(1, Relaxed);
        ((number as usize) < self.sent.len()).then_some(Change(number))
    }

    /// How many were taken so far.
    pub fn taken(&self) -> u64 {
        u64::from(self.taken.load(Relaxed))
    }

    /// Its write was due at this moment.
    pub fn sent(&self, change: Change, due: Instant) {
        self.sent[change.0 as usize].store(self.micros(due), Relaxed);
    }

    /// Its write was answered now: it has committed.
    pub fn answered(&self, change: Change) {
        self.answered[change.0 as usize].store(self.micros(Instant::now()), Relaxed);
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begun).as_micros() as u64 + 1
    }

    /// Counts the changes in a frame's text, and says how many they are. Found in the bytes, not by parsing: the viewers' own cost must stay small beside the server's.
    pub fn look(&self, text: &[u8], at: Instant, tally: &mut Tally) -> usize {
        let (now, mut seen) = (self.micros(at), 0);
        for found in self.amount.find_iter(text) {
            let Some(number) = amount(&text[found + 9..]).and_then(|amount| amount.checked_sub(FIRST)) else { continue };
            let Some(sent) = self.sent.get(number as usize).map(|sent| sent.load(Relaxed)).filter(|sent| *sent > 0) else { continue };
            let since_answered = match self.answered[number as usize].load(Relaxed) {
                0 => 0,
                answered => now.saturating_sub(answered),
            };
            tally.delivered(now.saturating_sub(sent), since_answered);
            seen += 1;
        }
        seen
    }
}

fn amount(text: &[u8]) -> Option<u32> {
    let digits = text.iter().take(10).take_while(|byte| byte.is_ascii_digit());
    let mut amount = None;
    for digit in digits {
        amount = Some(amount.unwrap_or(0_u32).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?);
    }
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_by_their_price_and_other_prices_are_not() {
        let changes = Changes::new(2);
        let (first, second) = (changes.next().expect("room"), changes.next().expect("room"));
        assert_eq!(changes.next(), None);
        changes.sent(first, Instant::now());
        let frame = |amount: u32| format!(r#"{{"t":"delta","tiles":[{{"put":[{{"id":"b","price":{{"amount":{amount},"currency":"EUR"}}}}]}}]}}"#);
        let mut tally = Tally::default();
        for amount in [first.amount(), second.amount(), FIRST + 2, 8000, 0] {
            changes.look(frame(amount).as_bytes(), Instant::now(), &mut tally);
        }
        assert_eq!(tally.deliveries, 1, "only the first was sent");
        changes.sent(second, Instant::now());
        let both = frame(first.amount()) + &frame(second.amount());
        changes.look(both.as_bytes(), Instant::now(), &mut tally);
        assert_eq!(tally.deliveries, 3);
        assert_eq!(tally.staleness.max(), 0, "nothing was answered yet, so nothing was late");
    }
}
