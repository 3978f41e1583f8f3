//! The connections that have something to write, each once, in the order in which it came: those who look the same way stand together.

use super::{ConnId, conn::Conn};
use crate::numbered::Numbered;

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
        for id in self.0.drain(..) {
            if let Some(conn) = conns.get_mut(&id) {
                conn.is_ready = false;
                turn(conn);
            }
        }
    }
}
