//! What was revoked just now, for connections that join on what was known a moment before.
//!
//! Between asking who somebody is and joining a hub lie seconds in which nobody could tell them: the hub asks here. Written by
//! [`Live::revoke`](crate::Live::revoke) before it tells the hubs, so that of the two one always meets a connection.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    hub::{Principal, Revoked},
    wire::Close,
};

/// Nobody joins on what was known so long ago: `hello` is late before.
const KEPT: Duration = Duration::from_secs(60);
/// And no more than these; beyond, those who joined on something older than the oldest are asked to come back.
const MOST: usize = 4_096;

#[derive(Default)]
pub(crate) struct RecentlyRevoked(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    /// Oldest first.
    list: VecDeque<(Instant, Revoked)>,
    /// What was revoked before is no longer known.
    known_from: Option<Instant>,
}

impl RecentlyRevoked {
    pub(crate) fn note(&self, revoked: Revoked, now: Instant) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.list.front().is_some_and(|(at, _)| recent.list.len() >= MOST || now.saturating_duration_since(*at) > KEPT) {
            recent.known_from = recent.list.pop_front().map(|(at, _)| at);
        }
        recent.list.push_back((now, revoked));
    }

    /// How to end somebody from whom something was taken since they were asked for.
    pub(crate) fn since(&self, who: &Principal) -> Option<Close> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = recent.list.iter().rev().take_while(|(at, _)| *at >= who.as_of);
        let meant = newer.filter(|(_, revoked)| revoked.means(who)).map(|(_, revoked)| revoked.close()).next();
        meant.or_else(|| recent.known_from.filter(|from| who.as_of <= *from).map(|_| Close::Recheck))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::TenantId;

    use super::*;

    fn who(as_of: Instant) -> Principal {
        Principal { tenant: TenantId(uuid::Uuid::nil()), member: None, account: None, session: Some("s".into()), as_of }
    }

    #[test]
    fn what_was_known_before_a_revocation_is_ended_and_what_is_newer_is_not() {
        let (recent, then) = (RecentlyRevoked::default(), Instant::now());
        let later = |ms| then + Duration::from_millis(ms);
        recent.note(Revoked::Session(Arc::from("s")), later(10));
        assert_eq!(recent.since(&who(later(5))), Some(Close::Revoked));
        assert_eq!(recent.since(&who(later(11))), None);
        assert_eq!(recent.since(&Principal { session: Some("t".into()), ..who(later(5)) }), None, "somebody else");
        recent.note(Revoked::Recheck(None), later(20));
        assert_eq!(recent.since(&who(later(11))), Some(Close::Recheck));
    }

    #[test]
    fn who_is_older_than_what_is_remembered_is_asked_to_come_back() {
        let (recent, then) = (RecentlyRevoked::default(), Instant::now());
        for ms in 0..=MOST as u64 {
            recent.note(Revoked::Session(Arc::from("other")), then + Duration::from_millis(ms));
        }
        assert_eq!(recent.since(&who(then)), Some(Close::Recheck));
        assert_eq!(recent.since(&who(then + Duration::from_millis(1))), None);
    }
}
