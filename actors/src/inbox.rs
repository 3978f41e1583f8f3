//! One stream's newest events, for those who subscribed: a member's own inbox, or a city's news.
//!
//! Started by the first subscriber on this node, stopped when the last has gone. Fed by the relay under the gap rule; feeds hubs one
//! message each. What a reader missed comes from memory or else from Postgres, or is said to be gone: never a silent gap.
//! Also says to Postgres what a member's devices took and the member saw, one call at a time, the latest wins.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler};
use bytes::Bytes;
use domain::{Event, StreamName, TenantId};
use time::format_description::well_known::Rfc3339;

use crate::{
    core::{Core, Reached},
    hubs::Hubs,
    messages::{Delivery, Drill, Fed, Flush, Follow, HeadIs, HubPort, Post, Read, Replay, Replayed, Tell, WatchKey, read_back},
    telemetry::{self, guarded},
};

const ACTOR: &str = "inbox";
/// Messages from relay and hubs. Full: a lost event is healed by the gap rule or the head timer, a lost question by the hub's sweep.
const MAILBOX: usize = 4_096;
/// Events kept in memory for those who come back.
const KEPT: usize = 256;
const PAGE: u32 = 500;
const HELD: usize = 1_000;

pub(crate) struct Inbox {
    core: Arc<Core>,
    tenant: TenantId,
    stream: StreamName,
    /// How readers know it.
    name: String,
    /// The newest event that was fed; none before the first read.
    head: Option<u64>,
    reached: Reached,
    /// Ends with `head`, without a gap.
    kept: VecDeque<Arc<Post>>,
    unfed: Vec<Arc<Post>>,
    early: BTreeMap<u64, Event>,
    reading: bool,
    failures: u32,
    build: u64,
    hubs: Hubs,
    questions: Vec<Question>,
    receipts: Receipt,
    last_followed: Instant,
    flush_soon: bool,
    lose_next: bool,
}

struct Question {
    hub: HubPort,
    key: WatchKey,
    since: Option<u64>,
    most: usize,
}

/// What is to be said to Postgres about a member's own stream.
#[derive(Default)]
struct Receipt {
    delivered: u64,
    seen: u64,
    said_delivered: u64,
    said_seen: u64,
    saying: bool,
}

/// Comes back from a read of older events.
struct Older {
    question: Question,
    events: Vec<Event>,
}

/// Comes back when a receipt was kept: what was said.
struct Said {
    delivered: u64,
    seen: u64,
}

impl Inbox {
    pub(crate) fn new(core: Arc<Core>, tenant: TenantId, stream: StreamName, reached: Reached, ctx: &mut Context<Self>) -> Self {
        ctx.set_mailbox_capacity(MAILBOX);
        let name = match stream {
            StreamName::Member(_) => "member:self".to_owned(),
            other => other.to_string(),
        };
        Self {
            core,
            tenant,
            stream,
            name,
            head: None,
            reached,
            kept: VecDeque::new(),
            unfed: Vec::new(),
            early: BTreeMap::new(),
            reading: false,
            failures: 0,
            build: 0,
            hubs: Hubs::default(),
            questions: Vec::new(),
            receipts: Receipt::default(),
            last_followed: Instant::now(),
            flush_soon: false,
            lose_next: false,
        }
    }

    fn rebuild(&mut self, reason: &'static str, ctx: &mut Context<Self>) {
        metrics::counter!(telemetry::REBUILDS, "actor" => ACTOR, "reason" => reason).increment(1);
        self.build += 1;
        self.head = None;
        self.reached.store(u64::MAX, Ordering::Relaxed);
        self.kept.clear();
        self.unfed.clear();
        self.early.clear();
        for hub in self.hubs.ids() {
            self.hubs.send(hub, Delivery::StreamGone(self.tenant, self.stream));
        }
        self.read_head(ctx);
    }

    fn read_head(&mut self, ctx: &mut Context<Self>) {
        self.reading = true;
        read_back(ctx.address(), self.build, self.core.source.heads(self.tenant, vec![self.stream]));
    }

