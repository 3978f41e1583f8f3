//! Frames to a client as bytes. What a snapshot and a delta say before their tiles is all that is written of them here: a tile is made
//! once for everyone, and follows.

use domain::BBox;
use prost::Message;

use super::messages::{self, server_frame::Frame};
use crate::{ErrorFrame, EventFrame, Limits, Qos, Reset, Resumed, ServerFrame, Snapshot, StateDelta, Welcome};

/// The small number that stands for a view's scope on one connection, and whether what it stands for is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    pub part: u32,
    /// The first frame of a part says what it is.
    pub is_new: bool,
}

/// A frame that has no tiles. Of a snapshot or a delta only what stands before them, as of a part without a number.
pub fn write(frame: &ServerFrame) -> Vec<u8> {
    let nobody = Named { part: 0, is_new: true };
    let frame = match frame {
        ServerFrame::Welcome(welcome) => Frame::Welcome(welcome.into()),
        ServerFrame::Snapshot(head) => return snapshot(head, 0),
        ServerFrame::Delta(head) => return delta(head, nobody),
        ServerFrame::Event(event) => Frame::Event(event.into()),
        ServerFrame::CaughtUp { stream, seq } => Frame::CaughtUp(messages::CaughtUp { stream: stream.to_string(), seq: *seq }),
        ServerFrame::Reset(reset) => Frame::Reset(reset.into()),
        ServerFrame::Qos(qos) => Frame::Qos(qos.into()),
        ServerFrame::GoAway(away) => Frame::Goaway(messages::GoAway { reason: away.reason.clone().into_owned(), reconnect_after_ms: away.reconnect_after_ms }),
        ServerFrame::Error(error) => Frame::Error(error.into()),
        ServerFrame::Ping {} => Frame::Ping(messages::Ping {}),
        ServerFrame::Pong {} => Frame::Pong(messages::Pong {}),
    };
    bytes(frame)
}

/// What a snapshot says before its tiles.
pub fn snapshot(head: &Snapshot, part: u32) -> Vec<u8> {
    let mode: messages::Mode = head.mode.into();
    bytes(Frame::Snapshot(messages::Snapshot {
        part,
        names: Some(messages::Part { view: head.view.to_string(), scope: head.scope.to_string(), epoch: head.epoch.clone() }),
        scopes: head.scopes.iter().map(ToString::to_string).collect(),
        tick: head.tick,
        level: head.level.into(),
        mode: mode.into(),
        covers: Some(head.covers.into()),
        total: head.total.n,
        more: head.more,
    }))
}

/// What a delta says before its tiles.
pub fn delta(head: &StateDelta, named: Named) -> Vec<u8> {
    let names = named.is_new.then(|| messages::Part { view: head.view.to_string(), scope: head.scope.to_string(), epoch: head.epoch.clone() });
    let span = head.tick.wrapping_sub(head.prev);
    bytes(Frame::Delta(messages::Delta { part: named.part, tick: head.tick, span: (span != 1).then_some(span), names }))
}

fn bytes(frame: Frame) -> Vec<u8> {
    messages::ServerFrame { frame: Some(frame), tiles: Vec::new() }.encode_to_vec()
}

impl From<BBox> for messages::Box {
    fn from(bbox: BBox) -> Self {
        Self { south: bbox.south, west: bbox.west, north: bbox.north, east: bbox.east }
    }
}

impl From<&Welcome> for messages::Welcome {
    fn from(welcome: &Welcome) -> Self {
        let Limits { views, streams, tiles, frame_bytes } = welcome.limits;
        Self {
            session: welcome.session.clone(),
            now: welcome.now.clone(),
            ping: welcome.ping,
            limits: Some(messages::Limits { views, streams, tiles, frame_bytes }),
            tick_ms: welcome.tick_ms,
            policy_version: welcome.policy_version,
            resumed: welcome.resumed.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Resumed> for messages::Resumed {
    fn from(resumed: &Resumed) -> Self {
        use messages::resumed::Item;
        let outcome: messages::Outcome = resumed.outcome.into();
        let stream = resumed.stream.map(|stream| Item::Stream(stream.to_string()));
        Self { item: stream.or_else(|| resumed.view.as_ref().map(|view| Item::View(view.to_string()))), outcome: outcome.into() }
    }
}

impl From<&EventFrame> for messages::Event {
    fn from(event: &EventFrame) -> Self {
        // A value of our own always encodes.
        let body = serde_json::to_vec(&event.body).unwrap_or_default();
        Self { stream: event.stream.to_string(), seq: event.seq, at: event.at.clone(), kind: event.kind.clone(), body }
    }
}

impl From<&Reset> for messages::Reset {
    fn from(reset: &Reset) -> Self {
        Self {
            scope: reset.scope.clone(),
            view: reset.view.as_ref().map(ToString::to_string),
            reason: reset.reason.clone().into_owned(),
            epoch: reset.epoch.clone(),
        }
    }
}

impl From<&Qos> for messages::Qos {
    fn from(qos: &Qos) -> Self {
        Self { view: qos.view.to_string(), hz: qos.hz, level: qos.level.into(), skipped: qos.skipped, reason: qos.reason.clone().into_owned() }
    }
}

impl From<&ErrorFrame> for messages::Error {
    fn from(error: &ErrorFrame) -> Self {
        Self {
            of: error.of.clone().map(Into::into),
            r#type: error.kind.clone().into_owned(),
            title: error.title.clone().into_owned(),
            detail: error.detail.clone(),
            temporary: error.temporary,
            retry_after_ms: error.retry_after_ms,
        }
    }
}
