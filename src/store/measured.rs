//! A connection that measures what is asked of it: every query of the store, by its statement's verb and table.
//!
//! Wrapped around the connection of a [`TenantTx`](super::TenantTx) and of [`Store::connection`](super::Store), so that no query has to
//! name itself. The name is taken from the text of the statement, which is a constant of the program, never from its arguments: few names,
//! no tenant, no person. Changes nothing about a query.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{LazyLock, PoisonError, RwLock},
    time::Instant,
};

use futures_util::{StreamExt as _, future::BoxFuture, stream::BoxStream};
use metrics::Histogram;
use sqlx::{
    Database, Either, Execute, Executor, PgConnection, Postgres, SqlStr,
    error::BoxDynError,
    postgres::{PgArguments, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

/// From handing over a statement to its last row, by `query`.
const QUERY: &str = "posada_db_query_seconds";
/// Names at most; the rest is `other`. The program has some eighty statements; see the test.
const NAMES_MOST: usize = 200;
/// Statements whose name is remembered, at most; the name of any other is read from its text each time.
const STATEMENTS_MOST: usize = 1_000;

/// A connection, or what holds one.
#[derive(Debug)]
pub struct Measured<C>(pub(super) C);

/// Runs from its making to its end, whichever way it ends.
pub(super) struct Timing {
    begun: Instant,
    seconds: Histogram,
}

impl Timing {
    pub(super) fn of(name: &str) -> Self {
        Self { begun: Instant::now(), seconds: series(name) }
    }

    fn of_statement(sql: &str) -> Self {
        Self { begun: Instant::now(), seconds: series_of(sql) }
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        self.seconds.record(self.begun.elapsed().as_secs_f64());
    }
}

impl<C: Deref<Target = PgConnection>> Deref for Measured<C> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl<C: DerefMut<Target = PgConnection>> DerefMut for Measured<C> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl<'c, C: DerefMut<Target = PgConnection> + std::fmt::Debug + Send> Executor<'c> for &'c mut Measured<C> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (query, timing) = Asked::of(query);
        let rows = (*self.0).fetch_many(query);
        // The closure owns the timing: it ends with the stream.
        Box::pin(rows.inspect(move |_| {
            let _ = &timing;
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (query, timing) = Asked::of(query);
        Box::pin(async move {
            let row = (*self.0).fetch_optional(query).await;
            drop(timing);
            row
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        (*self.0).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        (*self.0).describe(sql)
    }
}

/// A query, taken apart to read its text.
struct Asked {
    sql: SqlStr,
    arguments: Result<Option<PgArguments>, BoxDynError>,
    persistent: bool,
}

impl Asked {
    fn of<'q>(mut query: impl Execute<'q, Postgres>) -> (Self, Timing) {
        let (arguments, persistent) = (query.take_arguments(), query.persistent());
        let sql = query.sql();
        let timing = Timing::of_statement(sql.as_str());
        (Self { sql, arguments, persistent }, timing)
    }
}

impl Execute<'_, Postgres> for Asked {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&<Postgres as Database>::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        std::mem::replace(&mut self.arguments, Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

/// The histogram of a statement, its name read once. A text is known again by where it lies, which costs less than reading all of it; it is
/// compared all the same, because what lay there may have been freed.
fn series_of(sql: &str) -> Histogram {
    type Known = HashMap<(usize, usize), (Box<str>, Histogram)>;
    static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
    let place = (sql.as_ptr().addr(), sql.len());
    if let Some((text, known)) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&place)
        && **text == *sql
    {
        return known.clone();
    }
    let seconds = series(&name_of(sql));
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() < STATEMENTS_MOST || known.contains_key(&place) {
        known.insert(place, (sql.into(), seconds.clone()));
    }
    seconds
}

/// `update stays`, `select homes`, `select set_config`: the verb, and the first table or function after it. Of a `with`, what it writes first.
fn name_of(sql: &str) -> String {
    let mut words = sql.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let is = |word: &str, one_of: &[&str]| one_of.iter().any(|known| word.eq_ignore_ascii_case(known));
    let mut verb = words.next().unwrap_or_default().to_ascii_lowercase();
    if verb == "with" {
        let mut parts = words.clone();
        if let Some(writes) = parts.find(|word| is(word, &["insert", "update", "delete"])) {
            (verb, words) = (writes.to_ascii_lowercase(), parts);
        }
    }
    // What is read may be another `select`, or arrays, or come after the naming of a tenant: then the first table after it.
    let after = |keywords: &[&str]| {
        let mut pairs = words.clone().zip(words.clone().skip(1));
        pairs.find(|(word, next)| is(word, keywords) && !is(next, &["select", "unnest", "lateral", "posada_name_tenant"])).map(|(_, next)| next)
    };
    let first = words.clone().next().unwrap_or_default();
    let object = match verb.as_str() {
        "insert" => after(&["into"]),
        "update" => Some(first),
        // A function called alone has no `from`.
        _ => after(&["from", "join"]),
    };
    let object = object.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or(first);
    let object: String = object.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("{verb} {object}")
}

/// The histogram of a name, made once.
fn series(name: &str) -> Histogram {
    static KNOWN: LazyLock<RwLock<HashMap<String, Histogram>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return known.clone();
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let name = if known.len() < NAMES_MOST { name } else { "other" };
    known.entry(name.to_owned()).or_insert_with(|| metrics::histogram!(QUERY, "query" => name.to_owned())).clone()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn a_statement_is_named_by_its_verb_and_its_table() {
        for (sql, name) in [
            ("select seq, at from events where tenant_id = $1", "select events"),
            ("insert into stream_heads as h (tenant_id) values ($1)", "insert stream_heads"),
            ("insert into stays(tenant_id) values ($1)", "insert stays"),
            ("update stays s set state = t.state from unnest($2::uuid[]) as t", "update stays"),
            ("delete from sessions where id = $1", "delete sessions"),
            ("select set_config('posada.tenant', $1, true) as tenant", "select set_config"),
            ("select forget_dead_sessions($1, $2)", "select forget_dead_sessions"),
            ("select id\n   from tenant_by_slug($1)", "select tenant_by_slug"),
            ("select n from (select count(*) as n from homes) as t", "select homes"),
            ("select t.n from unnest($1::text[]) as t (n) join homes h on h.title = t.n", "select homes"),
            ("select exists (select from stay_nights where room_id = $1)", "select stay_nights"),
            ("with saved as (update homes set price = $2 where id = $1 returning version) select version from saved", "update homes"),
            ("with l as (select lock($1) as free), put as (insert into keys (key) select $2 from l) select free from l", "insert keys"),
            ("with some as (select id from stays) select count(*) from some", "with stays"),
            ("select room.title from posada_name_tenant($1) as here (tenant) cross join lateral (select title from homes) room", "select homes"),
            ("select seq from keep_request(tenant_id => $1)", "select keep_request"),
        ] {
            assert_eq!(name_of(sql), name);
        }
    }

    #[test]
    fn a_text_where_another_one_lay_has_its_own_name() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let mut text = "select id from lay_here_first".to_owned();
            let place = text.as_ptr();
            series_of(&text).record(0.1);
            series_of(&text).record(0.1);
            text.replace_range(.., "select id from lies_here_next");
            assert_eq!(text.as_ptr(), place);
            series_of(&text).record(0.1);
        });
        let shown = recorder.handle().render();
        for count in [r#"_count{query="select lay_here_first"} 2"#, r#"_count{query="select lies_here_next"} 1"#] {
            assert!(shown.contains(count), "{shown}");
        }
    }

    /// All statements of the store, as they are kept for building without a database.
    #[test]
    fn the_names_of_all_statements_are_few() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
        let text = |entry: std::io::Result<fs::DirEntry>| fs::read_to_string(entry.unwrap().path()).unwrap();
        let sql = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap()["query"].as_str().unwrap().to_owned();
        let names: BTreeSet<String> = fs::read_dir(dir).unwrap().map(|entry| name_of(&sql(text(entry)))).collect();
        assert!(names.len() > 30 && names.len() < NAMES_MOST, "{names:?}");
        let strange =
            names.iter().filter(|name| ["", "select", "unnest", "lateral", "where"].contains(&name.split(' ').nth(1).unwrap_or_default())).collect::<Vec<_>>();
        assert!(strange.is_empty(), "{strange:?}");
    }
}
