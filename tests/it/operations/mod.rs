//! Starting, stopping, and telling how one is.

mod health;
mod serve;
