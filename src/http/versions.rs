//! Versions of what is read: `ETag` and `If-None-Match` for reads, `If-Match` for changes.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::Problem;

/// Answers a read with a tag of its bytes, or 304 if the client has them already.
///
/// The tag is weak: a compressed answer has other bytes and the same meaning. `public` lets shared caches keep it.
pub fn tagged(request: &HttpRequest, content_type: &'static str, body: Bytes, cache: &'static str) -> HttpResponse {
    let tag = tag_of(&body);
    let known = has(request, &tag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, cache));
    if known { answer.finish() } else { answer.content_type(content_type).body(body) }
}

/// The same for something to be written as JSON.
pub fn tagged_json(request: &HttpRequest, value: &impl serde::Serialize, cache: &'static str) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(value).map_err(|e| {
        tracing::error!(error = &e as &dyn std::error::Error, "an answer cannot be written as JSON");
        Problem::internal()
    })?;
    Ok(tagged(request, "application/json", body.into(), cache))
}

fn tag_of(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let hex: String = hash.iter().take(12).map(|b| format!("{b:02x}")).collect();
    format!("W/\"{hex}\"")
}

/// Whether `If-None-Match` names this tag (compared weakly, RFC 9110 13.1.2).
pub(super) fn has(request: &HttpRequest, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|known| known.trim() == "*" || bare(known) == bare(tag))
}

/// The version a change was made from: `If-Match: "3"` (or `3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i32);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(request.headers().get(header::IF_MATCH).map(|v| v.to_str().unwrap_or("?"))))
    }
}

fn if_match(value: Option<&str>) -> Result<IfMatch, Problem> {
    let Some(value) = value else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "version-missing",
            "Say which version you changed",
            "Send the version you read in a header, If-Match: \"3\", so that nobody's change is lost.",
        ));
    };
    let bare = value.trim().trim_start_matches("W/").trim_matches('"');
    bare.parse().ok().filter(|version| *version > 0).map(IfMatch).ok_or_else(|| {
        let detail = format!("If-Match is {:?}; it must be a version as you read it, for instance \"3\".", value.chars().take(40).collect::<String>());
        Problem::new(StatusCode::BAD_REQUEST, "version-invalid", "If-Match is not a version", detail)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_known_tag_is_answered_with_304() {
        let first = tagged(&TestRequest::default().to_http_request(), "application/json", Bytes::from_static(b"{}"), "no-cache");
        let tag = first.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned();
        for sent in [tag.clone(), tag.trim_start_matches("W/").to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, sent.clone())).to_http_request();
            assert_eq!(tagged(&request, "application/json", Bytes::from_static(b"{}"), "no-cache").status(), 304, "{sent}");
            assert_eq!(tagged(&request, "application/json", Bytes::from_static(b"[]"), "no-cache").status() == 304, sent == "*");
        }
    }

    #[test]
    fn if_match_is_a_version() {
        assert_eq!(if_match(Some("\"3\"")).unwrap(), IfMatch(3));
        assert_eq!(if_match(Some("12")).unwrap(), IfMatch(12));
        assert_eq!(if_match(None).unwrap_err().status, 428);
        for bad in ["", "0", "-1", "x", "\"3", "99999999999"] {
            assert_eq!(if_match(Some(bad)).map_err(|p| p.status), if bad == "\"3" { Ok(IfMatch(3)) } else { Err(400) }, "{bad:?}");
        }
    }
}
