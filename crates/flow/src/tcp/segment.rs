//! From an accepted packet to bytes in order: depth, urgent data, insertion, and which directions have news.

use model::Direction;

use super::data::{Inserted, Rules, Segment};
use super::session::{after, before};
use super::work::{ACK, FIN, RST, Rejected, SYN, Step, URG, Work};
use super::{State, StreamEvent, StreamTrouble};
use crate::{Policy, Urgent};

/// Bytes beyond a hole after which a one-sided stream stops waiting for it.
const ONE_SIDED_WAIT: u64 = 65_536;

impl Work<'_, '_> {
    /// Inserts the payload into `direction` and says which directions have news for the application layer.
    ///
    /// Outside inline mode an ACK makes the opposite direction readable. A reset, a FIN that closes and the end of the flow
    /// also make the packet's own direction readable, as far as it is acknowledged.
    pub(super) fn segment(&mut self, direction: Direction) -> Step {
        let p = self.p;
        let (opposing, own) = if self.config.inline || p.pseudo || p.has(RST) {
            (false, true)
        } else if p.has(FIN) && self.s.state > State::TimeWait {
            (p.has(ACK), true)
        } else {
            (true, self.s.state == State::Closed || self.s.one_sided)
        };
        if opposing {
            self.make_readable(direction.other());
        }
        let step = self.insert(direction);
        if self.config.inline && self.turn.added {
            self.look_around(direction);
        }
        if self.s.one_sided {
            self.assume_acknowledged(direction);
        }
        let depth_reached = {
            let side = &self.s.sides[direction.index()];
            side.depth_reached && !side.no_reassembly
        };
        if own || depth_reached {
            self.make_readable(direction);
        }
        step
    }

    /// Inline: what is contiguous with a payload that waits behind a hole is brought together for content rules.
    fn look_around(&mut self, direction: Direction) {
        let chunk = match direction {
            Direction::ToServer => self.config.chunk_to_server,
            Direction::ToClient => self.config.chunk_to_client,
        };
        let (left, len) = (self.turn.payload_at, self.p.payload.len() as u64);
        let side = &mut self.s.sides[direction.index()];
        if let Some(lists) = side.rare.written_mut() {
            lists.around.bytes.clear();
        }
        if side.data.is_one_run() {
            return;
        }
        let around = &mut side.rare.around;
        if let Some(from) = side.data.around_late(left, left + len, u64::from(chunk), &mut around.bytes) {
            around.at = from;
        }
    }

    /// Nobody is seen to acknowledge: what is there without a hole counts as received, and a hole that much more follows.
    fn assume_acknowledged(&mut self, direction: Direction) {
        let side = &mut self.s.sides[direction.index()];
        let edge = side.data.consecutive_right().max(side.data.right().saturating_sub(ONE_SIDED_WAIT));
        if side.data.seen() {
            let ack = side.sequence_at(edge);
            super::work::update_last_ack(side, ack);
        }
    }

    fn make_readable(&mut self, direction: Direction) {
        let side = &mut self.s.sides[direction.index()];
        let limit = if self.p.pseudo { u64::MAX } else { side.acked() };
        side.data.settle(limit, self.memory);
        self.turn.deliver.push(direction);
    }

    fn insert(&mut self, direction: Direction) -> Step {
        let p = self.p;
        let side = &mut self.s.sides[direction.index()];
        if p.payload.is_empty() || side.no_reassembly || p.pseudo {
            return Ok(());
        }
        if self.s.app_disabled && side.raw_closing {
            side.no_reassembly = true;
            return Ok(());
        }
        if p.has(RST) {
            // RFC 1122 §4.2.2.12 lets a reset explain itself; that text is not part of the stream.
            return Ok(());
        }
        self.turn.added = true;
        // The payload of a SYN begins one after its sequence number.
        let seq = if p.has(SYN) { p.seq.wrapping_add(1) } else { p.seq };
        self.turn.payload_at = self.s.sides[direction.index()].offset(seq).unwrap_or(0);
        if self.beyond_depth(direction, seq) {
            return Ok(());
        }
        if p.has(URG) && p.urgent > 0 && self.config.urgent != Urgent::Inline {
            return self.insert_urgent(direction, seq);
        }
        self.insert_bytes(direction, seq, p.payload)
    }

