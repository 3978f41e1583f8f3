//! The live core without a network or a database: actors over a small universe in memory, watched by clients that take nothing which
//! does not follow from what they hold.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod actors_die;
mod client;
mod drops;
mod limits;
mod model;
mod pressure;
mod restarts;
mod shares;
mod universe;
mod vectors;
