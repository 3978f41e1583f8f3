//! Stays and the nights they take. Races are settled by the constraint `stay_nights_apart`.

use std::collections::HashSet;

use domain::{
    CityId, MemberId, Nights, StayId, StreamName,
    money::Currency,
    nights::iso,
    stay::{Person, Progress, Side, Stay, StayHome, StayRoom, StayState, StayView, Total},
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Store, StoreError, TenantTx};

/// A stay with everything its parties read of it.
#[derive(Clone, Debug)]
pub struct KeptStay {
    pub stay: Stay,
    pub home: StayHome,
    pub room: StayRoom,
    pub guest: Person,
    pub host: Person,
    pub nights: Nights,
    pub guests: u8,
    pub message: String,
    pub total: Option<Total>,
    pub sent_at: OffsetDateTime,
    pub answer_by: OffsetDateTime,
    pub delivered_at: Option<OffsetDateTime>,
    pub seen_at: Option<OffsetDateTime>,
}

impl KeptStay {
    /// As one side reads it.
    pub fn view(&self, mine: Side) -> StayView {
        let (answered_at, reason) = match &self.stay.progress {
            Progress::Requested { .. } => (None, None),
            Progress::Approved { at } | Progress::Withdrawn { at } | Progress::Expired { at } => (Some(*at), None),
            Progress::Declined { at, reason } => (Some(*at), reason.clone()),
        };
        StayView {
            id: self.stay.id,
            home: self.home.clone(),
            room: self.room.clone(),
            guest: self.guest.clone(),
            host: self.host.clone(),
            arrive: iso(self.nights.arrive()),
            leave: iso(self.nights.leave()),
            nights: self.nights.count(),
            guests: self.guests,
            message: self.message.clone(),
            total: self.total,
            state: self.stay.state(),
            terms_version: self.stay.terms_version,
            sent_at: self.sent_at,
            delivered_at: self.delivered_at,
            seen_at: self.seen_at,
            answer_by: self.answer_by,
            answered_at,
            reason,
            mine,
        }
    }
}

/// Where a page of stays goes on: after this one.
#[derive(Clone, Copy, Debug)]
pub struct After {
    pub requested_at: OffsetDateTime,
    pub id: StayId,
}

struct Row {
    id: Uuid,
    home_id: Uuid,
    title: String,
    city_id: i64,
    room_id: Uuid,
    room_name: String,
    guest_id: Uuid,
    guest_name: String,
    host_id: Uuid,
    host_name: String,
    arrive: Date,
    leave: Date,
    guests: i16,
    message: String,
    total: Option<i64>,
    currency: Option<String>,
    state: String,
    terms_version: i32,
    requested_at: OffsetDateTime,
    answer_by: OffsetDateTime,
    delivered_at: Option<OffsetDateTime>,
    seen_at: Option<OffsetDateTime>,
    answered_at: Option<OffsetDateTime>,
    reason: Option<String>,
}

impl TryFrom<Row> for KeptStay {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |why: &str| StoreError::BadRow { table: "stays", id: row.id.to_string(), why: why.to_owned() };
        let state = StayState::from_code(&row.state).ok_or_else(|| bad("unknown state"))?;
        let answered = || row.answered_at.ok_or_else(|| bad("answered, but not when"));
        let progress = match state {
            StayState::Requested => Progress::Requested { answer_by: row.answer_by },
            StayState::Approved => Progress::Approved { at: answered()? },
            StayState::Declined => Progress::Declined { at: answered()?, reason: row.reason.clone() },
            StayState::Withdrawn => Progress::Withdrawn { at: answered()? },
            StayState::Expired => Progress::Expired { at: answered()? },
        };
        let total = match (row.total, row.currency.as_deref()) {
            (Some(amount), Some(code)) => Some(Total {
                amount: u64::try_from(amount).map_err(|_| bad("negative total"))?,
                currency: Currency::from_code(code).map_err(|e| bad(&e.to_string()))?,
            }),
            (None, None) => None,
            _ => return Err(bad("a total without its currency")),
        };
        Ok(Self {
            stay: Stay { id: row.id.into(), guest: row.guest_id.into(), host: row.host_id.into(), terms_version: row.terms_version as u32, progress },
            nights: Nights::new(row.arrive, row.leave).map_err(|e| bad(&e.to_string()))?,
            home: StayHome { id: row.home_id.into(), title: row.title, city: CityId(row.city_id as u32) },
            room: StayRoom { id: row.room_id.into(), name: row.room_name },
            guest: Person { id: row.guest_id.into(), name: row.guest_name },
            host: Person { id: row.host_id.into(), name: row.host_name },
            guests: row.guests as u8,
            message: row.message,
            total,
            sent_at: row.requested_at,
            answer_by: row.answer_by,
            delivered_at: row.delivered_at,
            seen_at: row.seen_at,
        })
    }
}

