//! Kinds, currencies and the like: our own words and the numbers of the published schema.

use domain::{home::HomeKind, money::Currency};

use super::messages;
use crate::{Layer, Outcome, TileMode};

macro_rules! same_words {
    ($($ours:ident = $theirs:ident { $($word:ident),+ $(,)? }),+ $(,)?) => {$(
        impl From<$ours> for messages::$theirs {
            fn from(word: $ours) -> Self {
                match word { $($ours::$word => Self::$word),+ }
            }
        }
        impl messages::$theirs {
            /// Its word; none for a number that is not (or not yet) one.
            pub(super) fn word(number: i32) -> Option<$ours> {
                match Self::try_from(number).ok()? {
                    Self::Unspecified => None,
                    $(Self::$word => Some($ours::$word)),+
                }
            }
        }
    )+};
}

same_words! {
    HomeKind = Kind { Apartment, House, Hotel, Loft, Cabin, Boat },
    Currency = Currency { Eur, Usd, Gbp, Ars, Brl, Mxn, Chf },
    TileMode = Mode { Clusters, Entities },
    Outcome = Outcome { Resumed, Snapshot, Reset },
    Layer = Layer { Cities, Homes },
}