    fn read_gap(&mut self, ctx: &mut Context<Self>) {
        let Some(head) = self.head else { return };
        if !std::mem::replace(&mut self.reading, true) {
            read_back(ctx.address(), self.build, self.core.source.events(self.tenant, self.stream, head, PAGE));
        }
    }

    fn failed(&mut self, why: &crate::ports::SourceError, again: fn(&mut Self, &mut Context<Self>), ctx: &mut Context<Self>) {
        metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
        self.failures += 1;
        let wait = Duration::from_millis(100) * 2u32.pow(self.failures.min(6));
        tracing::warn!(stream = %self.stream, error = %why, ?wait, "a stream could not be read");
        let build = self.build;
        ctx.run_later(wait, move |inbox, ctx| {
            if inbox.build == build {
                inbox.reading = false;
                again(inbox, ctx);
            }
        });
    }

    fn take(&mut self, event: Event, ctx: &mut Context<Self>) {
        if self.head.is_some_and(|head| event.seq <= head) {
            return;
        }
        if self.early.len() < HELD {
            self.early.insert(event.seq, event);
        }
        self.advance(ctx);
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        let Some(mut head) = self.head else { return };
        if self.reading {
            return;
        }
        let mut gap = false;
        while let Some(first) = self.early.first_entry() {
            match *first.key() {
                seq if seq <= head => {
                    first.remove();
                }
                seq if seq == head + 1 => {
                    head = seq;
                    self.unfed.push(Arc::new(post(&self.name, &first.remove())));
                }
                _ => {
                    gap = true;
                    break;
                }
            }
        }
        self.head = Some(head);
        self.reached.store(head, Ordering::Relaxed);
        if gap {
            metrics::counter!(telemetry::GAPS, "actor" => ACTOR).increment(1);
            self.read_gap(ctx);
        }
        if !self.unfed.is_empty() && !std::mem::replace(&mut self.flush_soon, true) {
            ctx.notify(Flush);
        }
    }

    fn feed(&mut self) {
        if self.unfed.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.unfed);
        self.kept.extend(events.iter().cloned());
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        let fed = Fed { tenant: self.tenant, stream: self.stream, events: Arc::new(events) };
        for hub in self.hubs.ids() {
            self.hubs.send(hub, Delivery::Fed(fed.clone()));
        }
    }

    fn answer(&mut self, question: Question, ctx: &mut Context<Self>) {
        let Some(head) = self.head else { return self.questions.push(question) };
        self.feed();
        let Some(since) = question.since else { return self.replay(question, Replay::Events { events: Vec::new(), head }) };
        if since > head {
            // Perhaps it is this actor that lags: the head is read again before a reader is told to forget.
            if self.reading {
                return self.questions.push(question);
            }
            return self.replay(question, Replay::Reset { head, reason: "ahead" });
        }
        if since == head {
            return self.replay(question, Replay::Events { events: Vec::new(), head });
        }
        if let Some(first) = self.kept.front().filter(|first| first.seq <= since + 1) {
            let from = (since + 1 - first.seq) as usize;
            let events = self.kept.iter().skip(from).take(question.most).cloned().collect();
            return self.replay(question, Replay::Events { events, head });
        }
        let reading = self.core.source.events(self.tenant, self.stream, since, question.most as u32);
        let answer = Box::pin(async move { reading.await.map(|events| Older { question, events }) });
        read_back(ctx.address(), self.build, answer);
    }

    fn replay(&mut self, question: Question, answer: Replay) {
        let Question { hub, key, since, .. } = question;
        let id = hub.id;
        self.hubs.join(hub);
        let (tenant, stream) = (self.tenant, self.stream);
        self.hubs.send(id, Delivery::Replayed(Replayed { key, tenant, stream, since: since.unwrap_or(0), answer }));
    }

    /// One call at a time; what came meanwhile goes with the next.
    fn say_receipts(&mut self, ctx: &mut Context<Self>) {
        let StreamName::Member(member) = self.stream else { return };
        let receipt = &mut self.receipts;
        let (delivered, seen) = (receipt.delivered.max(receipt.seen), receipt.seen);
        if receipt.saying || (delivered <= receipt.said_delivered && seen <= receipt.said_seen) {
            return;
        }
        receipt.saying = true;
        let deliver = (delivered > receipt.said_delivered).then(|| self.core.receipts.delivered(self.tenant, member, delivered));
        let see = (seen > receipt.said_seen).then(|| self.core.receipts.seen(self.tenant, member, seen));
        let answer = Box::pin(async move {
            if let Some(deliver) = deliver {
                deliver.await?;
            }
            if let Some(see) = see {
                see.await?;
            }
            Ok(Said { delivered, seen })
        });
        read_back(ctx.address(), 0, answer);
    }

    fn guard(&mut self, ctx: &mut Context<Self>, work: impl FnOnce(&mut Self, &mut Context<Self>)) {
        if guarded(ACTOR, || work(self, ctx)).is_none() {
            self.rebuild("panic", ctx);
        }
    }

    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.hubs.owes() {
            self.hubs.settle();
        }
        self.say_receipts(ctx);
        if !self.hubs.is_empty() || self.receipts.saying {
            self.last_followed = Instant::now();
        } else if self.last_followed.elapsed() > Duration::from_millis(self.core.config.idle_stop_ms.min(10_000)) {
            ctx.stop();
        }
    }
}

