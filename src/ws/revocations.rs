//! Ends open connections whose session ended, whose holder is no longer a member, or who may no longer look. One task per server, fed by
//! the store: what its own commits took away, and what it heard of others'.

use std::time::Instant;

use actors::{Live, Revoked};
use domain::{MemberId, TenantId};
use tokio::sync::broadcast::error::RecvError;

use super::door::session_name;
use crate::store::{Revocation, Revoking, Store, StoreError};

/// Follows revocations until the store is gone.
pub async fn follow(store: Store, live: Live) {
    let mut heard = store.revocations();
    loop {
        match heard.recv().await {
            Ok(Revoking { what: Revocation::Session(hash), since }) => live.revoke(Revoked::Session(session_name(hash)), since),
            Ok(Revoking { what: Revocation::Account(account), since }) => live.revoke(Revoked::Account(account), since),
            Ok(Revoking { what: Revocation::Member(tenant, member), since }) => {
                // A new name or role changes nothing that a connection was given; no longer being a member does.
                let is = store.is_member(tenant, member).await;
                let gone = Revoked::Member(tenant, member);
                unless(is, gone, (tenant, Some(member)), &live, since);
            }
            Ok(Revoking { what: Revocation::Tenant(tenant), since }) => {
                let shown = store.shows_its_map(tenant).await;
                unless(shown, Revoked::Visitors(tenant), (tenant, None), &live, since);
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "revocations were missed; every live connection is asked to come back and be checked");
                live.revoke(Revoked::Recheck(None), Instant::now());
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Revokes unless they still may. Where nobody knows they are asked to come back, and are asked at the door.
fn unless(may: Result<bool, StoreError>, revoked: Revoked, whose: (TenantId, Option<MemberId>), live: &Live, since: Instant) {
    match may {
        Ok(true) => {}
        Ok(false) => live.revoke(revoked, since),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a change could not be checked; the connections it concerns are asked to come back");
            live.revoke(Revoked::Recheck(Some(whose)), since);
        }
    }
}
