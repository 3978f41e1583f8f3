//! What the server is besieged with, from inside and outside, and what each of those concerned sees of it. The table of it all is
//! "What happens when" in `docs/operating.md`.

mod doors;
mod frames;
mod raw;
mod revocation;
