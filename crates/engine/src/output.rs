//! What shards say, in order: rendered records and facts, each at its [`Moment`].

use std::ops::Range;

use json::Json;
use model::{Event, EventKind, FlowId, Moment, PacketId, Time};
use report::eve::Clock;
use rules::Candidate;

/// Bytes of rendered records that an epoch's memory keeps room for: a burst of flows that end takes more for once.
const BYTES_KEPT: usize = 1 << 20;
/// Records, and facts, likewise.
const ITEMS_KEPT: usize = 4096;

/// One rendered record: a range of the epoch's bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) moment: Moment,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Position in [`Output::candidates`] of what decides, in packet order, whether the record is written. Without bytes:
    /// nothing is written, but other things hang on the decision.
    pub(crate) candidate: Option<u32>,
    /// Of the record of a flow some of whose alerts are candidates: when one of them held, the record says so.
    pub(crate) perhaps: Option<Perhaps>,
}

/// A word of a record that depends on whether a flow's candidates held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Perhaps {
    pub(crate) flow: FlowId,
    /// Where `false` stands, for `true` to take its place; `None` when it says `true` already.
    pub(crate) at: Option<usize>,
}

/// What the record of a flow says as long as no alert on it is sure.
const NOT_ALERTED: &[u8] = b"\"alerted\":false";

/// Everything a worker said during one epoch.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) json: Json,
    pub(crate) clock: Clock,
    pub(crate) records: Vec<Record>,
    pub(crate) events: Vec<Event>,
    pub(crate) candidates: Vec<Candidate>,
    /// Facts that hold when their candidate does: its position, and the fact.
    waiting: Vec<(u32, Event)>,
    /// Files to be kept: SHA-256 and content.
    pub(crate) stored: Vec<(String, Vec<u8>)>,
    cause: (Time, u64, PacketId),
    step: u32,
    /// Facts for the detectors are wanted.
    pub(crate) facts: bool,
}

impl Output {
    /// Empty; `facts`: facts for the detectors are wanted.
    pub(crate) fn new(facts: bool) -> Self {
        Self { facts, ..Self::default() }
    }

    /// What follows was caused by a packet (or one inside it), or by a timer of a flow.
    pub(crate) fn begin(&mut self, cause: Cause) {
        self.cause = match cause {
            // At one time timers come first: nothing that is due may still be there when a packet is looked at.
            Cause::Timer { time, flow } => (time, flow & !(1 << 63), PacketId(0)),
            Cause::End { time, shard, ended } => {
                (time.plus_nanos(1), (shard as u64) << 48 | ended, PacketId(0))
            }
            Cause::Packet { time, packet, turn } => {
                (time, 1 << 63 | packet.0 << 7 | u64::from(turn & 127), packet)
            }
        };
        self.step = 0;
    }

    fn moment(&mut self) -> Moment {
        let moment = Moment { time: self.cause.0, cause: self.cause.1, step: self.step };
        self.step += 1;
        moment
    }

    /// Where the next record's bytes start.
    pub(crate) fn mark(&self) -> usize {
        self.json.bytes().len()
    }

    /// Ends the record that began at `start`.
    pub(crate) fn record(&mut self, start: usize) {
        self.record_candidate(start, None);
    }

    /// Ends the record that began at `start`; a candidate decides later whether it is written.
    pub(crate) fn record_candidate(&mut self, start: usize, candidate: Option<Candidate>) {
        debug_assert_eq!(self.json.depth(), 0, "every object and array is closed");
        self.json.bytes_mut().push(b'\n');
        let (moment, end) = (self.moment(), self.mark());
        let candidate = candidate.map(|candidate| {
            self.candidates.push(candidate);
            u32::try_from(self.candidates.len() - 1).expect("an epoch has fewer records than that")
        });
        self.records.push(Record { moment, start, end, candidate, perhaps: None });
    }

    /// Ends the record of a flow that began at `start`; `perhaps`: some of the flow's alerts are candidates.
    pub(crate) fn record_flow(&mut self, start: usize, flow: FlowId, perhaps: bool) {
        self.record_candidate(start, None);
        if perhaps && let Some(record) = self.records.last_mut() {
            let bytes = &self.json.bytes()[start..];
            let key = bytes.windows(NOT_ALERTED.len()).position(|place| place == NOT_ALERTED);
            let at = key.map(|key| start + key + NOT_ALERTED.len() - b"false".len());
            record.perhaps = Some(Perhaps { flow, at });
        }
    }

    /// Has a candidate decided about that no record waits for.
    pub(crate) fn ask(&mut self, candidate: Candidate) {
        let (moment, at) = (self.moment(), self.mark());
        self.candidates.push(candidate);
        let last = u32::try_from(self.candidates.len() - 1).expect("an epoch has fewer records than that");
        self.records.push(Record { moment, start: at, end: at, candidate: Some(last), perhaps: None });
    }

    /// Throws away what was written since `start`.
    pub(crate) fn discard(&mut self, start: usize) {
        self.json.bytes_mut().truncate(start);
    }

    /// Tells the mind a fact.
    pub(crate) fn tell(&mut self, kind: EventKind) {
        let moment = self.moment();
        self.events.push(Event { moment, packet: self.cause.2, kind });
    }

    /// Tells the mind a fact about the last candidate, for when it holds.
    pub(crate) fn tell_of_candidate(&mut self, kind: EventKind) {
        let Some(last) = self.candidates.len().checked_sub(1) else { return };
        let last = u32::try_from(last).expect("an epoch has fewer records than that");
        let moment = self.moment();
        self.waiting.push((last, Event { moment, packet: self.cause.2, kind }));
    }

    /// The fact about a candidate.
    pub(crate) fn fact_of(&self, candidate: u32) -> Option<&Event> {
        let place = self.waiting.binary_search_by_key(&candidate, |(position, _)| *position).ok()?;
        self.waiting.get(place).map(|(_, event)| event)
    }

    /// Rendered bytes.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.json.bytes()[range]
    }

    /// Sorts what was said; each worker's epoch is nearly sorted already.
    pub(crate) fn settle(&mut self) {
        self.records.sort_by_key(|record| record.moment);
        self.events.sort_by_key(|event| event.moment);
    }

    /// Forgets everything, keeps the memory that an ordinary epoch needs.
    pub(crate) fn clear(&mut self) {
        self.json.clear();
        self.json.bytes_mut().shrink_to(BYTES_KEPT);
        self.records.clear();
        self.records.shrink_to(ITEMS_KEPT);
        self.events.clear();
        self.events.shrink_to(ITEMS_KEPT);
        self.candidates.clear();
        self.waiting.clear();
        self.stored.clear();
    }
}

/// What causes output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    /// The end of the input: after everything that the last packet caused, shard by shard.
    End {
        /// Time of the last packet.
        time: Time,
        /// Number of the shard.
        shard: usize,
        /// How many flows of the shard ended before.
        ended: u64,
    },
    /// A deadline of a flow.
    Timer {
        /// The deadline.
        time: Time,
        /// The flow's id.
        flow: u64,
    },
    /// A packet.
    Packet {
        /// Its time.
        time: Time,
        /// Its position.
        packet: PacketId,
        /// Which of the packets inside it: tunnel levels and rebuilt datagrams are counted through.
        turn: u8,
    },
}
