//! The open exchanges of a flow, by number.

use super::body::Context;
use super::event;
use super::exchange::Exchange;
use crate::{Transaction, Transactions};
use model::Direction;

/// Open exchanges per flow. More than this are never pipelined in earnest.
const OPEN_MAX: usize = 512;

/// The open exchanges of a flow.
#[derive(Debug)]
pub(super) struct Exchanges {
    open: Transactions<Exchange>,
    /// A finished one whose memory the next takes over.
    spare: Option<Exchange>,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self { open: Transactions::new(OPEN_MAX), spare: None }
    }
}

impl Exchanges {
    /// Exchange number `id`, opened by the side `by` when it is the next; `None` when too many are open.
    pub(super) fn at(
        &mut self,
        id: u64,
        by: Direction,
        context: &Context<'_>,
    ) -> Option<&mut Transaction<Exchange>> {
        if id < self.open.opened() {
            return self.find(id);
        }
        if self.open.is_full() {
            // What follows is not read: whoever looks at the last that was must learn so.
            self.open.last_mut()?.core.raise(event::TOO_MANY_OPEN_REQUESTS);
            return None;
        }
        let exchange = self.spare.take().unwrap_or_default();
        let open = self.open.open(context.time, context.packet, exchange);
        // The other side has said nothing yet.
        open.core.updated[by.other().index()] = false;
        Some(open)
    }

    /// Exchange number `id`, when it is open.
    pub(super) fn find(&mut self, id: u64) -> Option<&mut Transaction<Exchange>> {
        self.open.by_id_mut(id)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn next_restless(&self, index: usize) -> usize {
        self.open.next_restless(index)
    }

    pub(super) fn rest(&mut self) {
        self.spare = None;
        self.open.rest();
        for carried in self.open.iter_mut().flat_map(|open| &mut open.body.bodies) {
            carried.rest();
        }
    }

    pub(super) fn look_away(&mut self, direction: Direction) {
        self.open.look_away(direction);
    }

    pub(super) fn get(&self, index: usize) -> Option<&Transaction<Exchange>> {
        self.open.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Transaction<Exchange>> {
        self.open.get_mut(index)
    }

    pub(super) fn opened(&self) -> u64 {
        self.open.opened()
    }

    pub(super) fn remove(&mut self, index: usize) {
        if let Some(tx) = self.open.remove(index) {
            self.spare = Some(tx.body.recycle());
        }
    }
}
