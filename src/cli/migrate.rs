//! `posada migrate`: brings the database up to this version, or says what that would mean.

use serde_json::json;

use super::{Exit, args, output::Output, session::Session};

pub(super) async fn run(session: &Session, migrate: &args::Migrate, output: Output) -> anyhow::Result<Exit> {
    let (word, versions) = if migrate.dry_run { ("pending", session.database.pending().await?.here) } else { ("applied", session.database.migrate().await?) };
    output.answer(&json!({ word: versions }), || match versions.as_slice() {
        [] => "Nothing to do: the database is at this version.".to_owned(),
        versions => format!("{word}: {}", versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    });
    Ok(Exit::Done)
}
