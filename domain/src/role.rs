//! Who somebody is in a community: platform roles with levels, and the catalogue of community roles with their groups.
//!
//! Called by commands and the HTTP edge. [`CommunityRole::group`] is the only table that says which role brings which group;
//! who is in a group, and why, is kept by the store.

use std::collections::BTreeSet;

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

macro_rules! community_roles {
    ($($variant:ident = $code:literal, $name:literal);+ $(;)?) => {
        /// What someone is in the community. People choose their own, as many as are true.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum CommunityRole { $($variant),+ }

        impl CommunityRole {
            /// The whole catalogue, in the order people are shown it.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database, on the wire and in addresses.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The word people read.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

community_roles! {
    Dancer = "dancer", "Dancer";
    Teacher = "teacher", "Teacher";
    Performer = "performer", "Performer";
    Organizer = "organizer", "Organizer";
    Dj = "dj", "DJ";
    Host = "host", "Host";
    Guide = "guide", "Guide";
    Traveller = "traveller", "Traveller";
    Photographer = "photographer", "Photographer";
    ContentCreator = "content_creator", "Content creator";
    Choreographer = "choreographer", "Choreographer";
    Musician = "musician", "Musician";
    Vendor = "vendor", "Vendor";
    Hotel = "hotel", "Hotel";
    School = "school", "School";
    LearningSource = "learning_source", "Learning source";
    WellnessProvider = "wellness_provider", "Wellness provider";
    Volunteer = "volunteer", "Volunteer";
}

/// A professional group that a role brings: its key inside the tenant, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleGroup {
    pub key: &'static str,
    pub name: &'static str,
}

impl CommunityRole {
    /// The one table of roles and groups. Every role has a decision; `None` is one.
    ///
    /// Dancers and travellers have no group: nearly everybody is one, and such a group would be the tenant itself.
    pub const fn group(self) -> Option<RoleGroup> {
        let (key, name) = match self {
            Self::Dancer | Self::Traveller => return None,
            Self::Teacher => ("teachers", "Teachers"),
            Self::Performer => ("performers", "Performers"),
            Self::Organizer => ("organizers", "Organizers"),
            Self::Dj => ("djs", "DJs"),
            // Who takes guests in talks about the same things, at home or by trade.
            Self::Host | Self::Hotel => ("hosts", "Hosts and hotels"),
            Self::Guide => ("guides", "Guides"),
            Self::Photographer => ("photographers", "Photographers"),
            Self::ContentCreator => ("content-creators", "Content creators"),
            Self::Choreographer => ("choreographers", "Choreographers"),
            Self::Musician => ("musicians", "Musicians"),
            Self::Vendor => ("vendors", "Vendors"),
            Self::School | Self::LearningSource => ("schools", "Schools and learning sources"),
            Self::WellnessProvider => ("wellness-providers", "Wellness providers"),
            Self::Volunteer => ("volunteers", "Volunteers"),
        };
        Some(RoleGroup { key, name })
    }

    /// The groups of some roles, each once, in the order of their keys (the order in which the store takes them: no deadlock).
    pub fn groups(roles: &BTreeSet<Self>) -> BTreeSet<RoleGroup> {
        roles.iter().filter_map(|role| role.group()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The catalogue of the domain document, word for word. A role that is new there fails here until it is decided.
    const DECIDED: &[(&str, Option<&str>)] = &[
        ("dancer", None),
        ("teacher", Some("teachers")),
        ("performer", Some("performers")),
        ("organizer", Some("organizers")),
        ("dj", Some("djs")),
        ("host", Some("hosts")),
        ("guide", Some("guides")),
        ("traveller", None),
        ("photographer", Some("photographers")),
        ("content_creator", Some("content-creators")),
        ("choreographer", Some("choreographers")),
        ("musician", Some("musicians")),
        ("vendor", Some("vendors")),
        ("hotel", Some("hosts")),
        ("school", Some("schools")),
        ("learning_source", Some("schools")),
        ("wellness_provider", Some("wellness-providers")),
        ("volunteer", Some("volunteers")),
    ];

    #[test]
    fn every_role_has_a_decision_about_its_group() {
        let table: Vec<_> = CommunityRole::ALL.iter().map(|role| (role.code(), role.group().map(|group| group.key))).collect();
        assert_eq!(table, DECIDED);
    }

    #[test]
    fn a_code_is_the_serde_word_and_leads_back() {
        for &role in CommunityRole::ALL {
            assert_eq!(CommunityRole::from_code(role.code()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.code());
        }
        for role in PlatformRole::ALL {
            assert_eq!(PlatformRole::from_code(role.code()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.code());
        }
        assert_eq!(CommunityRole::from_code("Dancer"), None);
    }

    #[test]
    fn one_group_has_one_name() {
        let groups: BTreeSet<RoleGroup> = CommunityRole::ALL.iter().filter_map(|role| role.group()).collect();
        let keys: BTreeSet<&str> = groups.iter().map(|group| group.key).collect();
        assert_eq!(keys.len(), groups.len());
    }
}
