//! Every type of problem there is: what a client may match on. Published in the API's document and in `docs/api.md`.
//!
//! A test reads the sources and fails for a type that is not here.

/// A type of problem: `/problems/{slug}`, the statuses it comes with, and when.
pub struct ProblemType {
    pub slug: &'static str,
    pub status: &'static str,
    pub when: &'static str,
}

const fn p(slug: &'static str, status: &'static str, when: &'static str) -> ProblemType {
    ProblemType { slug, status, when }
}

/// By slug.
pub const PROBLEMS: &[ProblemType] = &[
    p("already-answered", "409", "The stay was approved, declined, withdrawn or expired before."),
    p("bad-request", "400", "The request is no sound HTTP."),
    p("body-broken", "400", "The body ended before its time."),
    p("body-missing", "400", "The request needs a JSON body."),
    p("body-too-large", "413", "A body is at most 64 KiB."),
    p("body-too-slow", "408", "The whole body must arrive within `http.body_seconds`: 20, unless set otherwise."),
    p("busy", "503", "Too much at this moment: try again after `Retry-After`."),
    p("credentials-wrong", "401", "E-mail and password do not belong to a member here."),
    p("csrf-token-wrong", "403", "A change by a browser without the session's `X-CSRF-Token`."),
    p("database-full", "507", "The database has no room left: nothing was changed, reading goes on. Try again later."),
    p("database-unreachable", "503", "It is not known whether anything changed: send the same request with the same `Idempotency-Key` again."),
    p("expired", "409", "The time to answer the stay is over."),
    p("foreign-origin", "403", "A change that another site's page caused."),
    p("home-not-editable", "409", "A retired or suspended home cannot be changed."),
    p("home-status", "409", "The home cannot go there from where it stands."),
    p("idempotency-in-progress", "409", "The first request with this `Idempotency-Key` has no answer yet."),
    p("idempotency-key-invalid", "400", "A key has 1 to 200 visible ASCII characters and is sent once."),
    p("idempotency-key-missing", "400", "What creates something needs an `Idempotency-Key`."),
    p("idempotency-key-reused", "422", "The key was sent with another request before."),
    p("internal", "500", "Our fault; it is in the log under the request's id."),
    p("invalid", "422", "The input is not valid: `errors` says what, field by field."),
    p("malformed-json", "400", "The body is not well-formed JSON."),
    p("malformed-query", "400", "The query of the address cannot be read."),
    p("method-not-allowed", "405", "`Allow` says which methods the address answers."),
    p("nights-taken", "409", "Some of the nights are taken in that room."),
    p("no-live-map", "501", "The server is the baseline of a measurement and has no live map: ask with `GET /api/v1/map`."),
    p("not-acceptable", "406", "`Accept-Encoding` leaves nothing that could be sent."),
    p("not-found", "404", "There is no such thing here, or it is not for the caller."),
    p("not-json", "415", "A body is `application/json`."),
    p("other-side", "403", "Of host and guest, the other one may do that."),
    p("over-limit", "503", "Too many live connections, or no place for one more: try again after `Retry-After`."),
    p("own-home", "409", "A host cannot ask for a stay in a home of their own."),
    p("refused", "4xx", "The request was refused by the HTTP server itself."),
    p("room-in-use", "409", "The room has stays and cannot be taken away."),
    p("sign-in-needed", "401", "For members; nobody is signed in."),
    p("sign-up-closed", "403", "The community adds its members itself."),
    p("sign-up-refused", "409", "No account could be made of this e-mail and password."),
    p("stale", "409, 412", "Somebody changed it since it was read."),
    p("tenant-conflict", "400", "The request names two communities."),
    p("tenant-not-named", "400", "The request names no community, and the installation has no default."),
    p("tenant-unknown", "404", "There is no such community, or the caller is not a member of it."),
    p("terms-changed", "409", "The terms of the stay are not those that were read."),
    p("token-invalid", "401", "The bearer token is unknown, ended or malformed."),
    p(
        "too-slow",
        "503",
        "No answer within `http.answer_seconds`. It is not known whether anything changed: send the same request with the same `Idempotency-Key` again.",
    ),
    p("version-invalid", "400", "`If-Match` is not a version."),
    p("version-missing", "428", "Send the version that was read as `If-Match`."),
];

/// The table as `docs/api.md` has it.
pub fn markdown() -> String {
    let rows: String = PROBLEMS.iter().map(|p| format!("| `/problems/{}` | {} | {} |\n", p.slug, p.status, p.when)).collect();
    format!("| type | status | when |\n| --- | --- | --- |\n{rows}")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// The text in quotes after a status or in a call of `conflict`: how every problem is made.
    fn slugs(source: &str, found: &mut Vec<String>) {
        for opening in ["StatusCode::", "conflict("] {
            for part in source.split(opening).skip(1) {
                let part = part.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
                let part = if opening == "conflict(" { part } else { part.strip_prefix(',').unwrap_or("") };
                let Some(rest) = part.trim_start().strip_prefix('"') else { continue };
                let slug = rest.split('"').next().unwrap_or_default();
                if !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                    found.push(slug.to_owned());
                }
            }
        }
    }

    fn read(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                slugs(&fs::read_to_string(path).unwrap(), found);
            }
        }
    }

    #[test]
    fn every_problem_in_the_sources_is_in_the_catalogue() {
        let mut found = Vec::new();
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 30, "the sources were read: {found:?}");
        let unknown: Vec<&String> = found.iter().filter(|slug| PROBLEMS.iter().all(|p| p.slug != slug.as_str())).collect();
        assert!(unknown.is_empty(), "add to src/http/catalogue.rs: {unknown:?}");
        assert!(PROBLEMS.windows(2).all(|w| w[0].slug < w[1].slug), "by slug, each once");
    }

    /// `UPDATE=1` writes the table into docs/api.md, together with the OpenAPI document.
    #[test]
    fn the_table_beside_the_openapi_document_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
        let text = fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once("<!-- problems -->\n").unwrap();
        let (table, tail) = rest.split_once("<!-- /problems -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, format!("{head}<!-- problems -->\n{}<!-- /problems -->{tail}", markdown())).unwrap();
        } else {
            assert!(table == markdown(), "docs/api.md is not current: UPDATE=1 cargo test -p posada --lib openapi_document");
        }
    }
}
