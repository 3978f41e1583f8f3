//! Place names of the world, offline.

/// The gazetteer.
#[derive(Debug)]
pub struct Gazetteer;
