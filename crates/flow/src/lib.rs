//! Conversations: which packets belong together, when a conversation ends, and what its bytes say in order.
//!
//! [`Table`] holds the flows of one logical shard. Per packet the engine does, in this order:
//!
//! 1. `while let Some(slot) = table.next_due(packet.time)` — end what is past its deadline, then `table.release(slot)`;
//! 2. `let touch = table.touch(&seen)` — find or open the flow;
//! 3. `while let Some(slot) = table.next_ended()` — flows that step 2 ended (port reuse, eviction), then `release`;
//! 4. `let mut entry = table.entry(slot)`; for TCP `let turn = entry.stream().accept(&seen)`;
//! 5. `for dir in turn.deliver { while let Some(chunk) = stream.peek(dir) { …; stream.consume(dir, n) } }`;
//! 6. rules (`raw`, `raw_done`), output;
//! 7. `stream.prune(direction)`.
//!
//! At the end of input: `while let Some(slot) = table.next_at_end()`, then `release`.
//! A flow that ends is first asked for [`Stream::needs_flush`], and gets `accept_end` per direction (Suricata's pseudo
//! packets) before it is logged.
//!
//! Limits: flows and bytes per shard come from [`Config`]; reaching one is counted in [`Counters`].
//! References: RFC 9293 (TCP), RFC 7323 (timestamps, scaling), RFC 2018 (SACK), RFC 7413 (Fast Open).

mod config;
mod defrag;
mod flow;
mod key;
mod slab;
mod table;
pub mod tcp;

pub use config::{Config, Exception, Policy, StreamConfig, Timeouts, Urgent};
pub use defrag::{Accepted, Defrag, DefragConfig, DefragCounters, FRAGMENTS_MAX, Overlap, STORE_MAX};
pub use flow::{EndReason, Flow, FlowState, Transport};
pub use table::{Counters, Entry, Fetch, Rest, Seen, Slot, Table, Touch, Trail};
pub use tcp::{
    Chunk, Conflict, Deliver, Fate, State, Stream, StreamEvent, StreamEvents, StreamTrouble, Turn, Window,
    Windows,
};

#[cfg(test)]
mod tests;
