//! Keeps how far a member's own stream has reached them, and lets guests see it: *delivered*, then *seen*.
//!
//! Called by `ws` for `ack` and `seen` frames, and by `http` for a request that was opened. Saying a thing twice changes nothing.

use actors::{RelayHandle, ports};
use domain::{
    MemberId, StayId, StreamName, TenantId,
    stay::{CannotMove, Side, StayView},
};
use serde_json::json;
use thiserror::Error;
use time::OffsetDateTime;

use crate::{
    caller::Caller,
    store::{Store, StoreError, TenantTx, events::NewEvent, stays::KeptStay},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A device of the member has it.
    Delivered,
    /// The member has looked at it.
    Seen,
}

/// Everything on the member's stream up to and including `seq` has reached them.
pub async fn up_to(tx: &mut TenantTx, member: MemberId, seq: u64, reached: Reached, now: OffsetDateTime) -> Result<(), StoreError> {
    let (delivered, seen, head) = tx.receipts(member).await?;
    let since = if reached == Reached::Seen { seen } else { delivered };
    if seq.min(head) <= since {
        return Ok(());
    }
    let marked = tx.mark_requests(member, since, seq.min(head), reached == Reached::Seen, now).await?;
    tell_guests(tx, &marked, reached).await
}

#[derive(Debug, Error)]
pub enum CannotMark {
    #[error(transparent)]
    CannotMove(#[from] CannotMove),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The host has opened one request.
pub async fn opened(tx: &mut TenantTx, caller: &Caller, stay: StayId, now: OffsetDateTime) -> Result<StayView, CannotMark> {
    let by = caller.member().ok_or(CannotMove::NotYours)?;
    let kept = tx.stay(stay).await?.ok_or(CannotMove::NotYours)?;
    match kept.stay.side_of(by) {
        None => return Err(CannotMove::NotYours.into()),
        Some(Side::Guest) => return Err(CannotMove::OtherSide(Side::Host).into()),
        Some(Side::Host) => {}
    }
    if !tx.mark_seen(stay, by, now).await? {
        return Ok(kept.view(Side::Host));
    }
    let kept = tx.stay(stay).await?.ok_or(CannotMove::NotYours)?;
    tell_guests(tx, std::slice::from_ref(&kept), Reached::Seen).await?;
    Ok(kept.view(Side::Host))
}

async fn tell_guests(tx: &mut TenantTx, stays: &[KeptStay], reached: Reached) -> Result<(), StoreError> {
    if stays.is_empty() {
        return Ok(());
    }
    let kind = match reached {
        Reached::Delivered => "stay_delivered",
        Reached::Seen => "stay_seen",
    };
    let events = stays.iter().map(|kept| NewEvent::new(StreamName::Member(kept.guest.id), kind, &json!({ "stay": kept.view(Side::Guest) })));
    tx.record(events.collect::<Result<Vec<_>, _>>()?);
    Ok(())
}

/// What clients say over their open connection, kept: the live core's way to this command.
#[derive(Clone, Debug)]
pub struct Acknowledgements {
    pub store: Store,
    pub relay: RelayHandle,
}

impl Acknowledgements {
    fn keep(&self, tenant: TenantId, member: MemberId, seq: u64, reached: Reached) -> ports::Answer<()> {
        let Self { store, relay } = self.clone();
        Box::pin(async move {
            let kept = async {
                let mut tx = store.begin_as_tenant(tenant).await?;
                up_to(&mut tx, member, seq, reached, OffsetDateTime::now_utc()).await?;
                tx.commit().await
            };
            relay.publish(kept.await.map_err(|error: StoreError| ports::SourceError(error.to_string()))?);
            Ok(())
        })
    }
}

impl ports::Receipts for Acknowledgements {
    fn delivered(&self, tenant: TenantId, member: MemberId, seq: u64) -> ports::Answer<()> {
        self.keep(tenant, member, seq, Reached::Delivered)
    }

    fn seen(&self, tenant: TenantId, member: MemberId, seq: u64) -> ports::Answer<()> {
        self.keep(tenant, member, seq, Reached::Seen)
    }
}
