//! The answer to a mutation, stored in the mutation's own transaction: who asks again with the same key gets the same answer.
//!
//! Called by commands, first thing in their transaction ([`TenantTx::claim_key`]) and last ([`TenantTx::keep_answer`], written by the commit).
//! Because key and change commit together, a client that never heard an answer may ask again and will learn whether the change was made.

use std::time::Duration;

use domain::{Event, TenantId};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Store, StoreError, TenantTx};

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// A request that is to be done once: whose key, which key, and what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The member's id; for those who are none yet a word for what they do, as the key alone tells them apart.
    pub caller: String,
    /// 1 to 200 visible ASCII characters, chosen by the client.
    pub key: String,
    /// sha-256 over what was asked. Never over a password: a fast hash of one at rest would undo the slow one.
    pub request_hash: [u8; 32],
}

impl Once {
    /// Parts are hashed with their lengths: `["ab", "c"]` is not `["a", "bc"]`.
    pub fn new(caller: impl Into<String>, key: impl Into<String>, asked: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in asked {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { caller: caller.into(), key: key.into(), request_hash: hash.finalize().into() }
    }

    /// What two requests with this key meet at: an advisory lock, held to the end of the transaction however that ends, a lost connection included.
    /// A key cannot stay taken.
    pub(super) fn lock(&self, tenant: TenantId) -> i64 {
        let hash = Sha256::new().chain_update(tenant.0.as_bytes()).chain_update(&self.caller).chain_update([0]).chain_update(&self.key).finalize();
        i64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
    }
}

/// What is known about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody used it: do the work, then [`TenantTx::keep_answer`].
    Fresh,
    /// The work is done: give this answer again.
    Answered(KeptAnswer),
    /// It was used for something else.
    Reused,
    /// The first request with it has not ended yet.
    InProgress,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl KeptAnswer {
    /// Of something that is told as JSON.
    pub fn json(status: u16, answer: &impl Serialize) -> Result<Self, StoreError> {
        let bad = |e: serde_json::Error| StoreError::BadRow { table: "idempotency_keys", id: "a new answer".into(), why: e.to_string() };
        Ok(Self { status, body: serde_json::to_vec(answer).map_err(bad)? })
    }
}

/// What was done in one statement and is true by now: the answer that was kept, and the events for the relay.
#[derive(Debug)]
pub struct Done {
    pub answer: KeptAnswer,
    pub events: Vec<Event>,
}

impl TenantTx {
    /// Takes a key for this transaction. Never waits for another transaction that has it: that is [`Claimed::InProgress`].
    pub async fn claim_key(&mut self, once: &Once) -> Result<Claimed, StoreError> {
        let tenant = self.tenant();
        let taken = sqlx::query!(
            "with lock as (select pg_try_advisory_xact_lock($5) as free), put as (
                 insert into idempotency_keys (tenant_id, caller, key, request_hash) select $1, $2, $3, $4 from lock where free
                 on conflict (tenant_id, caller, key) do nothing returning 1
             )
             select free as \"free!\", exists (select from put) as \"fresh!\" from lock",
            tenant.0,
            once.caller,
            once.key,
            &once.request_hash,
            once.lock(tenant)
        )
        .fetch_one(&mut **self)
        .await?;
        if !taken.free {
            return Ok(Claimed::InProgress);
        }
        if taken.fresh {
            return Ok(Claimed::Fresh);
        }
        let row = sqlx::query!(
            "select request_hash, status, body from idempotency_keys where tenant_id = $1 and caller = $2 and key = $3",
            tenant.0,
            once.caller,
            once.key
        )
        .fetch_one(&mut **self)
        .await?;
        Ok(match (row.status, row.body) {
            _ if row.request_hash != once.request_hash => Claimed::Reused,
            (Some(status), Some(body)) => Claimed::Answered(KeptAnswer { status: status as u16, body }),
            _ => {
                let why = "it was committed without an answer".into();
                return Err(StoreError::BadRow { table: "idempotency_keys", id: once.key.clone(), why });
            }
        })
    }
}

/// For orders that are done many at once: read what was answered, do the rest, keep their answers. What is locked for the work itself
/// (the rows it changes) keeps two of the same key apart; if nothing does, the key's uniqueness ends the later transaction.
impl TenantTx {
    /// What is known about some keys, in their order; none for a fresh one.
    pub async fn answers_to(&mut self, keys: &[&Once]) -> Result<Vec<Option<Claimed>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let callers: Vec<String> = keys.iter().map(|once| once.caller.clone()).collect();
        let names: Vec<String> = keys.iter().map(|once| once.key.clone()).collect();
        let rows = sqlx::query!(
            "select t.n as \"n!\", k.request_hash, k.status, k.body
             from unnest($2::text[], $3::text[]) with ordinality as t (caller, key, n)
             join idempotency_keys k on k.tenant_id = $1 and k.caller = t.caller and k.key = t.key",
            self.tenant().0,
            &callers,
            &names
        )
        .fetch_all(&mut **self)
        .await?;
        let mut known = vec![None; keys.len()];
        for row in rows {
            let n = row.n as usize - 1;
            known[n] = Some(match (row.status, row.body) {
                _ if row.request_hash != keys[n].request_hash => Claimed::Reused,
                (Some(status), Some(body)) => Claimed::Answered(KeptAnswer { status: status as u16, body }),
                _ => Claimed::InProgress,
            });
        }
        Ok(known)
    }

    /// Keeps the answers to some fresh keys.
    pub async fn keep_answers(&mut self, answers: &[(&Once, KeptAnswer)]) -> Result<(), StoreError> {
        if answers.is_empty() {
            return Ok(());
        }
        let callers: Vec<String> = answers.iter().map(|(once, _)| once.caller.clone()).collect();
        let keys: Vec<String> = answers.iter().map(|(once, _)| once.key.clone()).collect();
        let hashes: Vec<Vec<u8>> = answers.iter().map(|(once, _)| once.request_hash.to_vec()).collect();
        let statuses: Vec<i16> = answers.iter().map(|(_, kept)| kept.status as i16).collect();
        let bodies: Vec<Vec<u8>> = answers.iter().map(|(_, kept)| kept.body.clone()).collect();
        sqlx::query!(
            "insert into idempotency_keys (tenant_id, caller, key, request_hash, status, body)
             select $1, t.* from unnest($2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[]) as t",
            self.tenant().0,
            &callers,
            &keys,
            &hashes,
            &statuses,
            &bodies
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Forgets answers older than [`KEPT`], of every tenant; gives how many.
    pub async fn forget_old_answers(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query_scalar!("select forget_idempotency_keys($1) as \"gone!\"", KEPT.as_secs_f64()).fetch_one(&mut *self.connection().await?).await?;
        Ok(gone as u64)
    }
}
