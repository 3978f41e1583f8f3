//! Frames without tiles, from their messages.

use super::{
    messages::{self, resumed::Item, server_frame::Frame},
    reader::Unreadable,
};
use crate::{ErrorFrame, EventFrame, GoAway, Limits, Qos, Reset, Resumed, ServerFrame, Welcome};

/// Any frame but those of state, which a reader has to follow.
pub(super) fn frame(frame: Frame) -> Result<ServerFrame, Unreadable> {
    Ok(match frame {
        Frame::Snapshot(_) | Frame::Delta(_) => return Err(Unreadable::Field("frame")),
        Frame::Welcome(welcome) => ServerFrame::Welcome(read_welcome(welcome)?),
        Frame::Event(event) => ServerFrame::Event(EventFrame {
            stream: event.stream.parse()?,
            seq: event.seq,
            at: event.at,
            kind: event.kind,
            body: serde_json::from_slice(&event.body)?,
        }),
        Frame::CaughtUp(caught_up) => ServerFrame::CaughtUp { stream: caught_up.stream.parse()?, seq: caught_up.seq },
        Frame::Reset(reset) => ServerFrame::Reset(Reset {
            scope: reset.scope,
            view: reset.view.map(|view| view.parse()).transpose()?,
            reason: reset.reason.into(),
            epoch: reset.epoch,
        }),
        Frame::Qos(qos) => {
            ServerFrame::Qos(Qos { view: qos.view.parse()?, hz: qos.hz, level: qos.level as u8, skipped: qos.skipped, reason: qos.reason.into() })
        }
        Frame::Goaway(away) => ServerFrame::GoAway(GoAway { reason: away.reason.into(), reconnect_after_ms: away.reconnect_after_ms }),
        Frame::Error(error) => ServerFrame::Error(ErrorFrame {
            of: error.of.map(Into::into),
            kind: error.r#type.into(),
            title: error.title.into(),
            detail: error.detail,
            temporary: error.temporary,
            retry_after_ms: error.retry_after_ms,
        }),
        Frame::Ping(_) => ServerFrame::Ping {},
        Frame::Pong(_) => ServerFrame::Pong {},
    })
}

fn read_welcome(welcome: messages::Welcome) -> Result<Welcome, Unreadable> {
    let messages::Limits { views, streams, tiles, frame_bytes } = welcome.limits.ok_or(Unreadable::Field("welcome.limits"))?;
    let resumed = welcome.resumed.into_iter().map(|resumed| {
        let outcome = messages::Outcome::word(resumed.outcome).ok_or(Unreadable::Field("resumed.outcome"))?;
        let (stream, view) = match resumed.item.ok_or(Unreadable::Field("resumed.item"))? {
            Item::Stream(stream) => (Some(stream.parse()?), None),
            Item::View(view) => (None, Some(view.parse()?)),
        };
        Ok::<_, Unreadable>(Resumed { stream, view, outcome })
    });
    Ok(Welcome {
        session: welcome.session,
        now: welcome.now,
        ping: welcome.ping,
        limits: Limits { views, streams, tiles, frame_bytes },
        tick_ms: welcome.tick_ms,
        policy_version: welcome.policy_version,
        resumed: resumed.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, write};
    use super::*;

    /// A frame of every kind that has no tiles, as JSON says it.
    const FRAMES: [&str; 12] = [
        r#"{"t":"welcome","session":"1a","now":"2026-12-01T12:00:00Z","ping":25,"limits":{"views":8,"streams":32,"tiles":256,"frame_bytes":16384},
            "tick_ms":25,"policy_version":1,"resumed":[{"stream":"member:self","as":"resumed"},{"view":"map","as":"reset"}]}"#,
        r#"{"t":"event","stream":"city:3128760","seq":7,"at":"2026-12-01T12:00:00.123456Z","kind":"home_listed","body":{"a":[1,null,"ü"]}}"#,
        r#"{"t":"caught_up","stream":"member:self","seq":0}"#,
        r#"{"t":"reset","scope":"city:5","view":"map","reason":"rebuilt","epoch":"e"}"#,
        r#"{"t":"reset","scope":"member:self","reason":"trimmed"}"#,
        r#"{"t":"qos","view":"map","hz":0.25,"level":13,"skipped":4,"reason":"slow_reader"}"#,
        r#"{"t":"goaway","reason":"drain","reconnect_after_ms":1234}"#,
        r#"{"t":"error","of":"view","type":"/problems/over-limit","title":"Over a limit","detail":"…","temporary":true,"retry_after_ms":5}"#,
        r#"{"t":"error","of":null,"type":"/problems/bad-frame","title":"The frame is not valid","detail":"","temporary":false}"#,
        r#"{"t":"ping"}"#,
        r#"{"t":"pong"}"#,
        r#"{"t":"snapshot","view":"map","scopes":[],"scope":"world","epoch":"none","tick":0,"level":0,"mode":"entities",
            "covers":[1.0,2.0,3.0,4.0],"total":{"n":0},"tiles":[],"more":false}"#,
    ];

    #[test]
    fn every_frame_says_the_same_in_both_encodings() {
        let mut reader = Reader::default();
        for text in FRAMES {
            let frame: ServerFrame = serde_json::from_str(text).unwrap();
            assert_eq!(reader.read(&write(&frame)).unwrap(), frame);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), n in 0..FRAMES.len(), at in 0usize..200) {
            let mut reader = Reader::default();
            let _ = reader.read(&bytes);
            let mut frame = write(&serde_json::from_str(FRAMES[n]).unwrap());
            if let (Some(byte), Some(new)) = (frame.get_mut(at), bytes.first()) {
                *byte = *new;
            }
            let _ = reader.read(&frame);
        }
    }
}
