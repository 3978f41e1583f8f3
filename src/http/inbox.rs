//! The inbox: a member's own stream read over HTTP, for whoever has no open session, or had none when it happened.

use std::sync::Arc;

use actix_web::web;
use domain::StreamName;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{Member, Problem, Query};
use crate::app::App;

/// Where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The last `seq` that is known; 0 for the beginning.
    #[serde(default)]
    after: u64,
    /// Events at most, 1 to 100.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// What came in, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Inbox {
    items: Vec<StreamEvent>,
    /// The last `seq` there is.
    head: u64,
    /// Up to here the member has looked at things.
    seen: u64,
    /// Events after that.
    unread: u64,
}

/// One event of a stream, as the live protocol sends it.
#[derive(Serialize, ToSchema)]
pub(super) struct StreamEvent {
    #[schema(value_type = String, example = "member:self")]
    stream: &'static str,
    seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[schema(value_type = String, example = "stay_requested")]
    kind: Arc<str>,
    #[schema(value_type = Object)]
    body: Arc<RawValue>,
}

/// What came in for the caller.
#[utoipa::path(get, path = "/api/v1/inbox", operation_id = "readInbox", tag = "stays", params(From), responses((status = 200, body = Inbox)))]
pub(super) async fn read(app: web::Data<App>, member: Member, query: Query<From>) -> Result<web::Json<Inbox>, Problem> {
    let From { after, limit } = query.0;
    if !(1..=100).contains(&limit) {
        return Err(Problem::invalid_field("limit", format!("{limit} is out of range"), Some("1 to 100")));
    }
    if i64::try_from(after).is_err() {
        return Err(Problem::invalid_field("after", format!("{after} is no place in a stream"), Some("a seq, or 0")));
    }
    let (_, seen, head) = app.store.begin(&member).await?.receipts(member.id).await?;
    let events = app.store.events_after(member.tenant, StreamName::Member(member.id), after, limit).await?;
    let items = events.into_iter().map(|e| StreamEvent { stream: "member:self", seq: e.seq, at: e.at, kind: e.kind, body: e.body }).collect();
    Ok(web::Json(Inbox { items, head, seen, unread: head.saturating_sub(seen) }))
}
