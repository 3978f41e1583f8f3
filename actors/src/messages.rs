//! What the live actors say to each other. One type goes to hubs, so that what an actor says stays in its order.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use bytes::Bytes;
use domain::{BBox, CityId, Event, HomeFilter, StreamName, TenantId};
use futures_util::FutureExt;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use crate::{
    mailbox::Posted,
    map::{Group, TileKey, Weight},
    ports::SourceError,
    telemetry,
    wire::{Encoding, Held, ScopeName, ServerFrame, binary},
};

/// A hub on this node; never given twice.
pub(crate) type HubId = u64;
/// One view's part in one scope, inside its hub; never given twice.
pub(crate) type WatchKey = u64;

/// A hub as the actors know it.
#[derive(Clone)]
pub(crate) struct HubPort {
    pub(crate) id: HubId,
    pub(crate) deliver: Recipient<Posted<Delivery>>,
}

/// One map with one epoch. A world has a board of its own for each filter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BoardId {
    pub(crate) tenant: TenantId,
    pub(crate) scope: ScopeName,
    /// The filter a world was counted by; a city's board serves every filter.
    pub(crate) filter: Option<Arc<HomeFilter>>,
}

/// Somebody looks at a board from now on (or again, after it looked elsewhere or fell behind).
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) key: WatchKey,
    pub(crate) bbox: BBox,
    pub(crate) zoom: f64,
    pub(crate) filter: Arc<HomeFilter>,
    pub(crate) encoding: Encoding,
    /// What the client holds, if it holds something.
    pub(crate) have: Option<Held>,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Watch {
    Look(HubPort, Look),
    /// World only: which cities' extents does a box meet? Told again when that changes.
    Where(HubPort, WatchKey, BBox),
    Leave(HubId, WatchKey),
}

/// From an actor to a hub.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Delivery {
    Looked(Box<Looked>),
    Ticked(Ticked),
    /// Nothing has changed that was not told; this is how far that is.
    Reached(Reached),
    /// Something for this board could not be delivered: look again at all of it.
    Missed(BoardId),
    /// The board is being rebuilt or has stopped: look again. Whether what is held may be proved to it then.
    Gone(BoardId, bool),
    Cities {
        key: WatchKey,
        cities: Vec<CityId>,
    },
    Fed(Fed),
    Replayed(Replayed),
    /// The stream's actor has stopped: subscribe again from where each reader is.
    StreamGone(TenantId, StreamName),
}

/// The answer to a look.
pub(crate) struct Looked {
    pub(crate) key: WatchKey,
    pub(crate) board: BoardId,
    /// What the client gives back in `since`: the board's epoch and this plan.
    pub(crate) epoch: Arc<str>,
    pub(crate) tick: u64,
    pub(crate) group: Group,
    pub(crate) tiles: Arc<[TileKey]>,
    pub(crate) covers: BBox,
    pub(crate) total: Weight,
    /// How many times the usual time lies between two ticks now.
    pub(crate) stretch: u32,
    pub(crate) answer: Answer,
}

pub(crate) enum Answer {
    /// Everything, in full. `unknown_epoch`: the client came with an epoch that is none of this board's.
    Whole { chunks: Vec<Bytes>, unknown_epoch: bool },
    /// What the client held is proved: these tiles, in full, bring it from `prev` to the tick.
    Repair { prev: u64, chunks: Vec<Bytes> },
}

/// What changed for one way of looking: each touched tile with its encoded change.
pub(crate) type GroupChunks = (Group, Vec<(TileKey, Bytes)>);

/// Changed tiles of some of a board's groups.
#[derive(Clone)]
pub(crate) struct Ticked {
    pub(crate) board: BoardId,
    /// Counts what was sent to this hub about this board; a jump means that something was missed.
    pub(crate) n: u64,
    pub(crate) tick: u64,
    /// The oldest commit this tells of.
    pub(crate) at: Option<OffsetDateTime>,
    /// How many times the usual time lies between two ticks now.
    pub(crate) stretch: u32,
    pub(crate) groups: Arc<Vec<GroupChunks>>,
}

