//! Reading what a client sends, once, into types whose values are valid: JSON bodies and queries.
//!
//! Whatever is wrong is told by field, with the value that was sent and what would be right.

use std::{future::Future, ops::Deref, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::StatusCode, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::{Edge, Problem, problem::FieldError};

/// A JSON body is at most so long, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// Longest part of a sent value that a problem repeats, in characters.
const VALUE_SHOWN: usize = 80;

/// Unknown names of a query that a problem lists at most.
const FAULTS_SHOWN: usize = 8;

pub(super) type LocalFuture<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalFuture<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read_body(&request, payload).await?;
            parse_json(&request, &body).map(Self)
        })
    }
}

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse_query(request.query_string()).map(Self))
    }
}

/// Reads a whole body, at most [`BODY_LIMIT`] bytes.
pub(super) async fn read_body(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(too_large());
    }
    let within = request.app_data::<web::Data<Edge>>().map_or(Duration::from_secs(20), |edge| edge.settings.body_within);
    let mut payload = payload;
    let reading = async {
        let mut body = BytesMut::with_capacity(declared.unwrap_or(0) as usize);
        while let Some(part) = payload.next().await {
            let part = part.map_err(|e| {
                Problem::new(StatusCode::BAD_REQUEST, "body-broken", "The body broke off", format!("The body could not be read to its end: {e}."))
            })?;
            if body.len() + part.len() > BODY_LIMIT {
                return Err(too_large());
            }
            body.extend_from_slice(&part);
        }
        Ok(body.freeze())
    };
    let read = tokio::time::timeout(within, reading).await.unwrap_or_else(|_| {
        Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            "The body came too slowly",
            format!("The whole body must arrive within {} seconds.", within.as_secs()),
        ))
    });
    if read.is_err() {
        request.extensions_mut().insert(Unread(payload));
    }
    read
}

/// A body that was not read to its end. While it lives until the answer is out, the connection is closed after the answer; dropped before,
/// the framework would go on reading a chunked one for as long as somebody sends.
pub(super) struct Unread(pub(super) Payload);

pub(super) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", format!("A body is at most {BODY_LIMIT} bytes long."))
}

/// Reads a body that says it is JSON.
pub(super) fn parse_json<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    // Anything else could be sent by a form of another site without asking first.
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = format!("The body's Content-Type is {:?}; it must be application/json.", kind.chars().take(VALUE_SHOWN).collect::<String>());
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body is not JSON", detail));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let (path, cause) = (e.path().to_string(), e.inner());
        match cause.classify() {
            serde_json::error::Category::Data => invalid(&path, &cause.to_string(), value_at(body, e.path())),
            _ => broken_json(cause),
        }
    })?;
    reader.end().map_err(|e| broken_json(&e))?;
    Ok(value)
}

fn broken_json(error: &serde_json::Error) -> Problem {
    let detail = format!("The body is not well-formed JSON: {error}.");
    Problem::new(StatusCode::BAD_REQUEST, "malformed-json", "The body is not well-formed JSON", detail)
}

/// Refuses names that an address does not know: a mistyped filter must not look like one that everything matches. Run by the gate, because
/// a handler may read its query in several parts, of which none knows the others' names. An address that takes no query takes any.
pub(super) fn check_names(query: &str, known: &[String]) -> Result<(), Problem> {
    if known.is_empty() || query.is_empty() {
        return Ok(());
    }
    let mut faults: Vec<FieldError> = Vec::new();
    for (name, _) in form_pairs(query.as_bytes()) {
        let field = shown(&name);
        if faults.len() < FAULTS_SHOWN && known.iter().all(|one| *one != name) && faults.iter().all(|fault| fault.field != field) {
            let expected = Some(known.join(", "));
            faults.push(FieldError { field, message: "is no parameter of this address".to_owned(), expected });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Reads a query; empty parameters count as absent.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|e| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed-query", "The query is malformed", format!("The query of the address cannot be read: {e}."))
    })?;
    let mut given: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    given.sort_unstable();
    if let Some(twice) = given.windows(2).find(|w| w[0] == w[1]) {
        return Err(Problem::invalid_field(shown(twice[0]).as_str(), "is given more than once", Some("each parameter once")));
    }
    let kept: Vec<&(String, String)> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    // Encoded anew: what is left is well-formed, and serde's own reader of queries knows numbers from text.
    let encoded = serde_urlencoded::to_string(&kept).unwrap_or_default();
    let reader = serde_urlencoded::Deserializer::new(form_pairs(encoded.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|e| {
        let field = e.path().to_string();
        let sent = kept.iter().find(|(name, _)| *name == field).map(|(_, value)| format!("{:?}", shown(value)));
        invalid(&field, &e.inner().to_string(), sent)
    })
}

fn form_pairs(query: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query)
}

