//! A session ends: here, and wherever it still has something open.
//!
//! Called by `http`. Ending one that has ended is fine.

use domain::TenantId;

use crate::store::{Principal, Store, StoreError};

pub async fn run(store: &Store, tenant: TenantId, principal: &Principal) -> Result<(), StoreError> {
    let mut tx = store.begin_as_account(tenant, principal.account).await?;
    tx.end_session(principal.session).await?;
    tx.commit().await.map(|_| ())
}
