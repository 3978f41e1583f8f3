//! Which database this is: another name as soon as its streams may not be the ones that somebody was told of.
//!
//! Called by the live core, once. Made of the cluster, its timeline (a fail-over begins a new one), the database, and the files of the
//! streams' tables: a dump that is loaded in their place gets other files.

use std::sync::Arc;

use sqlx::Error::Database;
use uuid::Uuid;

use super::{Store, StoreError};

impl Store {
    /// Equal as long as streams only go on. Where Postgres does not let us ask, a name that nobody else has: then nothing is proved by it.
    pub async fn lineage(&self) -> Result<Arc<str>, StoreError> {
        let asked = sqlx::query_scalar!(
            "select concat_ws('/', (select system_identifier from pg_control_system()), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), \
                    (select oid from pg_database where datname = current_database()), pg_relation_filenode('events'), \
                    pg_relation_filenode('stream_heads')) as \"lineage!\""
        );
        match asked.fetch_one(self.pool()).await.map_err(|error| (matches!(error, Database(_)), StoreError::from(error))) {
            Ok(lineage) => Ok(lineage.into()),
            Err((true, error @ StoreError::Refused(_))) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database does not say which it is: after a restart every open map is sent whole");
                Ok(Uuid::new_v4().to_string().into())
            }
            Err((_, error)) => Err(error),
        }
    }
}
