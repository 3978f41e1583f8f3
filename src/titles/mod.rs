//! Search over the titles of homes, in memory: for each tenant that somebody searches in, the words of its active homes.
//!
//! Called by the HTTP edge. Nothing here is the truth: a city's words are read from Postgres again as soon as the head of its stream has
//! moved, and forgotten when nobody searches. Which homes still exist, and what may be shown of them, the reader asks Postgres.

mod words;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{CityId, HomeId, Position, TenantId};
use moka::future::Cache;
use tokio::sync::Mutex;

use crate::store::{Store, StoreError, city_page::HomeTitle};
use words::CityWords;

/// How long a look at the streams' heads is believed: a new title is found after so long at most.
const LOOKED_FOR: Duration = Duration::from_millis(500);
/// A tenant in which nobody searched for so long is forgotten.
const KEPT: Duration = Duration::from_secs(600);
/// Tenants at most.
const MOST: u64 = 1_000;

/// The titles of all tenants that are searched in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Titles {
    store: Store,
    tenants: Cache<TenantId, Arc<Mutex<Tenant>>>,
}

#[derive(Debug, Default)]
struct Tenant {
    looked: Option<Instant>,
    cities: HashMap<CityId, (i64, Arc<CityWords>)>,
}

impl Titles {
    pub fn new(store: Store) -> Self {
        let tenants = Cache::builder().max_capacity(store.room(MOST)).time_to_idle(KEPT).build();
        Self { store, tenants }
    }

    /// Homes whose titles have every word of `text` (whole, as a beginning, or with a slip), best first; of equals those nearer to `hint`.
    pub async fn search(&self, tenant: TenantId, text: &str, hint: Option<Position>, limit: usize) -> Result<Vec<HomeId>, StoreError> {
        let asked = words::of(text);
        if asked.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let cities = self.fresh(tenant).await?;
        // Up to some milliseconds of work for a large community: off the threads that serve sockets.
        let search = tokio::task::spawn_blocking(move || words::search(&cities, &asked, hint, limit));
        Ok(search.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a search did not end");
            Vec::new()
        }))
    }

    /// The words of every city, none older than [`LOOKED_FOR`]. One of many at once looks; the others wait for it.
    async fn fresh(&self, tenant: TenantId) -> Result<Vec<Arc<CityWords>>, StoreError> {
        let kept = self.tenants.get_with(tenant, async { Arc::default() }).await;
        let mut kept = kept.lock().await;
        if kept.looked.is_none_or(|looked| looked.elapsed() > LOOKED_FOR) {
            let now = Instant::now();
            let mut moved = self.store.city_heads(tenant).await?;
            moved.retain(|(city, head)| kept.cities.get(city).is_none_or(|(known, _)| known != head));
            if !moved.is_empty() {
                // Read after the heads: what is newer than a head is read twice, never missed.
                let cities: Vec<CityId> = moved.iter().map(|(city, _)| *city).collect();
                let mut titles: HashMap<CityId, Vec<HomeTitle>> = HashMap::new();
                for (city, title) in self.store.begin_as_tenant(tenant).await?.home_titles(&cities).await? {
                    titles.entry(city).or_default().push(title);
                }
                for (city, head) in moved {
                    let words = CityWords::new(titles.remove(&city).unwrap_or_default());
                    kept.cities.insert(city, (head, Arc::new(words)));
                }
            }
            kept.looked = Some(now);
        }
        Ok(kept.cities.values().map(|(_, words)| words.clone()).collect())
    }
}
