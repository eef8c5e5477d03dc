//! What shards say, in order: rendered records and facts, each at its [`Moment`].

use std::ops::Range;

use json::Json;
use model::{Event, EventKind, FlowId, Moment, PacketId, Time, TransactionFact};
use report::eve::Clock;
use rules::Candidate;

/// Bytes of rendered records that an epoch's memory keeps room for: a burst of flows that end takes more for once.
const BYTES_KEPT: usize = 1 << 20;
/// Records, and facts, likewise.
const ITEMS_KEPT: usize = 4096;
/// Records, and facts, that timers cause, and memory to put them in their place, likewise.
const TIMED_KEPT: usize = 1024;
/// Fields that the memory of such a fact keeps room for.
const FIELDS_KEPT: usize = 8;
/// Facts about transactions whose memory is kept for the next ones.
const FACTS_KEPT: usize = 512;

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
    /// Memory for values on their way into a fact.
    pub(crate) scratch: Vec<u8>,
    /// Memory for a part of a record that is known before its place.
    pub(crate) part: Json,
    /// What timers caused; it lies before some of what packets caused, and is put there when everything has been said.
    timed: (Vec<Record>, Vec<Event>),
    /// Memory to put it there.
    merged: (Vec<Record>, Vec<Event>),
    #[expect(clippy::vec_box, reason = "the box itself is what is reused")]
    facts_kept: Vec<Box<TransactionFact>>,
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
            Cause::Timer { time, flow } => (time, flow & !PACKET, PacketId(0)),
            Cause::End { time, shard, ended } => {
                (time.plus_nanos(1), (shard as u64) << 48 | ended, PacketId(0))
            }
            Cause::Packet { time, packet, turn } => {
                (time, PACKET | packet.0 << 7 | u64::from(turn & 127), packet)
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
        self.list().push(Record { moment, start, end, candidate, perhaps: None });
    }

    /// Where records of the cause at hand are kept for now.
    fn list(&mut self) -> &mut Vec<Record> {
        if self.is_packet() { &mut self.records } else { &mut self.timed.0 }
    }

    /// Whether a packet is the cause at hand.
    fn is_packet(&self) -> bool {
        self.cause.1 & PACKET != 0
    }

    /// Ends the record of a flow that began at `start`; `perhaps`: some of the flow's alerts are candidates.
    pub(crate) fn record_flow(&mut self, start: usize, flow: FlowId, perhaps: bool) {
        self.record_candidate(start, None);
        if perhaps {
            let bytes = &self.json.bytes()[start..];
            let key = bytes.windows(NOT_ALERTED.len()).position(|place| place == NOT_ALERTED);
            let at = key.map(|key| start + key + NOT_ALERTED.len() - b"false".len());
            let record = self.list().last_mut().expect("one was just added");
            record.perhaps = Some(Perhaps { flow, at });
        }
    }

    /// Has a candidate decided about that no record waits for.
    pub(crate) fn ask(&mut self, candidate: Candidate) {
        let (moment, at) = (self.moment(), self.mark());
        self.candidates.push(candidate);
        let last = u32::try_from(self.candidates.len() - 1).expect("an epoch has fewer records than that");
        self.list().push(Record { moment, start: at, end: at, candidate: Some(last), perhaps: None });
    }

    /// Throws away what was written since `start`.
    pub(crate) fn discard(&mut self, start: usize) {
        self.json.bytes_mut().truncate(start);
    }

    /// Tells the mind a fact.
    pub(crate) fn tell(&mut self, kind: EventKind) {
        let event = Event { moment: self.moment(), packet: self.cause.2, kind };
        if self.is_packet() { self.events.push(event) } else { self.timed.1.push(event) }
    }

    /// Tells the mind of a transaction; the list of fields comes from [`Output::fields`].
    pub(crate) fn tell_transaction(&mut self, fact: TransactionFact) {
        let fact = match self.facts_kept.pop() {
            Some(mut kept) => {
                *kept = fact;
                kept
            }
            None => Box::new(fact),
        };
        self.tell(EventKind::Transaction(fact));
    }

    /// An empty list for the fields of a transaction, with the memory of an earlier one.
    pub(crate) fn fields(&mut self) -> Vec<(&'static str, model::Value)> {
        self.facts_kept.last_mut().map_or_else(Vec::new, |kept| std::mem::take(&mut kept.fields))
    }

    /// Takes a list back that was not used.
    pub(crate) fn keep_fields(&mut self, mut fields: Vec<(&'static str, model::Value)>) {
        fields.clear();
        if let Some(kept) = self.facts_kept.last_mut() {
            kept.fields = fields;
        }
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

    /// Brings what was said into order: what packets caused is, and what timers caused goes between.
    pub(crate) fn settle(&mut self) {
        let (records, events) = (&mut self.timed, &mut self.merged);
        put_between(&mut self.records, &mut records.0, &mut events.0, |record| record.moment);
        put_between(&mut self.events, &mut records.1, &mut events.1, |event| event.moment);
    }

    /// Forgets everything, keeps the memory that an ordinary epoch needs.
    pub(crate) fn clear(&mut self) {
        self.json.clear();
        self.json.bytes_mut().shrink_to(BYTES_KEPT);
        self.records.clear();
        self.records.shrink_to(ITEMS_KEPT);
        for event in self.events.drain(..) {
            if let EventKind::Transaction(mut fact) = event.kind
                && self.facts_kept.len() < FACTS_KEPT
            {
                fact.fields.clear();
                fact.fields.shrink_to(FIELDS_KEPT);
                self.facts_kept.push(fact);
            }
        }
        self.events.shrink_to(ITEMS_KEPT);
        self.timed.0.shrink_to(TIMED_KEPT);
        self.timed.1.shrink_to(TIMED_KEPT);
        self.merged.0.shrink_to(TIMED_KEPT);
        self.merged.1.shrink_to(TIMED_KEPT);
        self.scratch.shrink_to(BYTES_KEPT);
        self.candidates.clear();
        self.waiting.clear();
        self.stored.clear();
    }
}

/// Marks causes that are packets.
const PACKET: u64 = 1 << 63;

/// Sorts `few` and puts them between `many`, which are in order; `memory` is empty before and after.
fn put_between<T>(many: &mut Vec<T>, few: &mut Vec<T>, memory: &mut Vec<T>, moment: impl Fn(&T) -> Moment) {
    debug_assert!(many.is_sorted_by_key(&moment), "packets come in order");
    if few.is_empty() {
        return;
    }
    few.sort_by_key(&moment);
    std::mem::swap(many, memory);
    many.reserve(memory.len() + few.len());
    let mut few = few.drain(..).peekable();
    for item in memory.drain(..) {
        let here = moment(&item);
        while let Some(earlier) = few.next_if(|other| moment(other) < here) {
            many.push(earlier);
        }
        many.push(item);
    }
    many.extend(few);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_timers_cause_goes_between_what_packets_cause() {
        let moment = |secs, cause| Moment { time: Time::from_secs(secs), cause, step: 0 };
        let packets = [1, 1, 2, 5, 5, 9].into_iter().zip(0..).map(|(secs, id)| moment(secs, PACKET | id));
        let mut many: Vec<Moment> = packets.collect();
        let mut few: Vec<Moment> =
            [(5, 3), (0, 8), (9, 1), (5, 2), (10, 7)].map(|(s, c)| moment(s, c)).to_vec();
        let mut expected = [many.clone(), few.clone()].concat();
        expected.sort();
        let mut memory = Vec::new();
        put_between(&mut many, &mut few, &mut memory, |moment| *moment);
        assert_eq!((many, few, memory), (expected, Vec::new(), Vec::new()));
    }
}
