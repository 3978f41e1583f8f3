//! Cursors of lists, in the address of a page: what is taken is exactly what we would have written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use posada::http::{Cursor, Paging, extract::parse_query};

fuzz_target!(|text: &str| {
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
    }
    if let Ok(paging) = parse_query::<Paging>(text) {
        assert!((1..=100).contains(&paging.limit));
    }
});
