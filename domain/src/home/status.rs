//! Where a home may go from where it stands: `draft → pending_review → active ↔ paused → retired`, `active → suspended`.

use thiserror::Error;

use super::HomeStatus;

/// What can be done to a home's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HomeMove {
    /// The host sends it to be reviewed.
    Submit,
    /// A reviewer says yes.
    Approve,
    /// Not on offer for now.
    Pause,
    /// On offer again.
    Resume,
    /// For good: what was paused is never offered again.
    Retire,
    /// Taken off by the platform.
    Suspend,
}

impl HomeMove {
    pub const ALL: [Self; 6] = [Self::Submit, Self::Approve, Self::Pause, Self::Resume, Self::Retire, Self::Suspend];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retire => "retire",
            Self::Suspend => "suspend",
        }
    }

    /// What its host may do, by themselves.
    pub const fn is_the_hosts(self) -> bool {
        match self {
            Self::Submit | Self::Pause | Self::Resume | Self::Retire => true,
            Self::Approve | Self::Suspend => false,
        }
    }
}

impl HomeStatus {
    /// Where a home goes that is listed in this release: at once on offer. Reviewing comes with its own issue.
    pub const ON_LISTING: Self = Self::Active;

    /// Only an active home is public.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Active)
    }

    /// May its host still change what it says? A retired home is history; a suspended one waits for the platform.
    pub const fn is_editable(self) -> bool {
        match self {
            Self::Draft | Self::PendingReview | Self::Active | Self::Paused => true,
            Self::Retired | Self::Suspended => false,
        }
    }

    /// The status after a move. Every arm is spelt out, so that a new status or move stops the build.
    pub const fn after(self, step: HomeMove) -> Result<Self, CannotMove> {
        use HomeMove::{Approve, Pause, Resume, Retire, Submit, Suspend};
        match (self, step) {
            (Self::Draft, Submit) => Ok(Self::PendingReview),
            (Self::PendingReview, Approve) => Ok(Self::Active),
            (Self::Active, Pause) => Ok(Self::Paused),
            (Self::Active, Suspend) => Ok(Self::Suspended),
            (Self::Paused, Resume) => Ok(Self::Active),
            (Self::Paused, Retire) => Ok(Self::Retired),
            (Self::Draft, Approve | Pause | Resume | Retire | Suspend)
            | (Self::PendingReview, Submit | Pause | Resume | Retire | Suspend)
            | (Self::Active, Submit | Approve | Resume | Retire)
            | (Self::Paused, Submit | Approve | Pause | Suspend)
            | (Self::Retired | Self::Suspended, Submit | Approve | Pause | Resume | Retire | Suspend) => Err(CannotMove { from: self, step }),
        }
    }

    /// What can be done to a home that stands here.
    pub fn moves(self) -> impl Iterator<Item = HomeMove> {
        HomeMove::ALL.into_iter().filter(move |step| self.after(*step).is_ok())
    }
}

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a home that is {} cannot {}", from.code(), step.code())]
pub struct CannotMove {
    pub from: HomeStatus,
    pub step: HomeMove,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_moves_are_allowed() {
        // domain.md: draft → pending_review → active ↔ paused → retired, active → suspended
        let documented = [
            ("draft", "pending_review"),
            ("pending_review", "active"),
            ("active", "paused"),
            ("paused", "active"),
            ("paused", "retired"),
            ("active", "suspended"),
        ];
        let mut allowed: Vec<_> =
            HomeStatus::ALL.iter().flat_map(|from| from.moves().map(move |step| (from.code(), from.after(step).unwrap().code()))).collect();
        let mut documented = documented.to_vec();
        allowed.sort_unstable();
        documented.sort_unstable();
        assert_eq!(allowed, documented);
    }

    #[test]
    fn nothing_leaves_retired() {
        assert_eq!(HomeStatus::Retired.moves().count(), 0);
    }
}
