//! A home: a place to stay that a host offers.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in the database, on the wire and in addresses.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// What the building is.
    HomeKind { Apartment = "apartment", House = "house", Hotel = "hotel", Loft = "loft", Cabin = "cabin", Boat = "boat" }
}
codes! {
    /// How much of it a guest has.
    Offer { EntirePlace = "entire_place", PrivateRoom = "private_room", SharedRoom = "shared_room" }
}
codes! {
    /// Where a home stands. Only an active home is public.
    HomeStatus { Draft = "draft", PendingReview = "pending_review", Active = "active", Paused = "paused", Retired = "retired", Suspended = "suspended" }
}
