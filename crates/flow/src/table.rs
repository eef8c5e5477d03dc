//! The flows of one shard: lookup, timers, limits.

use decode::Layers;
use model::{Direction, PacketId, Time};

use crate::{Config, EndReason, Flow, Stream};

/// One level of a packet as the flow stage sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Position in the input.
    pub id: PacketId,
    /// Packet time.
    pub time: Time,
    /// The bytes that the ranges of `layers` index.
    pub bytes: &'a [u8],
    /// What decoding found.
    pub layers: &'a Layers,
    /// Bytes that the flow counts for this packet: captured length at level 0, else from the start of the inner packet.
    pub len: u32,
}

impl<'a> Seen<'a> {
    /// The transport payload.
    pub fn payload(&self) -> &'a [u8] {
        let range = self.layers.payload.start as usize..self.layers.payload.end as usize;
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Handle of a flow inside its table; valid until [`Table::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub(crate) u32);

/// What [`Table::touch`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// The flow; `None` when this kind of packet has none.
    pub slot: Option<Slot>,
    /// Which way the packet goes.
    pub direction: Direction,
    /// The packet opened the flow.
    pub opened: bool,
    /// It is the first of its direction (Suricata's `FLOW_PKT_TOSERVER_FIRST`).
    pub first: bool,
    /// The flow was established before or by this packet (`FLOW_PKT_ESTABLISHED`, what `flow:established` asks).
    pub established: bool,
}

/// What the table counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Flows opened.
    pub opened: u64,
    /// Flows ended because the table was full.
    pub evicted: u64,
    /// Flows ended by a new session on the same ports.
    pub reused: u64,
    /// Flows that no room was found for.
    pub refused: u64,
    /// TCP segments that found the memory limit reached.
    pub segments_refused: u64,
    /// Reassembly gaps.
    pub gaps: u64,
}

impl Counters {
    /// Both together.
    pub fn plus(self, other: Counters) -> Counters {
        Counters {
            opened: self.opened + other.opened,
            evicted: self.evicted + other.evicted,
            reused: self.reused + other.reused,
            refused: self.refused + other.refused,
            segments_refused: self.segments_refused + other.segments_refused,
            gaps: self.gaps + other.gaps,
        }
    }
}

/// A flow with everything that hangs on it.
#[derive(Debug)]
pub struct Entry<'a, A> {
    /// The flow.
    pub flow: &'a mut Flow,
    /// The engine's own state.
    pub app: &'a mut A,
    /// The TCP stream; `None` for other protocols.
    pub stream: Option<Stream<'a>>,
}

/// The flows of one shard.
#[derive(Debug)]
pub struct Table<A> {
    config: Config,
    counters: Counters,
    flows: Vec<(Flow, A)>,
}

impl<A: Default> Table<A> {
    /// An empty table.
    pub fn new(config: Config) -> Self {
        Self { config, counters: Counters::default(), flows: Vec::new() }
    }

    /// Takes the next flow whose deadline has come by `now` out of the table, earliest deadline first.
    ///
    /// The caller finishes it through [`Table::entry`] and then calls [`Table::release`].
    pub fn next_due(&mut self, now: Time) -> Option<Slot> {
        let _ = now;
        None
    }

    /// Takes the next flow that [`Table::touch`] ended (port reuse, eviction).
    pub fn next_ended(&mut self) -> Option<Slot> {
        None
    }

    /// Takes the next flow at the end of the input; those past their deadline at `now` first, with reason `timeout`.
    pub fn next_at_end(&mut self, now: Time) -> Option<Slot> {
        let _ = (now, EndReason::Shutdown);
        None
    }

    /// Finds the flow of a packet or opens one, and counts the packet in it.
    pub fn touch(&mut self, seen: &Seen<'_>) -> Touch {
        let _ = (seen, &self.config);
        Touch { slot: None, direction: Direction::ToServer, opened: false, first: false, established: false }
    }

    /// The flow behind a handle.
    pub fn entry(&mut self, slot: Slot) -> Entry<'_, A> {
        let (flow, app) = self.flows.get_mut(slot.0 as usize).expect("handles live until release");
        Entry { flow, app, stream: None }
    }

    /// Forgets an ended flow; gives its application state back for logging or recycling.
    pub fn release(&mut self, slot: Slot) -> A {
        let _ = slot;
        A::default()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Flows in the table.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}
