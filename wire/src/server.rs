//! What clients are told.
//!
//! The hot frames (snapshot, delta, event) are joined from bytes that were encoded once; their types here are the truth the joins are tested against.

use std::borrow::Cow;

use domain::{BBox, CityId, Price, home::HomeKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ScopeName, Stream, ViewId};

/// A frame to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame {
    Welcome(Welcome),
    Snapshot(Snapshot),
    Delta(StateDelta),
    Event(EventFrame),
    /// Replay is over, live from here.
    CaughtUp {
        stream: Stream,
        seq: u64,
    },
    Reset(Reset),
    Qos(Qos),
    #[serde(rename = "goaway")]
    GoAway(GoAway),
    Error(ErrorFrame),
    /// Are you there? Answered by `pong` or anything else.
    Ping {},
    Pong {},
}

impl ServerFrame {
    pub fn json(&self) -> Vec<u8> {
        // A frame of our own types always encodes: there is no map with keys that are not text.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// Names this connection in the server's log.
    pub session: String,
    /// The server's clock, RFC 3339, UTC.
    pub now: String,
    /// Seconds of silence, in either direction, after which the server pings.
    pub ping: u32,
    pub limits: Limits,
    /// The shortest time between two deltas of a near view, milliseconds.
    pub tick_ms: u32,
    /// Changes when what a session may see has changed.
    pub policy_version: u32,
    pub resumed: Vec<Resumed>,
}

/// What one connection may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    pub views: u32,
    pub streams: u32,
    /// Tiles of one view.
    pub tiles: u32,
    /// Bytes of one frame from the client.
    pub frame_bytes: u32,
}

/// How one item of `resume` was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewId>,
    #[serde(rename = "as")]
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Continues where it was, with nothing missing.
    Resumed,
    /// Continuity could not be proved; what is now follows whole.
    Snapshot,
    /// What the client holds is of another epoch: forget it.
    Reset,
}

impl Outcome {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Snapshot => "snapshot",
            Self::Reset => "reset",
        }
    }
}

/// One scope of a view, whole, at a tick. Several frames with `more` until the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub view: ViewId,
    /// Every scope the view has now; what else it held is gone.
    pub scopes: Vec<ScopeName>,
    pub scope: ScopeName,
    pub epoch: String,
    pub tick: u64,
    /// The tiles' zoom.
    pub level: u8,
    pub mode: TileMode,
    pub covers: BBox,
    pub total: Total,
    pub tiles: Vec<Chunk>,
    /// Another frame of this snapshot follows.
    pub more: bool,
}

/// What changed in a view's scope since `prev`; applies to nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateDelta {
    pub view: ViewId,
    pub scope: ScopeName,
    pub epoch: String,
    pub prev: u64,
    pub tick: u64,
    pub tiles: Vec<Chunk>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TileMode {
    /// Each tile is one cluster.
    Clusters,
    /// Each tile lists its things.
    Entities,
}

/// How many things match in the tiles of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Total {
    pub n: u64,
}

/// One tile: whole, or what changed in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Chunk {
    /// Replaces the tile.
    Full { k: String, full: Vec<Item> },
    /// First `out`, then `put`.
    Change {
        k: String,
        #[serde(default)]
        put: Vec<Item>,
        #[serde(default)]
        out: Vec<String>,
    },
}

/// Something on the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "c", rename_all = "snake_case")]
pub enum Item {
    Home {
        id: String,
        /// Latitude.
        y: f64,
        /// Longitude.
        x: f64,
        kind: HomeKind,
        title: String,
        guests: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Price>,
        /// A room is free this night.
        tonight: bool,
    },
    City {
        id: CityText,
        y: f64,
        x: f64,
        name: String,
        country: String,
        homes: u32,
        hosts: u32,
    },
    Cluster {
        id: String,
        y: f64,
        x: f64,
        /// Things in it.
        n: u32,
        homes: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hosts: Option<u32>,
        #[serde(rename = "box")]
        bounds: BBox,
    },
}

impl Item {
    pub fn id(&self) -> &str {
        match self {
            Self::Home { id, .. } | Self::Cluster { id, .. } => id,
            Self::City { id, .. } => &id.0,
        }
    }

    /// The homes that it stands for: one, or a sum.
    pub const fn homes(&self) -> u64 {
        match self {
            Self::Home { .. } => 1,
            Self::City { homes, .. } | Self::Cluster { homes, .. } => *homes as u64,
        }
    }
}

/// A GeoNames id as text, like every id of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CityText(pub String);

impl From<CityId> for CityText {
    fn from(id: CityId) -> Self {
        Self(id.to_string())
    }
}

/// One durable fact with its place in its stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventFrame {
    pub stream: Stream,
    pub seq: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// Past tense: `home_listed`, `stay_approved`.
    pub kind: String,
    pub body: Value,
}

/// Forget what you hold of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reset {
    /// A scope (`world`, `city:…`) of a view, or a stream.
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewId>,
    /// `unknown_epoch`, `rebuilt`, `trimmed`, `ahead`, `revoked`.
    pub reason: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
}

/// You are getting less, and why it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Qos {
    pub view: ViewId,
    /// Deltas a second that can be expected at most.
    pub hz: f64,
    pub level: u8,
    /// Ticks that were skipped since the last `qos`.
    pub skipped: u64,
    /// `slow_reader`, `wide_view`, `busy` (telling takes the server longer than it should, so ticks are further apart; said again, with the usual
    /// `hz`, when that is over), `tenant_bytes` (your community's connections took more than they may; said again, with the usual `hz`, when that is over).
    pub reason: Cow<'static, str>,
}

/// The server is about to leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoAway {
    pub reason: Cow<'static, str>,
    /// Drawn for each client, so that all come back at a set rate.
    pub reconnect_after_ms: u64,
}

/// Problem details of the live protocol. `type` never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorFrame {
    /// The frame that was wrong, if it could be read so far.
    pub of: Option<Cow<'static, str>>,
    /// `/problems/bad-frame`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub detail: String,
    /// The same frame may be right later.
    pub temporary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorFrame {
    pub fn new(of: Option<&'static str>, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            of: of.map(Cow::Borrowed),
            kind: format!("/problems/{slug}").into(),
            title: title.into(),
            detail: detail.into(),
            temporary: false,
            retry_after_ms: None,
        })
    }

    pub fn bad_frame(of: Option<&'static str>, detail: impl Into<String>) -> Box<Self> {
        let mut detail = detail.into();
        if detail.len() > 300 {
            detail = detail.chars().take(300).collect();
        }
        Self::new(of, "bad-frame", "The frame is not valid", detail)
    }

    /// Over a limit, and when to try again.
    pub fn over_limit(of: &'static str, detail: impl Into<String>, retry_after_ms: u64) -> Box<Self> {
        let mut frame = Self::new(Some(of), "over-limit", "Over a limit", detail);
        frame.temporary = true;
        frame.retry_after_ms = Some(retry_after_ms);
        frame
    }

    #[allow(clippy::boxed_local)] // errors travel boxed
    pub fn json(self: Box<Self>) -> Vec<u8> {
        ServerFrame::Error(*self).json()
    }
}
