//! Frames of every wrong kind: each ends in the code or the problem that the protocol names for it, and costs nobody else anything.

use std::borrow::Cow;

use super::raw::{Heard, Raw, frame, text};
use crate::harness::{TestApp, Watcher, eventually};

/// What a client that sends something must see.
#[derive(Debug, PartialEq)]
enum Sees {
    /// Nothing wrong: the ping after it is answered.
    Pong,
    /// A problem, and the connection goes on.
    Problem(Cow<'static, str>),
    /// The end, with this code.
    Close(u16),
}
use Sees::{Close, Pong};

fn problem(kind: &'static str) -> Sees {
    Sees::Problem(Cow::Borrowed(kind))
}

const PROTOCOL: u16 = 1002;
const NOT_TEXT: u16 = 1007;
const BINARY: u16 = 4504;
const TOO_BIG: u16 = 4505;
const PING: &[u8] = br#"{"t":"ping"}"#;

fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

/// Frames that are wrong as WebSocket, whatever is in them.
fn wrong_frames() -> Vec<(String, Vec<u8>, Sees)> {
    let mut cases: Vec<(String, Vec<u8>, Sees)> = Vec::new();
    for code in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF_u8] {
        cases.push((format!("the reserved code {code:#x}"), frame(0x80 | code, b"x"), Close(PROTOCOL)));
    }
    for bit in [0x40, 0x20, 0x10_u8] {
        cases.push((format!("the reserved bit {bit:#x}"), frame(0x81 | bit, PING), Close(PROTOCOL)));
    }
    for code in [0x88, 0x89, 0x8A_u8] {
        cases.push((format!("a control frame {code:#x} of 126 bytes"), frame(code, &[b'x'; 126]), Close(PROTOCOL)));
        cases.push((format!("half a control frame {:#x}", code & 0x0f), frame(code & 0x0f, b"x"), Close(PROTOCOL)));
    }
    let header = |bytes: &[u8]| bytes.to_vec();
    cases.extend([
        ("not masked".into(), header(&[0x81, 0x02, b'h', b'i']), Close(PROTOCOL)),
        ("a continuation of nothing".into(), frame(0x80, b"x"), Close(PROTOCOL)),
        ("a message inside a message".into(), joined(&[frame(0x01, b"a"), frame(0x81, b"b")]), Close(PROTOCOL)),
        ("a binary message".into(), frame(0x82, b"x"), Close(BINARY)),
        ("a binary message in pieces".into(), joined(&[frame(0x02, b"x"), frame(0x80, b"y")]), Close(BINARY)),
        ("a message of a byte too many".into(), text(&[b'x'; 16 * 1024 + 1]), Close(TOO_BIG)),
        ("a message of a megabyte".into(), text(&vec![b'1'; 1 << 20]), Close(TOO_BIG)),
        ("a message that says it has 2^63 bytes".into(), header(&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Close(TOO_BIG)),
        ("a message that says it has 2^64-1 bytes".into(), header(&[0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255]), Close(TOO_BIG)),
        ("too much in small pieces".into(), joined(&[frame(0x01, &[b'x'; 9_000]), frame(0x80, &[b'x'; 9_000])]), Close(TOO_BIG)),
        ("bytes that are no UTF-8".into(), text(&[0xff, 0xfe]), Close(NOT_TEXT)),
        ("an overlong slash".into(), text(&[0xc0, 0xaf]), Close(NOT_TEXT)),
        ("a lone surrogate in bytes".into(), text(&[0xed, 0xa0, 0x80]), Close(NOT_TEXT)),
        ("half a character".into(), text(&[0xe2, 0x82]), Close(NOT_TEXT)),
    ]);
    cases
}

/// Messages that are whole and wrong.
fn wrong_messages() -> Vec<(&'static str, Vec<u8>, Sees)> {
    let deep = |open: &str, n: usize| text(open.repeat(n).as_bytes());
    let nested = format!(r#"{{"t":"signal","kind":"typing","body":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let number = format!(r#"{{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":{}}}"#, "1".repeat(15_000));
    let many = format!(r#"{{"t":"view","id":"map","bbox":[{}41],"zoom":12}}"#, "41,".repeat(4_000));
    let said = |text: &str| self::text(text.as_bytes());
    vec![
        ("nothing", said(""), problem("bad-frame")),
        ("brackets as deep as a frame is long", deep("[", 16_000), problem("bad-frame")),
        ("objects as deep as a frame is long", deep(r#"{"a":"#, 3_000), problem("bad-frame")),
        ("a right frame with a deep body", said(&nested), problem("bad-frame")),
        ("a number of fifteen thousand digits", said(&number), problem("bad-frame")),
        ("a box of four thousand corners", said(&many), problem("bad-frame")),
        ("infinity", said(r#"{"t":"view","id":"map","bbox":[41,2,42,1e999],"zoom":12}"#), problem("bad-frame")),
        ("not a number", said(r#"{"t":"view","id":"map","bbox":[41,2,42,NaN],"zoom":12}"#), problem("bad-frame")),
        ("text for a number", said(r#"{"t":"view","id":"map","bbox":[41,2,42,3],"zoom":"12"}"#), problem("bad-frame")),
        ("a number for text", said(r#"{"t":"view","id":5,"bbox":[41,2,42,3],"zoom":12}"#), problem("bad-frame")),
        ("a number for a name", said(r#"{"t":1}"#), problem("bad-frame")),
        ("null for everything", said(r#"{"t":"subscribe","stream":null}"#), problem("bad-frame")),
        ("a negative place", said(r#"{"t":"ack","stream":"member:self","seq":-1}"#), problem("bad-frame")),
        ("a place beyond all", said(r#"{"t":"ack","stream":"member:self","seq":18446744073709551616}"#), problem("bad-frame")),
        ("an escaped lone surrogate", said(r#"{"t":"unview","id":"\ud800"}"#), problem("bad-frame")),
        ("a name with a zero", said(r#"{"t":"unview","id":"a\u0000"}"#), problem("bad-frame")),
        ("the same field twice", said(r#"{"t":"unview","id":"a","id":"b"}"#), problem("bad-frame")),
        ("something behind the end", said(r#"{"t":"ping"}{"t":"ping"}"#), problem("bad-frame")),
        ("a field too many", said(r#"{"t":"ping","colour":"red"}"#), problem("bad-frame")),
        ("a frame that only servers say", said(r#"{"t":"welcome"}"#), problem("unknown-frame")),
        ("a frame that nobody says", said(r#"{"t":"dance"}"#), problem("unknown-frame")),
    ]
}

/// Odd, and right.
fn right_frames() -> Vec<(&'static str, Vec<u8>, Sees)> {
    let euro = "{\"t\":\"signal\",\"kind\":\"€\",\"body\":1}".as_bytes();
    let cut = euro.iter().position(|byte| *byte == 0xe2).unwrap() + 1;
    vec![
        (
            "a message in three pieces, and a ping between",
            joined(&[frame(0x01, b"{\"t\":"), frame(0x89, b"p"), frame(0x00, b"\"pi"), frame(0x80, b"ng\"}")]),
            Pong,
        ),
        ("a character in two pieces", joined(&[frame(0x01, &euro[..cut]), frame(0x80, &euro[cut..])]), problem("unknown-signal")),
        ("a pong that nobody asked for", frame(0x8A, b"hello"), Pong),
        ("a ping as long as one may be", frame(0x89, &[b'x'; 125]), Pong),
        ("spaces around", text(b" \n\t{\"t\":\"ping\"} "), Pong),
        ("a goodbye", frame(0x88, &1000_u16.to_be_bytes()), Close(1000)),
        ("a goodbye without a reason", frame(0x88, b""), Close(1000)),
    ]
}

/// Sends it, and a ping behind it; what came of it.
async fn tried(app: &TestApp, bytes: &[u8]) -> Sees {
    let mut raw = Raw::comes(app.address()).await;
    raw.writes(bytes).await;
    raw.writes(&text(PING)).await;
    let mut problem = None;
    loop {
        match raw.hears().await {
            Heard::Frame(frame) if frame["t"] == "error" => {
                let kind = frame["type"].as_str().unwrap_or_default().to_owned();
                problem.get_or_insert(kind);
            }
            Heard::Frame(frame) if frame["t"] == "pong" => break,
            Heard::Close(code) => return Close(code),
            Heard::Frame(_) | Heard::Pong(_) => {}
            Heard::End => return Close(1006),
        }
    }
    match problem {
        None => Pong,
        Some(kind) => Sees::Problem(Cow::Owned(kind.trim_start_matches("/problems/").to_owned())),
    }
}

#[actix_web::test]
async fn every_wrong_frame_has_its_outcome_and_nobody_else_notices() {
    let app = TestApp::spawn_with(|config| config.live.tenant_connects_per_s = 100_000).await;
    let mut calm = Watcher::comes(&app, None).await;
    let all = wrong_messages().into_iter().chain(right_frames()).map(|(what, bytes, sees)| (what.to_owned(), bytes, sees));
    let all: Vec<_> = wrong_frames().into_iter().chain(all).collect();
    let mut wrong = Vec::new();
    for (what, bytes, wanted) in &all {
        let seen = tried(&app, bytes).await;
        if seen != *wanted {
            wrong.push(format!("{what}: {seen:?}, expected {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "of {} cases:\n{}", all.len(), wrong.join("\n"));
    calm.settles().await;
    // Nothing of them is kept: the calm one is alone again.
    eventually(|| async { app.app().live.connections() }, |open| *open == 1).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_connection_that_breaks_off_anywhere_leaves_nothing_behind() {
    let app = TestApp::spawn_with(|config| config.live.tenant_connects_per_s = 100_000).await;
    let view = text(br#"{"t":"view","id":"map","bbox":[41.3,2.0,41.5,2.3],"zoom":12,"layers":["homes"]}"#);
    for cut in (0..view.len()).step_by(9) {
        let mut raw = Raw::comes(app.address()).await;
        raw.writes(&view[..cut]).await;
        raw.ends().await;
    }
    eventually(|| async { app.app().live.connections() }, |open| *open == 0).await;
    Watcher::comes(&app, None).await.settles().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_flood_of_right_frames_is_slowed_and_costs_no_neighbour_anything() {
    let app = TestApp::spawn_with(|config| config.http.workers = 1).await;
    let mut calm = Watcher::comes(&app, None).await;
    let mut flood = Raw::comes(app.address()).await;
    let (ping, socket_ping) = (text(PING), frame(0x89, b"p"));
    let flooding = async {
        flood.writes(&ping.repeat(1_000)).await;
        flood.writes(&socket_ping.repeat(2_000)).await;
    };
    tokio::join!(flooding, calm.settles());
    let (mut pongs, mut refused, mut socket_pongs) = (0, 0, 0);
    while pongs + refused < 1_000 || socket_pongs < 2_000 {
        match flood.hears().await {
            Heard::Frame(frame) if frame["t"] == "pong" => pongs += 1,
            Heard::Frame(frame) if frame["type"] == "/problems/over-limit" => {
                assert!(frame["temporary"] == true && frame["retry_after_ms"].as_u64() > Some(0), "{frame}");
                refused += 1;
            }
            Heard::Pong(_) => socket_pongs += 1,
            // A server that was silent for as long as it says asks whether anybody is there.
            Heard::Frame(frame) if frame["t"] == "ping" => {}
            // More answers waited than are kept for one connection: it may come back and resume.
            Heard::Close(code) => {
                assert_eq!(code, 4001);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    calm.settles().await;
    app.stop().await;
}
