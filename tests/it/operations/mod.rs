//! Starting, stopping, and telling how one is.

mod demo;
mod health;
mod metrics;
mod program;
mod rules;
mod serve;
mod validation;
mod watched;
mod workload;
