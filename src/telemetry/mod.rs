//! What an operator sees: logs on standard error, metrics for Prometheus.
//!
//! Called once by `cli` (logs) and `running` (metrics). Knows no request: no label of `/metrics` may name a person or a community; the
//! figures of single tenants have an address of their own.

mod door;
mod logs;
mod metrics;
mod tenants;

pub use door::serve;
pub use logs::init as init_logs;
pub use metrics::{Rendered, install, names};
pub use tenants::PerTenant;
