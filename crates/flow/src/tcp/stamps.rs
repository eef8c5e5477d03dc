//! Timestamps (RFC 7323 §5, PAWS) and resets, judged as the receiver's system would.

use model::Direction;

use super::session::before;
use super::work::{ACK, Rejected, Step, Work};
use super::{State, StreamEvent};
use crate::Policy;

/// A timestamp older than this proves nothing (RFC 7323 §5.5).
const PAWS_SECS: u32 = 24 * 24 * 3600;

impl Work<'_, '_> {
    /// Checks the timestamp when the session uses them.
    pub(super) fn check_stamp(&mut self) -> Step {
        if self.s.timestamps { self.judge_stamp(false) } else { Ok(()) }
    }

    /// Checks the timestamp and remembers it, when the session uses them.
    pub(super) fn take_stamp(&mut self) {
        if self.s.timestamps {
            // The check came first, so a refusal here only leaves the old value in place.
            let _ = self.judge_stamp(true);
        }
    }

    fn judge_stamp(&mut self, remember: bool) -> Step {
        let policy = self.policy_of(self.p.direction.other());
        let Some((stamp, _)) = self.p.stamp else {
            // Solaris gives timestamps up when a packet comes without.
            if remember && policy == Policy::Solaris {
                self.s.timestamps = false;
            }
            return Ok(());
        };
        let in_order = self.me().next_seq == self.p.seq;
        let mut check = true;
        if self.me().stamp_zero {
            check = self.judge_zero_start(policy, stamp, in_order, remember);
        }
        if policy == Policy::Hpux11 && !in_order {
            check = false;
        }
        if stamp == 0
            && !matches!(
                policy,
                Policy::OldLinux | Policy::Windows | Policy::Windows2k3 | Policy::Vista | Policy::Solaris
            )
        {
            return self.reject(StreamEvent::PktInvalidTimestamp);
        }
        if !check {
            return Ok(());
        }
        self.judge_order(policy, stamp, in_order, remember)
    }

    /// The handshake carried 0: some systems refuse to use timestamps then, some start counting with the next packet.
    fn judge_zero_start(&mut self, policy: Policy, stamp: u32, in_order: bool, remember: bool) -> bool {
        match policy {
            Policy::Linux | Policy::Windows2k3 => {
                self.s.timestamps = false;
                false
            }
            Policy::OldLinux | Policy::Windows | Policy::Vista => {
                self.me().stamp_zero = false;
                if in_order && remember {
                    self.me().last_stamp = stamp;
                }
                !in_order
            }
            _ => true,
        }
    }

    fn judge_order(&mut self, policy: Policy, stamp: u32, in_order: bool, remember: bool) -> Step {
        let (secs, midstream) = (self.p.secs, self.s.midstream);
        let me = self.me();
        // Linux lets a value pass that is one behind.
        let slack = u32::from(policy == Policy::Linux);
        let older = (stamp.wrapping_sub(me.last_stamp).wrapping_add(slack) as i32) < 0;
        let seen_secs = if me.last_stamp_secs == 0 && midstream { secs } else { me.last_stamp_secs };
        let outdated = secs > seen_secs.saturating_add(PAWS_SECS);
        if older || (me.last_stamp != 0 && outdated) {
            if !(in_order && outdated) {
                return self.reject(StreamEvent::PktInvalidTimestamp);
            }
            if remember {
                me.last_stamp = stamp;
                me.last_stamp_secs = secs;
            }
            return Ok(());
        }
        if remember {
            if in_order {
                me.last_stamp = stamp;
            }
            me.last_stamp_secs = secs;
        }
        Ok(())
    }

    /// Whether the receiver would believe this reset.
    pub(super) fn validate_reset(&mut self) -> Step {
        self.check_stamp()?;
        if !self.p.payload.is_empty() {
            self.event(StreamEvent::RstWithData);
        }
        let policy = self.policy_of(self.p.direction.other());
        if self.p.has(ACK) && self.p.ack != 0 && self.validate_ack().is_err() {
            return self.reject(StreamEvent::RstInvalidAck);
        }
        let (seq, end) = (self.p.seq, self.p.end());
        let one_sided = self.s.one_sided;
        let me = self.me();
        let believed = if one_sided {
            !before(seq, me.next_seq)
        } else {
            match policy {
                Policy::Hpux11 => !before(seq, me.next_seq),
                Policy::OldLinux | Policy::Linux | Policy::Solaris => {
                    !before(end, me.last_ack) && before(seq, me.next_seq.wrapping_add(me.window))
                }
                _ => seq == me.next_seq,
            }
        };
        if believed { Ok(()) } else { Err(Rejected) }
    }

    /// A reset arrives in a session that knows both sides: what its sender sent before counts as received.
    pub(super) fn accept_reset(&mut self) -> Step {
        self.validate_reset()?;
        self.set_state(State::Closed);
        self.s.closed_by_reset = true;
        let (seq, end, ack) = (self.p.seq, self.p.end(), self.p.ack);
        if self.p.has(ACK) && self.validate_ack().is_ok() {
            self.update_last_ack(ack);
            self.peer().next_seq = ack;
        }
        let me = self.me();
        super::work::update_last_ack(me, seq);
        me.next_seq = end;
        self.peer().reset_received = true;
        self.take_stamp();
        self.segment(self.p.direction)
    }

    /// A packet after a reset from the same sender: somebody else sent that reset.
    pub(super) fn check_after_reset(&mut self) {
        if self.p.has(super::work::RST) || self.p.pseudo {
            return;
        }
        if self.peer().reset_received {
            self.peer().reset_received = false;
            self.s.closed_by_reset = false;
            self.event(StreamEvent::SuspectedRstInject);
        }
    }

    /// The timestamps of a session picked up without its start.
    pub(super) fn adopt_stamps(&mut self) {
        let secs = self.p.secs;
        let Some((value, echo)) = self.p.stamp else { return };
        for (direction, stamp) in [(self.p.direction, value), (self.p.direction.other(), echo)] {
            let side = &mut self.s.sides[direction.index()];
            side.last_stamp = stamp;
            side.last_stamp_secs = secs;
            side.stamp_zero = stamp == 0;
        }
        self.s.timestamps = true;
    }

    /// The timestamp of a SYN or SYN/ACK that opens `direction`.
    pub(super) fn open_stamp(&mut self, direction: Direction) {
        let secs = self.p.secs;
        if let Some((value, _)) = self.p.stamp {
            let side = &mut self.s.sides[direction.index()];
            side.last_stamp = value;
            side.stamp_zero = value == 0;
            side.last_stamp_secs = secs;
            side.stamped = true;
        }
    }
}
