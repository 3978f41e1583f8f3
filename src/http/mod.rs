//! The HTTP edge: parse, authenticate, authorise, limit; then a command, then its answer.

pub mod problem;

pub use problem::Problem;
