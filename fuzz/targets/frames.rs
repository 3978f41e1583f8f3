//! Frames of the live protocol, as a client says them in either encoding: any bytes are a frame or an error that can be sent, and a frame says
//! itself again. What a client reads is none or a frame.
#![no_main]

use actors::wire::{ClientFrame, ErrorFrame, binary};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        match ClientFrame::parse(text, NOW) {
            Ok(frame) => {
                let again = serde_json::to_string(&frame).expect("a frame is JSON");
                let read = ClientFrame::parse(&again, NOW).expect("what was taken once is taken again");
                assert_eq!(serde_json::to_string(&read).expect("a frame is JSON"), again);
            }
            Err(error) => is_short(error),
        }
    }
    match binary::parse(bytes, NOW) {
        Ok(frame) => assert_eq!(binary::parse(&binary::say(&frame), NOW).expect("what was taken once is taken again"), frame),
        Err(error) => is_short(error),
    }
    let _ = binary::Reader::default().read(bytes);
});

fn is_short(error: Box<ErrorFrame>) {
    assert!(error.json().len() < 4096, "an error repeats no more than a little of what was wrong");
}
