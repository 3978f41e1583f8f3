//! The hubs an actor talks to, and what it owes those whose mailbox was full.
//!
//! Policy of a hub's full mailbox: the message is dropped and counted, and the hub is told to look again as soon as it takes messages;
//! its views are then repaired from the board. Nothing is queued for a slow hub, and nobody waits for it.

use std::collections::{HashMap, HashSet};

use actix::{Recipient, prelude::SendError};
use domain::{StreamName, TenantId};

use crate::{
    Hub,
    mailbox::Posted,
    messages::{BoardId, Delivery, HubId, HubPort},
    telemetry,
};

#[derive(Default)]
pub(crate) struct Hubs {
    ports: HashMap<HubId, Recipient<Posted<Delivery>>>,
    owed: HashMap<HubId, HashSet<Owed>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Owed {
    Board(BoardId),
    Stream(TenantId, StreamName),
}

impl Hubs {
    pub(crate) fn join(&mut self, hub: HubPort) {
        self.ports.insert(hub.id, hub.deliver);
    }

    pub(crate) fn leave(&mut self, hub: HubId) {
        self.ports.remove(&hub);
        self.owed.remove(&hub);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    pub(crate) fn ids(&self) -> Vec<HubId> {
        self.ports.keys().copied().collect()
    }

    /// Whether somebody has to be told to look again.
    pub(crate) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Gives back the hubs that are gone.
    pub(crate) fn send_all(&mut self, deliveries: Vec<(HubId, Delivery)>) -> Vec<HubId> {
        let mut gone = Vec::new();
        for (hub, delivery) in deliveries {
            if !self.send(hub, delivery) && !gone.contains(&hub) {
                gone.push(hub);
            }
        }
        gone
    }

    /// False if the hub is gone.
    pub(crate) fn send(&mut self, hub: HubId, delivery: Delivery) -> bool {
        let Some(port) = self.ports.get(&hub) else { return true };
        match port.try_send(Posted::to::<Hub>(delivery)) {
            Ok(()) => true,
            Err(SendError::Closed(_)) => {
                self.leave(hub);
                false
            }
            Err(SendError::Full(refused)) => {
                metrics::counter!(telemetry::MAILBOX_FULL, "actor" => "hub").increment(1);
                self.owed.entry(hub).or_default().insert(match refused.open() {
                    Delivery::Looked(looked) => Owed::Board(looked.board),
                    Delivery::Ticked(ticked) => Owed::Board(ticked.board),
                    Delivery::Reached(reached) => Owed::Board(reached.board),
                    Delivery::Missed(board) | Delivery::Gone(board, _) => Owed::Board(board),
                    Delivery::Fed(fed) => Owed::Stream(fed.tenant, fed.stream),
                    Delivery::Replayed(replayed) => Owed::Stream(replayed.tenant, replayed.stream),
                    Delivery::StreamGone(tenant, stream) => Owed::Stream(tenant, stream),
                    // Asked again by the hub's sweep.
                    Delivery::Cities { .. } => return true,
                });
                true
            }
        }
    }

    /// Tells hubs what they missed.
    pub(crate) fn settle(&mut self) {
        for (hub, owed) in std::mem::take(&mut self.owed) {
            for one in owed {
                let delivery = match one {
                    Owed::Board(board) => Delivery::Missed(board),
                    Owed::Stream(tenant, stream) => Delivery::StreamGone(tenant, stream),
                };
                self.send(hub, delivery);
            }
        }
    }
}
