//! The roles of an installation, and who may become them. Used by `database` alone.

use sqlx::PgConnection;

use super::DatabaseError;

const ROLES: &str = include_str!("../../migrations/bootstrap/roles.sql");

/// Makes the roles that are missing. For a role that may.
pub(super) async fn make(connection: &mut PgConnection) -> Result<(), DatabaseError> {
    sqlx::raw_sql(ROLES).execute(connection).await?;
    Ok(())
}

pub(super) async fn make_database(superuser: &mut PgConnection, name: &'static str) -> Result<(), DatabaseError> {
    let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)").bind(name).fetch_one(&mut *superuser).await?;
    if !there {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name} owner posada_owner"))).execute(superuser).await?;
    }
    Ok(())
}

/// On a Postgres of one's own: makes the roles if they are missing and the sign-in role may make them.
pub(super) async fn make_if_allowed(connection: &mut PgConnection) -> Result<(), DatabaseError> {
    let (missing, may, user): (bool, bool, String) = sqlx::query_as(
        "select (select count(*) from pg_roles where rolname in ('posada_owner', 'posada_app')) < 2, r.rolsuper, current_user::text
         from pg_roles r where r.rolname = current_user",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (missing, may) {
        (false, _) => Ok(()),
        (true, true) => make(connection).await,
        (true, false) => Err(DatabaseError::NoRoles { grant: format!("grant posada_owner, posada_app to {user}"), user }),
    }
}

/// Whether a connection has to `set role` first, or an error if it may not.
pub(super) async fn must_become(connection: &mut PgConnection, role: &'static str) -> Result<bool, DatabaseError> {
    let (user, may): (String, bool) =
        sqlx::query_as("select current_user::text, pg_has_role(current_user, $1, 'member')").bind(role).fetch_one(connection).await?;
    match (user == role, may) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(DatabaseError::MayNotBecome { user, role }),
    }
}

/// Lets the owner of the tables make them: the database belongs to it, or it may create in it.
pub(super) async fn own_database(connection: &mut PgConnection) -> Result<(), DatabaseError> {
    let (name, may): (String, bool) = sqlx::query_as(
        "select current_database()::text, has_database_privilege('posada_owner', current_database(), 'create') and has_schema_privilege('posada_owner', 'public', 'create')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !may {
        let name = name.replace('"', "\"\"");
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("alter database \"{name}\" owner to posada_owner"))).execute(connection).await?;
    }
    Ok(())
}
