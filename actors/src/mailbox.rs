//! How full the actors' mailboxes are. The framework does not say, so every message that can pile up is counted in and out.
//!
//! Whoever sends wraps in [`Posted`]; the token in it counts until the message is opened, or dropped with the mailbox of an actor that
//! ended. Costs three relaxed atomic steps a message; the gauges are set only when somebody looks ([`sample`]).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix::{Handler, Message};

use crate::{
    City, Hub, Inbox, World,
    board::Board,
    map::HomeEntity,
    messages::{Ask, Delivery, Follow, HeadIs, Tell, Watch},
    telemetry,
    world::{AskFiltered, State},
};

/// The mailboxes of all actors of one kind.
pub(crate) struct Mailboxes {
    actor: &'static str,
    posted: AtomicU64,
    waiting: AtomicU64,
    peak: AtomicU64,
}

/// An actor whose mailbox is counted.
pub(crate) trait Counted {
    const MAILBOXES: &'static Mailboxes;
}

static ALL: [Mailboxes; 4] = [Mailboxes::of("hub"), Mailboxes::of("world"), Mailboxes::of("city"), Mailboxes::of("inbox")];

/// A message on its way to an actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Posted<M: 'static> {
    message: M,
    _waiting: Waiting,
}

struct Waiting(&'static Mailboxes);

impl<M> Posted<M> {
    pub(crate) fn to<A: Counted>(message: M) -> Self {
        Self { message, _waiting: A::MAILBOXES.enter() }
    }

    /// Ends the waiting.
    pub(crate) fn open(self) -> M {
        self.message
    }
}

impl Mailboxes {
    const fn of(actor: &'static str) -> Self {
        Self { actor, posted: AtomicU64::new(0), waiting: AtomicU64::new(0), peak: AtomicU64::new(0) }
    }

    fn enter(&'static self) -> Waiting {
        self.posted.fetch_add(1, Relaxed);
        let waiting = self.waiting.fetch_add(1, Relaxed) + 1;
        if waiting > self.peak.load(Relaxed) {
            self.peak.fetch_max(waiting, Relaxed);
        }
        Waiting(self)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

/// Sets the series of all mailboxes to what is so now. The peak is since the last time.
pub(crate) fn sample() {
    for one in &ALL {
        let waiting = one.waiting.load(Relaxed);
        metrics::counter!(telemetry::MESSAGES, "actor" => one.actor).absolute(one.posted.load(Relaxed));
        metrics::gauge!(telemetry::MAILBOX_WAITING, "actor" => one.actor).set(waiting as f64);
        metrics::gauge!(telemetry::MAILBOX_PEAK, "actor" => one.actor).set(one.peak.swap(waiting, Relaxed).max(waiting) as f64);
    }
}

/// Each actor takes what was posted to it as if it had been sent bare.
macro_rules! opened {
    ($($actor:ty: $mailboxes:literal { $($message:ty),* })*) => { $(
        impl Counted for $actor {
            const MAILBOXES: &'static Mailboxes = &ALL[$mailboxes];
        }
        $(impl Handler<Posted<$message>> for $actor {
            type Result = ();
            fn handle(&mut self, posted: Posted<$message>, ctx: &mut Self::Context) {
                Handler::<$message>::handle(self, posted.open(), ctx);
            }
        })*
    )* };
}

opened! {
    Hub: 0 { Delivery }
    World: 1 { Tell, Watch, Ask<State>, AskFiltered }
    City: 2 { Tell, HeadIs, Watch, Ask<Board<HomeEntity>> }
    Inbox: 3 { Tell, HeadIs, Follow }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SOME: Mailboxes = Mailboxes::of("some");

    #[test]
    fn a_message_counts_until_it_is_opened_or_dropped() {
        let post = |n: u32| Posted { message: n, _waiting: SOME.enter() };
        let (one, two, three) = (post(1), post(2), post(3));
        assert_eq!(SOME.waiting.load(Relaxed), 3);
        assert_eq!(one.open(), 1);
        drop(two); // with the mailbox of an actor that ended
        assert_eq!((SOME.waiting.load(Relaxed), SOME.peak.load(Relaxed), SOME.posted.load(Relaxed)), (1, 3, 3));
        drop(three);
        assert_eq!(SOME.waiting.load(Relaxed), 0);
    }
}
