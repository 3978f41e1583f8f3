//! The only publisher: takes what has been committed and hands it to those who look.
//!
//! Fed by commands through [`RelayHandle`] after their commit; feeds worlds, cities and inboxes that run, and starts none. Compares
//! the heads in Postgres with what its actors reached, about once a second: a hand-over that was lost (a full intake, a killed
//! actor, another process that wrote) heals by itself. Holds no state that matters.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use actix::{Actor, AsyncContext, Context, Handler, StreamHandler, Supervised};
use domain::{Event, StreamName, TenantId};
use futures_util::stream;
use tokio::sync::mpsc;

use crate::{
    City, Inbox, World,
    core::Core,
    mailbox::Posted,
    messages::{Drill, HeadIs, Read, Tell, read_back},
    telemetry::{self, guarded},
};

const ACTOR: &str = "relay";
/// Transactions' events that may wait. Full: counted, and healed by the head timer; a command never waits.
pub(crate) const INTAKE: usize = 16_384;

/// Where commands hand over committed events. Never waits, never blocks a command: what cannot be taken is counted, and healed by the head timer.
///
/// The default hands over to nobody (a command line tool, a test of commands).
#[derive(Clone, Debug, Default)]
pub struct RelayHandle {
    intake: Option<mpsc::Sender<Vec<Event>>>,
}

impl RelayHandle {
    pub(crate) fn new(intake: mpsc::Sender<Vec<Event>>) -> Self {
        Self { intake: Some(intake) }
    }

    /// Transactions' events that wait to be handed on.
    pub(crate) fn waiting(&self) -> usize {
        self.intake.as_ref().map_or(0, |intake| intake.max_capacity() - intake.capacity())
    }

    /// Hands over what a transaction recorded, in its order, after the commit.
    pub fn publish(&self, events: Vec<Event>) {
        let Some(intake) = &self.intake else { return };
        if events.is_empty() {
            return;
        }
        let count = events.len() as u64;
        // Full (or the relay is being rebuilt): the events are in Postgres, so nothing is lost but time.
        if intake.try_send(events).is_err() {
            metrics::counter!(telemetry::REFUSED).increment(count);
        }
    }
}

/// The intake's end, kept outside so that a restarted relay goes on where the last one stopped.
pub(crate) type Intake = Arc<Mutex<mpsc::Receiver<Vec<Event>>>>;

pub(crate) struct Relay {
    core: Arc<Core>,
    intake: Intake,
    checking: bool,
}

/// Comes back from a comparison of one tenant's heads.
struct Heads {
    tenant: TenantId,
    heads: Vec<(StreamName, u64)>,
}

impl Relay {
    pub(crate) fn new(core: Arc<Core>, intake: Intake) -> Self {
        Self { core, intake, checking: false }
    }

    fn hand_on(&self, event: &Event) {
        // Each of these may be refused by a full mailbox: the gap rule or the head timer brings the event later.
        let refused = |actor: &'static str| metrics::counter!(telemetry::MAILBOX_FULL, "actor" => actor).increment(1);
        metrics::counter!(telemetry::PUBLISHED).increment(1);
        if let StreamName::City(city) = event.stream {
            if let Some(actor) = self.core.cities.get((event.tenant, city))
                && actor.try_send(Posted::to::<City>(Tell(event.clone()))).is_err()
            {
                refused("city");
            }
            if let Some(actor) = self.core.worlds.get(event.tenant)
                && actor.try_send(Posted::to::<World>(Tell(event.clone()))).is_err()
            {
                refused("world");
            }
        }
        if let Some(actor) = self.core.inboxes.get((event.tenant, event.stream))
            && actor.try_send(Posted::to::<Inbox>(Tell(event.clone()))).is_err()
        {
            refused("inbox");
        }
    }

