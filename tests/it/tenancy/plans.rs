//! What Postgres makes of our queries under row security: every one of them reaches tenant data by an index that begins with the
//! tenant and goes on with what is looked for.
//!
//! The queries are those of `.sqlx`, which is all the SQL there is. They are planned generically, as a prepared statement is, with
//! scans made dear: a walk over a table, or over all that a tenant has in it, is still there only where no index serves.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::{large_tenant, tables};
use crate::harness::TestApp;

/// Reads of all that a tenant has in a table, each with its reason: a part of the query, and why it must.
const WHOLE: &[(&str, &str)] = &[
    ("from city_counts c left join lateral", "the world map is every city of the tenant; since an instant it may walk over them too, they are few"),
    ("count(distinct host_id) as \"hosts!\"", "a filtered world counts every home; asked once a second and filter at most"),
    (
        "from homes h join rooms r on r.tenant_id = $1 and r.home_id = h.id",
        "the start of a city reads all of it, planned for that city: of a large one joined is four times as quick as looked up home by home",
    ),
    (
        "where tenant_id = $1 and status = 'active' and id < $2",
        "a page of all homes in order; the second plan for their rooms is only taken where it is cheaper",
    ),
    // The baseline (`--plain`) has no map in memory: what a view shows is summed from the rows by their place, for which it makes an index of its own.
    ("as \"in_view!\"", "the baseline's clusters"),
    ("public_lat, public_lng, count(*) over () as \"total!\"", "the baseline's homes of a view"),
    ("from city_counts where tenant_id = $1 and homes > 0 order by city_id", "the baseline's world is all of its cities"),
];

/// Columns by table, of the tables that hold tenant data.
type Guarded = BTreeMap<String, BTreeSet<String>>;

#[tokio::test]
async fn every_query_reaches_its_rows_by_tenant_and_key() {
    let app = TestApp::spawn().await;
    let tenant = app.make_tenant("here").await;
    large_tenant(app.owner(), tenant).await;
    let guarded = guarded(&app).await;

    let mut connection = PgConnection::connect(&app.database_url("posada_app")).await.unwrap();
    connection.execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan").await.unwrap();
    sqlx::query("select set_config('posada.tenant', $1, false)").bind(tenant.to_string()).execute(&mut connection).await.unwrap();

    let (mut planned, mut walks) = (0, Vec::new());
    for query in queries() {
        let Some(plan) = plan(&mut connection, &query).await else { continue };
        planned += 1;
        if WHOLE.iter().all(|(part, _)| !query.contains(part)) {
            walk(&plan, None, &guarded, &mut |why| walks.push(format!("{why}: {query}")));
        }
    }
    println!("{planned} queries planned");
    assert!(planned >= 5, "only {planned} queries were found in .sqlx: write it anew by scripts/sqlx-prepare");
    assert!(walks.is_empty(), "{}", walks.join("\n\n"));

    // What the question is for: these it finds.
    for (bad, why) in [
        ("select id from members where name = $1", "all of a tenant's members"),
        ("select count(*) from group_members where joined_by = $1", "all of a tenant's group_members"),
    ] {
        let mut found = Vec::new();
        let plan = plan(&mut connection, bad).await.unwrap();
        walk(&plan, None, &guarded, &mut |why| found.push(why));
        assert!(found.iter().any(|f| f.starts_with(why)), "{bad}: {found:?}");
    }
    connection.close().await.unwrap();
    app.stop().await;
}

/// What is asked before anybody is known, on every request and every sign-in, is found by its key.
#[tokio::test]
async fn what_is_asked_before_there_is_a_tenant_is_found_by_key() {
    let app = TestApp::spawn().await;
    let tenant = app.make_tenant("here").await;
    large_tenant(app.owner(), tenant).await;
    let mut owner = PgConnection::connect(&app.database_url("posada_owner")).await.unwrap();
    owner.execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan").await.unwrap();
    for (function, index) in [
        ("tenant_by_domain", "tenants_domain_key"),
        ("tenant_by_slug", "tenants_slug_key"),
        ("account_by_email", "accounts_email_key"),
        ("principal_by_token", "sessions_pkey members_tenant_id_account_id_key"),
    ] {
        let row = sqlx::query("select prosrc, proargnames[:pronargs] as names, array(select t::regtype::text from unnest(proargtypes) with ordinality as u (t, n) order by n) as types from pg_proc where proname = $1")
            .bind(function)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        let (mut body, names): (String, Vec<String>) = (row.get("prosrc"), row.get("names"));
        for (n, name) in names.iter().enumerate() {
            body = replaced(&body, name, &format!("${}", n + 1));
        }
        let types: Vec<String> = row.get("types");
        owner.execute(AssertSqlSafe(format!("prepare asked({}) as {body}", types.join(", ")))).await.unwrap();
        let nulls = vec!["null"; types.len()].join(", ");
        let plan: Value =
            sqlx::raw_sql(AssertSqlSafe(format!("explain (format json, costs off) execute asked({nulls})"))).fetch_one(&mut owner).await.unwrap().get(0);
        owner.execute("deallocate asked").await.unwrap();
        let plan = plan.to_string();
        assert!(index.split(' ').all(|index| plan.contains(index)) && !plan.contains("Seq Scan"), "{function}: {plan}");
    }
    owner.close().await.unwrap();
    app.stop().await;
}

