//! Filters over homes, in an address and in a frame: what is taken is in its one normal form, and says itself again.
#![no_main]

use domain::HomeFilter;
use libfuzzer_sys::fuzz_target;
use posada::http::{extract::parse_query, home_filter::FilterQuery};
use time::OffsetDateTime;

fuzz_target!(|text: &str| {
    let now = OffsetDateTime::UNIX_EPOCH;
    if let Ok(filter) = parse_query::<FilterQuery>(text).and_then(|query| query.parse(now)) {
        assert_eq!(filter.clone().normalised(), filter);
        assert!(filter.faults(now).is_empty());
        let json = serde_json::to_string(&filter).expect("a filter is JSON");
        assert_eq!(serde_json::from_str::<HomeFilter>(&json).expect("and is read back"), filter);
    }
    if let Ok(filter) = serde_json::from_str::<HomeFilter>(text) {
        let _ = filter.faults(now);
        let once = filter.normalised();
        assert_eq!(once.clone().normalised(), once);
    }
});
