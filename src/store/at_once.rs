//! Statements that are transactions of their own: the short way of a request for a stay. ADR 0059.
//!
//! Called by the command `request_stay`. Row security sees the tenant that each statement names for itself, so nothing is left on the connection.
//! What is kept here is kept whole or not at all, and everything that can be refused is left to the [`TenantTx`], which can say why.

use domain::{CityId, Event, HomeId, MemberId, Nights, Price, RoomId, TenantId, money::Currency};
use sqlx::{PgExecutor, Postgres, pool::PoolConnection};

use super::{KeptAnswer, Once, Store, StoreError, TenantTx, events::NewEvent, measured::Measured, stays::KeptStay, tx::Timer};

/// A room that may be asked for, and what asking needs to know of its home.
#[derive(Clone, Debug)]
pub struct RoomOnOffer {
    pub home: HomeId,
    /// The home as it was read: another version may have another room, price or title.
    pub home_version: u32,
    pub title: String,
    pub city: CityId,
    pub host: MemberId,
    pub host_name: String,
    pub room: RoomId,
    pub room_name: String,
    pub guests: u8,
    pub price: Option<Price>,
    /// Some of the nights that were asked about are taken by now.
    pub taken: bool,
}

/// A connection on which each statement is a transaction of its own and names the tenant itself.
#[derive(Debug)]
pub struct AtOnce {
    connection: Measured<PoolConnection<Postgres>>,
    tenant: TenantId,
}

impl Store {
    pub async fn at_once(&self, tenant: TenantId) -> Result<AtOnce, StoreError> {
        Ok(AtOnce { connection: self.connection().await?, tenant })
    }
}

impl AtOnce {
    /// As [`TenantTx::room_on_offer`].
    pub async fn room_on_offer(&mut self, home: HomeId, room: Option<RoomId>, nights: Nights) -> Result<Option<RoomOnOffer>, StoreError> {
        room_on_offer(&mut self.connection, self.tenant, home, room, nights).await
    }

    /// Keeps a request, the answer to its key and the host's event, and commits: one statement. None where the key is known or in use, the home
    /// has another version by now or is not on offer, the host another name, or some of the nights are taken; then nothing was done.
    pub async fn keep_request(
        mut self,
        new: &KeptStay,
        home_version: u32,
        once: &Once,
        answer: &KeptAnswer,
        event: NewEvent,
    ) -> Result<Option<Event>, StoreError> {
        let (tenant, mut timer) = (self.tenant, Timer::begin());
        let kept = sqlx::query!(
            "select seq as \"seq!\", at as \"at!\" from keep_request(
                 tenant_id => $1, caller => $2, key => $3, request_hash => $4, key_lock => $5, status => $6, body => $7,
                 home_id => $8, home_version => $9, host_name => $10, id => $11, room_id => $12, guest_id => $13, host_id => $14,
                 arrive => $15, leave => $16, guests => $17, message => $18, total => $19, currency => $20, terms_version => $21,
                 requested_at => $22, answer_by => $23, stream => $24, kind => $25, event => $26)",
            tenant.0,
            once.caller,
            once.key,
            &once.request_hash,
            once.lock(tenant),
            answer.status as i16,
            answer.body,
            new.home.id.0,
            home_version as i32,
            new.host.name,
            new.stay.id.0,
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
            new.answer_by,
            event.stream.to_string(),
            event.kind,
            event.body.get()
        )
        // To its end, not to its first row: only then it has committed.
        .fetch_all(&mut self.connection)
        .await
        .map(|mut rows| rows.pop());
        timer.outcome = match &kept {
            Ok(Some(_)) => "committed",
            Ok(None) => "uncommitted",
            Err(_) => "unknown",
        };
        let Some(kept) = kept? else { return Ok(None) };
        metrics::counter!("posada_stays_total", "state" => new.stay.state().code()).increment(1);
        let NewEvent { stream, kind, body } = event;
        Ok(Some(Event { tenant, stream, seq: kept.seq as u64, at: kept.at, kind: kind.into(), body: body.into() }))
    }
}

impl TenantTx {
    /// A room of an active home; its first room where none is named. Says too whether some of the nights are taken by now: advice, only
    /// [`take_nights`](Self::take_nights) decides.
    pub async fn room_on_offer(&mut self, home: HomeId, room: Option<RoomId>, nights: Nights) -> Result<Option<RoomOnOffer>, StoreError> {
        let tenant = self.tenant();
        room_on_offer(&mut **self, tenant, home, room, nights).await
    }
}

/// Names its tenant before it reads: in a transaction that did so already it says the same again.
async fn room_on_offer(
    connection: impl PgExecutor<'_>,
    tenant: TenantId,
    home: HomeId,
    room: Option<RoomId>,
    nights: Nights,
) -> Result<Option<RoomOnOffer>, StoreError> {
    // Plain comparisons of nights, not `&&`: range operators are not leakproof, and row security would drop the index.
    let row = sqlx::query!(
        "select room.title, room.city_id, room.host_id, room.host_name, room.price, room.currency, room.version, room.id as room_id, room.room_name,
                room.guests, room.taken as \"taken!\"
         from posada_name_tenant($1) as here (tenant) cross join lateral (
             select h.title, h.city_id, h.host_id, o.name as host_name, h.price, h.currency, h.version, r.id, r.name as room_name, r.guests,
                    exists (select from stay_nights n where n.tenant_id = here.tenant and n.room_id = r.id and n.arrive < $5 and n.leave > $4) as taken
             from homes h
             join rooms r on r.tenant_id = h.tenant_id and r.home_id = h.id
             join members o on o.tenant_id = h.tenant_id and o.id = h.host_id
             where h.tenant_id = here.tenant and h.id = $2 and h.status = 'active' and ($3::uuid is null or r.id = $3)
             order by r.position, r.id limit 1
         ) room",
        tenant.0,
        home.0,
        room.map(|r| r.0),
        nights.arrive(),
        nights.leave()
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let bad = |why: String| StoreError::BadRow { table: "homes", id: home.to_string(), why };
        let price = match (row.price, row.currency.as_deref()) {
            (Some(amount), Some(code)) => {
                Some(Price::new(amount.into(), Currency::from_code(code).map_err(|e| bad(e.to_string()))?).map_err(|e| bad(e.to_string()))?)
            }
            _ => None,
        };
        Ok(RoomOnOffer {
            home,
            home_version: row.version as u32,
            title: row.title,
            city: CityId(row.city_id as u32),
            host: row.host_id.into(),
            host_name: row.host_name,
            room: row.room_id.into(),
            room_name: row.room_name,
            guests: row.guests as u8,
            price,
            taken: row.taken,
        })
    })
    .transpose()
}
