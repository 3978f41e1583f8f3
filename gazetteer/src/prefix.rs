//! Type-ahead: cities whose names begin as typed, slips forgiven.
//!
//! Called by search fields, and by `lookup` for suggestions. Walks the name index from the most populous city down:
//! postings are numbered by the rank of their largest city and an fst keeps, on the way to every key, the smallest
//! number below, so that the best of a million names are found in a few hundred steps (best-first search).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use fst::raw::{CompiledAddr, Output};

use crate::gazetteer::Gazetteer;
use crate::lookup::{Candidate, Match, NEARBY_METRES, in_order};
use crate::metres::on_earth;
use crate::normalise::normalise;
use crate::typing::{Reached, Word};

/// Work at most, in visited nodes of the index: a few milliseconds.
const MOST_STEPS: usize = 30_000;
/// Cities of one name that are looked at.
const MOST_OF_ONE_NAME: usize = 50;
/// Cities of one name of up to three letters.
const MOST_OF_ONE_CODE: usize = 2;
/// Cities around the hint whose own names are compared, however small they are.
const NEIGHBOURS: usize = 200;
/// More is never returned.
const MOST_RETURNED: usize = 100;

impl Gazetteer {
    /// Cities for what somebody is typing, at most `limit` (and 100): first those of exactly this name, then those
    /// whose name begins with it, then those one slip away (from 4 characters on) or two (from 8); among equals by
    /// population and by distance to `hint` (`(lat, lon)` in degrees). Any script, any name the city has.
    #[must_use]
    pub fn prefix(&self, text: &str, limit: usize, hint: Option<(f64, f64)>) -> Vec<Candidate<'_>> {
        self.prefix_in(&normalise(text), limit, hint, &|_| true)
    }

    /// As [`Gazetteer::prefix`] for a comparable form, among the ranks that `wanted` allows.
    pub(crate) fn prefix_in(&self, form: &str, limit: usize, hint: Option<(f64, f64)>, wanted: &dyn Fn(u32) -> bool) -> Vec<Candidate<'_>> {
        let limit = limit.min(MOST_RETURNED);
        let hint = hint.filter(|h| on_earth(h.0, h.1));
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        if form.is_empty() || limit == 0 {
            return found;
        }
        // With a hint the best may be a small place: look at more before choosing.
        let pool = if hint.is_some() { limit * 4 + 60 } else { limit * 3 + 20 };
        let mut exact = self.candidates(form, hint, |city| wanted(city.rank));
        // Every two or three letters are some airport's code: whoever types them has mostly only begun.
        exact.truncate(if form.len() <= 3 { MOST_OF_ONE_CODE } else { MOST_OF_ONE_NAME });
        seen.extend(exact.iter().map(|c| c.city.rank));
        found.extend(exact);
        if found.len() < limit {
            let mut begun: Vec<u32> = self.beginning_with(form, pool).into_iter().filter(|&r| wanted(r)).collect();
            begun.extend(hint.into_iter().flat_map(|h| self.neighbours(form, h)).filter(|&r| wanted(r)));
            self.add(&mut found, &mut seen, begun, Match::Prefix, &|own| own.starts_with(form), hint);
        }
        let length = form.chars().count();
        for slips in 1..=2 {
            if found.len() < limit && length >= slips * 4 {
                let near = self.slipped(form, slips, pool, wanted);
                let own_fits = |own: &str| Word::new(form, slips).is_some_and(|word| word.begins(own));
                self.add(&mut found, &mut seen, near, Match::Slips(slips as u8), &own_fits, hint);
            }
        }
        found.truncate(limit);
        found
    }

    /// Ranks of cities with a name that begins with a comparable form, about the `most` most populous first.
    pub(crate) fn beginning_with(&self, form: &str, most: usize) -> Vec<u32> {
        let fst = self.index.as_fst();
        let (mut node, mut value) = (fst.root(), Output::zero());
        for &byte in form.as_bytes() {
            let Some(i) = node.find_input(byte) else { return Vec::new() };
            let transition = node.transition(i);
            value = value.cat(transition.out);
            node = fst.node(transition.addr);
        }
        self.best_first(Step { value, at: node.addr(), reached: None }, None, most, &|_| true)
    }

    fn slipped(&self, form: &str, slips: usize, most: usize, wanted: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let Some(word) = Word::new(form, slips) else { return Vec::new() };
        let start = Step { value: Output::zero(), at: self.index.as_fst().root().addr(), reached: Some(word.start()) };
        self.best_first(start, Some(&word), most, wanted)
    }

    /// Walks from `start` always on from the smallest number, until `most` cities are found. Without a word (or once it
    /// is read) every key below counts.
    fn best_first(&self, start: Step, word: Option<&Word>, most: usize, wanted: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let fst = self.index.as_fst();
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut heap = BinaryHeap::from([Reverse(Visit::Node(start))]);
        let mut steps = 0;
        while let Some(Reverse(visit)) = heap.pop() {
            steps += 1;
            if steps > MOST_STEPS || found.len() >= most {
                break;
            }
            let step = match visit {
                Visit::Key(value) => {
                    let ranks = self.posting(value).iter().take(MOST_OF_ONE_NAME);
                    found.extend(ranks.copied().filter(|&rank| wanted(rank) && seen.insert(rank)));
                    continue;
                }
                Visit::Node(step) => step,
            };
            let node = fst.node(step.at);
            if node.is_final() && step.reached.is_none() {
                heap.push(Reverse(Visit::Key(step.value.cat(node.final_output()).value())));
            }
            for transition in node.transitions() {
                let reached = match (word, step.reached) {
                    (Some(word), Some(reached)) => match word.step(reached, transition.inp) {
                        Some(next) if word.is_read(&next) => None,
                        Some(next) => Some(next),
                        None => continue,
                    },
                    _ => None,
                };
                heap.push(Reverse(Visit::Node(Step { value: step.value.cat(transition.out), at: transition.addr, reached })));
            }
        }
        found
    }

    /// Cities around the hint whose own name begins like this.
    fn neighbours(&self, form: &str, hint: (f64, f64)) -> Vec<u32> {
        let mut near = self.within(hint.0, hint.1, NEARBY_METRES);
        near.truncate(NEIGHBOURS);
        near.into_iter().filter(|(city, _)| normalise(city.name).starts_with(form)).map(|(city, _)| city.rank).collect()
    }

    fn add<'a>(
        &'a self,
        found: &mut Vec<Candidate<'a>>,
        seen: &mut HashSet<u32>,
        ranks: Vec<u32>,
        how: Match,
        own_fits: &dyn Fn(&str) -> bool,
        hint: Option<(f64, f64)>,
    ) {
        let mut group: Vec<_> = ranks
            .into_iter()
            .filter(|&rank| seen.insert(rank))
            .filter_map(|rank| {
                let candidate = self.candidate(rank, how, hint)?;
                Some(Candidate { own_name: own_fits(&normalise(candidate.city.name)), ..candidate })
            })
            .collect();
        group.sort_by(in_order);
        found.extend(group);
    }
}

/// A node on the way, with the smallest number below it.
#[derive(Clone, Copy)]
struct Step {
    value: Output,
    at: CompiledAddr,
    /// How much of the word is read; `None` when all of it is.
    reached: Option<Reached>,
}

enum Visit {
    Key(u64),
    Node(Step),
}

impl Visit {
    /// Smaller numbers first; of equal ones the key, then in order of address, so that answers never vary.
    fn order(&self) -> (u64, usize) {
        match self {
            Self::Key(value) => (*value, 0),
            Self::Node(step) => (step.value.value(), step.at),
        }
    }
}

impl PartialEq for Visit {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Visit {}

impl PartialOrd for Visit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Visit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}
