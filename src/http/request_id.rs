//! The name of a request: on its answer, in its problem, in its log lines; and the trace it is part of.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Names one request: what the client sent if that is sane, else a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Takes over 1 to 64 characters of `A-Z a-z 0-9 . _ -`; anything else could forge a log line.
    pub fn of(headers: &HeaderMap) -> Self {
        let sane = |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane).map_or_else(|| Self(Uuid::now_v7().to_string()), |id| Self(id.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// The trace a request belongs to (W3C Trace Context, version 00): the caller's, else a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub trace_id: String,
    pub parent_id: Option<String>,
}

impl Trace {
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get(TRACEPARENT)
            .and_then(|value| Self::parse(value.to_str().ok()?))
            .unwrap_or_else(|| Self { trace_id: Uuid::new_v4().simple().to_string(), parent_id: None })
    }

    fn parse(text: &str) -> Option<Self> {
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) && part.bytes().any(|b| b != b'0')
        };
        let mut parts = text.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let sound = version == "00" && hex(trace, 32) && hex(parent, 16) && flags.len() == 2 && parts.next().is_none();
        sound.then(|| Self { trace_id: trace.to_owned(), parent_id: Some(parent.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(name, HeaderValue::from_str(value).unwrap());
        map
    }

    #[test]
    fn a_sane_id_is_taken_over_and_another_is_replaced() {
        assert_eq!(RequestId::of(&headers(REQUEST_ID, "abc-1.2_3")).as_str(), "abc-1.2_3");
        for bad in ["", "a b", "a\tb", &"x".repeat(65), "<script>"] {
            assert_eq!(RequestId::of(&headers(REQUEST_ID, bad)).as_str().len(), 36, "{bad:?}");
        }
    }

    #[test]
    fn a_sound_traceparent_is_taken_over() {
        let of = |text| Trace::of(&headers(TRACEPARENT, text));
        let trace = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!((trace.trace_id.as_str(), trace.parent_id.as_deref()), ("4bf92f3577b34da6a3ce929d0e0e4736", Some("00f067aa0ba902b7")));
        for bad in ["", "00-0-0-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] {
            let trace = of(bad);
            assert_eq!((trace.trace_id.len(), trace.parent_id), (32, None), "{bad:?}");
        }
    }
}
