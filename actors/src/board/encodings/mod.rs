//! Tests of what a board's watchers are told in the two encodings: the same, and how many bytes of it.

mod same;
mod sizes;
