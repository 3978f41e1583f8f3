//! How often the server's caches had the answer, as its metrics count.

use anyhow::Result;
use hyper::Uri;

use crate::{Target, http::Http};

/// Looks into caches so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lookups {
    pub hits: f64,
    pub misses: f64,
}

impl Lookups {
    /// Of every cache together.
    pub async fn read(target: &Target) -> Result<Self> {
        let path = target.metrics.parse::<Uri>()?.path().to_owned();
        Ok(Self::of(&Http::connect(&target.metrics).await?.text("GET", &path, &[], None).await?))
    }

    fn of(text: &str) -> Self {
        let mut lookups = Self::default();
        for line in text.lines().filter(|line| line.starts_with("posada_cache_lookups_total{")) {
            let count: f64 = line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default();
            match line.contains("outcome=\"hit\"") {
                true => lookups.hits += count,
                false => lookups.misses += count,
            }
        }
        lookups
    }

    /// Hits in a hundred since an earlier look; 0 where nobody looked.
    pub fn hits_since(self, before: Self) -> f64 {
        let (hits, misses) = (self.hits - before.hits, self.misses - before.misses);
        if hits + misses > 0.0 { 100.0 * hits / (hits + misses) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_over_all_caches() {
        let text = "# TYPE posada_cache_lookups_total counter\nposada_cache_lookups_total{cache=\"tenants\",outcome=\"hit\"} 97\n\
                    posada_cache_lookups_total{cache=\"tenants\",outcome=\"miss\"} 2\nposada_cache_lookups_total{outcome=\"hit\",cache=\"principals\"} 2\nother 5\n";
        let now = Lookups::of(text);
        assert_eq!(now, Lookups { hits: 99.0, misses: 2.0 });
        assert_eq!(now.hits_since(Lookups { hits: 0.0, misses: 1.0 }), 99.0);
        assert_eq!(now.hits_since(now), 0.0);
    }
}
