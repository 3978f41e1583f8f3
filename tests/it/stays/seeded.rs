//! A home with many requests for it, written past the API: to begin a race where it begins.

use domain::{MemberId, StayId, TenantId};
use sqlx::PgPool;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

/// A host's home with one room, and a guest.
pub struct House {
    pub tenant: TenantId,
    pub host: MemberId,
    pub guest: MemberId,
    pub home: Uuid,
    pub room: Uuid,
}

impl House {
    pub async fn build(owner: &PgPool, slug: &str) -> Self {
        let house = Self {
            tenant: TenantId(sqlx::query_scalar("select id from tenants where slug = $1").bind(slug).fetch_one(owner).await.unwrap()),
            host: MemberId(Uuid::now_v7()),
            guest: MemberId(Uuid::now_v7()),
            home: Uuid::now_v7(),
            room: Uuid::now_v7(),
        };
        for (member, name) in [(house.host, "Host"), (house.guest, "Guest")] {
            let account = Uuid::now_v7();
            sqlx::query("insert into accounts (id, email, password_hash) values ($1, $2, 'none')")
                .bind(account)
                .bind(format!("{account}@example.org"))
                .execute(owner)
                .await
                .unwrap();
            sqlx::query("insert into members (tenant_id, id, account_id, name) values ($1, $2, $3, $4)")
                .bind(house.tenant.0)
                .bind(member.0)
                .bind(account)
                .bind(name)
                .execute(owner)
                .await
                .unwrap();
        }
        sqlx::query("insert into cities (tenant_id, id, slug) values ($1, 3128760, 'barcelona-es') on conflict do nothing")
            .bind(house.tenant.0)
            .execute(owner)
            .await
            .unwrap();
        sqlx::query(
            "insert into homes (tenant_id, id, host_id, city_id, status, kind, offer, title, guests, price, currency, lat, lng, public_lat, public_lng, cell)
             values ($1, $2, $3, 3128760, 'active', 'apartment', 'entire_place', 'A flat', 4, 8000, 'EUR', 41.4, 2.17, 41.4, 2.17, 1)",
        )
        .bind(house.tenant.0)
        .bind(house.home)
        .bind(house.host.0)
        .execute(owner)
        .await
        .unwrap();
        house.add_room(owner, house.room).await;
        house
    }

    pub async fn add_room(&self, owner: &PgPool, room: Uuid) {
        sqlx::query("insert into rooms (tenant_id, id, home_id, name, guests) values ($1, $2, $3, 'Room', 4)")
            .bind(self.tenant.0)
            .bind(room)
            .bind(self.home)
            .execute(owner)
            .await
            .unwrap();
    }

    /// Requests for a room, each over the given nights.
    pub async fn requests(&self, owner: &PgPool, room: Uuid, nights: &[(Date, Date)]) -> Vec<StayId> {
        let ids: Vec<Uuid> = nights.iter().map(|_| Uuid::now_v7()).collect();
        let (arrive, leave): (Vec<Date>, Vec<Date>) = nights.iter().copied().unzip();
        sqlx::query(
            "insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, state, answer_by)
             select $1, t.id, $2, $3, $4, $5, t.arrive, t.leave, 2, 'May we?', 'requested', $6
             from unnest($7::uuid[], $8::date[], $9::date[]) as t (id, arrive, leave)",
        )
        .bind(self.tenant.0)
        .bind(self.home)
        .bind(room)
        .bind(self.guest.0)
        .bind(self.host.0)
        .bind(OffsetDateTime::now_utc() + Duration::DAY)
        .bind(&ids)
        .bind(&arrive)
        .bind(&leave)
        .execute(owner)
        .await
        .unwrap();
        ids.into_iter().map(StayId).collect()
    }
}
