//! `Idempotency-Key`: a mutation sent twice is done once. The answer is kept in the command's own transaction, by the store.
//!
//! The gate checks that a key is sane and there where it must be; handlers take an [`Order`] (a body with its key) and [`run`] their
//! command with `order.once(caller)`.

use std::time::Instant;

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName},
    },
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Problem,
    extract::{self, LocalFuture},
};
use crate::{
    app::App,
    caller::Caller,
    store::{Claimed, Done, KeptAnswer, Once, StoreError, TenantTx},
};

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a client wants changed: a JSON body, and the key under which it may be sent again.
#[derive(Debug)]
pub struct Order<T> {
    pub body: T,
    key: Option<String>,
    /// Method, path and body as they were sent.
    asked: [Bytes; 3],
}

impl<T> Order<T> {
    /// For the command: whose key, which key, what was asked. None if no key was sent.
    pub fn once(&self, caller: impl Into<String>) -> Option<Once> {
        let [method, path, body] = &self.asked;
        self.key.as_ref().map(|key| Once::new(caller, key.clone(), &[method, path, body]))
    }

    /// The key alone, for a command whose body must not be hashed (it holds a password).
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// Runs a command in a transaction of its own and keeps its answer there under the key, if one was sent. Asked again: the kept answer.
///
/// What failed is not kept: nothing was done, and the next try may succeed.
pub async fn run<A: Serialize, E: Into<Problem>, C: AsyncFnOnce(&mut TenantTx) -> Result<A, E>>(
    app: &App,
    caller: &Caller,
    once: Option<Once>,
    status: StatusCode,
    command: C,
) -> Result<HttpResponse, Problem> {
    timed(name_of::<C>(), run_once(app, caller, once, status, command)).await
}

/// [`run`], but where a key was sent the command may first try to be done at once, in a shorter way that keeps the answer under the key itself. Where
/// that gives none it has done nothing, and the command runs as ever: it finds what stood in the way and says so.
pub async fn run_at_once<A: Serialize, E: Into<Problem>, C: AsyncFnOnce(&mut TenantTx) -> Result<A, E>>(
    app: &App,
    caller: &Caller,
    once: Option<Once>,
    status: StatusCode,
    at_once: impl AsyncFnOnce(&Once) -> Result<Option<Done>, StoreError>,
    command: C,
) -> Result<HttpResponse, Problem> {
    let answer = async {
        if let Some(once) = &once
            && let Some(Done { answer, events }) = at_once(once).await?
        {
            app.relay.publish(events);
            return Ok(json(status, answer.body));
        }
        run_once(app, caller, once, status, command).await
    };
    timed(name_of::<C>(), answer).await
}

async fn timed(command: &'static str, answer: impl Future<Output = Result<HttpResponse, Problem>>) -> Result<HttpResponse, Problem> {
    let begun = Instant::now();
    let answer = answer.await;
    let outcome = match &answer {
        Ok(_) => "done",
        Err(problem) if problem.status < 500 => "refused",
        Err(_) => "failed",
    };
    metrics::histogram!("posada_command_seconds", "command" => command, "outcome" => outcome).record(begun.elapsed().as_secs_f64());
    answer
}

/// `stays::request`: the module and the handler in which the command is given, out of the compiler's name for the closure.
fn name_of<C>() -> &'static str {
    let name = std::any::type_name::<C>().split("::{{closure}}").next().unwrap_or_default();
    name.trim_start_matches("posada::http::")
}

async fn run_once<A: Serialize, E: Into<Problem>>(
    app: &App,
    caller: &Caller,
    once: Option<Once>,
    status: StatusCode,
    command: impl AsyncFnOnce(&mut TenantTx) -> Result<A, E>,
) -> Result<HttpResponse, Problem> {
    let mut tx = app.store.begin(caller).await?;
    if let Some(once) = &once {
        let known = match tx.claim_key(once).await? {
            Claimed::Fresh => None,
            Claimed::Answered(kept) => Some(Ok(json(StatusCode::from_u16(kept.status).unwrap_or(status), kept.body))),
            Claimed::Reused => Some(Err(key_reused())),
            Claimed::InProgress => Some(Err(key_in_progress())),
        };
        if let Some(known) = known {
            tx.free_key().await;
            return known;
        }
    }
    let answer = match command(&mut tx).await {
        Ok(answer) => answer,
        Err(why) => {
            tx.free_key().await;
            return Err(why.into());
        }
    };
    let body = serde_json::to_vec(&answer).map_err(|e| {
        tracing::error!(error = &e as &dyn std::error::Error, "an answer cannot be written as JSON");
        Problem::internal()
    })?;
    if let Some(once) = &once {
        tx.keep_answer(once.clone(), KeptAnswer { status: status.as_u16(), body: body.clone() });
    }
    app.relay.publish(tx.commit().await?);
    Ok(json(status, body))
}

fn json(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(body)
}

impl<T: DeserializeOwned + 'static> FromRequest for Order<T> {
    type Error = Problem;
    type Future = LocalFuture<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let key = check_key(request.headers(), false)?;
            let body = extract::read_body(&request, payload).await?;
            let asked = [copied(request.method().as_str()), copied(request.path()), body];
            let body = if asked[2].is_empty() { nothing()? } else { extract::parse_json(&request, &asked[2])? };
            Ok(Self { body, key, asked })
        })
    }
}

/// No body at all is right where every field may be absent.
fn nothing<T: DeserializeOwned>() -> Result<T, Problem> {
    serde_json::from_str("null")
        .or_else(|_| serde_json::from_str("{}"))
        .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "body-missing", "The body is missing", format!("The request needs a JSON body: {e}.")))
}

fn copied(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// The key of a request, 1 to 200 visible ASCII characters.
pub(super) fn check_key(headers: &HeaderMap, required: bool) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return if required { Err(key_missing()) } else { Ok(None) };
    };
    let sane = (1..=200).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic) && values.next().is_none();
    match value.to_str() {
        Ok(key) if sane => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency-key-invalid",
            "The Idempotency-Key is not valid",
            "An Idempotency-Key is sent once and has 1 to 200 visible ASCII characters, for instance a random UUID.",
        )),
    }
}

fn key_missing() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency-key-missing",
        "An Idempotency-Key is needed",
        "This creates something. Send a header Idempotency-Key with a new random value, and the same value if you have to send the request again.",
    )
}

/// The same key was sent with something else in the request.
pub fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "The Idempotency-Key was used before",
        "This Idempotency-Key was sent with a different request. Use a new one for each thing you want done.",
    )
}

/// The first request with the key has not been answered yet.
pub fn key_in_progress() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "idempotency-in-progress",
        "It is being done",
        "A request with this Idempotency-Key is being worked on. Send it again in a moment to hear its answer.",
    )
    .retry_after(1)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_visible_ascii_sent_once() {
        let headers = |values: &[&[u8]]| {
            let mut map = HeaderMap::new();
            values.iter().for_each(|v| map.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(v).unwrap()));
            map
        };
        assert_eq!(check_key(&headers(&[b"a-1"]), true).unwrap().as_deref(), Some("a-1"));
        assert_eq!(check_key(&headers(&[]), false).unwrap(), None);
        assert_eq!(check_key(&headers(&[]), true).unwrap_err().kind, "/problems/idempotency-key-missing");
        for bad in [&[b"".as_slice()][..], &[b"a b"], &[b"\xc3\xa9"], &[b"a", b"b"], &[&[b'a'; 201]]] {
            assert_eq!(check_key(&headers(bad), false).unwrap_err().kind, "/problems/idempotency-key-invalid", "{bad:?}");
        }
    }
}
