//! What a client may say.

use std::{collections::BTreeMap, fmt};

use domain::{BBox, HomeFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::{ErrorFrame, ScopeName, Stream, ViewId};

/// A frame from a client. Unknown frames and unknown fields are errors, never ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of a connection.
    Hello(Hello),
    /// What I look at. The last one with an id wins.
    View(ViewFrame),
    /// I no longer look at it.
    Unview {
        id: ViewId,
    },
    /// Send me this stream's events, from after `since` if given, else from now on.
    Subscribe {
        stream: Stream,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
    },
    Unsubscribe {
        stream: Stream,
    },
    /// Everything up to `seq` has reached this device. Cumulative.
    Ack {
        stream: Stream,
        seq: u64,
    },
    /// A person has looked at everything up to `seq`. Cumulative.
    Seen {
        stream: Stream,
        seq: u64,
    },
    /// Typing and the like: a latest value that may be lost.
    Signal {
        kind: String,
        body: Value,
    },
    /// A new token, before the old one ends.
    Reauth {
        token: Token,
    },
    /// Answered by `pong`.
    Ping {},
    /// I am here: the answer to a `ping`.
    Pong {},
}

/// Who comes, and what they held before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The program and its version, `web/0.1`; for the log.
    pub client: String,
    /// The protocol's version: 1.
    pub version: u32,
    /// A session's token; absent where a cookie speaks. Never in the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// What to bring back, in the same round trip.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resume: Vec<Resume>,
}

/// Something held before the connection broke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Resume {
    Stream(ResumeStream),
    View(ResumeView),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeStream {
    pub stream: Stream,
    /// The last `seq` that was taken.
    pub since: u64,
}

/// With box and zoom the view is back at once; without them `since` is kept until its `view` frame comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeView {
    pub view: ViewId,
    #[serde(default)]
    pub since: Since,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BBox>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoom: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Layer>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<HomeFilter>,
}

impl ResumeView {
    /// The whole view, if it was said.
    pub fn frame(&self) -> Option<ViewFrame> {
        Some(ViewFrame {
            id: self.view,
            bbox: self.bbox?,
            zoom: self.zoom?,
            layers: self.layers.clone().unwrap_or_else(|| Layer::ALL.to_vec()),
            filter: self.filter.clone().unwrap_or_default(),
            since: self.since.clone(),
        })
    }
}

/// What I look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewFrame {
    pub id: ViewId,
    pub bbox: BBox,
    /// 0 to 22, as the map shows it.
    pub zoom: f64,
    #[serde(default = "every_layer")]
    pub layers: Vec<Layer>,
    #[serde(default, skip_serializing_if = "HomeFilter::is_empty")]
    pub filter: HomeFilter,
    /// What I hold of exactly this view: same box, zoom, layers and filter. Leave it out after a change.
    #[serde(default, skip_serializing_if = "Since::is_empty")]
    pub since: Since,
}

fn every_layer() -> Vec<Layer> {
    Layer::ALL.to_vec()
}

/// A place in the state lane, per scope.
pub type Since = BTreeMap<ScopeName, Held>;

/// The last tick applied, and the epoch it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// As the server said it; means nothing to a client.
    pub epoch: String,
    pub tick: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Cities,
    Homes,
}

impl Layer {
    pub const ALL: [Self; 2] = [Self::Cities, Self::Homes];
}

/// A secret: never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

const FRAMES: [&str; 11] = ["hello", "view", "unview", "subscribe", "unsubscribe", "ack", "seen", "signal", "reauth", "ping", "pong"];

impl ClientFrame {
    /// Reads a frame as a client sent it, or says what was wrong and what would be right. `now` tells which nights are past.
    pub fn parse(text: &str, now: OffsetDateTime) -> Result<Self, Box<ErrorFrame>> {
        #[derive(Deserialize)]
        struct Tag<'a> {
            #[serde(borrow, default)]
            t: Option<std::borrow::Cow<'a, str>>,
        }
        let tag: Tag<'_> = serde_json::from_str(text).map_err(|e| ErrorFrame::bad_frame(None, format!("a frame is a JSON object with \"t\": {e}")))?;
        let Some(of) = tag.t else {
            return Err(ErrorFrame::bad_frame(None, format!("\"t\" is missing; it is one of {}", FRAMES.join(", "))));
        };
        let Some(of) = FRAMES.into_iter().find(|f| *f == of) else {
            let named: String = of.chars().take(40).collect();
            return Err(ErrorFrame::new(None, "unknown-frame", "No such frame", format!("{named:?} is no frame; there are {}", FRAMES.join(", "))));
        };
        let frame: Self = serde_json::from_str(text).map_err(|e| ErrorFrame::bad_frame(Some(of), e.to_string()))?;
        frame.check(now).map_err(|why| ErrorFrame::bad_frame(Some(of), why))
    }

    /// The same for a frame whose word and other fields were read from another encoding.
    pub(crate) fn read(of: &'static str, mut fields: Value, now: OffsetDateTime) -> Result<Self, Box<ErrorFrame>> {
        fields["t"] = of.into();
        let frame: Self = serde_json::from_value(fields).map_err(|e| ErrorFrame::bad_frame(Some(of), e.to_string()))?;
        frame.check(now).map_err(|why| ErrorFrame::bad_frame(Some(of), why))
    }

    /// Its word on the wire.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::View(_) => "view",
            Self::Unview { .. } => "unview",
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Ack { .. } => "ack",
            Self::Seen { .. } => "seen",
            Self::Signal { .. } => "signal",
            Self::Reauth { .. } => "reauth",
            Self::Ping {} => "ping",
            Self::Pong {} => "pong",
        }
    }

    /// What a schema cannot say.
    fn check(self, now: OffsetDateTime) -> Result<Self, String> {
        match self {
            Self::View(view) => view.check(now).map(Self::View),
            Self::Hello(hello) if hello.client.len() > 100 => Err(format!("client is {} bytes long; at most 100", hello.client.len())),
            Self::Hello(hello) if hello.resume.len() > 64 => Err(format!("resume has {} items; at most 64", hello.resume.len())),
            Self::Signal { kind, .. } if kind.len() > 40 => Err("a signal's kind is at most 40 bytes long".into()),
            frame => Ok(frame),
        }
    }
}

impl ViewFrame {
    /// Zoom in range, a box with an area, a filter that can match something, in its one normal form. A view of `resume` is checked when it is
    /// opened, so that one that is wrong does not take the connection with it.
    pub fn check(mut self, now: OffsetDateTime) -> Result<Self, String> {
        if !(0.0..=22.0).contains(&self.zoom) {
            return Err(format!("zoom is {}; it is 0 to 22", self.zoom));
        }
        if self.bbox.south == self.bbox.north || self.bbox.west == self.bbox.east {
            return Err("bbox has no area: south,west,north,east with south below north".into());
        }
        if self.since.len() > 80 {
            return Err(format!("since names {} scopes; at most 80", self.since.len()));
        }
        if let Some(fault) = self.filter.faults(now).first() {
            return Err(format!("filter.{}: {fault}", fault.field()));
        }
        self.filter = self.filter.normalised();
        Ok(self)
    }
}