/// The stays that a condition picks, with what their parties read.
macro_rules! select_stays {
    ($condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Row,
            "select s.id, s.home_id, h.title, h.city_id, s.room_id, r.name as room_name, s.guest_id, g.name as guest_name,
                    s.host_id, o.name as host_name, s.arrive, s.leave, s.guests, s.message, s.total, s.currency, s.state,
                    s.terms_version, s.requested_at, s.answer_by, s.delivered_at, s.seen_at, s.answered_at, s.reason
             from stays s
             join homes h on h.tenant_id = s.tenant_id and h.id = s.home_id
             join rooms r on r.tenant_id = s.tenant_id and r.id = s.room_id
             join members g on g.tenant_id = s.tenant_id and g.id = s.guest_id
             join members o on o.tenant_id = s.tenant_id and o.id = s.host_id
             where s.tenant_id = $1 and " + $condition,
            $($argument),*
        )
    };
}

// Several stays are picked by `any (array(select unnest($2)))`: a plan for `any($2)` looks dearer where it does not know how few they are, so that
// Postgres plans the five tables anew each time, which takes ten times as long as reading them.

fn kept(rows: Vec<Row>) -> Result<Vec<KeptStay>, StoreError> {
    rows.into_iter().map(KeptStay::try_from).collect()
}

