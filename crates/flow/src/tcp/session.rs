//! What is remembered of a TCP session.

use model::{Blank, Seldom, Thin};

use super::State;
use super::data::Data;
use super::memory::Memory;
use crate::Policy;
use crate::slab::Slab;

/// SACK ranges remembered per direction.
pub(super) const SACK_MAX: usize = 32;

/// One side of a session: what its sender sent, and what the other side acknowledged of it.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Initial sequence number.
    pub(super) isn: u32,
    /// Next expected sequence number.
    pub(super) next_seq: u32,
    /// Highest acknowledgement by the peer.
    pub(super) last_ack: u32,
    /// Right edge of the peer's window.
    pub(super) next_win: u32,
    /// Window the peer offers, scaled.
    pub(super) window: u32,
    /// Scale of that window.
    pub(super) scale: u8,
    /// Overlap and reset policy of the host that sends on this side; `None` until looked up.
    pub(super) policy: Option<Policy>,
    /// Union of flags.
    pub(super) tcp_flags: u8,
    /// Latest accepted timestamp value.
    pub(super) last_stamp: u32,
    /// Packet time of it, in seconds.
    pub(super) last_stamp_secs: u32,
    /// The SYN had a timestamp.
    pub(super) stamped: bool,
    /// That timestamp was 0.
    pub(super) stamp_zero: bool,
    /// The last packet was a keep-alive.
    pub(super) keep_alive: bool,
    /// A reset arrived at this side.
    pub(super) reset_received: bool,
    /// Sequence number of offset [`Data::base`] plus what was taken out before it.
    pub(super) base_seq: u32,
    /// What few sessions have.
    pub(super) rare: Seldom<Lists>,

    /// The bytes.
    pub(super) data: Data,
    /// How far the application layer read.
    pub(super) app_progress: u64,
    /// How far content rules looked.
    pub(super) raw_progress: u64,
    /// Content rules with transactions want so much before the window.
    pub(super) min_inspect_depth: u32,
    /// What the application layer was shown last: its offset.
    pub(super) shown_at: u64,
    /// And its length; no stretch is longer than the memory for streams.
    pub(super) shown_len: u32,
    /// The application layer waits for so many bytes.
    pub(super) needed: u32,
    /// How many were taken out so far.
    pub(super) urgent_count: u32,
    /// Nothing is kept any more.
    pub(super) no_reassembly: bool,
    /// Content rules look at nothing any more.
    pub(super) raw_disabled: bool,
    /// Content rules look at what is there, then no more.
    pub(super) raw_closing: bool,
    /// Content rules look at the next occasion.
    pub(super) raw_triggered: bool,
    /// The reassembly depth was reached.
    pub(super) depth_reached: bool,
    /// A gap was handed to the application layer.
    pub(super) has_gap: bool,
}

impl Side {
    /// Sets the sequence number before the first byte.
    pub(super) fn set_isn(&mut self, isn: u32) {
        self.isn = isn;
        self.base_seq = isn.wrapping_add(1);
    }

