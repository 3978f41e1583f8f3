//! The connections that have something to write, each once, in the order in which it came: those who look the same way stand together.

use std::hint::black_box;

use smallvec::SmallVec;

use super::{ConnId, conn::Conn, view::View};
use crate::numbered::Numbered;

/// Connections that are fetched from memory together.
const TOGETHER: usize = 16;

#[derive(Default)]
pub(super) struct Ready(Vec<ConnId>);

impl Ready {
    pub(super) fn add(&mut self, conn: &mut Conn) {
        if !std::mem::replace(&mut conn.is_ready, true) {
            self.0.push(conn.id);
        }
    }

    /// Everyone's turn. Who has gone meanwhile is passed over.
    pub(super) fn take(&mut self, conns: &mut Numbered<Box<Conn>>, mut turn: impl FnMut(&mut Conn)) {
        for some in self.0.chunks(TOGETHER) {
            fetch(some, conns);
            for id in some {
                if let Some(conn) = conns.get_mut(id) {
                    conn.is_ready = false;
                    turn(conn);
                }
            }
        }
        self.0.clear();
    }
}

/// Looks at some connections before their turn. What thousands of them keep lies far away in memory, behind one pointer after the other; asked
/// for side by side it comes together, where each turn by itself would wait for every step of its own. Changes nothing.
fn fetch(ids: &[ConnId], conns: &Numbered<Box<Conn>>) {
    let near: SmallVec<[&Conn; TOGETHER]> = ids.iter().filter_map(|id| conns.get(id).map(Box::as_ref)).collect();
    black_box(near.iter().filter(|conn| conn.is_welcomed()).count());
    black_box(near.iter().filter(|conn| conn.views.iter().any(View::waits)).count());
    black_box(near.iter().filter(|conn| conn.outlet.takes_state()).count());
}
