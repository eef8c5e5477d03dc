//! What lies in the tables of a worker's shards.

use model::Time;

use crate::Flow;
use crate::key::Key;
use crate::slab::Slab;
use crate::tcp::Sessions;

/// Flows and sessions of several shards that one thread works for. What one shard has not in use any more another one takes,
/// or the system does; which number something has never shows.
#[derive(Debug)]
pub struct Pool<A> {
    pub(crate) nodes: Slab<Node<A>>,
    pub(crate) sessions: Sessions,
    /// By number of the flow, as `nodes`.
    pub(crate) links: Vec<Link>,
}

impl<A> Default for Pool<A> {
    fn default() -> Self {
        Self { nodes: Slab::new(), sessions: Slab::new(), links: Vec::new() }
    }
}

impl<A> Pool<A> {
    /// Calls `change` with the application state of every flow, in no order that means anything.
    pub fn each_app(&mut self, mut change: impl FnMut(&mut A)) {
        for node in self.nodes.iter_mut() {
            change(&mut node.app);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Node<A> {
    pub(crate) flow: Flow,
    pub(crate) app: A,
    pub(crate) session: Option<u32>,
    pub(crate) key: Key,
}

/// A flow's place in its queue. Kept apart from the flows: a packet changes those of its neighbours too, which would be
/// waited for if they lay far away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) before: u32,
    pub(crate) after: u32,
    /// The flow's last packet: what is due is found here, without waiting for the flow.
    pub(crate) last: Time,
    pub(crate) class: u8,
    pub(crate) linked: bool,
}
