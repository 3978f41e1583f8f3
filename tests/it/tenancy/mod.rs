//! Communities never see each other: the catalogue, rows without and beyond a tenant, plans, and how a tenant is found.

mod catalogue;
mod fuzz;
mod isolation;
mod named;
mod plans;
mod socket;
mod tenants;

use sqlx::PgPool;
use uuid::Uuid;

/// All tables of the schema but sqlx's own.
async fn tables(owner: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' and tablename <> '_sqlx_migrations' order by 1")
        .fetch_all(owner)
        .await
        .unwrap()
}

/// A tenant with a row in every table, made past row security. `n` tells one's people and tokens from another's.
async fn full_tenant(owner: &PgPool, tenant: Uuid, n: i32) {
    run(owner, tenant, n, include_str!("rows.sql")).await;
    for table in tables(owner).await {
        let column = match table.as_str() {
            "tenants" => "id".to_owned(),
            "accounts" | "sessions" => continue,
            _ => "tenant_id".to_owned(),
        };
        let sql = format!("select exists (select from {table} where {column} = $1)");
        let there: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(tenant).fetch_one(owner).await.unwrap();
        assert!(there, "give {table} a row in tests/it/tenancy/rows.sql: what is empty proves nothing");
    }
}

/// The same with some thousands of rows more: what a planner takes seriously.
async fn large_tenant(owner: &PgPool, tenant: Uuid) {
    full_tenant(owner, tenant, 1).await;
    run(owner, tenant, 1, include_str!("many.sql")).await;
    sqlx::raw_sql("analyze").execute(owner).await.unwrap();
}

async fn run(owner: &PgPool, tenant: Uuid, n: i32, statements: &str) {
    for statement in statements.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        let statement = statement.replace(":tenant", &format!("'{tenant}'::uuid")).replace(":n", &n.to_string());
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(owner).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}
