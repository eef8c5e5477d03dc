//! What a run is told while it goes on.
//!
//! An order stands before a packet and holds from it on, for whatever number of workers and size of batches: a recording of
//! packets and orders replays exactly. Live, an order is taken down with the packet that it came before.

use std::sync::Arc;

use model::PacketId;
use rules::{RuleSet, Succession};

use crate::config::Config;

/// What a run may be told.
#[derive(Debug, Clone)]
pub enum Order {
    /// From now on these rules, in place of those so far. Flows go on, with what rules know of them. Only for a run that
    /// began with rules, be it with none of them.
    Rules(Arc<RuleSet>),
}

/// Where a run's orders come from.
pub trait Orders {
    /// The next order that stands before packet `next`; asked before each batch until there is none.
    fn order(&mut self, next: PacketId) -> Option<Order>;

    /// The packet that the next order stands before, when that is known beforehand: the batch before it ends there. Live,
    /// orders come when they come, and stand before the next batch.
    fn next_at(&self) -> Option<PacketId> {
        None
    }
}

/// Nobody says anything.
#[derive(Debug, Clone, Copy)]
pub struct NoOrders;

impl Orders for NoOrders {
    fn order(&mut self, _next: PacketId) -> Option<Order> {
        None
    }
}

/// Orders that were taken down, in order of their packets.
#[derive(Debug, Default, Clone)]
pub struct Recorded {
    orders: std::collections::VecDeque<(PacketId, Order)>,
}

impl Recorded {
    /// Orders with the packets that they stand before.
    pub fn new(mut orders: Vec<(PacketId, Order)>) -> Self {
        orders.sort_by_key(|(at, _)| *at);
        Self { orders: orders.into() }
    }
}

impl Orders for Recorded {
    fn order(&mut self, next: PacketId) -> Option<Order> {
        let due = self.orders.front().is_some_and(|(at, _)| *at <= next);
        due.then(|| self.orders.pop_front().map(|(_, order)| order)).flatten()
    }

    fn next_at(&self) -> Option<PacketId> {
        self.orders.front().map(|(at, _)| *at)
    }
}

/// A change of configuration that everybody follows from the next batch on.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) new: Arc<Config>,
    pub(crate) succession: Succession,
}

/// How many packets the next batch may have, so that it ends before the next order.
pub(crate) fn upto(order: Option<PacketId>, next: PacketId, packets_max: usize) -> usize {
    let until = order.map_or(u64::MAX, |at| at.0.saturating_sub(next.0).max(1));
    packets_max.min(usize::try_from(until).unwrap_or(usize::MAX))
}
