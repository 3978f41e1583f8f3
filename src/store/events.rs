//! Streams: taking a place in one, inside the writing transaction, and reading back from a place.

use std::sync::Arc;

use domain::{Event, StreamName, TenantId};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Store, StoreError, TenantTx};

/// An event to be: its kind and its body.
#[derive(Debug)]
pub struct NewEvent {
    pub stream: StreamName,
    pub kind: &'static str,
    pub body: Box<RawValue>,
}

impl NewEvent {
    pub fn new(stream: StreamName, kind: &'static str, body: &impl Serialize) -> Result<Self, StoreError> {
        let body = to_raw_value(body).map_err(|e| StoreError::BadRow { table: "events", id: stream.to_string(), why: e.to_string() })?;
        Ok(Self { stream, kind, body })
    }
}

impl TenantTx {
    /// Records events. Each stream's head row is locked until the commit, always in the order of the streams' names: no deadlock, no gap, commit order.
    ///
    /// Call it once per transaction, last: what comes after holds the heads for longer.
    pub async fn record(&mut self, mut events: Vec<NewEvent>) -> Result<(), StoreError> {
        events.sort_by_cached_key(|e| e.stream.to_string()); // stable: keeps the order within a stream
        let tenant = self.tenant();
        let mut written = Vec::with_capacity(events.len());
        for batch in events.chunk_by(|a, b| a.stream == b.stream) {
            let stream = batch[0].stream;
            let count = batch.len() as i64;
            let head = sqlx::query!(
                "insert into stream_heads as h (tenant_id, stream, head) values ($1, $2, $3)
                 on conflict (tenant_id, stream) do update set head = h.head + $3, changed_at = now()
                 returning head, now() as \"at!\"",
                tenant.0,
                stream.to_string(),
                count
            )
            .fetch_one(&mut **self)
            .await?;
            let first = head.head - count + 1;
            let kinds: Vec<String> = batch.iter().map(|e| e.kind.to_owned()).collect();
            let bodies: Vec<String> = batch.iter().map(|e| e.body.get().to_owned()).collect();
            sqlx::query!(
                "insert into events (tenant_id, stream, seq, at, kind, body)
                 select $1, $2, $3 + n - 1, $4, kind, body::json
                 from unnest($5::text[], $6::text[]) with ordinality as t (kind, body, n)",
                tenant.0,
                stream.to_string(),
                first,
                head.at,
                &kinds,
                &bodies
            )
            .execute(&mut **self)
            .await?;
            for (n, event) in batch.iter().enumerate() {
                written.push(Event {
                    tenant,
                    stream,
                    seq: (first + n as i64) as u64,
                    at: head.at,
                    kind: Arc::from(event.kind),
                    body: Arc::from(event.body.clone()),
                });
            }
        }
        self.recorded(written);
        Ok(())
    }
}

impl Store {
    /// Events of a stream after `since`, ascending, at most `limit`.
    pub async fn events_after(&self, tenant: TenantId, stream: StreamName, since: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        let rows = sqlx::query!(
            "select seq, at, kind, body::text as \"body!\" from events where tenant_id = $1 and stream = $2 and seq > $3 order by seq limit $4",
            tenant.0,
            stream.to_string(),
            since as i64,
            i64::from(limit)
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let body = RawValue::from_string(row.body).map_err(|e| StoreError::BadRow {
                    table: "events",
                    id: format!("{stream} {}", row.seq),
                    why: e.to_string(),
                })?;
                Ok(Event { tenant, stream, seq: row.seq as u64, at: row.at, kind: row.kind.into(), body: body.into() })
            })
            .collect()
    }

    /// The heads of some streams; a stream without one has head 0 and is absent.
    pub async fn heads(&self, tenant: TenantId, streams: &[StreamName]) -> Result<Vec<(StreamName, u64)>, StoreError> {
        let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
        let mut tx = self.begin_as_tenant(tenant).await?;
        let rows =
            sqlx::query!("select stream, head from stream_heads where tenant_id = $1 and stream = any($2)", tenant.0, &names).fetch_all(&mut *tx).await?;
        rows.into_iter()
            .map(|row| {
                let name =
                    row.stream.parse().map_err(|_| StoreError::BadRow { table: "stream_heads", id: row.stream.clone(), why: "no such stream".into() })?;
                Ok((name, row.head as u64))
            })
            .collect()
    }
}
