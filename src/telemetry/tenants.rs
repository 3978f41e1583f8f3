//! Who takes how much: one tenant beside the other, on an address of its own.
//!
//! Counted by the outermost layer of `http`; rendered by the metrics door at `/metrics/tenants`. The main address names no tenant, so that
//! its size does not grow with them; this one does, and may be scraped more seldom or only looked at.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use actors::OfTenant;
use domain::TenantId;

use crate::store::Tenant;

/// Requests of each tenant that sent one since the start.
#[derive(Debug, Default)]
pub struct PerTenant(RwLock<BTreeMap<TenantId, Arc<Requests>>>);

#[derive(Debug)]
struct Requests {
    slug: String,
    answered: AtomicU64,
    failed: AtomicU64,
    micros: AtomicU64,
}

impl PerTenant {
    /// Counts an answer.
    pub fn answered(&self, tenant: &Tenant, failed: bool, took: std::time::Duration) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant.id).cloned();
        let requests = known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Requests { slug: tenant.slug.clone(), answered: AtomicU64::new(0), failed: AtomicU64::new(0), micros: AtomicU64::new(0) });
            all.entry(tenant.id).or_insert_with(new).clone()
        });
        requests.answered.fetch_add(1, Relaxed);
        requests.failed.fetch_add(u64::from(failed), Relaxed);
        requests.micros.fetch_add(took.as_micros() as u64, Relaxed);
    }

    /// As Prometheus reads it. A tenant without a request since the start has no name here, and no line.
    pub fn text(&self, live: &[OfTenant]) -> String {
        let live: BTreeMap<TenantId, &OfTenant> = live.iter().map(|of| (of.tenant, of)).collect();
        let tenants = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, meaning: &str, value: &dyn Fn(&Requests, Option<&OfTenant>) -> f64| {
            let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} {kind}"); // a String takes everything
            for (id, requests) in tenants.iter() {
                let _ = writeln!(text, "{name}{{tenant=\"{}\"}} {}", requests.slug, value(requests, live.get(id).copied()));
            }
        };
        family("posada_tenant_requests_total", "counter", "Requests answered.", &|r, _| r.answered.load(Relaxed) as f64);
        family("posada_tenant_failures_total", "counter", "Requests answered with a failure of ours (5xx).", &|r, _| r.failed.load(Relaxed) as f64);
        family("posada_tenant_request_seconds_total", "counter", "Time spent answering.", &|r, _| r.micros.load(Relaxed) as f64 / 1e6);
        family("posada_tenant_connections", "gauge", "Open live connections.", &|_, of| of.map_or(0.0, |of| f64::from(of.connections)));
        family("posada_tenant_connects_refused_total", "counter", "Live connections that a limit of the tenant refused.", &|_, of| {
            of.map_or(0.0, |of| of.refused as f64)
        });
        family("posada_tenant_snapshots_total", "counter", "Snapshots of map views.", &|_, of| of.map_or(0.0, |of| of.snapshots as f64));
        family("posada_tenant_state_bytes_total", "counter", "Bytes of map state given to connections.", &|_, of| of.map_or(0.0, |of| of.bytes as f64));
        text
    }
}
