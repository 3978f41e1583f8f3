//! Which handles name one thing and no other.
//!
//! Kept by a map for the binary encoding. Handles come from ids by chance, so that two of a city may be equal (of 16,000 homes in three
//! cities of a hundred): neither may then be named by it.

use foldhash::{HashSet, HashSetExt};

#[derive(Debug)]
pub(super) struct Handles {
    /// Those of the things on the map.
    present: HashSet<u32>,
    /// Those that stood for two things at once. They stay: what viewers hold may be of that moment.
    shared: HashSet<u32>,
}

impl Handles {
    pub(super) fn of(handles: impl ExactSizeIterator<Item = u32>) -> Self {
        let mut all = Self { present: HashSet::with_capacity(handles.len()), shared: HashSet::new() };
        handles.for_each(|handle| all.come(handle));
        all
    }

    /// A thing comes to the map.
    pub(super) fn come(&mut self, handle: u32) {
        if !self.present.insert(handle) {
            self.shared.insert(handle);
        }
    }

    /// A thing leaves the map.
    pub(super) fn go(&mut self, handle: u32) {
        if self.is_own(handle) {
            self.present.remove(&handle);
        }
    }

    pub(super) fn is_own(&self, handle: u32) -> bool {
        !self.shared.contains(&handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_was_shared_once_is_never_trusted_again() {
        let mut handles = Handles::of([1, 2].into_iter());
        handles.go(1);
        handles.come(1);
        assert!(handles.is_own(1), "one after the other is not two at once");
        handles.come(1);
        handles.go(1);
        handles.go(1);
        handles.come(1);
        assert!(!handles.is_own(1) && handles.is_own(2));
        assert!(!Handles::of([3, 4, 3].into_iter()).is_own(3));
    }
}
