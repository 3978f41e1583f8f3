//! Approves stays that guests asked for, as many at once as are waiting.
//!
//! Called by `http`. Decides nothing itself: `domain::stay` knows the rule, the exclusion constraint `stay_nights_apart`
//! settles races. Orders that arrive while a batch commits wait for the next: no timer, one transaction per tenant and batch,
//! each order with its own verdict, given after the commit.
//!
//! Invariant: of two approvals for overlapping nights in one room, exactly one wins.

use std::{collections::BTreeMap, sync::Arc};

use actors::RelayHandle;
use domain::{
    Event, HomeId, MemberId, StayId, StreamName, TenantId,
    stay::{CannotMove, Side, StayView},
};
use serde_json::json;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Store, StoreError, events::NewEvent, stays::KeptStay};

/// Orders that may wait; one more is refused as busy. At a few thousand approvals a second this is about a second's worth.
const WAITING_MOST: usize = 4096;
/// Orders that one transaction takes.
const BATCH_MOST: usize = 512;
/// How often a batch is tried again after Postgres ended it in favour of another transaction.
const TRIES: u32 = 4;

#[derive(Clone, Debug)]
pub struct ApproveStay {
    pub tenant: TenantId,
    pub by: MemberId,
    pub stay: StayId,
    pub terms_version: u32,
    pub now: OffsetDateTime,
}

#[derive(Clone, Debug, Error)]
pub enum CannotApprove {
    #[error(transparent)]
    CannotMove(Arc<CannotMove>),
    #[error("some of these nights are taken by now")]
    NightsTaken,
    #[error("too many approvals are waiting")]
    Busy,
    #[error(transparent)]
    Store(Arc<StoreError>),
}

type Verdict = Result<StayView, CannotApprove>;

/// Where approvals are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Approvals {
    queue: mpsc::Sender<(ApproveStay, oneshot::Sender<Verdict>)>,
}

impl Approvals {
    /// Starts the writer on the current runtime; it ends when the last handle is dropped.
    pub fn start(store: Store, relay: RelayHandle) -> Self {
        let (queue, mut waiting) = mpsc::channel(WAITING_MOST);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH_MOST);
            while waiting.recv_many(&mut batch, BATCH_MOST).await > 0 {
                write(&store, &relay, std::mem::take(&mut batch)).await;
            }
        });
        Self { queue }
    }

    /// Hands in an order and waits for its verdict.
    pub async fn run(&self, order: ApproveStay) -> Verdict {
        let (tell, verdict) = oneshot::channel();
        self.queue.try_send((order, tell)).map_err(|_| CannotApprove::Busy)?;
        verdict.await.map_err(|_| CannotApprove::Busy)?
    }
}

async fn write(store: &Store, relay: &RelayHandle, batch: Vec<(ApproveStay, oneshot::Sender<Verdict>)>) {
    metrics::histogram!("posada_approvals_batch_size").record(batch.len() as f64);
    let mut by_tenant: BTreeMap<TenantId, (Vec<ApproveStay>, Vec<oneshot::Sender<Verdict>>)> = BTreeMap::new();
    for (order, tell) in batch {
        let (orders, tells) = by_tenant.entry(order.tenant).or_default();
        orders.push(order);
        tells.push(tell);
    }
    for (tenant, (orders, tells)) in by_tenant {
        let verdicts = match approve_together(store, tenant, &orders).await {
            Ok((verdicts, events)) => {
                relay.publish(events);
                verdicts
            }
            Err(error) => {
                let error = Arc::new(error);
                orders.iter().map(|_| Err(CannotApprove::Store(error.clone()))).collect()
            }
        };
        for (tell, verdict) in tells.into_iter().zip(verdicts) {
            let _ = tell.send(verdict); // nobody waits any more: the caller went away, the idempotency key answers a retry
        }
    }
}

async fn approve_together(store: &Store, tenant: TenantId, orders: &[ApproveStay]) -> Result<(Vec<Verdict>, Vec<Event>), StoreError> {
    let mut tried = 0;
    loop {
        tried += 1;
        match approve_once(store, tenant, orders).await {
            Err(error) if error.is_contention() && tried < TRIES => {}
            outcome => return outcome,
        }
    }
}

async fn approve_once(store: &Store, tenant: TenantId, orders: &[ApproveStay]) -> Result<(Vec<Verdict>, Vec<Event>), StoreError> {
    let mut tx = store.begin_as_tenant(tenant).await?;
    let ids: Vec<StayId> = orders.iter().map(|o| o.stay).collect();
    let mut stays: BTreeMap<StayId, KeptStay> = tx.stays_for_update(&ids).await?.into_iter().map(|s| (s.stay.id, s)).collect();

    // What the rule says of each order, in the order they came; a second order for one stay meets the first one's outcome.
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(orders.len());
    for order in orders {
        let Some(kept) = stays.get_mut(&order.stay) else {
            verdicts.push(Err(CannotApprove::CannotMove(Arc::new(CannotMove::NotYours))));
            continue;
        };
        match kept.stay.clone().approve(order.by, order.terms_version, order.now) {
            Ok(approved) => {
                kept.stay = approved;
                verdicts.push(Ok(kept.view(Side::Host)));
            }
            Err(refused) => verdicts.push(Err(CannotApprove::CannotMove(Arc::new(refused)))),
        }
    }

    let approved: Vec<&KeptStay> = verdicts.iter().flatten().filter_map(|view| stays.get(&view.id)).collect();
    let won = tx.take_nights(&approved).await?;
    for verdict in &mut verdicts {
        if verdict.as_ref().is_ok_and(|view| !won.contains(&view.id)) {
            *verdict = Err(CannotApprove::NightsTaken);
        }
    }
    stays.retain(|id, _| won.contains(id));
    let winners: Vec<KeptStay> = stays.into_values().collect();
    if winners.is_empty() {
        return Ok((verdicts, Vec::new())); // nothing was written: the drop rolls back
    }
    tx.answer_stays(&winners).await?;

    let mut events = Vec::with_capacity(winners.len() + 1);
    for stay in &winners {
        events.push(NewEvent::new(StreamName::Member(stay.guest.id), "stay_approved", &json!({ "stay": stay.view(Side::Guest) }))?);
    }
    let homes: Vec<HomeId> = winners.iter().map(|s| s.home.id).collect();
    for (city, change) in tx.city_changes(&homes).await? {
        events.push(NewEvent::new(StreamName::City(city), "nights_taken", &change)?);
    }
    tx.record(events).await?;
    Ok((verdicts, tx.commit().await?))
}