impl TenantTx {
    /// Keeps a new request.
    pub async fn insert_stay(&mut self, new: &KeptStay) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, total, currency, state,
                                terms_version, requested_at, answer_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'requested', $13, $14, $15)",
            self.tenant().0,
            new.stay.id.0,
            new.home.id.0,
            new.room.id.0,
            new.guest.id.0,
            new.host.id.0,
            new.nights.arrive(),
            new.nights.leave(),
            i16::from(new.guests),
            new.message,
            new.total.map(|t| t.amount as i64),
            new.total.map(|t| t.currency.code()),
            new.stay.terms_version as i32,
            new.sent_at,
            new.answer_by
        )
        .execute(&mut **self)
        .await?;
        self.moved(StayState::Requested);
        Ok(())
    }

    pub async fn stay(&mut self, id: StayId) -> Result<Option<KeptStay>, StoreError> {
        select_stays!("s.id = $2", self.tenant().0, id.0).fetch_optional(&mut **self).await?.map(KeptStay::try_from).transpose()
    }

    /// Locks some stays, in the order of their ids, and reads them.
    pub async fn stays_for_update(&mut self, ids: &[StayId]) -> Result<Vec<KeptStay>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        sqlx::query!("select id from stays where tenant_id = $1 and id = any($2) order by id for update", self.tenant().0, &ids).fetch_all(&mut **self).await?;
        kept(select_stays!("s.id = any (array(select unnest($2::uuid[]))) order by s.id", self.tenant().0, &ids).fetch_all(&mut **self).await?)
    }

    /// Takes the nights of some stays; gives those that got theirs. Of two that overlap in one room, exactly one does.
    pub async fn take_nights(&mut self, stays: &[&KeptStay]) -> Result<HashSet<StayId>, StoreError> {
        let mut stays = stays.to_vec();
        // One order everywhere, so that two batches wait for each other instead of locking up; the earlier request goes first.
        stays.sort_by_key(|s| (s.room.id, s.sent_at, s.stay.id));
        let ids: Vec<Uuid> = stays.iter().map(|s| s.stay.id.0).collect();
        let rooms: Vec<Uuid> = stays.iter().map(|s| s.room.id.0).collect();
        let arrivals: Vec<Date> = stays.iter().map(|s| s.nights.arrive()).collect();
        let leavings: Vec<Date> = stays.iter().map(|s| s.nights.leave()).collect();
        let won = sqlx::query_scalar!(
            "insert into stay_nights (tenant_id, stay_id, room_id, arrive, leave)
             select $1, t.* from unnest($2::uuid[], $3::uuid[], $4::date[], $5::date[]) as t (stay_id, room_id, arrive, leave)
             on conflict do nothing returning stay_id",
            self.tenant().0,
            &ids,
            &rooms,
            &arrivals,
            &leavings
        )
        .fetch_all(&mut **self)
        .await?;
        Ok(won.into_iter().map(StayId).collect())
    }

    /// Writes where requested stays stand now. Each must still be requested: the caller holds their locks.
    pub async fn answer_stays(&mut self, stays: &[KeptStay]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = stays.iter().map(|s| s.stay.id.0).collect();
        let states: Vec<String> = stays.iter().map(|s| s.stay.state().code().to_owned()).collect();
        let answered: Vec<Option<OffsetDateTime>> = stays.iter().map(|s| s.view(Side::Host).answered_at).collect();
        let reasons: Vec<Option<String>> = stays.iter().map(|s| s.view(Side::Host).reason).collect();
        let done = sqlx::query!(
            "update stays s set state = t.state, answered_at = t.answered_at, reason = t.reason
             from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[]) as t (id, state, answered_at, reason)
             where s.tenant_id = $1 and s.id = t.id and s.state = 'requested'",
            self.tenant().0,
            &ids,
            &states,
            &answered as &[Option<OffsetDateTime>],
            &reasons as &[Option<String>]
        )
        .execute(&mut **self)
        .await?;
        if done.rows_affected() != stays.len() as u64 {
            return Err(StoreError::Stale { table: "stays", id: format!("{ids:?}") });
        }
        stays.iter().for_each(|stay| self.moved(stay.stay.state()));
        Ok(())
    }

    /// Requests to a host that events after `since` and up to `seq` of the host's stream told of and that were not yet marked: marks them, and
    /// gives them. What stands before `since` was marked when it was reached.
    ///
    /// `seen` implies delivered.
    pub async fn mark_requests(&mut self, host: MemberId, since: u64, seq: u64, seen: bool, now: OffsetDateTime) -> Result<Vec<KeptStay>, StoreError> {
        let tenant = self.tenant().0;
        let before = sqlx::query!(
            "insert into member_receipts as r (tenant_id, member_id, delivered, seen) values ($1, $2, $3::bigint, case when $4 then $3::bigint else 0 end)
             on conflict (tenant_id, member_id) do update
             set delivered = greatest(r.delivered, $3::bigint), seen = case when $4 then greatest(r.seen, $3::bigint) else r.seen end
             returning delivered",
            tenant,
            host.0,
            seq as i64,
            seen
        );
        before.fetch_one(&mut **self).await?;
        // The events by their keys, then the stays by theirs: joined freely, a plan may read one of the tables whole. That they are this host's is
        // said by the stream; said once more of the stays, a plan made for any host would rather read every request that this one ever got.
        let ids = sqlx::query_scalar!(
            "update stays s
             set delivered_at = coalesce(s.delivered_at, $4), seen_at = case when $5 then coalesce(s.seen_at, $4) else s.seen_at end
             where s.tenant_id = $1 and s.state = 'requested' and (s.delivered_at is null or ($5 and s.seen_at is null))
               and s.id = any (array(select ((body -> 'stay') ->> 'id')::uuid from events
                                     where tenant_id = $1 and stream = $2 and kind = 'stay_requested' and seq > $6 and seq <= $3))
             returning s.id",
            tenant,
            StreamName::Member(host).to_string(),
            seq as i64,
            now,
            seen,
            since as i64
        )
        .fetch_all(&mut **self)
        .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        kept(select_stays!("s.id = any (array(select unnest($2::uuid[]))) order by s.id", tenant, &ids).fetch_all(&mut **self).await?)
    }

    /// Marks one request as seen by its host; none when it was already.
    pub async fn mark_seen(&mut self, id: StayId, host: MemberId, now: OffsetDateTime) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "update stays set seen_at = $4, delivered_at = coalesce(delivered_at, $4)
             where tenant_id = $1 and id = $2 and host_id = $3 and seen_at is null",
            self.tenant().0,
            id.0,
            host.0,
            now
        )
        .execute(&mut **self)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A page of a member's stays on one side, newest first.
    pub async fn stays_of(
        &mut self,
        member: MemberId,
        side: Side,
        state: Option<StayState>,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<KeptStay>, StoreError> {
        let (tenant, state) = (self.tenant().0, state.map(StayState::code));
        let (at, id) = after.map(|a| (a.requested_at, a.id.0)).unzip();
        let limit = i64::from(limit);
        let rows = match side {
            Side::Guest => {
                select_stays!(
                    "s.guest_id = $2 and ($3::text is null or s.state = $3) and ($4::timestamptz is null or (s.requested_at, s.id) < ($4, $5::uuid))
                     order by s.requested_at desc, s.id desc limit $6",
                    tenant,
                    member.0,
                    state,
                    at,
                    id,
                    limit
                )
                .fetch_all(&mut **self)
                .await?
            }
            Side::Host => {
                select_stays!(
                    "s.host_id = $2 and ($3::text is null or s.state = $3) and ($4::timestamptz is null or (s.requested_at, s.id) < ($4, $5::uuid))
                     order by s.requested_at desc, s.id desc limit $6",
                    tenant,
                    member.0,
                    state,
                    at,
                    id,
                    limit
                )
                .fetch_all(&mut **self)
                .await?
            }
        };
        kept(rows)
    }

    /// Requests whose deadline has passed, locked; skips those that somebody is answering right now.
    pub async fn due_stays(&mut self, now: OffsetDateTime, limit: u32) -> Result<Vec<KeptStay>, StoreError> {
        let tenant = self.tenant().0;
        let ids = sqlx::query_scalar!(
            "select id from stays where tenant_id = $1 and state = 'requested' and answer_by <= $2 order by answer_by, id limit $3 for update skip locked",
            tenant,
            now,
            i64::from(limit)
        )
        .fetch_all(&mut **self)
        .await?;
        kept(select_stays!("s.id = any (array(select unnest($2::uuid[]))) order by s.id", tenant, &ids).fetch_all(&mut **self).await?)
    }

    /// How far a member's own stream has reached them: (delivered, seen, head).
    pub async fn receipts(&mut self, member: MemberId) -> Result<(u64, u64, u64), StoreError> {
        let row = sqlx::query!(
            "select coalesce((select delivered from member_receipts where tenant_id = $1 and member_id = $2), 0) as \"delivered!\",
                    coalesce((select seen from member_receipts where tenant_id = $1 and member_id = $2), 0) as \"seen!\",
                    coalesce((select head from stream_heads where tenant_id = $1 and stream = 'member:' || $2::text), 0) as \"head!\"",
            self.tenant().0,
            member.0
        )
        .fetch_one(&mut **self)
        .await?;
        Ok((row.delivered as u64, row.seen as u64, row.head as u64))
    }
}

impl Store {
    /// Tenants in which some request's time is over. Names no row of any of them.
    pub async fn tenants_with_due_stays(&self, now: OffsetDateTime) -> Result<Vec<domain::TenantId>, StoreError> {
        let ids = sqlx::query_scalar!("select tenant as \"tenant!\" from tenants_with_due_stays($1) as t (tenant)", now)
            .fetch_all(&mut *self.connection().await?)
            .await?;
        Ok(ids.into_iter().map(domain::TenantId).collect())
    }
}
