//! Who comes back to a city with something in hand: what it takes to go on from there.
//!
//! Looks that hold an older mark wait until the events since have been read; looks that hold a newer one, until this city has got there.
//! Each waits for one read: what that does not prove is told whole.

use std::mem;

use actix::{AsyncContext, Context, Handler};
use domain::{Event, StreamName, live::CityChange};

use super::{ACTOR, City};
use crate::{
    board::Distance,
    map::{FINEST, TileKey},
    mark::Mark,
    messages::{HubId, HubPort, Look, Read, WatchKey, read_back},
    telemetry,
};

/// Events read to prove what somebody holds; who is further behind gets a snapshot.
const LOOK_BACK: u64 = 2_000;

impl City {
    /// Forgets a look that waits.
    pub(super) fn forget(&mut self, hub: HubId, key: WatchKey) {
        for waiting in [&mut self.looks, &mut self.returning] {
            waiting.retain(|(h, look)| (h.id, look.key) != (hub, key));
        }
    }

    pub(super) fn look(&mut self, hub: HubPort, look: Look, ctx: &mut Context<Self>) {
        let Some(board) = &mut self.board else { return self.looks.push((hub, look)) };
        match board.distance(&look) {
            Distance::Ahead => {
                self.looks.push((hub, look));
                self.read_gap(ctx);
            }
            Distance::Past(tick) if self.applied.saturating_sub(Mark::of(tick).seq) <= LOOK_BACK => {
                self.returning.push((hub, look));
                self.look_back(ctx);
            }
            Distance::Near | Distance::Past(_) => {
                board.look(hub.id, look);
                self.soon(ctx);
            }
        }
    }

    /// Those who waited are answered from what is known now.
    pub(super) fn answer(&mut self, waited: Vec<(HubPort, Look)>, ctx: &mut Context<Self>) {
        let Some(board) = &mut self.board else { return self.looks.extend(waited) };
        waited.into_iter().for_each(|(hub, look)| board.look(hub.id, look));
        self.soon(ctx);
    }

    /// Reads what came before the state, as far as those who come back need it.
    fn look_back(&mut self, ctx: &mut Context<Self>) {
        let Some(board) = self.board.as_ref().filter(|_| !self.looking_back) else { return };
        let newest = Mark::of(board.remembers_from()).seq;
        let oldest = self.returning.iter().filter_map(|(_, look)| look.have.as_ref()).map(|held| Mark::of(held.tick).seq).min().unwrap_or(newest);
        let (oldest, most) = (oldest.min(newest), newest.saturating_sub(oldest) as u32);
        self.looking_back = true;
        let reading = self.core.source.events(self.tenant, StreamName::City(self.city), oldest, most);
        let answer = Box::pin(async move { reading.await.map(|events| Past { newest, events }) });
        read_back(ctx.address(), self.build, answer);
    }
}

/// Comes back from a read of what came before `newest`.
struct Past {
    newest: u64,
    events: Vec<Event>,
}

impl Handler<Read<Past>> for City {
    type Result = ();
    fn handle(&mut self, read: Read<Past>, ctx: &mut Context<Self>) {
        if read.build != self.build {
            return;
        }
        self.guard(ctx, |city, ctx| {
            city.looking_back = false;
            match (read.answer, &mut city.board) {
                (Ok(past), Some(board)) if Mark::of(board.remembers_from()).seq == past.newest => {
                    let (mut from, mut older) = (past.newest, Vec::new());
                    for event in past.events.iter().rev() {
                        let Some(touched) = touched(event).filter(|_| event.seq == from) else { break };
                        older.push((Mark::with(event.seq), touched));
                        from -= 1;
                    }
                    older.reverse();
                    board.look_back(Mark::with(from), older);
                }
                (Ok(_), _) => {}
                // Not tried again: who waits is told what is now, whole.
                (Err(why), _) => {
                    metrics::counter!(telemetry::SOURCE_ERRORS, "actor" => ACTOR).increment(1);
                    tracing::warn!(city = %city.city, error = %why, "what came before could not be read");
                }
            }
            let returning = mem::take(&mut city.returning);
            city.answer(returning, ctx);
        });
    }
}

/// The tiles an event touched, at the finest level; none if it does not say.
fn touched(event: &Event) -> Option<Vec<TileKey>> {
    let change: CityChange = serde_json::from_str(event.body.get()).ok()?;
    let places = change.put.iter().map(|home| home.at).chain(change.left?);
    let mut tiles: Vec<TileKey> = places.filter_map(|at| TileKey::of(at, FINEST)).collect();
    tiles.sort_unstable();
    tiles.dedup();
    Some(tiles)
}
