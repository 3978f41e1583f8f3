//! What each tenant may take of this node: snapshots and bytes a second, shared by all hubs.
//!
//! Asked by hubs; reads no clock (time is an argument), keeps no list of who waits. Over a limit a tenant gets later or less often;
//! nobody is sent away, and no other tenant notices.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::TenantId;

use crate::config::LiveConfig;

/// Once over its bytes, a tenant gets less for at least this long: a rate that flutters helps nobody.
const LESS_FOR: Duration = Duration::from_secs(3);

pub(crate) struct Shares {
    tenants: Mutex<HashMap<TenantId, Arc<Share>>>,
    snapshots: f64,
    bytes: f64,
}

/// One tenant's part of the node.
pub(crate) struct Share(Mutex<Taken>);

struct Taken {
    snapshots: Bucket,
    bytes: Bucket,
    /// Snapshots and bytes since the start.
    total: (u64, u64),
    less_until: Option<Instant>,
}

/// Tokens that come back at a steady rate, at most one second's worth. Below zero they are owed.
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Option<Instant>,
}

impl Shares {
    pub(crate) fn new(config: &LiveConfig) -> Self {
        Self { tenants: Mutex::default(), snapshots: f64::from(config.tenant_snapshots_per_s.max(1)), bytes: config.tenant_bytes_per_s.max(1) as f64 }
    }

    pub(crate) fn of(&self, tenant: TenantId) -> Arc<Share> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let share = tenants.entry(tenant).or_insert_with(|| {
            let taken = Taken { snapshots: Bucket::new(self.snapshots), bytes: Bucket::new(self.bytes), total: (0, 0), less_until: None };
            Arc::new(Share(Mutex::new(taken)))
        });
        share.clone()
    }
}

impl Share {
    fn with<R>(&self, work: impl FnOnce(&mut Taken) -> R) -> R {
        // Numbers only: whole after any panic.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Snapshots and bytes since the start.
    pub(crate) fn total(&self) -> (u64, u64) {
        self.with(|taken| taken.total)
    }

    /// Takes a snapshot if there is one now; else after how long to ask again.
    pub(crate) fn take_snapshot(&self, now: Instant) -> Result<(), Duration> {
        self.with(|taken| {
            let wait = taken.snapshots.wait_for_one(now);
            if wait.is_zero() {
                taken.snapshots.tokens -= 1.0;
                taken.total.0 += 1;
                Ok(())
            } else {
                Err(wait)
            }
        })
    }

    /// Takes the next free snapshot, and says how long until it is there. Who waits goes before those who come new.
    pub(crate) fn reserve_snapshot(&self, now: Instant) -> Duration {
        self.with(|taken| {
            let wait = taken.snapshots.wait_for_one(now);
            taken.snapshots.tokens -= 1.0;
            taken.total.0 += 1;
            wait
        })
    }

    /// A snapshot that was not asked for was made. It is owed, up to one second's worth.
    pub(crate) fn owe_snapshot(&self, now: Instant) {
        self.with(|taken| {
            taken.snapshots.owe(1.0, now);
            taken.total.0 += 1;
        });
    }

    /// Bytes were given to an outlet.
    pub(crate) fn sent(&self, bytes: usize, now: Instant) {
        self.with(|taken| {
            taken.total.1 += bytes as u64;
            taken.bytes.owe(bytes as f64, now);
            if taken.bytes.tokens < 0.0 {
                taken.less_until = Some(now + LESS_FOR);
            }
        });
    }

    /// Whether the tenant took more bytes than it may, just now.
    pub(crate) fn gets_less(&self, now: Instant) -> bool {
        self.with(|taken| taken.less_until.is_some_and(|until| now < until))
    }
}

impl Bucket {
    fn new(rate: f64) -> Self {
        Self { rate, tokens: rate, at: None }
    }

    fn refill(&mut self, now: Instant) {
        let since = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.tokens = (self.tokens + since.as_secs_f64() * self.rate).min(self.rate);
    }

    fn wait_for_one(&mut self, now: Instant) -> Duration {
        self.refill(now);
        // Rounding must not make somebody wait for nothing.
        if self.tokens > 1.0 - 1e-6 { Duration::ZERO } else { Duration::from_secs_f64((1.0 - self.tokens) / self.rate) }
    }

    fn owe(&mut self, tokens: f64, now: Instant) {
        self.refill(now);
        let least = self.tokens.min(-self.rate);
        self.tokens = (self.tokens - tokens).max(least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(snapshots: u32, bytes: u64) -> Shares {
        Shares::new(&LiveConfig { tenant_snapshots_per_s: snapshots, tenant_bytes_per_s: bytes, ..LiveConfig::default() })
    }

    const ONE: TenantId = TenantId(uuid::Uuid::nil());
    const OTHER: TenantId = TenantId(uuid::Uuid::max());

    #[test]
    fn snapshots_come_at_their_rate_and_who_waits_goes_first() {
        let (shares, now) = (shares(10, 1), Instant::now());
        let one = shares.of(ONE);
        for _ in 0..10 {
            assert_eq!(one.take_snapshot(now), Ok(()));
        }
        assert_eq!(one.reserve_snapshot(now), Duration::from_millis(100));
        assert_eq!(one.reserve_snapshot(now), Duration::from_millis(200));
        assert_eq!(one.take_snapshot(now), Err(Duration::from_millis(300)), "after those who wait");
        assert_eq!(shares.of(OTHER).take_snapshot(now), Ok(()), "another tenant is not held up");
        assert_eq!(one.take_snapshot(now + Duration::from_millis(300)), Ok(()));
        assert!(one.take_snapshot(now + Duration::from_millis(300)).is_err());
    }

    #[test]
    fn what_was_not_asked_for_is_owed_for_a_second_at_most() {
        let (shares, now) = (shares(10, 1), Instant::now());
        let one = shares.of(ONE);
        (0..1_000).for_each(|_| one.owe_snapshot(now));
        assert!(one.take_snapshot(now + Duration::from_millis(1_000)).is_err());
        assert_eq!(one.take_snapshot(now + Duration::from_millis(1_100)), Ok(()));
    }

    #[test]
    fn a_tenant_over_its_bytes_gets_less_for_a_while() {
        let (shares, now) = (shares(1, 1_000), Instant::now());
        let (one, other) = (shares.of(ONE), shares.of(OTHER));
        one.sent(1_000, now);
        assert!(!one.gets_less(now), "just what it may");
        one.sent(1, now);
        other.sent(10, now);
        assert!(one.gets_less(now) && !other.gets_less(now));
        assert!(!one.gets_less(now + LESS_FOR));
        one.sent(1, now + LESS_FOR);
        assert!(!one.gets_less(now + LESS_FOR), "what was owed has come back");
    }
}
