//! Maps and sets by numbers that this process gave out itself, one after the other.
//!
//! Nobody outside chooses such a number, so that a hash need not withstand an enemy; it costs one multiplication. Never for what a
//! client sends.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

pub(crate) type Numbered<V> = HashMap<u64, V, BuildHasherDefault<NumberHasher>>;

/// Spreads consecutive numbers over high and low bits (Knuth, TAOCP 3, 6.4: the golden ratio of 2^64).
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_land_in_different_places() {
        let hash = |number: u64| {
            let mut hasher = NumberHasher::default();
            hasher.write_u64(number);
            hasher.finish()
        };
        // What a table looks at: some low bits for the place, seven high ones for the tag.
        let places: std::collections::HashSet<_> = (0..4_096).map(|n| hash(n) & 0xffff).collect();
        let tags: std::collections::HashSet<_> = (0..4_096).map(|n| hash(n) >> 57).collect();
        assert!(places.len() > 3_800 && tags.len() == 128, "{} places, {} tags", places.len(), tags.len());
    }
}
