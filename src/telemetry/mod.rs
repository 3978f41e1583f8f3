//! What an operator sees: logs on standard error, metrics for Prometheus.
//!
//! Called once by `cli` (logs) and `app` (metrics). Knows no request and no tenant: no label here may name a person or a community.

mod logs;
mod metrics;

pub use logs::init as init_logs;
pub use metrics::{Rendered, install, names};
