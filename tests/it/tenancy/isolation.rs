//! Rows of one tenant, looked for from nowhere, from another tenant, and from a connection that was just used by the first.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use super::{full_tenant, tables};
use crate::harness::TestApp;
use domain::TenantId;
use posada::store::Store;

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(connection).await.unwrap()
}

async fn two_full_tenants(app: &TestApp) -> (Uuid, Uuid) {
    let (here, there) = (app.make_tenant("here").await, app.make_tenant("there").await);
    full_tenant(app.owner(), here, 1).await;
    full_tenant(app.owner(), there, 2).await;
    (here, there)
}

/// One connection, as the app: whatever it remembers, the next one to use it would feel.
async fn pool_of_one(app: &TestApp) -> PgPool {
    PgPoolOptions::new().max_connections(1).connect(&app.database_url("posada_app")).await.unwrap()
}

#[tokio::test]
async fn without_a_tenant_every_table_is_empty() {
    let app = TestApp::spawn().await;
    two_full_tenants(&app).await;
    let pool = pool_of_one(&app).await;
    let mut connection = pool.acquire().await.unwrap();
    for table in tables(app.owner()).await {
        assert_eq!(count(&mut connection, &table).await, 0, "{table}");
    }
    // Nor is there anything to be had under a tenant that is none, or that nobody is.
    connection.execute("set posada.tenant = '00000000-0000-0000-0000-000000000000'; set posada.account = ''").await.unwrap();
    for table in tables(app.owner()).await {
        assert_eq!(count(&mut connection, &table).await, 0, "{table}");
    }
    drop(connection);
    pool.close().await;
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_and_no_others() {
    let app = TestApp::spawn().await;
    let (here, there) = two_full_tenants(&app).await;
    let pool = pool_of_one(&app).await;
    let store = Store::new(pool.clone());
    for tenant in [here, there] {
        let mut tx = store.begin_as_tenant(TenantId(tenant)).await.unwrap();
        for table in tables(app.owner()).await {
            let column = match table.as_str() {
                "tenants" => "id",
                "accounts" | "sessions" => {
                    assert_eq!(count(&mut tx, &table).await, 0, "{table} of nobody in particular");
                    continue;
                }
                _ => "tenant_id",
            };
            let seen: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!("select distinct {column} from {table}"))).fetch_all(&mut *tx).await.unwrap();
            assert_eq!(seen, [tenant], "{table}");
        }
        tx.commit().await.unwrap();
    }
    pool.close().await;
    app.stop().await;
}

#[tokio::test]
async fn an_account_sees_itself_and_its_sessions_only() {
    let app = TestApp::spawn().await;
    let (here, _) = two_full_tenants(&app).await;
    let pool = pool_of_one(&app).await;
    let account: Uuid = sqlx::query_scalar("select id from accounts where email = 'host-1@example.org'").fetch_one(app.owner()).await.unwrap();
    let mut tx = Store::new(pool.clone()).begin_as_account(TenantId(here), account.into()).await.unwrap();
    let seen: Vec<Uuid> = sqlx::query_scalar("select id from accounts").fetch_all(&mut *tx).await.unwrap();
    assert_eq!(seen, [account]);
    let seen: Vec<Uuid> = sqlx::query_scalar("select account_id from sessions").fetch_all(&mut *tx).await.unwrap();
    assert_eq!(seen, [account]);
    drop(tx);
    pool.close().await;
    app.stop().await;
}

#[tokio::test]
async fn a_connection_that_returns_to_the_pool_remembers_no_tenant() {
    let app = TestApp::spawn().await;
    let (here, _) = two_full_tenants(&app).await;
    let pool = pool_of_one(&app).await;
    let store = Store::new(pool.clone());
    for end in ["commit", "drop", "error", "cancel"] {
        let mut tx = store.begin_as_tenant(TenantId(here)).await.unwrap();
        assert_eq!(count(&mut tx, "members").await, 2);
        match end {
            "commit" => drop(tx.commit().await.unwrap()),
            "drop" => drop(tx),
            "error" => {
                tx.execute("select 1 / 0").await.unwrap_err();
                tx.commit().await.ok();
            }
            _ => {
                // The future is dropped while Postgres is still at work.
                let deadline = std::time::Duration::from_millis(20);
                tokio::time::timeout(deadline, tx.execute("select pg_sleep(0.3)")).await.unwrap_err();
                drop(tx);
            }
        }
        let mut next = pool.acquire().await.unwrap();
        let remembered: String = sqlx::query_scalar("select concat(current_setting('posada.tenant', true), current_setting('posada.account', true))")
            .fetch_one(&mut *next)
            .await
            .unwrap();
        assert_eq!(remembered, "", "after {end}");
        for table in tables(app.owner()).await {
            assert_eq!(count(&mut next, &table).await, 0, "{table} after {end}");
        }
    }
    pool.close().await;
    app.stop().await;
}

#[tokio::test]
async fn nothing_can_be_written_into_another_tenant() {
    let app = TestApp::spawn().await;
    let (here, there) = two_full_tenants(&app).await;
    let pool = pool_of_one(&app).await;
    let store = Store::new(pool.clone());
    for table in tables(app.owner()).await {
        let column = match table.as_str() {
            "tenants" => "id",
            "accounts" => "id",
            "sessions" => "account_id",
            _ => "tenant_id",
        };
        let row: Value = sqlx::query_scalar(AssertSqlSafe(format!("select to_jsonb(t) from {table} t order by ({column} = $1) desc, {column} limit 1")))
            .bind(there)
            .fetch_one(app.owner())
            .await
            .unwrap();

        // A whole row of the other one's, as the app of this one.
        let mut tx = store.begin_as_tenant(TenantId(here)).await.unwrap();
        let sql = format!("insert into {table} select * from jsonb_populate_record(null::{table}, $1)");
        let refused = sqlx::query(AssertSqlSafe(sql)).bind(&row).execute(&mut *tx).await.expect_err(&table);
        assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"), "{table}: {refused}");
        drop(tx);
        if table == "tenants" || table == "revocations" {
            continue; // not even its own may be changed
        }

        // Its own rows cannot be handed over, and the other one's can be neither changed nor removed.
        let mut tx = store.begin_as_tenant(TenantId(here)).await.unwrap();
        let given = sqlx::query(AssertSqlSafe(format!("update {table} set {column} = $1"))).bind(there).execute(&mut *tx).await;
        let refused = match &given {
            Ok(done) => done.rows_affected() == 0, // none of its own are visible: accounts and sessions
            Err(e) => e.as_database_error().and_then(|e| e.code()).as_deref() == Some("42501"),
        };
        assert!(refused, "{table}: {given:?}");
        drop(tx);
        let mut tx = store.begin_as_tenant(TenantId(here)).await.unwrap();
        let removed = sqlx::query(AssertSqlSafe(format!("delete from {table} where {column} = $1"))).bind(there).execute(&mut *tx).await.unwrap();
        assert_eq!(removed.rows_affected(), 0, "{table}");
    }
    pool.close().await;
    app.stop().await;
}
