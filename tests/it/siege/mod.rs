//! What the server is besieged with, from inside and outside, and what each of those concerned sees of it. The table of it all is
//! "What happens when" in `docs/operating.md`.

mod city;
mod clock;
mod database;
mod disk;
mod doors;
mod frames;
mod noisy;
mod raw;
mod revocation;
mod slow;

pub use raw::{Heard, Raw, text};
