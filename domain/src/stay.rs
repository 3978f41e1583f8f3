//! A stay: a guest's request for a room over nights, and all that comes of it.
//!
//! ```text
//! requested ─▶ approved            (the host's yes, to the terms that were on the table)
//!     ├─▶ declined                 (host)
//!     ├─▶ withdrawn                (guest)
//!     └─▶ expired                  (nobody answered by the deadline)
//! ```
//!
//! Called by commands. Decides who may move what; whether the nights are still free is for the exclusion constraint to say.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::{
    ids::{CityId, HomeId, MemberId, RoomId, StayId},
    money::{Currency, Price},
    nights::Nights,
};

/// How long a host has to answer, unless the arrival day comes first.
pub const ANSWER_WITHIN: Duration = Duration::hours(72);
/// The longest message, in characters.
pub const MESSAGE_MOST: usize = 1000;

/// A stay, as far as its rules need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    pub id: StayId,
    pub guest: MemberId,
    pub host: MemberId,
    pub terms_version: u32,
    pub progress: Progress,
}

/// Where a stay stands; each state carries only the facts that are true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Requested { answer_by: OffsetDateTime },
    Approved { at: OffsetDateTime },
    Declined { at: OffsetDateTime, reason: Option<String> },
    Withdrawn { at: OffsetDateTime },
    Expired { at: OffsetDateTime },
}

/// The word of a state: in the database, on the wire and in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StayState {
    Requested,
    Approved,
    Declined,
    Withdrawn,
    Expired,
}

impl StayState {
    pub const ALL: [Self; 5] = [Self::Requested, Self::Approved, Self::Declined, Self::Withdrawn, Self::Expired];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Which side of a stay a reader is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Guest,
    Host,
}

/// Why a move is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CannotMove {
    /// To a stranger the stay does not exist.
    #[error("there is no such stay")]
    NotYours,
    #[error("only the {0:?} may do this")]
    OtherSide(Side),
    #[error("the stay was answered already: it is {}", .0.code())]
    AlreadyAnswered(StayState),
    #[error("the time to answer is over")]
    Expired,
    #[error("the terms have changed: version {now} is on the table")]
    TermsChanged { now: u32 },
}

impl Stay {
    pub const fn state(&self) -> StayState {
        match self.progress {
            Progress::Requested { .. } => StayState::Requested,
            Progress::Approved { .. } => StayState::Approved,
            Progress::Declined { .. } => StayState::Declined,
            Progress::Withdrawn { .. } => StayState::Withdrawn,
            Progress::Expired { .. } => StayState::Expired,
        }
    }

    /// The side that a member is on, if any.
    pub fn side_of(&self, member: MemberId) -> Option<Side> {
        if member == self.host {
            Some(Side::Host)
        } else if member == self.guest {
            Some(Side::Guest)
        } else {
            None
        }
    }

    /// The host's yes, to exactly the terms that were on the table.
    pub fn approve(self, by: MemberId, terms_version: u32, now: OffsetDateTime) -> Result<Self, CannotMove> {
        self.may(by, Side::Host, now)?;
        if self.terms_version != terms_version {
            return Err(CannotMove::TermsChanged { now: self.terms_version });
        }
        Ok(Self { progress: Progress::Approved { at: now }, ..self })
    }

    /// The host's no.
    pub fn decline(self, by: MemberId, reason: Option<String>, now: OffsetDateTime) -> Result<Self, CannotMove> {
        self.may(by, Side::Host, now)?;
        Ok(Self { progress: Progress::Declined { at: now, reason }, ..self })
    }

    /// The guest thought better of it.
    pub fn withdraw(self, by: MemberId, now: OffsetDateTime) -> Result<Self, CannotMove> {
        self.may(by, Side::Guest, now)?;
        Ok(Self { progress: Progress::Withdrawn { at: now }, ..self })
    }

    /// Silence ends by itself: nobody's act, once the deadline has passed.
    pub fn expire(self, now: OffsetDateTime) -> Option<Self> {
        match self.progress {
            Progress::Requested { answer_by } if now >= answer_by => Some(Self { progress: Progress::Expired { at: now }, ..self }),
            Progress::Requested { .. } | Progress::Approved { .. } | Progress::Declined { .. } | Progress::Withdrawn { .. } | Progress::Expired { .. } => None,
        }
    }

    fn may(&self, by: MemberId, side: Side, now: OffsetDateTime) -> Result<(), CannotMove> {
        match self.side_of(by) {
            None => return Err(CannotMove::NotYours),
            Some(own) if own != side => return Err(CannotMove::OtherSide(side)),
            Some(_) => {}
        }
        match self.progress {
            Progress::Requested { answer_by } if now >= answer_by => Err(CannotMove::Expired),
            Progress::Requested { .. } => Ok(()),
            Progress::Approved { .. } | Progress::Declined { .. } | Progress::Withdrawn { .. } | Progress::Expired { .. } => {
                Err(CannotMove::AlreadyAnswered(self.state()))
            }
        }
    }
}

/// By when a host must have answered: within [`ANSWER_WITHIN`], and before the arrival day begins in the home's zone.
pub fn answer_by(now: OffsetDateTime, arrival_day_begins: OffsetDateTime) -> OffsetDateTime {
    (now + ANSWER_WITHIN).min(arrival_day_begins)
}

