//! Ends open connections whose session ended or whose holder is no longer a member. One task per server, fed by the store's commits.

use actors::{Live, Revoked};
use tokio::sync::broadcast::error::RecvError;

use super::door::session_name;
use crate::store::{Revocation, Store};

/// Follows revocations until the store is gone.
pub async fn follow(store: Store, live: Live) {
    let mut heard = store.revocations();
    loop {
        match heard.recv().await {
            Ok(Revocation::Session(hash)) => live.revoke(&Revoked::Session(session_name(hash))),
            Ok(Revocation::Account(account)) => live.revoke(&Revoked::Account(account)),
            // A new name or role changes nothing that a connection was given; no longer being a member does.
            Ok(Revocation::Member(tenant, member)) => match store.is_member(tenant, member).await {
                Ok(true) => {}
                Ok(false) => live.revoke(&Revoked::Member(tenant, member)),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a changed member could not be checked; their connections are asked to come back"
                    );
                    live.revoke(&Revoked::Recheck(Some((tenant, member))));
                }
            },
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "revocations were missed; every live connection is asked to come back and be checked");
                live.revoke(&Revoked::Recheck(None));
            }
            Err(RecvError::Closed) => return,
        }
    }
}
