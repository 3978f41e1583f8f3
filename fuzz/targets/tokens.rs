//! Tokens, alone and in the headers of a request: what is taken is one of ours to the letter, and is never shown by accident.
#![no_main]

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use posada::{
    http::admission::{Sent, sent_token},
    secrets::Token,
};

fuzz_target!(|bytes: &[u8]| {
    if let Some(token) = std::str::from_utf8(bytes).ok().and_then(|text| Token::parse(text).ok()) {
        assert_eq!(token.expose().as_bytes(), bytes);
    }
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    for name in [AUTHORIZATION, COOKIE] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.clone());
        if let Ok(Some(sent)) = sent_token(&headers) {
            let (Sent::Bearer(token) | Sent::Cookie(token)) = &sent;
            assert!(bytes.windows(64).any(|part| part == token.expose().as_bytes()));
            assert!(!format!("{sent:?}").contains(token.expose()));
        }
    }
});