/// An event as its frame, for readers who know the stream by this name.
pub(crate) fn post(name: &str, event: &Event) -> Post {
    let at = event.at.format(&Rfc3339).unwrap_or_default();
    // The kind is one of our own words, the name one of our own streams: neither has anything to escape.
    let json = format!(r#"{{"t":"event","stream":"{name}","seq":{},"at":"{at}","kind":"{}","body":{}}}"#, event.seq, event.kind, event.body.get());
    metrics::counter!(telemetry::BYTES_ENCODED).increment(json.len() as u64);
    Post::new(event.seq, event.at, Bytes::from(json))
}

impl Actor for Inbox {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).increment(1);
        self.rebuild("start", ctx);
        ctx.run_interval(Duration::from_millis(250), |inbox, ctx| inbox.guard(ctx, Inbox::beat));
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        metrics::gauge!(telemetry::ACTORS, "actor" => ACTOR).decrement(1);
        self.core.inboxes.leave((self.tenant, self.stream), &self.reached);
        for hub in self.hubs.ids() {
            self.hubs.send(hub, Delivery::StreamGone(self.tenant, self.stream));
        }
    }
}

impl Handler<Read<Vec<(StreamName, u64)>>> for Inbox {
    type Result = ();
    fn handle(&mut self, read: Read<Vec<(StreamName, u64)>>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        match read.answer {
            Ok(heads) => self.guard(ctx, |inbox, ctx| {
                let head = heads.into_iter().find(|(stream, _)| *stream == inbox.stream).map_or(0, |(_, head)| head);
                (inbox.head, inbox.reading, inbox.failures) = (Some(head), false, 0);
                inbox.reached.store(head, Ordering::Relaxed);
                for question in std::mem::take(&mut inbox.questions) {
                    inbox.answer(question, ctx);
                }
                inbox.advance(ctx);
            }),
            Err(why) => self.failed(&why, Inbox::read_head, ctx),
        }
    }
}

impl Handler<Read<Vec<Event>>> for Inbox {
    type Result = ();
    fn handle(&mut self, read: Read<Vec<Event>>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        let events = match read.answer {
            Ok(events) => events,
            Err(why) => return self.failed(&why, Inbox::read_gap, ctx),
        };
        self.guard(ctx, |inbox, ctx| {
            (inbox.reading, inbox.failures) = (false, 0);
            let head = inbox.head.unwrap_or(0);
            let next = events.first().map_or(u64::MAX, |first| first.seq).min(inbox.early.keys().next().copied().unwrap_or(u64::MAX));
            if next != u64::MAX && next > head + 1 {
                // The stream no longer holds what lies between: begin anew at its head; readers are told so.
                return inbox.rebuild("gap", ctx);
            }
            let full = events.len() == PAGE as usize;
            events.into_iter().filter(|event| event.seq > head).for_each(|event| {
                inbox.early.insert(event.seq, event);
            });
            inbox.advance(ctx);
            for question in std::mem::take(&mut inbox.questions) {
                inbox.answer(question, ctx);
            }
            if full {
                inbox.read_gap(ctx);
            }
        });
    }
}

