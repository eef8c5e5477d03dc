//! Bringing flows near before they are worked on. Nothing but speed depends on it.
//!
//! Flows lie far apart, and a packet that is worked on waits for one place after the other. What is asked for together is
//! waited for once.

use model::{Time, fetch};

use crate::tcp::Session;
use crate::{Pool, Slot, Table};

/// What is brought near together; see [`Pool::fetch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// The flow.
    Flow,
    /// Its session, and what else hangs on it.
    Session,
    /// Where the bytes of its session are.
    Bytes,
}

impl Fetch {
    /// All of them, one after the other.
    pub const STEPS: [Fetch; 3] = [Fetch::Flow, Fetch::Session, Fetch::Bytes];
}

/// Flows of a class that are brought near together before they are ended.
const ENDED_TOGETHER: usize = 4;

impl<A> Pool<A> {
    /// Brings what a packet of this flow is going to need near, a step at a time: the flow, then what hangs on it, then what
    /// hangs on that. The places of a step are known when the step before has come, so it is taken for several flows first;
    /// `of_app` is the caller's share in it.
    #[inline]
    pub fn fetch(&self, slot: Slot, step: Fetch, of_app: impl Fn(&A, Fetch)) {
        if step == Fetch::Flow {
            return self.nodes.fetch(slot.0);
        }
        let Some(node) = self.nodes.get(slot.0) else { return };
        if let Some(session) = node.session {
            match step {
                Fetch::Bytes => self.sessions.get(session).into_iter().for_each(Session::fetch),
                _ => self.sessions.fetch(session),
            }
        }
        if let (Fetch::Session, Some(link)) = (step, self.links.get(slot.0 as usize)) {
            let beside = [link.before, link.after];
            beside.iter().filter_map(|at| self.links.get(*at as usize)).for_each(fetch);
        }
        of_app(&node.app, step);
    }
}

impl Table {
    /// The same for the flows that will have to be ended first by `now`.
    #[inline]
    pub fn fetch_due<A>(&self, pool: &Pool<A>, now: Time, step: Fetch, of_app: impl Fn(&A, Fetch)) {
        if now >= self.earliest {
            self.fetch_heads(pool, now, step, of_app);
        }
    }

    #[inline(never)]
    fn fetch_heads<A>(&self, pool: &Pool<A>, now: Time, step: Fetch, of_app: impl Fn(&A, Fetch)) {
        for (class, queue) in self.queues.iter().enumerate() {
            let timeout = self.timeout(class as u8);
            let mut at = queue.head;
            for _ in 0..ENDED_TOGETHER {
                let Some(link) = pool.links.get(at as usize) else { break };
                if self.deadline(link.last, timeout) > now {
                    break;
                }
                pool.fetch(Slot(at), step, &of_app);
                at = link.after;
            }
        }
    }

    /// The same for the `count` flows that [`crate::Flows::next_ended`] gives next.
    pub fn fetch_ended<A>(&self, pool: &Pool<A>, count: usize, step: Fetch, of_app: impl Fn(&A, Fetch)) {
        self.ended.iter().take(count).for_each(|at| pool.fetch(Slot(*at), step, &of_app));
    }
}
