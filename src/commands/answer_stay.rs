//! The answers that take no nights: the host's no, and the guest's second thought.
//!
//! Called by `http`. `domain::stay` knows who may; the other side hears of it on its stream.

use domain::{
    StayId, StreamName,
    stay::{CannotMove, Side, StayView},
};
use serde_json::json;
use thiserror::Error;
use time::OffsetDateTime;

use crate::{
    caller::Caller,
    store::{StoreError, TenantTx, events::NewEvent},
};

#[derive(Clone, Debug)]
pub enum Answer {
    Decline { reason: Option<String> },
    Withdraw,
}

#[derive(Debug, Error)]
pub enum CannotAnswer {
    #[error(transparent)]
    CannotMove(#[from] CannotMove),
    #[error("a reason has at most 1000 characters")]
    LongReason,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs inside the caller's transaction, which the edge commits together with the answer to the idempotency key.
pub async fn run(tx: &mut TenantTx, caller: &Caller, stay: StayId, answer: Answer, now: OffsetDateTime) -> Result<StayView, CannotAnswer> {
    let by = caller.member().ok_or(CannotMove::NotYours)?;
    let mut kept = tx.stays_for_update(&[stay]).await?.pop().ok_or(CannotMove::NotYours)?;
    let (mine, other, kind) = match answer {
        Answer::Decline { reason } => {
            let reason = reason.map(|r| r.trim().to_owned()).filter(|r| !r.is_empty());
            if reason.as_ref().is_some_and(|r| r.chars().count() > 1000) {
                return Err(CannotAnswer::LongReason);
            }
            kept.stay = kept.stay.decline(by, reason, now)?;
            (Side::Host, (Side::Guest, kept.guest.id), "stay_declined")
        }
        Answer::Withdraw => {
            kept.stay = kept.stay.withdraw(by, now)?;
            (Side::Guest, (Side::Host, kept.host.id), "stay_withdrawn")
        }
    };
    let view = kept.view(mine);
    let event = NewEvent::new(StreamName::Member(other.1), kind, &json!({ "stay": kept.view(other.0) }))?;
    tx.answer_stays(&[kept]).await?;
    tx.record([event]);
    Ok(view)
}
