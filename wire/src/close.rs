//! Why a connection is closed: the published table of close codes.

/// A reason to close. Below 4500 a client may come back, from 4500 on it must not without a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// The client closed, or has nothing to fear.
    Normal,
    /// The WebSocket protocol itself was broken.
    Protocol,
    /// A text frame that is no UTF-8.
    NotText,
    /// The server drains: come back, perhaps to another node.
    Restart,
    /// Nothing was read for too long.
    Stalled,
    /// More events waited than are kept for one connection; resume by `since`.
    Overflow,
    /// No `hello` in time.
    HelloLate,
    /// A limit of the tenant or the node; come back after `retry_after_ms`.
    Busy,
    /// What this connection may see has to be checked anew: come back.
    Recheck,
    /// Frames that are not of this protocol, again and again, or before `hello`.
    BadFrame,
    /// Signed out, session ended, or no longer a member.
    Revoked,
    /// A version that is not spoken here.
    WrongVersion,
    /// Not somebody who may connect to this tenant.
    Refused,
    /// A binary frame on a JSON connection.
    Binary,
    /// A frame larger than `limits.frame_bytes`.
    TooBig,
}

impl Close {
    pub const ALL: [Self; 15] = [
        Self::Normal,
        Self::Protocol,
        Self::NotText,
        Self::Restart,
        Self::Stalled,
        Self::Overflow,
        Self::HelloLate,
        Self::Busy,
        Self::Recheck,
        Self::BadFrame,
        Self::Revoked,
        Self::WrongVersion,
        Self::Refused,
        Self::Binary,
        Self::TooBig,
    ];

    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::Restart => 1012,
            Self::Stalled => 4000,
            Self::Overflow => 4001,
            Self::HelloLate => 4002,
            Self::Busy => 4003,
            Self::Recheck => 4004,
            Self::BadFrame => 4500,
            Self::Revoked => 4501,
            Self::WrongVersion => 4502,
            Self::Refused => 4503,
            Self::Binary => 4504,
            Self::TooBig => 4505,
        }
    }

    /// The word that goes with the code, and the metric's label.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Protocol => "protocol",
            Self::NotText => "not_text",
            Self::Restart => "restart",
            Self::Stalled => "stalled",
            Self::Overflow => "overflow",
            Self::HelloLate => "hello_late",
            Self::Busy => "busy",
            Self::Recheck => "recheck",
            Self::BadFrame => "bad_frame",
            Self::Revoked => "revoked",
            Self::WrongVersion => "wrong_version",
            Self::Refused => "refused",
            Self::Binary => "binary",
            Self::TooBig => "too_big",
        }
    }

    /// Whether a client should come back by itself.
    pub const fn comes_back(self) -> bool {
        matches!(self.code(), 1012 | 4000..4500)
    }
}
