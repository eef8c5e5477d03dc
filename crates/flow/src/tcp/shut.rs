//! Established sessions and how they end (RFC 9293 §3.6, §3.10.7).
//!
//! State names follow Suricata: a FIN of the client leads to `close_wait`, one of the server to `fin_wait1`.

use super::session::{after, before};
use super::work::{ACK, FIN, RST, SYN, Step, Work};
use super::{State, StreamEvent};

impl Work<'_, '_> {
    pub(super) fn established(&mut self) -> Step {
        let p = self.p;
        if p.has(RST) {
            return self.accept_reset();
        }
        if p.has(FIN) {
            return self.fin();
        }
        if p.has(SYN | ACK) {
            return self.synack_when_established();
        }
        if p.has(SYN) {
            let event = if !p.to_server() {
                StreamEvent::EstSynToclient
            } else if p.seq != self.client().isn {
                StreamEvent::EstSynResendDiffSeq
            } else {
                StreamEvent::EstSynResend
            };
            return self.reject(event);
        }
        if p.has(ACK) {
            self.check_stamp()?;
            if !p.to_server() {
                self.s.confirmed = true;
            }
            return self.data_when_established();
        }
        Ok(())
    }

    fn synack_when_established(&mut self) -> Step {
        let p = self.p;
        if p.to_server() {
            return self.reject(StreamEvent::EstSynackToserver);
        }
        if p.ack != self.client().last_ack {
            return self.reject(StreamEvent::EstSynackResendWithDifferentAck);
        }
        if p.seq != self.server().isn {
            return self.reject(StreamEvent::EstSynackResendWithDiffSeq);
        }
        if self.s.confirmed {
            return self.reject(StreamEvent::EstSynackResend);
        }
        Ok(())
    }

    fn data_when_established(&mut self) -> Step {
        self.validate_ack_or(StreamEvent::EstInvalidAck)?;
        if self.s.midstream_established && !self.p.to_server() {
            // The other side of a picked-up session shows its window now.
            self.s.midstream_established = false;
            let window = u32::from(self.p.window);
            let server = self.server();
            let window = window << server.scale;
            server.window = window;
            server.next_win = server.last_ack.wrapping_add(window);
        }
        let p = self.p;
        let one_sided = self.s.one_sided;
        let me = self.me();
        let keep_alive = p.len() <= 1 && p.seq == me.next_seq.wrapping_sub(1);
        if !keep_alive && before(p.end(), me.last_ack) {
            if one_sided {
                me.last_ack = p.seq;
            } else if !(after(me.last_ack, me.next_seq) && after(p.end(), me.next_seq)) {
                return self.reject(StreamEvent::EstPktBeforeLastAck);
            }
        }
        let me = self.me();
        let probe = p.len() == 1 && p.seq == me.next_seq && me.window == 0;
        let continues = p.seq == me.next_seq
            || (before(p.seq, me.next_seq) && after(p.end(), me.next_seq))
            || before(me.next_seq, me.last_ack);
        if !probe && !self.in_window() {
            return self.reject(StreamEvent::EstPacketOutOfWindow);
        }
        if continues {
            self.me().next_seq = p.end();
        }
        self.acknowledge();
        self.take_stamp();
        self.segment(p.direction)
    }

    /// Takes over window, acknowledgement and SACK blocks.
    fn acknowledge(&mut self) {
        self.update_window();
        if self.p.has(ACK) {
            let ack = self.p.ack;
            self.update_last_ack(ack);
        }
        self.update_sack();
        self.update_next_win();
    }

    /// A FIN while both sides are open.
    pub(super) fn fin(&mut self) -> Step {
        let p = self.p;
        self.check_stamp()?;
        self.validate_ack_or(StreamEvent::FinInvalidAck)?;
        let loose = self.s.midstream || self.s.one_sided;
        let me = self.me();
        let fits = !before(p.end(), me.last_ack) && !after(p.end(), me.next_win);
        if !fits && !loose {
            return self.reject(StreamEvent::FinOutOfWindow);
        }
        if p.has(SYN) {
            return self.reject(StreamEvent::FinSyn);
        }
        self.set_state(if p.to_server() { State::CloseWait } else { State::FinWait1 });
        self.me().next_seq = p.end();
        self.acknowledge();
        self.take_stamp();
        if p.has(ACK) {
            self.catch_up();
        }
        self.segment(p.direction)
    }

    /// What the packet acknowledges was sent, even where we missed it.
    fn catch_up(&mut self) {
        let ack = self.p.ack;
        let peer = self.peer();
        if before(peer.next_seq, ack) {
            peer.next_seq = ack;
        }
    }

    /// What all closing states share: resets, and SYNs that come too late. `None` when the state itself must decide.
    fn common_to_closing(&mut self) -> Option<Step> {
        if self.p.has(RST) {
            return Some(self.accept_reset());
        }
        if self.p.has(SYN) {
            return Some(self.reject(StreamEvent::ShutdownSynResend));
        }
        None
    }

