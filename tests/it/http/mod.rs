//! The HTTP edge from outside.

mod answers;
mod apart;
mod bodies;
mod hostile;
mod map;
mod pages;
mod people;
mod places;
mod tenancy;

/// The routes of the table as `(method, path)`, each `{parameter}` filled with `id`. Streams that do not end are not among them.
fn addresses(id: &str) -> Vec<(String, String)> {
    let filled = |path: &str| {
        let mut out = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            out.push_str(id);
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        out + rest
    };
    let routes = posada::http::routes();
    routes.iter().filter(|row| !row.path.starts_with("/live")).map(|row| (row.method.to_string(), filled(row.path))).collect()
}
