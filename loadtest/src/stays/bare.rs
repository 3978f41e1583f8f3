//! A bare commit: the row of a request inserted once more, alone in its transaction, on a connection with nothing around it.
//!
//! The only place where the load test speaks to Postgres, and only when it is told where. The same role, the same row security, the same keys and
//! references; one round trip. Takes its rows back at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

pub struct Bare {
    connection: PgConnection,
    tenant: Uuid,
    made: Vec<Uuid>,
}

impl Bare {
    pub async fn connect(url: &str, tenant: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(url).await.context("the server's Postgres cannot be reached")?;
        let found: Option<Uuid> = sqlx::query_scalar("select id from tenant_by_slug($1)").bind(tenant).fetch_optional(&mut connection).await?;
        let tenant = found.with_context(|| format!("there is no community {tenant}"))?;
        sqlx::query("select set_config('posada.tenant', $1, false)").bind(tenant.to_string()).execute(&mut connection).await?;
        Ok(Self { connection, tenant, made: Vec::new() })
    }

    /// Inserts the row of a request under another id, and says how long that took.
    pub async fn commit(&mut self, stay: &Value) -> Result<Duration> {
        let id = |value: &Value| value.as_str().and_then(|text| text.parse::<Uuid>().ok()).context("not an id");
        let own = Uuid::now_v7();
        let insert = sqlx::query(
            "insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, total, currency, state,
                                terms_version, requested_at, answer_by)
             values ($1, $2, $3, $4, $5, $6, $7::text::date, $8::text::date, $9, $10, $11, $12, 'requested', 1, $13::text::timestamptz,
                     $14::text::timestamptz)",
        )
        .bind(self.tenant)
        .bind(own)
        .bind(id(&stay["home"]["id"])?)
        .bind(id(&stay["room"]["id"])?)
        .bind(id(&stay["guest"]["id"])?)
        .bind(id(&stay["host"]["id"])?)
        .bind(stay["arrive"].as_str())
        .bind(stay["leave"].as_str())
        .bind(stay["guests"].as_i64().map(|guests| guests as i16))
        .bind(stay["message"].as_str())
        .bind(stay["total"]["amount"].as_i64())
        .bind(stay["total"]["currency"].as_str())
        .bind(stay["sent_at"].as_str())
        .bind(stay["answer_by"].as_str());
        let begun = Instant::now();
        insert.execute(&mut self.connection).await?;
        let took = begun.elapsed();
        self.made.push(own);
        Ok(took)
    }

    /// Takes its rows back.
    pub async fn end(mut self) -> Result<()> {
        sqlx::query("delete from stays where tenant_id = $1 and id = any($2)").bind(self.tenant).bind(&self.made).execute(&mut self.connection).await?;
        self.connection.close().await?;
        Ok(())
    }
}
