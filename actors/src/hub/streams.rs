//! What connections follow: events in their order, each exactly once per connection, never a silent gap.
//!
//! A subscription knows the last event it was given. What comes next in the stream is given; anything else is asked for again.

use std::{collections::VecDeque, time::Instant};

use actix::Context;
use domain::{StreamName, TenantId};
use time::OffsetDateTime;

use super::{
    ConnId, Hub,
    conn::{Conn, What},
};
use crate::{
    Inbox,
    framing::{Framing, sse_with_id},
    mailbox::Posted,
    messages::{Fed, Follow, Post, Replay, Replayed, WatchKey},
    outlet::Overflow,
    telemetry::{self, meters},
    wire::{Close, ErrorFrame, Outcome, Reset, ServerFrame, Stream},
};

/// Events of one page of a replay; the next is asked for when the outlet has room for it.
const PAGE: usize = 200;
/// Delivered events whose ack is waited for, for the metric of their age.
const UNACKED: usize = 256;

pub(super) struct Sub {
    pub(super) stream: Stream,
    key: WatchKey,
    /// The last event that was given; none until the first answer.
    last: Option<u64>,
    /// Given live; else a replay is under way.
    live: bool,
    /// When a replay was asked for that has no answer yet.
    pub(super) asked: Option<Instant>,
    /// The next page waits for room.
    hungry: bool,
    unacked: VecDeque<(u64, OffsetDateTime)>,
}

impl Conn {
    fn give(&mut self, stream: StreamName, post: &Post) -> Result<(), Overflow> {
        let bytes = match self.framing {
            Framing::WebSocket => Framing::WebSocket.message(&[&post.json]),
            Framing::WebSocketBinary => Framing::WebSocketBinary.message(&[post.binary()]),
            Framing::Sse => sse_with_id(&self.event_id(stream, post.seq), &[&post.json]),
        };
        meters().events.increment(1);
        self.push_framed(bytes, Some(post.at))?;
        if let Some(sub) = self.subs.get_mut(&stream) {
            sub.last = Some(post.seq);
            if sub.stream == Stream::Own && sub.unacked.len() < UNACKED {
                sub.unacked.push_back((post.seq, post.at));
            }
        }
        Ok(())
    }

    /// Where this connection will be in all its streams once it has this event: `member:self=12,city:5=9`.
    fn event_id(&self, stream: StreamName, seq: u64) -> String {
        let mut places: Vec<String> = self
            .subs
            .iter()
            .filter_map(|(name, sub)| Some((sub.stream, if *name == stream { seq } else { sub.last? })))
            .map(|(name, seq)| format!("{name}={seq}"))
            .collect();
        places.sort_unstable();
        places.join(",")
    }
}

impl Hub {
    pub(super) fn subscribe(&mut self, id: ConnId, stream: Stream, since: Option<u64>, ctx: &mut Context<Self>) {
        let most = self.core.config.streams as usize;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let tenant = conn.principal.tenant;
        let refused = |detail: &str| ErrorFrame::new(Some("subscribe"), "stream-not-yours", "That stream is not for you", detail.to_owned());
        let name = match (stream, conn.principal.member) {
            (_, None) => Err(refused("a visitor looks at the map; sign in to follow a stream")),
            (Stream::Own, Some(member)) => Ok(StreamName::Member(member)),
            (Stream::City(city), Some(_)) => Ok(StreamName::City(city)),
            (Stream::Tenant | Stream::Ops | Stream::Project(_), Some(_)) => Err(refused("this stream is not open to members")),
        };
        let over = conn.subs.len() >= most && name.as_ref().is_ok_and(|name| !conn.subs.contains_key(name));
        let name = match name {
            Ok(name) if !over => name,
            Ok(_) => {
                metrics::counter!(telemetry::LIMITED, "limit" => "streams").increment(1);
                self.error(id, ErrorFrame::over_limit("subscribe", format!("a connection follows at most {most} streams; unsubscribe one first"), 1_000));
                return self.decide(id, &What::Stream(stream), Outcome::Reset, ctx);
            }
            Err(frame) => {
                self.error(id, frame);
                return self.decide(id, &What::Stream(stream), Outcome::Reset, ctx);
            }
        };
        let sub = Sub { stream, key: self.core.next_id(), last: since, live: false, asked: None, hungry: false, unacked: VecDeque::new() };
        conn.subs.insert(name, sub);
        self.streams.entry((tenant, name)).or_default().insert(id);
        self.replay(id, name);
    }