    /// Whether the sequence number is from what is expected next to the end of the window.
    fn seq_in_window(&mut self) -> bool {
        let seq = self.p.seq;
        let me = self.me();
        !before(seq, me.next_seq) && !after(seq, me.last_ack.wrapping_add(me.window))
    }

    /// Takes the packet, moving to `state` unless it repeats what came before.
    fn take(&mut self, repeated: bool, state: Option<State>) -> Step {
        let p = self.p;
        if !repeated {
            if let Some(state) = state {
                self.set_state(state);
            }
            self.update_window();
        }
        if p.has(ACK) {
            self.update_last_ack(p.ack);
            self.catch_up();
        }
        let me = self.me();
        if me.next_seq == p.seq {
            me.next_seq = p.end();
        }
        self.take_stamp();
        self.update_sack();
        self.update_next_win();
        self.segment(p.direction)
    }

    pub(super) fn fin_wait1(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        let p = self.p;
        if !p.has_any(FIN | ACK) {
            return Ok(());
        }
        self.check_stamp()?;
        let repeated = self.is_retransmission();
        if p.has(FIN) {
            if !repeated && !self.seq_in_window() && !self.s.midstream {
                return self.reject(StreamEvent::Fin1FinWrongSeq);
            }
            self.validate_ack_or(StreamEvent::Fin1InvalidAck)?;
            let state = if p.has(ACK) { State::TimeWait } else { State::Closing };
            return self.take(repeated, Some(state));
        }
        self.validate_ack_or(StreamEvent::Fin1InvalidAck)?;
        if !repeated && !self.in_window() {
            return self.reject(StreamEvent::Fin1AckWrongSeq);
        }
        let expected = p.seq == self.me().next_seq;
        self.take(repeated, expected.then_some(State::FinWait2))
    }

    pub(super) fn fin_wait2(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        let p = self.p;
        if !p.has_any(FIN | ACK) {
            return Ok(());
        }
        self.check_stamp()?;
        if p.has(FIN) {
            let peer_acked = self.peer().last_ack;
            let again = p.seq == self.me().next_seq.wrapping_sub(1) && p.ack == peer_acked;
            let repeated = again || self.is_retransmission();
            if !repeated && !self.seq_in_window() {
                return self.reject(StreamEvent::Fin2FinWrongSeq);
            }
            self.validate_ack_or(StreamEvent::Fin2InvalidAck)?;
            return self.take(repeated, Some(State::TimeWait));
        }
        let repeated = self.is_retransmission();
        self.validate_ack_or(StreamEvent::Fin2InvalidAck)?;
        if !repeated && !self.in_window() {
            return self.reject(StreamEvent::Fin2AckWrongSeq);
        }
        self.take(repeated, None)
    }

    pub(super) fn closing(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        if !self.p.has(ACK) {
            return Ok(());
        }
        self.check_stamp()?;
        let repeated = self.is_retransmission();
        if !repeated && self.p.seq != self.me().next_seq {
            return self.reject(StreamEvent::ClosingAckWrongSeq);
        }
        self.validate_ack_or(StreamEvent::ClosingInvalidAck)?;
        self.take(repeated, Some(State::TimeWait))
    }

    pub(super) fn close_wait(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        let p = self.p;
        if !p.has_any(FIN | ACK) {
            return Ok(());
        }
        self.check_stamp()?;
        if p.has(FIN) {
            let repeated = p.to_server() && self.is_retransmission();
            if !repeated && !self.seq_in_window() {
                return self.reject(StreamEvent::ClosewaitFinOutOfWindow);
            }
            self.validate_ack_or(StreamEvent::ClosewaitInvalidAck)?;
            // Only the server's FIN leads on; the client's is the one that led here.
            return self.take(repeated, (!p.to_server()).then_some(State::LastAck));
        }
        let repeated = self.is_retransmission();
        let me = self.me();
        let (acked, right) = (me.last_ack, me.last_ack.wrapping_add(me.window));
        if !p.payload.is_empty() && !after(p.end(), acked) {
            return self.reject(StreamEvent::ClosewaitPktBeforeLastAck);
        }
        if after(p.seq, right) {
            return self.reject(StreamEvent::ClosewaitAckOutOfWindow);
        }
        self.validate_ack_or(StreamEvent::ClosewaitInvalidAck)?;
        self.take(repeated, None)
    }

