//! Streams: taking a place in one, at the end of the writing transaction, and reading back from a place.

use std::sync::Arc;

use domain::{Event, StreamName, TenantId};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Once, Store, StoreError, TenantTx, idempotency::KeptAnswer};

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
    /// Writes events and the answer to a key, all in one statement. Each stream's head row is locked until the commit, always in the order of the
    /// streams' names: no deadlock, no gap, commit order.
    ///
    /// Called by the commit and nothing else: what came after would hold the heads for longer.
    pub(super) async fn write_last(&mut self, mut events: Vec<NewEvent>, answer: Option<(Once, KeptAnswer)>) -> Result<Vec<Event>, StoreError> {
        if events.is_empty() && answer.is_none() {
            return Ok(Vec::new());
        }
        events.sort_by_cached_key(|e| e.stream.to_string()); // stable: keeps the order within a stream
        let tenant = self.tenant();
        let columns = Columns::of(&events);
        let (once, kept) = answer.as_ref().map(|(once, kept)| (once, kept)).unzip();
        let written = sqlx::query!(
            "with heads as (
                 insert into stream_heads as h (tenant_id, stream, head)
                 select $1, s.stream, s.count from unnest($2::text[], $3::bigint[]) with ordinality as s (stream, count, place) order by s.place
                 on conflict (tenant_id, stream) do update set head = h.head + excluded.head, changed_at = now()
                 returning h.stream, h.head
             ), reached as (
                 select coalesce(array_agg(head order by stream), '{}') as heads from heads
             ), written as (
                 insert into events (tenant_id, stream, seq, at, kind, body)
                 select $1, e.stream, r.heads[e.place] - e.before_head, now(), e.kind, e.body::json
                 from reached r cross join unnest($4::text[], $5::integer[], $6::bigint[], $7::text[], $8::text[]) as e (stream, place, before_head, kind, body)
             ), answered as (
                 update idempotency_keys set status = $11, body = $12
                 where tenant_id = $1 and caller = $9 and key = $10 and status is null returning 1
             )
             select r.heads as \"heads!\", now() as \"at!\", (select count(*) from answered) as \"answered!\" from reached r",
            tenant.0,
            &columns.streams,
            &columns.counts,
            &columns.stream,
            &columns.place,
            &columns.before_head,
            &columns.kind,
            &columns.body,
            once.map(|once| once.caller.as_str()),
            once.map(|once| once.key.as_str()),
            kept.map(|kept| kept.status as i16),
            kept.map(|kept| kept.body.as_slice())
        )
        .fetch_one(&mut **self)
        .await?;
        if let Some(once) = once
            && written.answered != 1
        {
            return Err(StoreError::Stale { table: "idempotency_keys", id: once.key.clone() });
        }
        let head = |place: i32| written.heads.get(place as usize - 1).copied().unwrap_or_default();
        let seqs = columns.place.iter().zip(&columns.before_head).map(|(place, before)| (head(*place) - before) as u64);
        let event = |(event, seq): (NewEvent, u64)| Event {
            tenant,
            stream: event.stream,
            seq,
            at: written.at,
            kind: Arc::from(event.kind),
            body: Arc::from(event.body),
        };
        Ok(events.into_iter().zip(seqs).map(event).collect())
    }
}

/// Events, sorted by stream, turned on their side: one array per column.
#[derive(Default)]
struct Columns {
    /// Each stream once, and how many events it gets.
    streams: Vec<String>,
    counts: Vec<i64>,
    /// Per event: its stream, the place of that among the streams (from 1), and how far before the stream's new head it stands.
    stream: Vec<String>,
    place: Vec<i32>,
    before_head: Vec<i64>,
    kind: Vec<String>,
    body: Vec<String>,
}

impl Columns {
    fn of(events: &[NewEvent]) -> Self {
        let mut all = Self::default();
        for batch in events.chunk_by(|a, b| a.stream == b.stream) {
            let (stream, count) = (batch[0].stream.to_string(), batch.len() as i64);
            for (n, event) in batch.iter().enumerate() {
                all.stream.push(stream.clone());
                all.place.push(all.streams.len() as i32 + 1);
                all.before_head.push(count - 1 - n as i64);
                all.kind.push(event.kind.to_owned());
                all.body.push(event.body.get().to_owned());
            }
            all.streams.push(stream);
            all.counts.push(count);
        }
        all
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
