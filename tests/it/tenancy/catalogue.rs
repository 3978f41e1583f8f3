//! The catalogue of the database, asked as itself: what is not covered fails here before anybody meets it.

use std::collections::BTreeSet;

use sqlx::{Column, Connection, PgConnection, PgPool, Row};

use crate::harness::TestApp;

/// Tables of the database that are not row-secured: only sqlx's own list of migrations, which says nothing of anybody.
const SQLX: &str = "_sqlx_migrations";

/// Indexes that do not begin with the tenant, each with its reason. One that is gone must go from here too.
const NOT_BY_TENANT: &[(&str, &str)] = &[
    ("tenants_pkey", "the list of tenants itself: id is the tenant"),
    ("tenants_slug_key", "the list of tenants: found before there is a tenant"),
    ("tenants_domain_key", "the list of tenants: found before there is a tenant"),
    ("accounts_pkey", "accounts belong to the installation, row security names the account"),
    ("accounts_email_key", "accounts belong to the installation: one person, one sign-in"),
    ("sessions_pkey", "sessions belong to an account of the installation"),
    ("revocations_pkey", "every server reads what is new of all tenants, through one function"),
    ("sessions_of_account", "sessions belong to an account of the installation"),
];

/// Tables without complete row security: enabled, forced, and no policy for the app but the one that names the tenant (or the
/// account) through a stable function in a sub-select, for reading and writing alike.
async fn uncovered(owner: &PgPool) -> Vec<String> {
    sqlx::query_scalar::<_, String>(
        r"
        select c.relname::text from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'f', 'v') and c.relname <> $1
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
          and not (
            c.relkind in ('r', 'p') and c.relrowsecurity and c.relforcerowsecurity
            and exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*' and p.polroles = '{0}'
                and pg_get_expr(p.polqual, c.oid) ~ '^\((tenant_id = \( SELECT posada_tenant\(\) AS posada_tenant\)|id = \( SELECT posada_(tenant|account)\(\) AS posada_(tenant|account)\)|account_id = \( SELECT posada_account\(\) AS posada_account\))\)$'
                and pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid))
            and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname <> 'tenant_only'
                and p.polroles <> array['posada_owner'::regrole::oid])
            and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname <> 'owner_all'
                and 'posada_owner'::regrole::oid = any (p.polroles)))
        order by 1",
    )
    .bind(SQLX)
    .fetch_all(owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn every_table_is_under_forced_row_security() {
    let app = TestApp::spawn().await;
    assert_eq!(uncovered(app.owner()).await, Vec::<String>::new());
    let tables = super::tables(app.owner()).await;
    println!("{} tables under forced row security", tables.len());
    assert!(tables.len() >= 18, "tables went missing: {tables:?}");

    // The same question finds every way to be uncovered, or it would be no question.
    for (name, statement) in [
        ("bare", "create table bare (tenant_id uuid)"),
        ("not_forced", "create table not_forced (tenant_id uuid); call posada_guard('not_forced'); alter table not_forced no force row level security"),
        ("not_enabled", "create table not_enabled (tenant_id uuid); call posada_guard('not_enabled'); alter table not_enabled disable row level security"),
        (
            "per_row",
            "create table per_row (tenant_id uuid); alter table per_row enable row level security; alter table per_row force row level security;
             create policy tenant_only on per_row using (tenant_id = posada_tenant())",
        ),
        ("too_open", "create table too_open (tenant_id uuid); call posada_guard('too_open'); create policy also on too_open for select using (true)"),
        ("through_a_view", "create view through_a_view as select * from members"),
    ] {
        sqlx::raw_sql(statement).execute(app.owner()).await.unwrap();
        assert_eq!(uncovered(app.owner()).await, [name]);
        let kind = if name == "through_a_view" { "view" } else { "table" };
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop {kind} {name}"))).execute(app.owner()).await.unwrap();
    }
    app.stop().await;
}

#[tokio::test]
async fn every_index_on_tenant_data_begins_with_the_tenant() {
    let app = TestApp::spawn().await;
    let others: BTreeSet<String> = sqlx::query_scalar::<_, String>(
        "select i.relname::text from pg_index x
         join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
         left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
         where t.relnamespace = 'public'::regnamespace and t.relname <> $1 and a.attname is distinct from 'tenant_id'",
    )
    .bind(SQLX)
    .fetch_all(app.owner())
    .await
    .unwrap()
    .into_iter()
    .collect();
    let excepted: BTreeSet<String> = NOT_BY_TENANT.iter().map(|(index, _)| (*index).to_owned()).collect();
    assert_eq!(others, excepted, "an index without the tenant in front, or an exception for one that is gone");
    app.stop().await;
}

#[tokio::test]
async fn the_app_owns_nothing_and_can_become_nobody_else() {
    let app = TestApp::spawn().await;
    let role = sqlx::query(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
                exists (select from pg_auth_members where member = r.oid) as belongs,
                exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o') as owns
         from pg_roles r where rolname = 'posada_app'",
    )
    .fetch_one(app.owner())
    .await
    .unwrap();
    for n in 0..role.len() {
        assert!(!role.get::<bool, _>(n), "{}", role.columns()[n].name());
    }

    let mut connection = PgConnection::connect(&app.database_url("posada_app")).await.unwrap();
    let session: String = sqlx::query_scalar("select session_user || ' ' || current_user").fetch_one(&mut connection).await.unwrap();
    assert_eq!(session, "posada_app posada_app");
    for statement in [
        "set role posada_owner",
        "set session authorization posada_owner",
        "alter role posada_app bypassrls",
        "grant posada_owner to posada_app",
        "alter table members disable row level security",
        "alter table members no force row level security",
        "alter table members owner to posada_app",
        "drop policy tenant_only on members",
        "create policy mine on members using (true)",
        "create table mine (id int)",
        "create function public.posada_tenant() returns uuid language sql as 'select null::uuid'",
        "create or replace function posada_tenant() returns uuid language sql as 'select null::uuid'",
        "drop table members cascade",
        "truncate members cascade",
        "call posada_guard('members')",
        "insert into tenants (id, slug, name) values (gen_random_uuid(), 'mine', 'Mine')",
        "update tenants set public_map = true",
        "delete from tenants",
        "insert into revocations (tenant_id) values (gen_random_uuid())",
        "delete from revocations",
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (99, 'x', true, '', 0)",
        "create extension pg_trgm",
        "alter system set row_security = off",
        "copy members to program 'cat'",
    ] {
        let refused = sqlx::raw_sql(statement).execute(&mut connection).await.expect_err(statement);
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default();
        assert!(code == "42501" || code == "0LP01", "{statement}: {refused}");
    }
    // Asking for row security to be off does not turn it off: it makes the query an error.
    sqlx::raw_sql("set row_security = off").execute(&mut connection).await.unwrap();
    sqlx::raw_sql("select * from members").execute(&mut connection).await.expect_err("row security was off");
    connection.close().await.unwrap();
    app.stop().await;
}

#[tokio::test]
async fn functions_that_look_past_row_security_are_few_and_cannot_be_led_astray() {
    let app = TestApp::spawn().await;
    let rows = sqlx::query(
        "select p.proname::text, coalesce(array_to_string(p.proconfig, ';'), '') as config, pg_get_userbyid(p.proowner)::text as owner,
                exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as everybody
         from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1",
    )
    .fetch_all(app.owner())
    .await
    .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get("proname")).collect();
    // A new one is a decision: read docs/adr/0011-security-definer-functions.md, then name it here.
    assert_eq!(
        names,
        [
            "account_by_email",
            "forget_dead_sessions",
            "forget_idempotency_keys",
            "forget_revocations",
            "note_revocation",
            "placeholder_hosts",
            "principal_by_token",
            "revocations_from",
            "tenant_by_domain",
            "tenant_by_slug",
            "tenants_with_due_stays"
        ]
    );
    for row in &rows {
        let name: String = row.get("proname");
        assert_eq!(row.get::<String, _>("config"), "search_path=pg_catalog, public, pg_temp", "{name}: pg_temp comes last or it comes first");
        assert_eq!(row.get::<String, _>("owner"), "posada_owner", "{name}");
        assert!(!row.get::<bool, _>("everybody"), "{name} may be called by everybody");
    }

    // A temporary table of the same name is not read in place of the real one.
    let mut connection = PgConnection::connect(&app.database_url("posada_app")).await.unwrap();
    sqlx::raw_sql("create temp table accounts (id uuid, email text, password_hash text); insert into accounts values (gen_random_uuid(), 'a@b.c', 'x')")
        .execute(&mut connection)
        .await
        .unwrap();
    let found: i64 = sqlx::query_scalar("select count(*) from account_by_email('a@b.c')").fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, 0);
    connection.close().await.unwrap();
    app.stop().await;
}
