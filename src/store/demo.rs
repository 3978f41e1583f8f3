//! What the demo alone needs: how far it has come, and stays that were approved before anyone looked. Only `demo` calls this.

use domain::{CityId, HomeId, MemberId, StreamName, TenantId, live::CityChange};
use time::Date;
use uuid::Uuid;

use super::{Store, StoreError, TenantTx, events::NewEvent};

/// Homes of one event.
const EVENT: usize = 100;

/// A room of a demo home, whose nights may be taken.
#[derive(Clone, Debug)]
pub struct DemoRoom {
    pub reference: String,
    pub home: HomeId,
    pub room: Uuid,
    pub host: MemberId,
    /// Among the rooms of its home.
    pub place: i16,
    guests: i16,
    price: Option<i32>,
    currency: Option<String>,
}

/// An approved stay to be.
#[derive(Clone, Debug)]
pub struct DemoStay {
    pub room: DemoRoom,
    pub guest: MemberId,
    pub arrive: Date,
    pub leave: Date,
}

impl Store {
    /// How many homes of a made-up source there are.
    pub async fn demo_homes(&self, tenant: TenantId, source: &str) -> Result<u64, StoreError> {
        let mut tx = self.begin_as_tenant(tenant).await?;
        let count = sqlx::query_scalar!("select count(*) as \"count!\" from homes where tenant_id = $1 and source = $2", tenant.0, source);
        Ok(count.fetch_one(&mut *tx).await? as u64)
    }
}

impl TenantTx {
    /// The rooms of active homes of a source by their references, without those whose nights are taken already.
    pub async fn demo_rooms_without_stays(&mut self, source: &str, references: &[String]) -> Result<Vec<DemoRoom>, StoreError> {
        let rows = sqlx::query_as!(
            DemoRow,
            "select h.source_ref as \"reference!\", h.id as home, h.host_id, h.price, h.currency, r.id as room, r.position, r.guests
             from homes h join rooms r on r.tenant_id = h.tenant_id and r.home_id = h.id
             where h.tenant_id = $1 and h.source = $2 and h.source_ref = any($3) and h.status = 'active'
               and not exists (select from stay_nights n where n.tenant_id = r.tenant_id and n.room_id = r.id)
             order by h.source_ref, r.position, r.id",
            self.tenant().0,
            source,
            references
        )
        .fetch_all(&mut **self)
        .await?;
        let room = |row: DemoRow| DemoRoom {
            reference: row.reference,
            home: HomeId(row.home),
            room: row.room,
            host: MemberId(row.host_id),
            place: row.position,
            guests: row.guests,
            price: row.price,
            currency: row.currency,
        };
        Ok(rows.into_iter().map(room).collect())
    }

    /// Writes the stays with their nights, and tells the cities.
    pub async fn add_demo_stays(&mut self, stays: &[DemoStay]) -> Result<(), StoreError> {
        let tenant = self.tenant().0;
        let ids: Vec<Uuid> = stays.iter().map(|_| Uuid::now_v7()).collect();
        let homes: Vec<Uuid> = stays.iter().map(|stay| stay.room.home.0).collect();
        let rooms: Vec<Uuid> = stays.iter().map(|stay| stay.room.room).collect();
        let guests: Vec<Uuid> = stays.iter().map(|stay| stay.guest.0).collect();
        let hosts: Vec<Uuid> = stays.iter().map(|stay| stay.room.host.0).collect();
        let arrive: Vec<Date> = stays.iter().map(|stay| stay.arrive).collect();
        let leave: Vec<Date> = stays.iter().map(|stay| stay.leave).collect();
        let people: Vec<i16> = stays.iter().map(|stay| stay.room.guests).collect();
        let totals: Vec<Option<i64>> =
            stays.iter().map(|stay| stay.room.price.map(|price| i64::from(price) * (stay.leave - stay.arrive).whole_days())).collect();
        let currencies: Vec<Option<String>> = stays.iter().map(|stay| stay.room.currency.clone()).collect();
        sqlx::query!(
            "insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, total, currency,
                                message, state, requested_at, answer_by, delivered_at, seen_at, answered_at)
             select $1, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, total, currency, 'May we stay with you?', 'approved',
                    now() - interval '6 days', now() - interval '3 days', now() - interval '6 days', now() - interval '5 days', now() - interval '5 days'
             from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::date[], $8::date[], $9::smallint[], $10::bigint[], $11::text[])
                  as t (id, home_id, room_id, guest_id, host_id, arrive, leave, guests, total, currency)",
            tenant,
            &ids,
            &homes,
            &rooms,
            &guests,
            &hosts,
            &arrive,
            &leave,
            &people,
            &totals as &[Option<i64>],
            &currencies as &[Option<String>]
        )
        .execute(&mut **self)
        .await?;
        sqlx::query!(
            "insert into stay_nights (tenant_id, stay_id, room_id, arrive, leave) select $1, * from unnest($2::uuid[], $3::uuid[], $4::date[], $5::date[])",
            tenant,
            &ids,
            &rooms,
            &arrive,
            &leave
        )
        .execute(&mut **self)
        .await?;
        let mut told: Vec<HomeId> = stays.iter().map(|stay| stay.room.home).collect();
        told.sort_unstable();
        told.dedup();
        let changes = self.city_changes(&told).await?;
        let events = changes.into_iter().map(|(city, change)| events_of(city, &change)).collect::<Result<Vec<_>, _>>()?;
        self.record(events.into_iter().flatten());
        Ok(())
    }
}

struct DemoRow {
    reference: String,
    home: Uuid,
    host_id: Uuid,
    price: Option<i32>,
    currency: Option<String>,
    room: Uuid,
    position: i16,
    guests: i16,
}

fn events_of(city: CityId, change: &CityChange) -> Result<Vec<NewEvent>, StoreError> {
    let of = |put: &[_]| {
        NewEvent::new(
            StreamName::City(city),
            "nights_taken",
            &CityChange { put: put.to_vec(), gone: Vec::new(), left: Some(Vec::new()), counts: change.counts },
        )
    };
    change.put.chunks(EVENT).map(of).collect()
}
