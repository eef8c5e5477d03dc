//! Conversations: which packets belong together, when a conversation ends, and what its bytes say in order.
//!
//! A [`Table`] has the flows of one logical shard, which lie in the [`Pool`] of its worker; [`Flows`] are the two together, for
//! a moment: `table.with(pool)`. Per packet the engine does, in this order:
//!
//! 1. `while let Some(slot) = flows.next_due(packet.time)` — end what is past its deadline, then `flows.release(slot)`;
//! 2. `let touch = flows.touch(&seen)` — find or open the flow;
//! 3. `while let Some(slot) = flows.next_ended()` — flows that step 2 ended (port reuse, eviction), then `release`;
//! 4. `let mut entry = flows.entry(slot)`; for TCP `let turn = entry.stream().accept(&seen)`;
//! 5. `for dir in turn.deliver { while let Some(chunk) = stream.peek(dir) { …; stream.consume(dir, n) } }`;
//! 6. rules (`raw`, `raw_done`), output;
//! 7. `stream.prune(direction)`.
//!
//! At the end of input: `while let Some(slot) = flows.next_at_end()`, then `release`.
//! A flow that ends is first asked for [`Stream::needs_flush`], and gets `accept_end` per direction (Suricata's pseudo
//! packets) before it is logged.
//!
//! Limits: flows and bytes per shard come from [`Config`]; reaching one is counted in [`Counters`].
//! References: RFC 9293 (TCP), RFC 7323 (timestamps, scaling), RFC 2018 (SACK), RFC 7413 (Fast Open).

mod config;
mod defrag;
mod fetch;
mod flow;
mod key;
mod pool;
mod slab;
mod table;
pub mod tcp;

pub use config::{Config, Exception, Policy, StreamConfig, Timeouts, Urgent};
pub use defrag::{Accepted, Defrag, DefragConfig, DefragCounters, FRAGMENTS_MAX, Overlap, STORE_MAX};
pub use fetch::Fetch;
pub use flow::{EndReason, Flow, FlowState, Transport};
pub use pool::Pool;
pub use table::{Counters, Entry, Flows, Rest, Seen, Slot, Table, Touch, Trail};
pub use tcp::{
    Chunk, Conflict, Deliver, Fate, State, Stream, StreamEvent, StreamEvents, StreamTrouble, Turn, Window,
    Windows,
};

#[cfg(test)]
mod tests;
