//! Reads what a client is told in the binary encoding, as the frames that the JSON one would have brought.
//!
//! A change says only what is different of the things a tile holds, so a reader holds them: one for each client, kept over its
//! connections as what the client holds is. Nothing is guessed: a change of what is not held, or since another tick, is refused, and
//! what it was for is forgotten.

use std::collections::HashMap;

use domain::BBox;
use prost::{DecodeError, Message};
use thiserror::Error;

use super::{
    messages::{self, server_frame::Frame},
    plain,
    tile::Tile,
};
use crate::{BadName, Chunk, ScopeName, ServerFrame, Snapshot, StateDelta, Total, ViewId};

/// Why bytes are no frame, or none that follows from what is held.
#[derive(Debug, Error)]
pub enum Unreadable {
    #[error("no message of the schema: {0}")]
    Malformed(#[from] DecodeError),
    #[error("{0}")]
    Name(#[from] BadName),
    #[error("{0} is missing, or is none that is known")]
    Field(&'static str),
    #[error("part {0} was not named on this connection")]
    UnknownPart(u32),
    #[error("the delta is for tick {prev}, and {held:?} is held")]
    DoesNotFollow { prev: u64, held: Option<u64> },
    #[error("tile {tile} holds nothing under handle {handle}")]
    NotHeld { tile: String, handle: u32 },
    #[error("a body is no JSON: {0}")]
    Body(#[from] serde_json::Error),
}

type Place = (ViewId, ScopeName);

/// What a client holds of its views, so far as changes refer to it.
#[derive(Debug, Default)]
pub struct Reader {
    parts: HashMap<u32, Place>,
    held: HashMap<Place, Scope>,
}

#[derive(Debug)]
struct Scope {
    epoch: String,
    tick: u64,
    /// More of its snapshot is to come.
    unfinished: bool,
    tiles: HashMap<u64, Tile>,
}

impl Reader {
    /// A new connection: what is held stays, its numbers begin anew.
    pub fn reconnects(&mut self) {
        self.parts.clear();
        self.held.retain(|_, scope| !scope.unfinished);
    }

    /// Reads one binary message.
    pub fn read(&mut self, bytes: &[u8]) -> Result<ServerFrame, Unreadable> {
        let messages::ServerFrame { frame, tiles } = messages::ServerFrame::decode(bytes)?;
        match frame.ok_or(Unreadable::Field("frame"))? {
            Frame::Snapshot(head) => self.snapshot(head, tiles).map(ServerFrame::Snapshot),
            Frame::Delta(head) => self.delta(head, tiles).map(ServerFrame::Delta),
            Frame::Reset(reset) => {
                if let (Some(view), Ok(scope)) = (&reset.view, reset.scope.parse()) {
                    self.held.remove(&(view.parse()?, scope));
                }
                plain::frame(Frame::Reset(reset))
            }
            other => plain::frame(other),
        }
    }

    fn snapshot(&mut self, head: messages::Snapshot, tiles: Vec<messages::Tile>) -> Result<Snapshot, Unreadable> {
        let messages::Part { view, scope, epoch } = head.names.ok_or(Unreadable::Field("snapshot.names"))?;
        let place: Place = (view.parse()?, scope.parse()?);
        let scopes = head.scopes.iter().map(|scope| scope.parse()).collect::<Result<Vec<ScopeName>, _>>()?;
        let mode = messages::Mode::word(head.mode).ok_or(Unreadable::Field("snapshot.mode"))?;
        let messages::Box { south, west, north, east } = head.covers.ok_or(Unreadable::Field("snapshot.covers"))?;
        self.held.retain(|(view, scope), _| *view != place.0 || scopes.contains(scope));
        self.parts.insert(head.part, place);
        let follows = |held: &Scope| held.unfinished && (&held.epoch, held.tick) == (&epoch, head.tick);
        let before = self.held.remove(&place).filter(follows).map(|held| held.tiles);
        let mut scope = Scope { epoch: epoch.clone(), tick: head.tick, unfinished: head.more, tiles: before.unwrap_or_default() };
        let tiles = tiles.into_iter().map(|tile| scope.take(tile)).collect::<Result<_, _>>()?;
        if !scopes.is_empty() {
            self.held.insert(place, scope);
        }
        Ok(Snapshot {
            view: place.0,
            scopes,
            scope: place.1,
            epoch,
            tick: head.tick,
            level: head.level as u8,
            mode,
            covers: BBox { south, west, north, east },
            total: Total { n: head.total },
            tiles,
            more: head.more,
        })
    }

    fn delta(&mut self, head: messages::Delta, tiles: Vec<messages::Tile>) -> Result<StateDelta, Unreadable> {
        if let Some(names) = &head.names {
            self.parts.insert(head.part, (names.view.parse()?, names.scope.parse()?));
        }
        let place = self.parts.get(&head.part).cloned().ok_or(Unreadable::UnknownPart(head.part))?;
        let prev = head.tick.wrapping_sub(head.span.unwrap_or(1));
        // Forgotten unless it goes well: what is half changed is worth nothing.
        let mut scope = self.held.remove(&place).ok_or(Unreadable::DoesNotFollow { prev, held: None })?;
        let is_named = head.names.is_none_or(|names| names.epoch == scope.epoch);
        if !is_named || scope.unfinished || scope.tick != prev {
            return Err(Unreadable::DoesNotFollow { prev, held: Some(scope.tick) });
        }
        let tiles = tiles.into_iter().map(|tile| scope.take(tile)).collect::<Result<Vec<Chunk>, _>>()?;
        scope.tick = head.tick;
        let epoch = scope.epoch.clone();
        self.held.insert(place, scope);
        Ok(StateDelta { view: place.0, scope: place.1, epoch, prev, tick: head.tick, tiles })
    }
}

impl Scope {
    fn take(&mut self, tile: messages::Tile) -> Result<Chunk, Unreadable> {
        self.tiles.entry(tile.key).or_default().take(tile)
    }
}