/// What the nights cost; none for a home without a price.
pub fn total(price: Option<Price>, nights: Nights) -> Option<Total> {
    price.map(|price| Total { amount: u64::from(price.amount) * u64::from(nights.count()), currency: price.currency })
}

/// A sum of money for a whole stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Total {
    /// Minor units.
    pub amount: u64,
    pub currency: Currency,
}

/// A stay as its two parties read it, over HTTP and on their streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct StayView {
    pub id: StayId,
    pub home: StayHome,
    pub room: StayRoom,
    pub guest: Person,
    pub host: Person,
    /// The day of arrival, `2026-12-01`.
    pub arrive: String,
    /// The day of leaving: the first night that is not part of the stay.
    pub leave: String,
    pub nights: u16,
    pub guests: u8,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    pub state: StayState,
    pub terms_version: u32,
    /// When the request was committed: from then on it cannot be lost.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub sent_at: OffsetDateTime,
    /// When a device of the host had it.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub delivered_at: Option<OffsetDateTime>,
    /// When the host looked at it.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub seen_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub answer_by: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub answered_at: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reader's side.
    pub mine: Side,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct StayHome {
    pub id: HomeId,
    pub title: String,
    pub city: CityId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct StayRoom {
    pub id: RoomId,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Person {
    pub id: MemberId,
    pub name: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2030-05-01 12:00 UTC);
    const HOST: MemberId = MemberId(Uuid::from_u128(1));
    const GUEST: MemberId = MemberId(Uuid::from_u128(2));
    const STRANGER: MemberId = MemberId(Uuid::from_u128(3));

    fn in_state(state: StayState) -> Stay {
        let progress = match state {
            StayState::Requested => Progress::Requested { answer_by: NOW + Duration::HOUR },
            StayState::Approved => Progress::Approved { at: NOW },
            StayState::Declined => Progress::Declined { at: NOW, reason: None },
            StayState::Withdrawn => Progress::Withdrawn { at: NOW },
            StayState::Expired => Progress::Expired { at: NOW },
        };
        Stay { id: StayId(Uuid::from_u128(9)), guest: GUEST, host: HOST, terms_version: 1, progress }
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Act {
        Approve,
        Decline,
        Withdraw,
    }

    fn act(stay: Stay, by: MemberId, act: Act, now: OffsetDateTime) -> Result<Stay, CannotMove> {
        match act {
            Act::Approve => stay.approve(by, 1, now),
            Act::Decline => stay.decline(by, None, now),
            Act::Withdraw => stay.withdraw(by, now),
        }
    }

    /// Every (state, actor, action): only the legal move by the legal party, and a stranger hears that there is no such stay.
    #[test]
    fn every_cell_of_the_table() {
        for state in StayState::ALL {
            for by in [HOST, GUEST, STRANGER] {
                for action in [Act::Approve, Act::Decline, Act::Withdraw] {
                    let party = if action == Act::Withdraw { GUEST } else { HOST };
                    let result = act(in_state(state), by, action, NOW).map(|stay| stay.state());
                    let expected = if by == STRANGER {
                        Err(CannotMove::NotYours)
                    } else if by != party {
                        Err(CannotMove::OtherSide(if party == HOST { Side::Host } else { Side::Guest }))
                    } else if state != StayState::Requested {
                        Err(CannotMove::AlreadyAnswered(state))
                    } else {
                        Ok(match action {
                            Act::Approve => StayState::Approved,
                            Act::Decline => StayState::Declined,
                            Act::Withdraw => StayState::Withdrawn,
                        })
                    };
                    assert_eq!(result, expected, "{state:?} {by} {action:?}");
                }
            }
        }
    }

    #[test]
    fn nobody_moves_a_stay_whose_time_is_over() {
        let late = NOW + Duration::HOUR;
        for (by, action) in [(HOST, Act::Approve), (HOST, Act::Decline), (GUEST, Act::Withdraw)] {
            assert_eq!(act(in_state(StayState::Requested), by, action, late), Err(CannotMove::Expired));
        }
        assert_eq!(in_state(StayState::Requested).expire(late).map(|stay| stay.state()), Some(StayState::Expired));
        assert_eq!(in_state(StayState::Requested).expire(NOW), None);
    }

    #[test]
    fn a_yes_names_the_terms_it_means() {
        assert_eq!(in_state(StayState::Requested).approve(HOST, 2, NOW), Err(CannotMove::TermsChanged { now: 1 }));
    }

    #[test]
    fn silence_ends_after_three_days_or_when_the_arrival_day_begins() {
        assert_eq!(answer_by(NOW, NOW + Duration::days(30)), NOW + ANSWER_WITHIN);
        assert_eq!(answer_by(NOW, NOW + Duration::hours(5)), NOW + Duration::hours(5));
    }

    #[test]
    fn a_total_is_nights_times_price() {
        let nights = Nights::new(time::macros::date!(2030 - 05 - 01), time::macros::date!(2030 - 05 - 04)).unwrap();
        assert_eq!(total(Price::new(8050, Currency::Eur).ok(), nights), Some(Total { amount: 24_150, currency: Currency::Eur }));
        assert_eq!(total(None, nights), None);
    }
}
