//! The headers of every answer, so that a browser does no more with it than is meant.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const PERMISSIONS: &str = "geolocation=(self), fullscreen=(self), camera=(), microphone=(), payment=(), usb=(), display-capture=(), browsing-topics=()";

/// The same on every answer. `frame-ancestors` in the policy is repeated for old browsers by `X-Frame-Options`.
const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What every answer must carry; component validation and the tests hold the edge to it.
pub const REQUIRED: [&str; 8] = [
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "x-request-id",
];

/// As they stand on an answer that has nothing of its own: for component validation.
pub fn on_every_answer() -> HeaderMap {
    let mut headers = HeaderMap::new();
    secure(&mut headers, None, false);
    headers
}

/// Sets what is the same on every answer, and the content policy with the host of a tenant's own map tiles let in.
pub(super) fn secure(headers: &mut HeaderMap, tile_url: Option<&str>, https: bool) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&content_policy(tile_url.and_then(tile_source).as_deref())) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // What a handler says nothing of is nobody's to keep.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Nothing but our own scripts, styles and fonts; images also from the tenant's tile host.
fn content_policy(tiles: Option<&str>) -> String {
    let tiles = tiles.map(|host| format!(" {host}")).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{tiles}; connect-src 'self'; font-src 'self'; \
         object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The source expression for a tile address like `https://{s}.tiles.example:8443/{z}/{x}/{y}.png`: `https://*.tiles.example:8443`.
///
/// None unless it is http(s) with a plain host: nothing else can get into the policy.
fn tile_source(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.strip_prefix("{s}.").map_or_else(|| host.to_owned(), |parent| format!("*.{parent}"));
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:*".contains(&b));
    (matches!(scheme, "https" | "http") && plain && host.bytes().filter(|b| *b == b'*').count() <= 1).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_tile_host_gets_into_the_policy() {
        assert_eq!(tile_source("https://tiles.example/{z}/{x}/{y}.png").as_deref(), Some("https://tiles.example"));
        assert_eq!(tile_source("https://{s}.tile.example:8443/{z}").as_deref(), Some("https://*.tile.example:8443"));
        for bad in ["javascript:alert(1)", "https://a; script-src *", "https://a 'unsafe-inline'/", "data://x", "//x/y", "https:///x", "https://**"] {
            assert_eq!(tile_source(bad), None, "{bad}");
        }
        assert!(!content_policy(None).contains("unsafe"));
    }
}
