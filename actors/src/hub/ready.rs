//! The connections that have something to write, each once, in the order in which it came: those who look the same way stand together.

use smallvec::SmallVec;

use super::{ConnId, conn::Conn};
use crate::numbered::Numbered;

/// Connections that have their turn together.
pub(super) const TOGETHER: usize = 32;

#[derive(Default)]
pub(super) struct Ready(Vec<ConnId>);

impl Ready {
    pub(super) fn add(&mut self, conn: &mut Conn) {
        if !std::mem::replace(&mut conn.is_ready, true) {
            self.0.push(conn.id);
        }
    }

    /// Everyone's turn, some at a time. Who has gone meanwhile is passed over.
    pub(super) fn take(&mut self, conns: &mut Numbered<Box<Conn>>, mut turn: impl FnMut(&mut [&mut Conn])) {
        let (whole, rest) = self.0.as_chunks::<TOGETHER>();
        for ids in whole {
            // Each stands here once, so they are apart.
            let mut some: SmallVec<[&mut Conn; TOGETHER]> = conns.get_disjoint_mut(ids.each_ref()).into_iter().flatten().map(Box::as_mut).collect();
            turn(&mut some);
        }
        for id in rest {
            if let Some(conn) = conns.get_mut(id) {
                turn(&mut [conn]);
            }
        }
        self.0.clear();
    }
}
