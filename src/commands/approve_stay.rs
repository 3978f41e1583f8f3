//! Approves stays that guests asked for, as many at once as are waiting.
//!
//! Called by `http`. Decides nothing itself: `domain::stay` knows the rule, the exclusion constraint `stay_nights_apart`
//! settles races. Orders that arrive while a batch commits wait for the next: no timer, one transaction per tenant and batch,
//! each order with its own verdict, given after the commit.
//!
//! Invariant: of two approvals for overlapping nights in one room, exactly one wins.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use actors::RelayHandle;
use domain::{
    Event, HomeId, MemberId, StayId, StreamName, TenantId,
    stay::{CannotMove, Side, StayState, StayView},
};
use serde_json::json;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Claimed, KeptAnswer, Once, Store, StoreError, TenantTx, events::NewEvent, stays::KeptStay};

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
    /// The key under which the same order may be sent again.
    pub once: Option<Once>,
}

#[derive(Clone, Debug, Error)]
pub enum CannotApprove {
    #[error(transparent)]
    CannotMove(Arc<CannotMove>),
    #[error("some of these nights are taken by now")]
    NightsTaken,
    #[error("the idempotency key was used for something else")]
    KeyReused,
    #[error("too many approvals are waiting")]
    Busy,
    #[error(transparent)]
    Store(Arc<StoreError>),
}

type Verdict = Result<StayView, CannotApprove>;
/// An order and where its verdict is waited for.
type Waiting = (ApproveStay, oneshot::Sender<Verdict>);
/// A batch's verdicts in the order of its orders, and what is now true.
type Written = (Vec<Verdict>, Vec<Event>);

/// Where approvals are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Approvals {
    queue: mpsc::Sender<Waiting>,
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
        let begun = Instant::now();
        let (tell, verdict) = oneshot::channel();
        self.queue.try_send((order, tell)).map_err(|_| CannotApprove::Busy)?;
        let verdict = verdict.await.map_err(|_| CannotApprove::Busy)?;
        let outcome = match &verdict {
            Ok(_) => "done",
            Err(CannotApprove::Store(_) | CannotApprove::Busy) => "failed",
            Err(_) => "refused",
        };
        metrics::histogram!("posada_command_seconds", "command" => "approve_stay", "outcome" => outcome).record(begun.elapsed().as_secs_f64());
        verdict
    }
}