/// How far a board is, after all that it told.
#[derive(Clone)]
pub(crate) struct Reached {
    pub(crate) board: BoardId,
    /// As in [`Ticked`].
    pub(crate) n: u64,
    pub(crate) tick: u64,
}

/// New events of a stream, in order, with their frames encoded once.
#[derive(Clone)]
pub(crate) struct Fed {
    pub(crate) tenant: TenantId,
    pub(crate) stream: StreamName,
    pub(crate) events: Arc<Vec<Arc<Post>>>,
}

/// An event and its frame, without its framing.
pub(crate) struct Post {
    pub(crate) seq: u64,
    pub(crate) at: OffsetDateTime,
    pub(crate) json: Bytes,
    binary: OnceLock<Bytes>,
}

impl Post {
    pub(crate) fn new(seq: u64, at: OffsetDateTime, json: Bytes) -> Self {
        Self { seq, at, json, binary: OnceLock::new() }
    }

    /// Its frame in the binary encoding, made when the first reader asks for it.
    pub(crate) fn binary(&self) -> &Bytes {
        self.binary.get_or_init(|| {
            // A frame of our own reads back.
            let frame = serde_json::from_slice(&self.json).map(|frame: ServerFrame| binary::write(&frame));
            let bytes = Bytes::from(frame.unwrap_or_default());
            metrics::counter!(telemetry::BYTES_ENCODED).increment(bytes.len() as u64);
            bytes
        })
    }
}

/// One page of what a reader asked to have again.
pub(crate) struct Replayed {
    pub(crate) key: WatchKey,
    pub(crate) tenant: TenantId,
    pub(crate) stream: StreamName,
    pub(crate) since: u64,
    pub(crate) answer: Replay,
}

pub(crate) enum Replay {
    /// Ascending from `since + 1`, no gap; `head` is the newest there is.
    Events { events: Vec<Arc<Post>>, head: u64 },
    /// The events after `since` are no longer (or not yet) there.
    Reset { head: u64, reason: &'static str },
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Follow {
    Leave(HubId),
    /// Events after `since`, at most so many (none: just the head); and from now on what is new.
    Replay {
        hub: HubPort,
        key: WatchKey,
        since: Option<u64>,
        most: usize,
    },
    Delivered(u64),
    Seen(u64),
}

/// A committed event, from the relay.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Tell(pub(crate) Event);

/// Where Postgres says a stream is.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct HeadIs(pub(crate) u64);

/// Comes back from a task that read the source.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Read<T: 'static> {
    /// The build this belongs to: an answer to an older one is dropped.
    pub(crate) build: u64,
    pub(crate) answer: Result<T, SourceError>,
}

/// Reads the source in a task and tells the actor, whatever happens to the read.
pub(crate) fn read_back<A, T>(me: Addr<A>, build: u64, reading: crate::ports::Answer<T>)
where
    A: Actor<Context = Context<A>> + Handler<Read<T>>,
    T: Send + 'static,
{
    actix::spawn(async move {
        let answer = AssertUnwindSafe(reading).catch_unwind().await.unwrap_or_else(|_| Err(SourceError("it panicked".into())));
        // do_send: one answer per question, so they cannot pile up, and without it the actor would wait for ever.
        me.do_send(Read { build, answer });
    });
}

/// A question from outside, answered when the actor has its state.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Ask<T: 'static>(pub(crate) Box<dyn FnOnce(&mut T) + Send>);

impl<T: 'static> Ask<T> {
    pub(crate) fn new<R: Send + 'static>(ask: impl FnOnce(&mut T) -> R + Send + 'static) -> (Self, oneshot::Receiver<R>) {
        let (answer, wait) = oneshot::channel();
        let boxed = Box::new(move |state: &mut T| {
            let _ = answer.send(ask(state)); // Who asked may have gone.
        });
        (Self(boxed), wait)
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Flush;

/// Tell hubs all that there is, and how far that is: they say goodbye. Answered when that is on its way.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Settle;

/// A fault drill: what must never lose anything.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub enum Drill {
    /// Panic while handling this.
    Panic,
    /// Stop at once, as if killed.
    Kill,
    /// Forget the next event that is told: a lost hand-over.
    LoseNext,
}
