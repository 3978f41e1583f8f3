//! Who may connect: the tenant of the request, and the member behind a token or a cookie.
//!
//! A member may look and follow; a visitor may look where the tenant shows its map to everyone. Anyone else is told nothing more than
//! that there is nothing for them here.

use std::{sync::Arc, time::Instant};

use actors::Principal;
use actors::wire::{ErrorFrame, Token as SaidToken};
use domain::TenantId;
use time::OffsetDateTime;

use crate::{
    secrets::{Token, TokenHash},
    store::{Principal as Holder, Store, StoreError, Tenant},
};

/// Somebody who may come in, until when.
pub(super) struct Guest {
    pub(super) principal: Principal,
    pub(super) until: Option<OffsetDateTime>,
}

/// The name of a sign-in session in the live core. Not the token: its hash.
pub(super) fn session_name(hash: TokenHash) -> Arc<str> {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Who a connection is, by the session its request came with, as it was known at `as_of`.
pub(super) fn guest(tenant: &Tenant, holder: Option<&Holder>, as_of: Instant) -> Result<Guest, Box<ErrorFrame>> {
    let member = holder.and_then(|holder| holder.member.as_ref()).map(|member| member.id);
    if member.is_none() && !tenant.public_map {
        return Err(ErrorFrame::new(Some("hello"), "tenant-unknown", "No such community", "There is no such community here, or you are not a member of it."));
    }
    let principal = Principal { tenant: tenant.id, member, account: holder.map(|h| h.account), session: holder.map(|h| session_name(h.session)), as_of };
    Ok(Guest { principal, until: holder.map(|h| h.expires_at) })
}

/// Who holds a token that was said in a frame.
pub(super) async fn holder(store: &Store, tenant: TenantId, said: &SaidToken) -> Result<Holder, Box<ErrorFrame>> {
    let wrong = || ErrorFrame::new(Some("hello"), "token-invalid", "The token is not valid", "The token is unknown, ended or malformed. Sign in again.");
    let token = Token::parse(&said.0).map_err(|_| wrong())?;
    match store.principal(tenant, token.hash()).await {
        Ok(Some(holder)) => Ok(holder),
        Ok(None) => Err(wrong()),
        Err(error) => Err(unreachable(&error)),
    }
}

fn unreachable(error: &StoreError) -> Box<ErrorFrame> {
    tracing::error!(error = error as &dyn std::error::Error, "a live connection could not be checked");
    let mut frame = ErrorFrame::new(Some("hello"), "database-unreachable", "The database cannot be reached", "Who you are could not be checked. Come back.");
    frame.temporary = true;
    frame.retry_after_ms = Some(2_000);
    frame
}
