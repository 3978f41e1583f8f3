//! Starting, stopping, and telling how one is.

mod demo;
mod health;
mod metrics;
mod program;
mod serve;
mod validation;
