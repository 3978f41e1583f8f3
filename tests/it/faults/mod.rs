//! Faults: what is killed, stalled or lost under load, and what everyone holds afterwards.

mod kill;
mod network;
mod orders;
mod panic;
mod postgres;
mod restart;
mod staying;