impl Handler<Read<Older>> for Inbox {
    type Result = ();
    fn handle(&mut self, read: Read<Older>, ctx: &mut Context<Self>) {
        // A failed read is asked for again by the hub's sweep.
        let Ok(Older { question, events }) = read.answer else {
            metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
            return;
        };
        self.guard(ctx, |inbox, _| {
            let Some(head) = inbox.head else { return inbox.questions.push(question) };
            let since = question.since.unwrap_or(0);
            let whole = events.iter().zip(since + 1..).all(|(event, seq)| event.seq == seq) && !events.is_empty();
            let answer = if whole {
                Replay::Events { events: events.iter().map(|event| Arc::new(post(&inbox.name, event))).collect(), head }
            } else {
                Replay::Reset { head, reason: "trimmed" }
            };
            inbox.replay(question, answer);
        });
    }
}

impl Handler<Read<Said>> for Inbox {
    type Result = ();
    fn handle(&mut self, read: Read<Said>, _: &mut Context<Self>) {
        self.receipts.saying = false;
        match read.answer {
            Ok(said) => {
                self.receipts.said_delivered = self.receipts.said_delivered.max(said.delivered);
                self.receipts.said_seen = self.receipts.said_seen.max(said.seen);
            }
            // Said again with the next beat.
            Err(why) => tracing::warn!(error = %why, "a receipt could not be kept"),
        }
    }
}

impl Handler<Tell> for Inbox {
    type Result = ();
    fn handle(&mut self, Tell(event): Tell, ctx: &mut Context<Self>) {
        if std::mem::take(&mut self.lose_next) {
            return;
        }
        self.guard(ctx, |inbox, ctx| inbox.take(event, ctx));
    }
}

impl Handler<HeadIs> for Inbox {
    type Result = ();
    fn handle(&mut self, HeadIs(head): HeadIs, ctx: &mut Context<Self>) {
        if let Some(mine) = self.head.filter(|mine| head > *mine && !self.reading) {
            metrics::counter!(telemetry::HEALS).increment(head - mine);
            self.read_gap(ctx);
        }
    }
}

impl Handler<Follow> for Inbox {
    type Result = ();
    fn handle(&mut self, follow: Follow, ctx: &mut Context<Self>) {
        self.guard(ctx, |inbox, ctx| match follow {
            Follow::Leave(hub) => inbox.hubs.leave(hub),
            Follow::Replay { hub, key, since, most } => {
                let question = Question { hub, key, since, most };
                let ahead = inbox.head.zip(since).is_some_and(|(head, since)| since > head);
                if ahead && !inbox.reading {
                    // Ask Postgres whether this actor lags before saying that the reader is ahead.
                    inbox.questions.push(question);
                    inbox.read_gap(ctx);
                } else {
                    inbox.answer(question, ctx);
                }
            }
            Follow::Delivered(seq) => {
                inbox.receipts.delivered = inbox.receipts.delivered.max(seq);
                inbox.say_receipts(ctx);
            }
            Follow::Seen(seq) => {
                inbox.receipts.seen = inbox.receipts.seen.max(seq);
                inbox.say_receipts(ctx);
            }
        });
    }
}

impl Handler<Flush> for Inbox {
    type Result = ();
    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush_soon = false;
        self.guard(ctx, |inbox, _| inbox.feed());
    }
}

impl Handler<Drill> for Inbox {
    type Result = ();
    fn handle(&mut self, drill: Drill, ctx: &mut Context<Self>) {
        match drill {
            Drill::Panic => self.guard(ctx, |_, _| panic!("a drill")),
            Drill::Kill => ctx.terminate(),
            Drill::LoseNext => self.lose_next = true,
        }
    }
}