async fn write(store: &Store, relay: &RelayHandle, batch: Vec<Waiting>) {
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

async fn approve_together(store: &Store, tenant: TenantId, orders: &[ApproveStay]) -> Result<Written, StoreError> {
    let mut tried = 0;
    loop {
        tried += 1;
        match approve_once(store, tenant, orders).await {
            Err(error) if error.is_contention() && tried < TRIES => {}
            outcome => return outcome,
        }
    }
}

async fn approve_once(store: &Store, tenant: TenantId, orders: &[ApproveStay]) -> Result<Written, StoreError> {
    let mut tx = store.begin_as_tenant(tenant).await?;
    let ids: Vec<StayId> = orders.iter().map(|o| o.stay).collect();
    let mut stays: BTreeMap<StayId, KeptStay> = tx.stays_for_update(&ids).await?.into_iter().map(|s| (s.stay.id, s)).collect();
    let judged = judge(&mut tx, orders, &mut stays).await?;

    let movers: Vec<&KeptStay> = judged.iter().filter_map(|judged| if let Judged::Moves(id) = judged { stays.get(id) } else { None }).collect();
    let won = tx.take_nights(&movers).await?;
    stays.retain(|id, _| won.contains(id));
    if !won.is_empty() {
        keep(&mut tx, orders, &judged, &stays).await?;
    }
    let events = tx.commit().await?;
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(orders.len());
    for judged in judged {
        verdicts.push(match judged {
            Judged::Ended(verdict) => *verdict,
            Judged::Moves(id) => stays.get(&id).map(|kept| kept.view(Side::Host)).ok_or(CannotApprove::NightsTaken),
            Judged::After(id) if won.contains(&id) => Err(CannotApprove::CannotMove(Arc::new(CannotMove::AlreadyAnswered(StayState::Approved)))),
            Judged::After(_) => Err(CannotApprove::NightsTaken),
            Judged::SameAs(first) => verdicts[first].clone(),
        });
    }
    Ok((verdicts, events))
}

/// What keys and rule say of an order, before the constraint has spoken.
enum Judged {
    /// It stays as it is: refused by the rule, or answered before under the same key.
    Ended(Box<Verdict>),
    /// It may move this stay, if the nights are still free.
    Moves(StayId),
    /// An order before it in the batch may move the same stay.
    After(StayId),
    /// The same order under the same key stands at this place of the batch.
    SameAs(usize),
}

impl Judged {
    fn refused(why: CannotApprove) -> Self {
        Self::Ended(Box::new(Err(why)))
    }
}

/// Judges each order in the order they came.
async fn judge(tx: &mut TenantTx, orders: &[ApproveStay], stays: &mut BTreeMap<StayId, KeptStay>) -> Result<Vec<Judged>, StoreError> {
    let keyed: Vec<&Once> = orders.iter().filter_map(|o| o.once.as_ref()).collect();
    let mut known = tx.answers_to(&keyed).await?.into_iter();
    let mut first_with: HashMap<(&str, &str), (usize, [u8; 32])> = HashMap::new();
    let mut moving: HashSet<StayId> = HashSet::new();
    let mut all = Vec::with_capacity(orders.len());
    for (n, order) in orders.iter().enumerate() {
        let mut before = None;
        if let Some(once) = &order.once {
            before = known.next().flatten().map(|answered| replay(answered, order.stay)).transpose()?;
            let (first, hash) = *first_with.entry((&once.caller, &once.key)).or_insert((n, once.request_hash));
            if before.is_none() && first != n {
                before = Some(if hash == once.request_hash { Judged::SameAs(first) } else { Judged::refused(CannotApprove::KeyReused) });
            }
        }
        let judged = match (before, stays.get_mut(&order.stay)) {
            (Some(before), _) => before,
            (None, None) => Judged::refused(CannotApprove::CannotMove(Arc::new(CannotMove::NotYours))),
            (None, Some(kept)) => match kept.stay.clone().approve(order.by, order.terms_version, order.now) {
                Ok(approved) => {
                    kept.stay = approved;
                    moving.insert(order.stay);
                    Judged::Moves(order.stay)
                }
                Err(CannotMove::AlreadyAnswered(_)) if moving.contains(&order.stay) => Judged::After(order.stay),
                Err(refused) => Judged::refused(CannotApprove::CannotMove(Arc::new(refused))),
            },
        };
        all.push(judged);
    }
    Ok(all)
}

fn replay(answered: Claimed, stay: StayId) -> Result<Judged, StoreError> {
    Ok(Judged::Ended(Box::new(match answered {
        Claimed::Answered(kept) => {
            Ok(serde_json::from_slice(&kept.body).map_err(|e| StoreError::BadRow { table: "idempotency_keys", id: stay.to_string(), why: e.to_string() })?)
        }
        Claimed::Reused => Err(CannotApprove::KeyReused),
        Claimed::Fresh | Claimed::InProgress => Err(CannotApprove::Busy),
    })))
}

/// Writes what was approved, tells guests and city, and keeps the answers under their keys.
async fn keep(tx: &mut TenantTx, orders: &[ApproveStay], judged: &[Judged], winners: &BTreeMap<StayId, KeptStay>) -> Result<(), StoreError> {
    let mut answers = Vec::new();
    for (order, judged) in orders.iter().zip(judged) {
        let Judged::Moves(id) = judged else { continue };
        if let (Some(once), Some(kept)) = (&order.once, winners.get(id)) {
            answers.push((once, KeptAnswer::json(200, &kept.view(Side::Host))?));
        }
    }
    tx.keep_answers(&answers).await?;

    let winners: Vec<KeptStay> = winners.values().cloned().collect();
    tx.answer_stays(&winners).await?;
    let mut events = Vec::with_capacity(winners.len() + 1);
    for stay in &winners {
        events.push(NewEvent::new(StreamName::Member(stay.guest.id), "stay_approved", &json!({ "stay": stay.view(Side::Guest) }))?);
    }
    let homes: Vec<HomeId> = winners.iter().map(|s| s.home.id).collect();
    for (city, change) in tx.city_changes(&homes).await? {
        events.push(NewEvent::new(StreamName::City(city), "nights_taken", &change)?);
    }
    tx.record(events);
    Ok(())
}
