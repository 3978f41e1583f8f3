//! Who somebody is in a community: platform roles with levels, and the catalogue of community roles with their groups.

use serde::{Deserialize, Serialize};

/// What someone may do on the platform. A higher level includes the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    Bot,
    Guest,
    Member,
    Curator,
    Moderator,
    Admin,
    SuperAdmin,
}

impl PlatformRole {
    pub const ALL: [Self; 7] = [Self::Bot, Self::Guest, Self::Member, Self::Curator, Self::Moderator, Self::Admin, Self::SuperAdmin];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Curator => "curator",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code() == code)
    }
}