    pub(super) fn last_ack(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        let p = self.p;
        if p.has(FIN) || !p.has(ACK) || !p.to_server() {
            return Ok(());
        }
        self.check_stamp()?;
        let repeated = self.is_retransmission();
        self.validate_ack_or(StreamEvent::LastackInvalidAck)?;
        let next = self.me().next_seq;
        let expected = p.seq == next || p.seq == next.wrapping_add(1);
        if !repeated && !expected && !before(p.seq, next) {
            return self.reject(StreamEvent::LastackAckWrongSeq);
        }
        self.take(repeated, expected.then_some(State::Closed))
    }

    pub(super) fn time_wait(&mut self) -> Step {
        if let Some(step) = self.common_to_closing() {
            return step;
        }
        let p = self.p;
        if p.has(FIN) || !p.has(ACK) {
            return Ok(());
        }
        self.check_stamp()?;
        let repeated = self.is_retransmission();
        let me = self.me();
        let expected = p.seq == me.next_seq || p.seq == me.next_seq.wrapping_add(1);
        if !repeated && !expected {
            if !p.to_server() && !p.payload.is_empty() && p.seq == me.last_ack {
                return Ok(());
            }
            return self.reject(StreamEvent::TimewaitAckWrongSeq);
        }
        self.validate_ack_or(StreamEvent::TimewaitInvalidAck)?;
        self.take(repeated, Some(State::Closed))
    }

    /// After a reset of one side only, the other may go on as if nothing had happened.
    pub(super) fn closed(&mut self) -> Step {
        if self.p.has(RST) {
            return Ok(());
        }
        if !self.me().reset_received && self.peer().reset_received {
            let state = self.s.previous;
            self.in_state(state)?;
            if self.s.state == State::Closed {
                self.s.state = state;
            }
        }
        Ok(())
    }
}

/// Packets beside the conversation: keep-alives, window updates, repetitions.
impl Work<'_, '_> {
    /// Whether the packet says nothing new, so that the state need not look at it.
    pub(super) fn side_matter(&mut self) -> bool {
        if self.s.midstream_synack {
            self.turn_round();
        }
        if self.is_keep_alive() {
            self.me().keep_alive = true;
            return true;
        }
        let answered = self.is_keep_alive_answer();
        self.me().keep_alive = false;
        if answered {
            self.peer().keep_alive = false;
            return true;
        }
        if self.is_spurious_retransmission() {
            self.event(StreamEvent::PktSpuriousRetransmission);
            return true;
        }
        if !self.is_answer_to_fin() && self.is_bad_window_update() {
            self.event(StreamEvent::PktBadWindowUpdate);
            return true;
        }
        false
    }

    /// A picked-up SYN/ACK may have been taken for the wrong side's; nothing to turn once addresses were swapped.
    fn turn_round(&mut self) {
        if self.s.state > State::SynRecv {
            self.s.midstream_synack = false;
        }
    }

    /// RFC 9293 §3.8.4: an acknowledged sequence number again, with no byte or one.
    fn is_keep_alive(&mut self) -> bool {
        let p = self.p;
        if p.len() > 1 || p.has_any(SYN | FIN | RST) {
            return false;
        }
        p.ack == self.peer().last_ack && p.seq == self.me().next_seq.wrapping_sub(1)
    }

    fn is_keep_alive_answer(&mut self) -> bool {
        let p = self.p;
        if !p.payload.is_empty() || p.has_any(SYN | FIN | RST) {
            return false;
        }
        let window = self.announced_window();
        let next = self.me().next_seq;
        let peer = self.peer();
        peer.keep_alive && window == peer.window && p.ack == peer.last_ack && p.seq == next
    }

    fn is_spurious_retransmission(&mut self) -> bool {
        let p = self.p;
        if p.payload.is_empty() || self.s.state < State::Established {
            return false;
        }
        let me = self.me();
        if !me.no_reassembly && !after(p.end(), me.base_seq) {
            return true;
        }
        // Acknowledged and never seen is no repetition: the capture may have turned packets round.
        let seen =
            me.no_reassembly || me.offset(p.end()).is_some_and(|end| end <= me.data.consecutive_right());
        seen && !after(p.end(), me.last_ack)
    }

    fn is_answer_to_fin(&mut self) -> bool {
        let p = self.p;
        if p.has_any(SYN | FIN | RST) {
            return false;
        }
        // Whoever has sent a FIN, too, stands one behind it.
        let next = self.me().next_seq;
        p.ack == self.peer().next_seq.wrapping_add(1) && (p.seq == next || p.seq == next.wrapping_add(1))
    }

    /// A window that shrinks while acknowledging what was never sent.
    fn is_bad_window_update(&mut self) -> bool {
        let p = self.p;
        if self.s.state < State::Established || self.s.state == State::Closed || p.has_any(SYN | FIN | RST) {
            return false;
        }
        let window = self.announced_window();
        let next = self.me().next_seq;
        let peer = self.peer();
        window < peer.window
            && peer.window - window > p.len()
            && after(p.ack, peer.next_seq)
            && after(p.seq, next)
    }
}