/// A problem with one field, from what serde says of it.
fn invalid(path: &str, said: &str, sent: Option<String>) -> Problem {
    let said = said.split(" at line ").next().unwrap_or(said);
    let (said, expected) = match said.rsplit_once(", expected ") {
        Some((said, expected)) => (said, Some(expected.to_owned())),
        None => (said, None),
    };
    // "missing field `x`" and "unknown field `x`" stand at the parent.
    let named = said.strip_prefix("missing field `").or_else(|| said.strip_prefix("unknown field `")).and_then(|rest| rest.split('`').next());
    let field = match (path, named) {
        ("." | "", None) => "body".to_owned(),
        ("." | "", Some(name)) => name.to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    };
    let message = match (named, sent) {
        (Some(_), _) if said.starts_with("missing") => "is missing".to_owned(),
        (Some(_), _) => "is not a field of this".to_owned(),
        (None, Some(sent)) if !said.contains(&sent) => format!("{sent} is not right: {said}"),
        (None, _) => said.to_owned(),
    };
    Problem::invalid(vec![FieldError { field, message, expected }])
}

/// The value that was sent at a path of a JSON body, as JSON, shortened.
fn value_at(body: &[u8], path: &serde_path_to_error::Path) -> Option<String> {
    use serde_path_to_error::Segment;
    let root: serde_json::Value = serde_json::from_slice(body).ok()?;
    let mut at = &root;
    for segment in path {
        at = match segment {
            Segment::Seq { index } => at.get(index)?,
            Segment::Map { key } => at.get(key)?,
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    match at {
        serde_json::Value::Object(_) | serde_json::Value::Array(_) => None,
        plain => Some(shown(&plain.to_string())),
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(VALUE_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Draft {
        title: String,
        guests: u8,
        position: Option<domain::Position>,
    }

    fn json(body: &str) -> Problem {
        let request = TestRequest::default().insert_header(("content-type", "application/json; charset=utf-8")).to_http_request();
        parse_json::<Draft>(&request, body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_field_is_named_with_its_value_and_what_is_right() {
        let problem = json(r#"{"title":"x","guests":300}"#);
        assert_eq!((problem.status, problem.errors[0].field.as_str()), (422, "guests"));
        assert!(problem.errors[0].message.contains("300"), "{problem:?}");
        assert_eq!(problem.errors[0].expected.as_deref(), Some("u8"));
        assert_eq!(json(r#"{"title":"x"}"#).errors[0].field, "guests");
        assert_eq!(json(r#"{"title":"x","guests":2,"price_maks":1}"#).errors[0].field, "price_maks");
        assert_eq!(json(r#"{"title":"x","guests":2,"position":{"lat":0,"lng":0}}"#).errors[0].field, "position");
        assert_eq!(json(r#"{"title":"x","guests":2,"position":{"lat":"41","lng":2}}"#).errors[0].field, "position.lat");
        assert_eq!((json("{").status, json("{").kind.as_ref()), (400, "/problems/malformed-json"));
        assert_eq!(json(r#"{"title":"x","guests":2} trailing"#).status, 400);
    }

    #[test]
    fn a_body_that_is_not_json_is_refused_unread() {
        let request = TestRequest::default().insert_header(("content-type", "text/plain")).to_http_request();
        assert_eq!(parse_json::<Draft>(&request, b"{}").unwrap_err().status, 415);
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Look {
        zoom: u8,
        q: Option<String>,
    }

    #[test]
    fn a_query_is_read_field_by_field() {
        assert_eq!(parse_query::<Look>("zoom=3&q=").unwrap(), Look { zoom: 3, q: None });
        assert_eq!(parse_query::<Look>("zoom=3&q=a%26b+%C3%A9").unwrap(), Look { zoom: 3, q: Some("a&b é".into()) });
        let problem = parse_query::<Look>("zoom=far").unwrap_err();
        assert_eq!((problem.status, problem.errors[0].field.as_str()), (422, "zoom"));
        assert!(problem.errors[0].message.contains("far"), "{problem:?}");
        assert_eq!(parse_query::<Look>("q=x").unwrap_err().errors[0].field, "zoom");
        assert_eq!(parse_query::<Look>("zoom=1&zoom=2").unwrap_err().errors[0].field, "zoom");
    }

    #[test]
    fn names_that_an_address_does_not_know_are_told_with_those_that_it_does() {
        let known = ["kinds".to_owned(), "limit".to_owned()];
        assert!(check_names("", &known).is_ok() && check_names("limit=3&&kinds=&", &known).is_ok());
        assert!(check_names("anything=1", &[]).is_ok());
        let problem = check_names("kind=loft&limit=3&%6Bind=house&Limit=4", &known).unwrap_err();
        let fields: Vec<&str> = problem.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!((problem.status, fields), (422, vec!["kind", "Limit"]));
        assert_eq!(problem.errors[0].expected.as_deref(), Some("kinds, limit"));
        let many: String = (0..5_000).map(|n| format!("x{n}&")).collect();
        assert_eq!(check_names(&many, &known).unwrap_err().errors.len(), FAULTS_SHOWN);
    }
}
