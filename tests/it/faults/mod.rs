//! Faults: what is killed, stalled or lost under load, and what everyone holds afterwards.

mod kill;
mod orders;
mod staying;
