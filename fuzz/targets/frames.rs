//! Frames of the live protocol, as a client says them: any text is a frame or an error that can be sent, and a frame says itself again.
#![no_main]

use actors::wire::ClientFrame;
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|text: &str| {
    match ClientFrame::parse(text, OffsetDateTime::UNIX_EPOCH) {
        Ok(frame) => {
            let again = serde_json::to_string(&frame).expect("a frame is JSON");
            let read = ClientFrame::parse(&again, OffsetDateTime::UNIX_EPOCH).expect("what was taken once is taken again");
            assert_eq!(serde_json::to_string(&read).expect("a frame is JSON"), again);
        }
        Err(error) => assert!(error.json().len() < 4096, "an error repeats no more than a little of what was wrong"),
    }
});