    /// Remembers what the application layer is shown.
    pub(super) fn show(&mut self, from: u64, len: u64) {
        (self.shown_at, self.shown_len) = (from, u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// Whether that was shown last.
    pub(super) fn has_shown(&self, from: u64, len: u64) -> bool {
        (self.shown_at, u64::from(self.shown_len)) == (from, len)
    }

    /// Absolute offset of a sequence number; `None` when it lies before everything.
    pub(super) fn offset(&self, seq: u32) -> Option<u64> {
        let raw = self.raw(seq)?;
        Some(raw - self.taken_before(raw) as u64)
    }

    /// Absolute offset of the highest acknowledged byte; the base when none was.
    pub(super) fn acked(&self) -> u64 {
        if after(self.last_ack, self.base_seq) {
            self.offset(self.last_ack).unwrap_or(self.data.base())
        } else {
            self.data.base()
        }
    }

    /// Sequence number of an absolute offset at or after the base.
    pub(super) fn sequence_at(&self, offset: u64) -> u32 {
        let taken = self.rare.urgent.partition_point(|at| *at < offset);
        let distance = offset.saturating_sub(self.data.base()) as u32;
        self.base_seq.wrapping_add(distance).wrapping_add(taken as u32)
    }

    /// How far it is from `seq` to the next byte that was taken out.
    pub(super) fn next_taken(&self, seq: u32) -> Option<u64> {
        let raw = self.raw(seq)?;
        let index = self.taken_before(raw);
        self.rare.urgent.get(index).map(|at| at + index as u64 - raw)
    }

    /// Takes the urgent byte at `seq` out of the sequence: what follows moves one to the left. False when something that
    /// follows is in place already.
    pub(super) fn take_out(&mut self, seq: u32) -> bool {
        let Some(raw) = self.raw(seq) else { return true };
        let index = self.taken_before(raw);
        if self.rare.urgent.get(index).is_some_and(|at| at + index as u64 == raw) {
            return true;
        }
        let offset = raw - index as u64;
        if index < self.rare.urgent.len() || self.data.right() > offset {
            return false;
        }
        self.rare.urgent.push(offset);
        self.urgent_count += 1;
        true
    }

    /// Offset as if nothing had been taken out since the base.
    fn raw(&self, seq: u32) -> Option<u64> {
        let distance = i64::from(seq.wrapping_sub(self.base_seq) as i32);
        let raw = i64::try_from(self.data.base()).ok()?.checked_add(distance)?;
        u64::try_from(raw).ok()
    }

    /// How many bytes were taken out between the base and the raw offset.
    fn taken_before(&self, raw: u64) -> usize {
        // The n-th taken byte stood, with those before it left in, at its offset plus n: ascending, so bisect.
        let (mut low, mut high) = (0, self.rare.urgent.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.rare.urgent.get(middle) {
                Some(at) if at + (middle as u64) < raw => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Forgets everything before `offset`.
    pub(super) fn slide(&mut self, offset: u64, memory: &mut Memory) {
        let base = self.data.base();
        if offset <= base {
            return;
        }
        let passed = self.rare.urgent.partition_point(|at| *at < offset);
        if passed > 0 {
            self.rare.urgent.drain(..passed);
        }
        self.base_seq = self.base_seq.wrapping_add((offset - base) as u32).wrapping_add(passed as u32);
        self.data.slide(offset, memory);
    }
}

/// What few sessions have.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Ranges acknowledged selectively, disjoint and sorted from `last_ack` on.
    pub(super) sacked: Vec<(u32, u32)>,
    /// Offsets where an urgent byte was taken out, sorted.
    pub(super) urgent: Vec<u64>,
    /// Inline: what lies around the packet at hand while it waits behind a hole.
    pub(super) around: Around,
}

impl Blank for Lists {
    fn blank() -> &'static Self {
        static BLANK: Lists =
            Lists { sacked: Vec::new(), urgent: Vec::new(), around: Around { at: 0, bytes: Vec::new() } };
        &BLANK
    }
}

/// Bytes of the stream around a packet that waits.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Offset of the first of them.
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

/// A SYN or SYN/ACK that was seen but not yet believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) window: u32,
    pub(super) scale: Option<u8>,
    pub(super) stamp: Option<u32>,
    pub(super) sack: bool,
    pub(super) secs: u32,
}

/// A TCP session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(super) state: State,
    /// State before the last change.
    pub(super) previous: State,
    /// To server (sent by the client), to client.
    pub(super) sides: [Side; 2],
    pub(super) offers: Thin<Offer>,
    pub(super) depth: u32,
    pub(super) midstream: bool,
    pub(super) midstream_synack: bool,
    pub(super) midstream_established: bool,
    pub(super) one_sided: bool,
    pub(super) four_way: bool,
    pub(super) timestamps: bool,
    pub(super) scale_offered: bool,
    pub(super) client_sack: bool,
    pub(super) sack: bool,
    pub(super) evasion: bool,
    pub(super) confirmed: bool,
    pub(super) fast_open: bool,
    pub(super) closed_by_reset: bool,
    pub(super) app_disabled: bool,
    pub(super) bypass: bool,
}

impl Session {
    pub(crate) fn is_established(&self) -> bool {
        self.state >= State::Established
    }

    /// Brings what lies outside of it near; see [`crate::Pool::fetch`].
    pub(crate) fn fetch(&self) {
        self.sides.iter().for_each(|side| side.data.fetch());
    }

    pub(super) fn swap(&mut self) {
        self.sides.swap(0, 1);
    }
}

/// Sessions of several shards.
pub(crate) type Sessions = Slab<Session>;

/// A flow's session, when it has one.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    pub(crate) number: &'a mut Option<u32>,
    pub(crate) sessions: &'a mut Sessions,
}

impl Held<'_> {
    pub(super) fn get(&self) -> Option<&Session> {
        self.sessions.get((*self.number)?)
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut Session> {
        Some(&mut self.sessions[(*self.number)?])
    }

    /// Ends the session, when there is one, and gives back what it holds of its shard's memory.
    pub(crate) fn close(&mut self, memory: &mut Memory) {
        if let Some(number) = self.number.take() {
            memory.sessions -= 1;
            self.sessions.remove(number).sides.iter_mut().for_each(|side| side.data.clear(memory));
        }
    }

    /// A fresh session in place of whatever there was.
    pub(super) fn open(&mut self, memory: &mut Memory) -> &mut Session {
        self.close(memory);
        memory.sessions += 1;
        let number = *self.number.insert(self.sessions.insert(Session::default()));
        &mut self.sessions[number]
    }
}

/// `a` comes after `b` in sequence space (RFC 9293 §3.4).
pub(super) fn after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

/// `a` comes before `b`.
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stays_small() {
        // A table holds a hundred thousand sessions; most of what one can keep, most sessions never have.
        let bytes = size_of::<Session>();
        assert!(bytes <= 448, "a session keeps {bytes} bytes before its first byte of data");
    }
}
