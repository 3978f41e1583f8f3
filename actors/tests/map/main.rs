//! The map core against naive scans: whatever the map answers, asking every thing one by one must answer too.

#![allow(clippy::unwrap_used)]

mod changes;
mod distances;
mod made;
mod sums;