    /// Whether the segment reaches beyond the depth; then reassembly ends here.
    fn beyond_depth(&mut self, direction: Direction, seq: u32) -> bool {
        let (depth, len) = (u64::from(self.s.depth), self.p.payload.len() as u64);
        let side = &mut self.s.sides[direction.index()];
        if depth == 0 {
            return false;
        }
        if !side.depth_reached {
            let Some(at) = side.offset(seq) else { return false };
            if at.saturating_add(len) <= depth {
                return false;
            }
            side.depth_reached = true;
        }
        self.event(StreamEvent::ReassemblyDepthReached);
        true
    }

    /// The urgent byte is the one before the urgent pointer, as all systems do it (RFC 6093 §3.1).
    fn insert_urgent(&mut self, direction: Direction, seq: u32) -> Step {
        let p = self.p;
        let at = usize::from(p.urgent) - 1;
        if at >= p.payload.len() {
            return self.insert_bytes(direction, seq, p.payload);
        }
        let mut policy = self.config.urgent;
        if policy == Urgent::Oob
            && self.s.sides[direction.index()].urgent_count >= u32::from(self.config.urgent_oob_max)
        {
            self.event(StreamEvent::ReassemblyUrgentOobLimitReached);
            policy = self.config.urgent_limit;
        }
        match policy {
            Urgent::Inline => return self.insert_bytes(direction, seq, p.payload),
            Urgent::Drop => {
                self.turn.added = false;
                self.turn.trouble = Some(StreamTrouble::Urgent);
                return Err(Rejected);
            }
            Urgent::Oob | Urgent::Gap => {}
        }
        let (front, rest) = p.payload.split_at(at);
        let urgent_seq = seq.wrapping_add(at as u32);
        self.insert_bytes(direction, seq, front)?;
        if policy == Urgent::Oob && !self.s.sides[direction.index()].take_out(urgent_seq) {
            // What follows is in place already: closing up is too late.
            let byte = p.payload.get(at..=at).unwrap_or_default();
            self.insert_bytes(direction, urgent_seq, byte)?;
        }
        self.insert_bytes(direction, urgent_seq.wrapping_add(1), rest.get(1..).unwrap_or_default())
    }

    fn insert_bytes(&mut self, direction: Direction, seq: u32, bytes: &[u8]) -> Step {
        if bytes.is_empty() {
            return Ok(());
        }
        let policy = if self.config.inline { Policy::First } else { self.policy_of(direction) };
        let rules = Rules {
            policy,
            inline: self.config.inline,
            late_max: self.config.segments_max as usize,
            memory_max: self.config.memcap,
        };
        let side = &mut self.s.sides[direction.index()];
        let end = seq.wrapping_add(bytes.len() as u32);
        if !after(end, side.base_seq) {
            self.event(StreamEvent::ReassemblySegmentBeforeBaseSeq);
            return Ok(());
        }
        // What lies before the base is gone already.
        let skip = if before(seq, side.base_seq) { side.base_seq.wrapping_sub(seq) } else { 0 };
        let mut seq = seq.wrapping_add(skip);
        let mut rest = bytes.get(skip as usize..).unwrap_or_default();
        let mut inserted = Inserted::default();
        while let Some(at) = side.offset(seq)
            && !rest.is_empty()
        {
            // A retransmission may run across a byte that was taken out.
            let run = side.next_taken(seq).map_or(rest.len(), |distance| rest.len().min(distance as usize));
            let (run, beyond) = rest.split_at(run);
            inserted = inserted.and(side.data.insert(Segment { at, bytes: run }, &rules, self.memory));
            seq = seq.wrapping_add(run.len() as u32).wrapping_add(1);
            rest = beyond.get(1..).unwrap_or_default();
        }
        self.report(inserted)
    }

    fn report(&mut self, inserted: Inserted) -> Step {
        if inserted.different {
            self.event(StreamEvent::ReassemblyOverlapDifferentData);
            self.turn.replaced |= self.config.inline;
        }
        if !inserted.no_memory && !inserted.too_many {
            return Ok(());
        }
        self.counters.segments_refused += 1;
        self.turn.added = false;
        self.event(if inserted.no_memory {
            StreamEvent::ReassemblyInsertMemcap
        } else {
            StreamEvent::ReassemblyInsertLimit
        });
        self.turn.trouble = Some(StreamTrouble::ReassemblyMemcap);
        Err(Rejected)
    }
}