    /// Asks Postgres where the streams of running actors are.
    fn check_heads(&mut self, ctx: &mut Context<Self>) {
        self.core.relay_beat.store(self.core.started.elapsed().as_millis() as u64, Ordering::Relaxed);
        if self.checking {
            return;
        }
        let mut streams: HashMap<TenantId, Vec<StreamName>> = HashMap::new();
        for ((tenant, city), ..) in self.core.cities.all() {
            streams.entry(tenant).or_default().push(StreamName::City(city));
        }
        for ((tenant, stream), ..) in self.core.inboxes.all() {
            let of = streams.entry(tenant).or_default();
            if !of.contains(&stream) {
                of.push(stream);
            }
        }
        if streams.is_empty() {
            return;
        }
        self.checking = true;
        let core = self.core.clone();
        let answer = Box::pin(async move {
            let mut all = Vec::with_capacity(streams.len());
            for (tenant, streams) in streams {
                // One tenant that cannot be read does not keep the others waiting.
                match core.source.heads(tenant, streams).await {
                    Ok(heads) => all.push(Heads { tenant, heads }),
                    Err(why) => {
                        metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
                        tracing::warn!(error = %why, "heads could not be compared");
                    }
                }
            }
            Ok(all)
        });
        read_back(ctx.address(), 0, answer);
    }

    fn compare(&self, all: Vec<Heads>) {
        for Heads { tenant, heads } in all {
            let heads: HashMap<StreamName, u64> = heads.into_iter().collect();
            let behind = |stream: StreamName, reached: u64| heads.get(&stream).copied().filter(|head| *head > reached);
            for ((_, city), actor, reached) in self.core.cities.all().into_iter().filter(|((of, _), ..)| *of == tenant) {
                if let Some(head) = behind(StreamName::City(city), reached) {
                    let _ = actor.try_send(Posted::to::<City>(HeadIs(head))); // Said again in a second.
                }
            }
            for ((_, stream), actor, reached) in self.core.inboxes.all().into_iter().filter(|((of, _), ..)| *of == tenant) {
                if let Some(head) = behind(stream, reached) {
                    let _ = actor.try_send(Posted::to::<Inbox>(HeadIs(head))); // Said again in a second.
                }
            }
        }
    }
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let intake = self.intake.clone();
        ctx.add_stream(stream::poll_fn(move |cx| match intake.lock().unwrap_or_else(PoisonError::into_inner).poll_recv(cx) {
            Poll::Ready(Some(events)) => Poll::Ready(Some(events)),
            // The last handle is gone: nothing will ever come, but heads are still compared.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }));
        ctx.run_interval(Duration::from_millis(self.core.config.head_check_ms.max(50)), |relay, ctx| {
            let _ = guarded(ACTOR, || relay.check_heads(ctx));
        });
        self.core.relay_beat.store(self.core.started.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

impl Supervised for Relay {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.checking = false;
        metrics::counter!(telemetry::REBUILDS, "actor" => ACTOR, "reason" => "stopped").increment(1);
    }
}

impl StreamHandler<Vec<Event>> for Relay {
    fn handle(&mut self, events: Vec<Event>, _: &mut Context<Self>) {
        let _ = guarded(ACTOR, || events.iter().for_each(|event| self.hand_on(event)));
    }

    fn finished(&mut self, _: &mut Context<Self>) {}
}

impl Handler<Read<Vec<Heads>>> for Relay {
    type Result = ();
    fn handle(&mut self, read: Read<Vec<Heads>>, _: &mut Context<Self>) {
        self.checking = false;
        if let Ok(all) = read.answer {
            let _ = guarded(ACTOR, || self.compare(all));
        }
    }
}

impl Handler<Drill> for Relay {
    type Result = ();
    fn handle(&mut self, drill: Drill, ctx: &mut Context<Self>) {
        use actix::ActorContext;
        match drill {
            Drill::Panic => {
                let _ = guarded(ACTOR, || panic!("a drill"));
            }
            Drill::Kill => ctx.stop(),
            Drill::LoseNext => {
                let _ = self.intake.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
            }
        }
    }
}
