//! The only publisher: takes what has been committed and hands it to those who look.

use domain::Event;
use tokio::sync::mpsc;

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

    /// Hands over what a transaction recorded, in its order, after the commit.
    pub fn publish(&self, events: Vec<Event>) {
        let Some(intake) = &self.intake else { return };
        if events.is_empty() {
            return;
        }
        let count = events.len() as u64;
        // Full (or the relay is being rebuilt): the events are in Postgres, so nothing is lost but time.
        if intake.try_send(events).is_err() {
            metrics::counter!("posada_live_handovers_refused_total").increment(count);
        }
    }
}