/// A text with one word exchanged.
fn replaced(text: &str, word: &str, with: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    for part in text.split_inclusive(|c: char| !is_word(c)) {
        let (body, end) = part.split_at(part.trim_end_matches(|c: char| !is_word(c)).len());
        out.push_str(if body == word { with } else { body });
        out.push_str(end);
    }
    out
}

async fn guarded(app: &TestApp) -> Guarded {
    let mut guarded = Guarded::new();
    for table in tables(app.owner()).await {
        if ["tenants", "accounts", "sessions"].contains(&table.as_str()) {
            continue;
        }
        let columns: Vec<String> = sqlx::query_scalar(
            "select column_name::text from information_schema.columns where table_schema = 'public' and table_name = $1 and column_name <> 'tenant_id'",
        )
        .bind(&table)
        .fetch_all(app.owner())
        .await
        .unwrap();
        guarded.insert(table, columns.into_iter().collect());
    }
    guarded
}

/// All SQL of the program, as `sqlx prepare` wrote it down.
fn queries() -> Vec<String> {
    let dir = std::env::var_os("SQLX_OFFLINE_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx"), PathBuf::from);
    let mut queries: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|file| {
            let query: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
            query["query"].as_str().unwrap().to_owned()
        })
        .collect();
    queries.sort();
    queries
}

/// `None` for what has no plan, what is not asked any more, and what the app may not ask.
async fn plan(connection: &mut PgConnection, query: &str) -> Option<Value> {
    let lower = query.trim_start().to_lowercase();
    if !["select", "insert", "update", "delete", "with"].iter().any(|verb| lower.starts_with(verb)) {
        return None;
    }
    // What no longer prepares is a leaving of a query that was changed.
    connection.execute(AssertSqlSafe(format!("prepare asked as {query}"))).await.ok()?;
    let parameters: i32 = sqlx::query_scalar("select coalesce(array_length(parameter_types, 1), 0) from pg_prepared_statements where name = 'asked'")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let nulls = vec!["null"; parameters as usize].join(", ");
    let call = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let asked = sqlx::raw_sql(AssertSqlSafe(format!("explain (format json, costs off) execute asked{call}"))).fetch_one(&mut *connection).await;
    connection.execute("deallocate asked").await.unwrap();
    match asked {
        Ok(row) => Some(row.get::<Value, _>(0)[0]["Plan"].clone()),
        Err(e) if e.as_database_error().and_then(|e| e.code()).as_deref() == Some("42501") => None,
        Err(e) => panic!("{query}: {e}"),
    }
}

/// Reports the parts of a plan that walk over more than they look for.
fn walk(node: &Value, above: Option<&str>, guarded: &Guarded, report: &mut impl FnMut(String)) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let relation = node["Relation Name"].as_str();
    // A bitmap's index scan names no table: it is its parent's.
    if let Some((table, columns)) = relation.or(above).and_then(|table| guarded.get_key_value(table)) {
        let index = node["Index Name"].as_str().unwrap_or_default();
        let condition = node["Index Cond"].as_str().unwrap_or_default();
        let named = |column: &str| condition.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == column);
        match kind {
            "Seq Scan" => report(format!("a scan of {table}")),
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" if !named("tenant_id") => report(format!("{index} of {table} without the tenant")),
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" if !columns.iter().any(|column| named(column)) => {
                report(format!("all of a tenant's {table} by {index}"));
            }
            _ => {}
        }
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, relation, guarded, report);
    }
}
