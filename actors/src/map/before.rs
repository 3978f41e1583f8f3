//! What things were when changes were last taken: each is noted once, however often it changes until they are taken again.
//!
//! Kept by a live map, whose slots carry a mark of what was noted of them, so that a change looks nothing up. Knows nothing of places.

use foldhash::{HashSet, HashSetExt};

use super::Thing;

/// A thing as it was, and the code of where.
#[derive(Clone, Debug)]
pub(super) struct Was<T> {
    pub(super) thing: T,
    /// None beyond the tiles.
    pub(super) code: Option<u64>,
}

/// When the thing in a slot was last noted. Not yet, as it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(u64);

#[derive(Debug)]
pub(super) struct Before<T: Thing> {
    /// What is noted now has this mark.
    now: Mark,
    /// Nothing for what was not there.
    noted: Vec<(T::Id, Option<Was<T>>)>,
    /// Those of them that have left: no slot carries their mark.
    gone: HashSet<T::Id>,
}

impl<T: Thing> Before<T> {
    pub(super) fn new() -> Self {
        Self { now: Mark(1), noted: Vec::new(), gone: HashSet::new() }
    }

    /// A thing that was not there came; the mark is its slot's from now on.
    pub(super) fn come(&mut self, id: T::Id) -> Mark {
        if !self.gone.remove(&id) {
            self.noted.push((id, None));
        }
        self.now
    }

    /// A thing is another now. Its slot's mark, and what it was.
    pub(super) fn change(&mut self, mark: &mut Mark, id: T::Id, was: impl FnOnce() -> Was<T>) {
        if *mark != self.now {
            *mark = self.now;
            self.noted.push((id, Some(was())));
        }
    }

    /// A thing left its slot, which had this mark.
    pub(super) fn go(&mut self, mark: Mark, id: T::Id, was: Was<T>) {
        if mark != self.now {
            self.noted.push((id, Some(was)));
        }
        self.gone.insert(id);
    }

    /// All that was noted, each id once, in no order. From now on everything is noted anew.
    pub(super) fn take(&mut self) -> Vec<(T::Id, Option<Was<T>>)> {
        // Room for as much as last time, up to what a busy second brings.
        const MOST: usize = 1_024;
        let next = Vec::with_capacity(self.noted.len().min(MOST));
        self.now = Mark(self.now.0 + 1);
        self.gone = HashSet::new();
        std::mem::replace(&mut self.noted, next)
    }
}
