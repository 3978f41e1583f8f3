//! Ends the silence: requests nobody answered by their deadline.
//!
//! Called by `schedule`. Both sides hear of it on their streams; a request held no nights, so none are freed.

use actors::RelayHandle;
use domain::{StreamName, stay::Side};
use serde_json::json;
use time::OffsetDateTime;

use crate::store::{Store, StoreError, events::NewEvent};

/// Requests that one transaction ends.
const BATCH: u32 = 256;

/// Ends all that is due by `now`; gives how many requests that were.
pub async fn run(store: &Store, relay: &RelayHandle, now: OffsetDateTime) -> Result<usize, StoreError> {
    let mut ended = 0;
    for tenant in store.tenants_with_due_stays(now).await? {
        loop {
            let mut tx = store.begin_as_tenant(tenant).await?;
            let due = tx.due_stays(now, BATCH).await?;
            let mut expired = Vec::with_capacity(due.len());
            for mut kept in due {
                if let Some(stay) = kept.stay.clone().expire(now) {
                    kept.stay = stay;
                    expired.push(kept);
                }
            }
            if expired.is_empty() {
                break;
            }
            tx.answer_stays(&expired).await?;
            let mut events = Vec::with_capacity(2 * expired.len());
            for kept in &expired {
                for (side, member) in [(Side::Guest, kept.guest.id), (Side::Host, kept.host.id)] {
                    events.push(NewEvent::new(StreamName::Member(member), "stay_expired", &json!({ "stay": kept.view(side) }))?);
                }
            }
            tx.record(events);
            relay.publish(tx.commit().await?);
            ended += expired.len();
        }
    }
    Ok(ended)
}
