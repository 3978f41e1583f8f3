//! The HTTP edge from outside.

mod answers;
mod apart;
mod bodies;
mod edges;
mod hostile;
mod map;
mod pages;
mod people;
mod places;
mod plain;
mod queries;
mod tenancy;

use posada::http::route::Row;

/// The rows of the route table, without those that answer with a stream that does not end.
fn rows() -> Vec<Row> {
    posada::http::routes().into_iter().filter(|row| !row.path.starts_with("/live")).collect()
}

/// A row's path, each `{parameter}` filled with `id`.
fn filled(path: &str, id: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(id);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// Those rows as `(method, path)`.
fn addresses(id: &str) -> Vec<(String, String)> {
    rows().iter().map(|row| (row.method.to_string(), filled(row.path, id))).collect()
}
