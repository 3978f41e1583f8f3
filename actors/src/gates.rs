//! How many may come: per tenant first, then the node. Over a limit, a newcomer is told when to try again; nobody inside is sent away.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::TenantId;

use crate::{config::LiveConfig, telemetry};

#[derive(Clone)]
pub(crate) struct Gates(Arc<Mutex<Counts>>);

struct Counts {
    tenants: HashMap<TenantId, Gate>,
    /// All that is open here.
    open: u32,
    node: Window,
    node_open: u32,
    tenant_open: u32,
    tenant_rate: u32,
    node_rate: u32,
}

#[derive(Default)]
struct Gate {
    open: u32,
    refused: u64,
    window: Window,
}

/// Newcomers in the current second.
#[derive(Default)]
struct Window {
    began: Option<Instant>,
    count: u32,
}

/// A connection's place, held by whoever has its socket to the end; given back when dropped.
pub struct Admitted {
    gates: Gates,
    tenant: TenantId,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// Which limit: `tenant_connections`, `tenant_connects`, `node_connections`, `node_connects`.
    pub limit: &'static str,
    pub retry_after_ms: u64,
}

impl Gates {
    pub(crate) fn new(config: &LiveConfig) -> Self {
        Self(Arc::new(Mutex::new(Counts {
            tenants: HashMap::new(),
            open: 0,
            node: Window::default(),
            node_open: config.node_connections,
            tenant_open: config.tenant_connections,
            tenant_rate: config.tenant_connects_per_s,
            node_rate: config.node_connects_per_s,
        })))
    }

    /// Connections open on this node.
    pub(crate) fn open(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).open
    }

    /// Each tenant that came: connections open, and newcomers its limits refused.
    pub(crate) fn of_tenants(&self) -> Vec<(TenantId, u32, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tenants.iter().map(|(tenant, gate)| (*tenant, gate.open, gate.refused)).collect()
    }

    pub(crate) fn enter(&self, tenant: TenantId, now: Instant) -> Result<Admitted, TooMany> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |limit, retry_after_ms| {
            metrics::counter!(telemetry::LIMITED, "limit" => limit).increment(1);
            Err(TooMany { limit, retry_after_ms })
        };
        let (most, rate, node_rate, node_is_full) = (counts.tenant_open, counts.tenant_rate, counts.node_rate, counts.open >= counts.node_open);
        let gate = counts.tenants.entry(tenant).or_default();
        if gate.open >= most {
            gate.refused += 1;
            return refused("tenant_connections", 10_000);
        }
        if let Err(wait) = gate.window.take(rate, now) {
            gate.refused += 1;
            return refused("tenant_connects", wait);
        }
        if node_is_full {
            return refused("node_connections", 10_000);
        }
        if let Err(wait) = counts.node.take(node_rate, now) {
            return refused("node_connects", wait);
        }
        counts.open += 1;
        counts.tenants.entry(tenant).or_default().open += 1;
        Ok(Admitted { gates: self.clone(), tenant })
    }
}

impl Window {
    fn take(&mut self, most: u32, now: Instant) -> Result<(), u64> {
        let second = Duration::from_secs(1);
        match self.began {
            Some(began) if now.saturating_duration_since(began) < second => {
                if self.count >= most {
                    // Spread those who come back over as many seconds as it takes to let them in.
                    let over = u64::from(self.count - most) / u64::from(most.max(1));
                    self.count += 1;
                    return Err(1_000 + over * 1_000);
                }
                self.count += 1;
            }
            _ => {
                if most == 0 {
                    return Err(1_000);
                }
                (self.began, self.count) = (Some(now), 1);
            }
        }
        Ok(())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.gates.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.open -= 1;
        if let Some(gate) = counts.tenants.get_mut(&self.tenant) {
            // The gate itself stays: it remembers how many came this second.
            gate.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(open: u32, rate: u32) -> Gates {
        Gates::new(&LiveConfig { tenant_connections: open, tenant_connects_per_s: rate, ..LiveConfig::default() })
    }

    #[test]
    fn a_tenant_has_so_many_open_and_gets_places_back() {
        let (gates, tenant, now) = (gates(2, 100), TenantId(uuid::Uuid::nil()), Instant::now());
        let first = gates.enter(tenant, now).unwrap();
        let _second = gates.enter(tenant, now).unwrap();
        assert_eq!(gates.enter(tenant, now).err().unwrap().limit, "tenant_connections");
        assert!(gates.enter(TenantId(uuid::Uuid::max()), now).is_ok(), "another tenant is not held up");
        drop(first);
        assert!(gates.enter(tenant, now).is_ok());
    }

    #[test]
    fn newcomers_a_second_are_capped() {
        let (gates, tenant, now) = (gates(100, 3), TenantId(uuid::Uuid::nil()), Instant::now());
        let inside: Vec<_> = (0..3).map(|_| gates.enter(tenant, now).unwrap()).collect();
        assert_eq!(gates.enter(tenant, now).err().unwrap(), TooMany { limit: "tenant_connects", retry_after_ms: 1_000 });
        assert!(gates.enter(tenant, now + Duration::from_secs(1)).is_ok());
        assert_eq!(inside.len(), 3);
    }
}
