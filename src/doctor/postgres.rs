//! What the database is: version, settings, roles, row security, migrations, clock. Reads only.

use time::OffsetDateTime;

use super::Finding;
use crate::{config::Config, database::Database};

/// The oldest major version that the tests run on.
const OLDEST: i32 = 15;

pub(super) async fn examine(config: &Config, database: &Database) -> Vec<Finding> {
    match look(config, database).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::wrong("postgres", error.to_string(), "see the server's log, or postgres.log in the data directory")],
    }
}

async fn look(config: &Config, database: &Database) -> Result<Vec<Finding>, sqlx::Error> {
    Ok(vec![
        version(database).await?,
        settings(config, database).await?,
        roles(database).await?,
        row_security(database).await?,
        migrations(database).await?,
        clock(database).await?,
    ])
}

async fn version(database: &Database) -> Result<Finding, sqlx::Error> {
    let (number, text): (i32, String) =
        sqlx::query_as("select current_setting('server_version_num')::int, current_setting('server_version')").fetch_one(database.app()).await?;
    Ok(match number / 10_000 >= OLDEST {
        true => Finding::fine("postgres version", text),
        false => Finding::wrong("postgres version", text, format!("PostgreSQL {OLDEST} or newer is needed")),
    })
}

async fn settings(config: &Config, database: &Database) -> Result<Finding, sqlx::Error> {
    let (checksums, fsync, pages, encoding, connections): (String, String, String, String, i32) = sqlx::query_as(
        "select current_setting('data_checksums'), current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_encoding'),
                current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
    )
    .fetch_one(database.app())
    .await?;
    let found = format!("checksums {checksums}, fsync {fsync}, full_page_writes {pages}, {encoding}, {connections} connections");
    let wanted = i32::try_from(config.database.pool_size).unwrap_or(i32::MAX).saturating_add(4);
    Ok(match () {
        () if encoding != "UTF8" => Finding::wrong("postgres settings", found, "make the database anew with encoding UTF8: names come in every script"),
        () if fsync != "on" || pages != "on" => {
            Finding::wrong("postgres settings", found, "turn fsync and full_page_writes on: a crash would lose what was committed")
        }
        () if connections < wanted => {
            Finding::wrong("postgres settings", found, format!("allow {wanted} connections (max_connections), or lower database.pool_size"))
        }
        () if checksums != "on" => {
            Finding::advice("postgres settings", found, "turn data checksums on (pg_checksums --enable), so that a failing disk is noticed")
        }
        () => Finding::fine("postgres settings", found),
    })
}

async fn roles(database: &Database) -> Result<Finding, sqlx::Error> {
    let (role, signed_in, may, could): (String, String, bool, bool) = sqlx::query_as(
        "select current_user::text, session_user::text,
                (select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
                (select rolsuper or rolbypassrls or pg_has_role(rolname, 'posada_owner', 'member') from pg_roles where rolname = session_user)",
    )
    .fetch_one(database.app())
    .await?;
    Ok(match () {
        () if role != "posada_app" || may => Finding::wrong(
            "roles",
            format!("the server works as {role}"),
            "it must be posada_app, without superuser and bypassrls: see migrations/bootstrap/roles.sql",
        ),
        () if could => Finding::advice(
            "roles",
            format!("the server works as {role}, but signs in as {signed_in}, who may do more"),
            "sign in as posada_app (database.url), and as posada_owner for migrations alone (database.owner_url)",
        ),
        () => Finding::fine("roles", format!("the server works as {role} and can be nobody else")),
    })
}

async fn row_security(database: &Database) -> Result<Finding, sqlx::Error> {
    let open: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations' and not (c.relrowsecurity and c.relforcerowsecurity)
         order by 1",
    )
    .fetch_all(database.app())
    .await?;
    let felt: Option<bool> = sqlx::query_scalar("select row_security_active(to_regclass('public.tenants'))").fetch_one(database.app()).await?;
    Ok(match (open.as_slice(), felt) {
        (_, None) => Finding::advice("row security", "there are no tables yet", "run `posada migrate`, or start the server"),
        (_, Some(false)) => Finding::wrong("row security", "the server's role does not feel it", "every tenant would see every other: mend the roles first"),
        ([], Some(true)) => Finding::fine("row security", "forced on every table, and felt"),
        (open, Some(true)) => Finding::wrong("row security", format!("not forced on {}", open.join(", ")), "call posada_guard for these tables in a migration"),
    })
}

async fn migrations(database: &Database) -> Result<Finding, sqlx::Error> {
    let pending = crate::database::pending(database.app()).await?;
    Ok(match () {
        () if !pending.changed.is_empty() => Finding::wrong(
            "migrations",
            format!("applied in another form: {:?}", pending.changed),
            "this database was made by another build: start with another data directory",
        ),
        () if !pending.newer.is_empty() => {
            Finding::wrong("migrations", format!("unknown to this build: {:?}", pending.newer), "run the newer build that wrote it")
        }
        () if !pending.here.is_empty() => {
            Finding::advice("migrations", format!("not applied: {:?}", pending.here), "run `posada migrate`, or start the server")
        }
        () => Finding::fine("migrations", "all applied"),
    })
}

async fn clock(database: &Database) -> Result<Finding, sqlx::Error> {
    let before = OffsetDateTime::now_utc();
    let theirs: OffsetDateTime = sqlx::query_scalar("select clock_timestamp()").fetch_one(database.app()).await?;
    let ours = before + (OffsetDateTime::now_utc() - before) / 2;
    let apart: time::Duration = theirs - ours;
    let apart = apart.as_seconds_f64().abs();
    Ok(match apart > 2.0 {
        true => Finding::wrong("clock of postgres", format!("{apart:.1} s from ours"), "let both machines ask the same time server (NTP)"),
        false => Finding::fine("clock of postgres", format!("{:.0} ms from ours", apart * 1000.0)),
    })
}