    pub(super) fn unsubscribe(&mut self, id: ConnId, stream: Stream) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(name) = conn.subs.iter().find(|(_, sub)| sub.stream == stream).map(|(name, _)| *name) else {
            return self.error(id, not_followed("unsubscribe", stream));
        };
        conn.subs.remove(&name);
        self.unfollow(id, self.conns[&id].principal.tenant, name);
    }

    /// Asks for what comes after the last event that was given.
    pub(super) fn replay(&mut self, id: ConnId, name: StreamName) {
        let (Some(hub), Some(conn)) = (self.port(), self.conns.get_mut(&id)) else { return };
        let tenant = conn.principal.tenant;
        let room = conn.room();
        // A page fits beside as much again: a replay alone never overflows.
        let page = PAGE.min(self.core.config.queue_entries / 2).max(1);
        let Some(sub) = conn.subs.get_mut(&name) else { return };
        sub.live = false;
        if room < page {
            sub.hungry = true;
            sub.asked = None;
            conn.outlet.wake_when_free();
            return;
        }
        (sub.hungry, sub.asked) = (false, Some(Instant::now()));
        let ask = Follow::Replay { hub, key: sub.key, since: sub.last, most: page };
        // A full mailbox is asked again by the sweep.
        if self.core.inbox(tenant, name).try_send(Posted::to::<Inbox>(ask)).is_err() {
            metrics::counter!(telemetry::MAILBOX_FULL, "actor" => "inbox").increment(1);
        }
    }

    /// An outlet has room again.
    pub(super) fn hungry(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        let hungry: Vec<_> = conn.subs.iter().filter(|(_, sub)| sub.hungry).map(|(name, _)| *name).collect();
        hungry.into_iter().for_each(|name| self.replay(id, name));
    }

    pub(super) fn replayed(&mut self, replayed: Replayed, ctx: &mut Context<Self>) {
        let name = replayed.stream;
        let Some(readers) = self.streams.get(&(replayed.tenant, name)) else { return };
        let Some(id) = readers.iter().copied().find(|id| self.conns.get(id).and_then(|c| c.subs.get(&name)).is_some_and(|sub| sub.key == replayed.key)) else {
            return;
        };
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(sub) = conn.subs.get_mut(&name) else { return };
        if sub.live || sub.asked.is_none() || replayed.since != sub.last.unwrap_or(0) {
            return; // An answer to a question that was repeated.
        }
        sub.asked = None;
        let stream = sub.stream;
        let (events, head, outcome) = match replayed.answer {
            Replay::Events { events, head } => (events, head, Outcome::Resumed),
            Replay::Reset { head, reason } => {
                sub.last = Some(head);
                conn.say(&ServerFrame::Reset(Reset { scope: stream.to_string(), view: None, reason: reason.into(), epoch: None }));
                (Vec::new(), head, Outcome::Reset)
            }
        };
        if conn.subs.get(&name).is_some_and(|sub| sub.last.is_none()) {
            // From now on.
            if let Some(sub) = conn.subs.get_mut(&name) {
                sub.last = Some(head);
            }
        }
        for post in &events {
            if conn.give(name, post).is_err() {
                return self.close(id, Close::Overflow);
            }
        }
        // The welcome, if this was what it waited for, takes its room before the next page is asked for.
        self.decide(id, &What::Stream(stream), outcome, ctx);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(sub) = conn.subs.get_mut(&name) else { return };
        if sub.last.unwrap_or(0) >= head {
            sub.live = true;
            let seq = sub.last.unwrap_or(0);
            conn.say(&ServerFrame::CaughtUp { stream, seq });
        } else {
            self.replay(id, name);
        }
    }

    pub(super) fn fed(&mut self, fed: &Fed) {
        let Some(readers) = self.streams.get(&(fed.tenant, fed.stream)) else { return };
        let (mut ends, mut gaps) = (Vec::new(), Vec::new());
        for id in readers {
            let Some(conn) = self.conns.get_mut(id) else { continue };
            for post in fed.events.iter() {
                let Some(sub) = conn.subs.get(&fed.stream).filter(|sub| sub.live) else { break };
                match sub.last {
                    Some(last) if post.seq <= last => {}
                    Some(last) if post.seq == last + 1 => {
                        if conn.give(fed.stream, post).is_err() {
                            ends.push(*id);
                            break;
                        }
                    }
                    _ => {
                        gaps.push(*id);
                        break;
                    }
                }
            }
        }
        ends.into_iter().for_each(|id| self.close(id, Close::Overflow));
        for id in gaps {
            metrics::counter!(telemetry::GAPS, "actor" => "hub").increment(1);
            self.replay(id, fed.stream);
        }
    }

    /// A stream's actor is new: everyone says where they are.
    pub(super) fn follow_again(&mut self, tenant: TenantId, stream: StreamName) {
        let readers: Vec<_> = self.streams.get(&(tenant, stream)).into_iter().flatten().copied().collect();
        readers.into_iter().for_each(|id| self.replay(id, stream));
    }

    pub(super) fn unfollow(&mut self, id: ConnId, tenant: TenantId, stream: StreamName) {
        let Some(readers) = self.streams.get_mut(&(tenant, stream)) else { return };
        readers.remove(&id);
        if readers.is_empty() {
            self.streams.remove(&(tenant, stream));
            if let Some(inbox) = self.core.inboxes.get((tenant, stream)) {
                let _ = inbox.try_send(Posted::to::<Inbox>(Follow::Leave(self.id))); // Refused: it hears that nobody here follows with its next message.
            }
        }
    }

    pub(super) fn ack(&mut self, id: ConnId, stream: Stream, seq: u64) {
        let Some(name) = self.may_mark(id, "ack", stream, seq) else { return };
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if let Some(sub) = conn.subs.get_mut(&name) {
            let now = OffsetDateTime::now_utc();
            while let Some((_, at)) = sub.unacked.front().filter(|(s, _)| *s <= seq) {
                metrics::histogram!(telemetry::ACK_AGE).record((now - *at).as_seconds_f64().max(0.0));
                sub.unacked.pop_front();
            }
        }
        self.mark(id, name, Follow::Delivered(seq));
    }

    pub(super) fn seen(&mut self, id: ConnId, stream: Stream, seq: u64) {
        if let Some(name) = self.may_mark(id, "seen", stream, seq) {
            self.mark(id, name, Follow::Seen(seq));
        }
    }

    /// Only what was given can be marked.
    fn may_mark(&mut self, id: ConnId, of: &'static str, stream: Stream, seq: u64) -> Option<StreamName> {
        let conn = self.conns.get(&id)?;
        let Some((name, sub)) = conn.subs.iter().find(|(_, sub)| sub.stream == stream) else {
            self.error(id, not_followed(of, stream));
            return None;
        };
        let last = sub.last.unwrap_or(0);
        if seq > last {
            self.error(id, ErrorFrame::new(Some(of), "not-given", "Not given yet", format!("{stream} was given up to {last}, not {seq}")));
            return None;
        }
        Some(*name)
    }

    fn mark(&self, id: ConnId, name: StreamName, mark: Follow) {
        let (StreamName::Member(_), Some(conn)) = (name, self.conns.get(&id)) else { return };
        // Cumulative: one that is refused by a full mailbox is said again with the next.
        if self.core.inbox(conn.principal.tenant, name).try_send(Posted::to::<Inbox>(mark)).is_err() {
            metrics::counter!(telemetry::MAILBOX_FULL, "actor" => "inbox").increment(1);
        }
    }
}

fn not_followed(of: &'static str, stream: Stream) -> Box<ErrorFrame> {
    ErrorFrame::new(Some(of), "unknown-stream", "Not subscribed", format!("this connection does not follow {stream}; subscribe first"))
}
