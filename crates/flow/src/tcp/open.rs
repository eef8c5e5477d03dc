//! How sessions begin: three-way and four-way handshakes, Fast Open (RFC 7413), and pick-up in the middle.

use model::Direction;

use super::session::{Offer, after};
use super::work::{ACK, FIN, RST, Rejected, SCALE_MAX, SYN, Step, Work};
use super::{State, StreamEvent};
use crate::Policy;

const CLIENT: Direction = Direction::ToServer;
const SERVER: Direction = Direction::ToClient;

impl Work<'_, '_> {
    /// A SYN opens the session.
    pub(super) fn begin_with_syn(&mut self) -> Step {
        self.set_state(State::SynSent);
        self.s.one_sided = self.config.async_oneside;
        let p = self.p;
        self.client().set_isn(p.seq);
        self.client().next_seq = p.seq.wrapping_add(1);
        self.open_stamp(CLIENT);
        self.server().window = u32::from(p.window);
        if let Some(scale) = p.scale {
            self.s.scale_offered = true;
            self.server().scale = scale;
        }
        self.s.client_sack = p.sack_permitted;
        if p.fast_open {
            self.s.fast_open = true;
            if !p.payload.is_empty() {
                let next = self.client().next_seq.wrapping_add(p.len());
                self.client().next_seq = next;
                return self.segment(CLIENT);
            }
        }
        Ok(())
    }

    /// A SYN/ACK whose SYN was not seen opens the session; the caller has turned client and server round.
    pub(super) fn begin_with_synack(&mut self) -> Step {
        self.set_state(State::SynRecv);
        self.s.midstream = true;
        self.s.midstream_synack = true;
        self.s.one_sided = self.config.async_oneside;
        let p = self.p;
        let server = self.server();
        server.set_isn(p.seq);
        server.next_seq = p.seq.wrapping_add(1);
        server.last_ack = p.seq;
        server.window = u32::from(p.window);
        server.next_win = server.last_ack.wrapping_add(server.window);
        let client = self.client();
        client.set_isn(p.ack.wrapping_sub(1));
        client.next_seq = p.ack;
        client.last_ack = p.ack;
        client.window = u32::from(p.window);
        client.next_win = client.last_ack.wrapping_add(client.window);
        if let Some(scale) = p.scale {
            // The SYN must have offered scaling too; its value is unknown.
            self.client().scale = scale;
            self.server().scale = SCALE_MAX;
        }
        self.adopt_stamps();
        self.s.sack = p.sack_permitted;
        Ok(())
    }

    /// A data or ACK packet of a running session opens it.
    pub(super) fn begin_in_the_middle(&mut self) -> Step {
        self.set_state(State::Established);
        self.s.midstream = true;
        self.s.midstream_established = true;
        self.s.one_sided = self.config.async_oneside;
        let p = self.p;
        let me = self.me();
        me.scale = SCALE_MAX;
        me.set_isn(p.seq.wrapping_sub(1));
        me.next_seq = p.end();
        me.window = u32::from(p.window) << SCALE_MAX;
        me.last_ack = p.seq;
        me.next_win = me.last_ack.wrapping_add(me.window);
        let peer = self.peer();
        peer.scale = SCALE_MAX;
        peer.set_isn(p.ack.wrapping_sub(1));
        peer.next_seq = p.ack;
        peer.last_ack = p.ack;
        peer.next_win = p.ack;
        self.adopt_stamps();
        self.s.sack = true;
        if p.has(FIN) {
            // A FIN may be the first thing seen; the session then begins where it ends.
            self.set_state(State::FinWait1);
        }
        self.segment(p.direction)
    }

    pub(super) fn syn_sent(&mut self) -> Step {
        let p = self.p;
        if !self.echoes_a_syn() {
            return self.reject(StreamEvent::PktInvalidTimestamp);
        }
        if p.has(SYN | ACK) {
            return if p.to_server() { self.synack_of_client() } else { self.synack_of_server() };
        }
        if p.has(RST) {
            self.validate_reset()?;
            if p.to_server() {
                let isn = self.client().isn;
                if p.seq == isn && p.window == 0 && p.ack == isn.wrapping_add(1) {
                    self.server().reset_received = true;
                    self.set_state(State::Closed);
                    self.s.closed_by_reset = true;
                }
            } else {
                self.client().reset_received = true;
                self.set_state(State::Closed);
                self.s.closed_by_reset = true;
            }
            return Ok(());
        }
        if p.has(FIN) {
            return Ok(());
        }
        if p.has(SYN) {
            return if p.to_server() { self.another_syn() } else { self.syn_of_server() };
        }
        if p.has(ACK) && self.config.async_oneside {
            return self.one_sided_ack();
        }
        Ok(())
    }

    /// Whether the server's timestamp echo is that of a SYN it was sent; an echo of 0 says nothing.
    fn echoes_a_syn(&mut self) -> bool {
        let p = self.p;
        let Some((_, echo)) = p.stamp else { return true };
        if p.to_server() || echo == 0 || self.s.four_way {
            return true;
        }
        let client = self.client();
        if !client.stamped || client.last_stamp == echo || client.last_stamp == 0 {
            return true;
        }
        self.s.offers.iter().any(|kept| kept.stamp == Some(echo))
    }

    fn synack_of_server(&mut self) -> Step {
        let p = self.p;
        let (isn, next) = (self.client().isn, self.client().next_seq);
        let acknowledged = if p.fast_open || self.s.fast_open {
            // The receiver may take the data of the SYN or leave it.
            p.ack == next || p.ack == isn.wrapping_add(1)
        } else {
            p.ack == isn.wrapping_add(1)
        };
        if !acknowledged && !self.adopt_offered_syn() {
            return self.reject(StreamEvent::ThreeWhsSynackWithWrongAck);
        }
        // An echo of another SYN's timestamp tells which of several was answered.
        if let Some((_, echo)) = p.stamp
            && self.client().stamped
            && echo != 0
            && echo != self.client().last_stamp
        {
            self.adopt_offered_stamp(echo);
        }
        self.s.offers.clear();
        let offer = self.offer();
        self.accept_synack(offer);
        if self.s.fast_open && !p.payload.is_empty() {
            let next = self.server().next_seq.wrapping_add(p.len());
            self.server().next_seq = next;
            return self.segment(SERVER);
        }
        Ok(())
    }

    /// What the packet offers, as remembered.
    fn offer(&self) -> Offer {
        let p = &self.p;
        Offer {
            seq: p.seq,
            ack: p.ack,
            window: u32::from(p.window),
            scale: p.scale,
            stamp: p.stamp.map(|(value, _)| value),
            sack: p.sack_permitted,
            secs: p.secs,
        }
    }

    /// Believes a SYN/ACK.
    fn accept_synack(&mut self, offer: Offer) {
        if self.s.state != State::SynRecv {
            self.set_state(State::SynRecv);
        }
        let scale_offered = self.s.scale_offered;
        let client_stamped = self.client().stamped;
        let server = self.server();
        server.set_isn(offer.seq);
        server.next_seq = offer.seq.wrapping_add(1);
        server.last_ack = server.next_seq;
        server.next_win = server.last_ack.wrapping_add(server.window);
        match offer.stamp {
            Some(stamp) if client_stamped || self.s.timestamps => {
                let server = self.server();
                server.last_stamp = stamp;
                server.last_stamp_secs = offer.secs;
                server.stamp_zero = stamp == 0;
                self.s.timestamps = true;
                self.client().stamped = false;
            }
            _ => {
                self.s.timestamps = false;
                self.server().last_stamp = 0;
                let client = self.client();
                client.last_stamp = 0;
                client.stamped = false;
                client.stamp_zero = false;
            }
        }
        let client = self.client();
        client.window = offer.window;
        client.last_ack = offer.ack;
        client.scale = offer.scale.filter(|_| scale_offered).unwrap_or(0);
        client.next_win = client.last_ack.wrapping_add(client.window);
        self.s.sack = self.s.client_sack && offer.sack;
        self.s.four_way = false;
    }

    /// The answer to a SYN/ACK that went the wrong way is right in a four-way handshake.
    fn synack_of_client(&mut self) -> Step {
        let p = self.p;
        if !self.s.four_way {
            return self.reject(StreamEvent::ThreeWhsSynackInWrongDirection);
        }
        if p.ack != self.server().isn.wrapping_add(1) {
            return self.reject(StreamEvent::FourWhsSynackWithWrongAck);
        }
        if p.seq != self.client().isn {
            return self.reject(StreamEvent::FourWhsSynackWithWrongSyn);
        }
        self.set_state(State::SynRecv);
        let scale_offered = self.s.scale_offered;
        let client = self.client();
        client.set_isn(p.seq);
        client.next_seq = p.seq.wrapping_add(1);
        client.last_ack = client.next_seq;
        client.next_win = client.last_ack.wrapping_add(client.window);
        let server = self.server();
        server.window = u32::from(p.window);
        server.last_ack = p.ack;
        server.scale = p.scale.filter(|_| scale_offered).unwrap_or(0);
        server.next_win = server.last_ack.wrapping_add(server.window);
        if p.stamp.is_some() && self.server().stamped {
            self.open_stamp(CLIENT);
            self.s.timestamps = true;
            self.server().stamped = false;
        } else {
            for side in &mut self.s.sides {
                side.last_stamp = 0;
                side.stamped = false;
                side.stamp_zero = false;
            }
        }
        self.s.sack = self.s.client_sack && p.sack_permitted;
        Ok(())
    }

    /// A SYN from the other side: simultaneous open, or a server that pretends (RFC 9293 §3.5).
    fn syn_of_server(&mut self) -> Step {
        let p = self.p;
        self.s.four_way = true;
        let server = self.server();
        server.set_isn(p.seq);
        server.next_seq = p.seq.wrapping_add(1);
        self.open_stamp(SERVER);
        self.client().window = u32::from(p.window);
        self.s.scale_offered = p.scale.is_some();
        self.client().scale = p.scale.unwrap_or(0);
        self.s.client_sack = p.sack_permitted;
        Ok(())
    }

    /// Another SYN of the client: kept, in case the server answers that one.
    fn another_syn(&mut self) -> Step {
        let offer = self.offer();
        let client = self.client();
        let same = offer.seq == client.isn && offer.stamp.is_none_or(|stamp| stamp == client.last_stamp);
        if same || self.s.offers.iter().any(|kept| (kept.seq, kept.stamp) == (offer.seq, offer.stamp)) {
            return Ok(());
        }
        if self.s.offers.len() >= usize::from(self.config.syn_queued_max) {
            return self.reject(StreamEvent::ThreeWhsSynFlood);
        }
        self.s.offers.push(offer);
        Ok(())
    }

    /// Starts over from a kept SYN that this SYN/ACK acknowledges.
    fn adopt_offered_syn(&mut self) -> bool {
        let ack = self.p.ack;
        let Some(offer) = self.s.offers.iter().find(|kept| kept.seq.wrapping_add(1) == ack).copied() else {
            return false;
        };
        let client = self.client();
        client.set_isn(offer.seq);
        client.next_seq = ack;
        self.adopt_syn(offer);
        true
    }

    /// Takes the timestamp and options of the kept SYN that had this timestamp.
    fn adopt_offered_stamp(&mut self, stamp: u32) {
        if let Some(offer) = self.s.offers.iter().find(|kept| kept.stamp == Some(stamp)).copied() {
            self.adopt_syn(offer);
        }
    }

    fn adopt_syn(&mut self, offer: Offer) {
        self.server().window = offer.window;
        self.server().scale = offer.scale.unwrap_or(0);
        self.s.scale_offered = offer.scale.is_some();
        self.s.client_sack = offer.sack;
        let client = self.client();
        client.stamped = offer.stamp.is_some();
        client.last_stamp = offer.stamp.unwrap_or(0);
        client.stamp_zero = offer.stamp == Some(0);
        client.last_stamp_secs = offer.secs;
    }

    /// After the SYN, an ACK of the same side: the other side is not seen.
    fn one_sided_ack(&mut self) -> Step {
        let p = self.p;
        if p.seq != self.client().next_seq {
            return self.reject(StreamEvent::ThreeWhsAsyncWrongSeq);
        }
        self.s.one_sided = true;
        self.set_state(State::Established);
        let scale_offered = self.s.scale_offered;
        let client = self.client();
        client.window = u32::from(p.window);
        client.last_ack = p.seq;
        client.next_win = client.last_ack.wrapping_add(client.window);
        if scale_offered {
            client.scale = SCALE_MAX;
        }
        let stamped = p.stamp.is_some() && client.stamped;
        client.stamped = false;
        if stamped {
            client.last_stamp_secs = p.secs;
        } else {
            client.last_stamp = 0;
            client.stamp_zero = false;
        }
        self.s.timestamps |= stamped;
        let server = self.server();
        server.set_isn(p.ack.wrapping_sub(1));
        server.next_seq = p.ack;
        server.last_ack = p.ack;
        server.next_win = p.ack;
        self.s.sack |= self.s.client_sack;
        self.segment(CLIENT)
    }

    pub(super) fn syn_recv(&mut self) -> Step {
        let p = self.p;
        if p.has(RST) {
            return self.reset_in_handshake();
        }
        if p.has(FIN) {
            return self.fin();
        }
        if p.has(SYN | ACK) {
            return self.synack_again();
        }
        if p.has(SYN) {
            if !p.to_server() {
                return self.reject(StreamEvent::ThreeWhsSynToclientOnSynRecv);
            }
            if p.seq != self.client().isn {
                return self.reject(StreamEvent::ThreeWhsSynResendDiffSeqOnSynRecv);
            }
            return Ok(());
        }
        if p.has(ACK) {
            return self.ack_of_handshake();
        }
        Ok(())
    }

    fn reset_in_handshake(&mut self) -> Step {
        self.validate_reset()?;
        // After an acknowledgement that fits nothing, some systems take a reset for a stray packet.
        let receiver = self.peer().policy.unwrap_or(Policy::Bsd);
        if self.s.evasion && matches!(receiver, Policy::Linux | Policy::OldLinux | Policy::Solaris) {
            return Ok(());
        }
        self.set_state(State::Closed);
        self.s.closed_by_reset = true;
        self.peer().reset_received = true;
        self.take_stamp();
        Ok(())
    }

    fn synack_again(&mut self) -> Step {
        let p = self.p;
        if p.to_server() {
            return self.reject(StreamEvent::ThreeWhsSynackToserverOnSynRecv);
        }
        if p.ack != self.client().last_ack {
            return self.reject(StreamEvent::ThreeWhsSynackResendWithDifferentAck);
        }
        let offer = self.offer();
        let same = offer.seq == self.server().isn
            && offer.stamp.is_none_or(|stamp| stamp == self.server().last_stamp);
        if same || self.s.offers.contains(&offer) {
            return Ok(());
        }
        if self.s.offers.len() >= usize::from(self.config.synack_queued_max) {
            return self.reject(StreamEvent::ThreeWhsSynackFlood);
        }
        self.s.offers.push(offer);
        Ok(())
    }

    /// Which of several SYN/ACKs the client answers.
    fn choose_synack(&mut self) {
        let p = self.p;
        let answered = self.s.offers.iter().find(|offer| {
            let echoed = match (p.stamp, offer.stamp) {
                (Some((_, echo)), Some(stamp)) => echo == stamp,
                _ => true,
            };
            offer.seq.wrapping_add(1) == p.ack && echoed
        });
        if let Some(offer) = answered.copied() {
            self.s.offers.clear();
            // The client's own timestamp stays valid.
            self.accept_synack(offer);
        }
    }

    fn ack_of_handshake(&mut self) -> Step {
        if !self.s.offers.is_empty() {
            self.choose_synack();
        }
        self.check_stamp()?;
        let p = self.p;
        if self.s.four_way && !p.to_server() {
            return self.ack_of_four_way();
        }
        let mut missed_ack = false;
        if !p.to_server() && !self.s.midstream_synack && !self.s.fast_open {
            if self.config.inline {
                let injected = !p.payload.is_empty()
                    && p.ack == self.client().last_ack
                    && p.seq == self.server().next_seq;
                let event = if injected {
                    StreamEvent::ThreeWhsAckDataInject
                } else {
                    StreamEvent::ThreeWhsAckInWrongDir
                };
                return self.reject(event);
            }
            missed_ack = true;
        }
        self.complete(missed_ack)
    }

    /// Decides by sequence and acknowledgement numbers whether the handshake is complete.
    fn complete(&mut self, missed_ack: bool) -> Step {
        let p = self.p;
        let (client_next, client_acked, client_win) =
            (self.client().next_seq, self.client().last_ack, self.client().next_win);
        let (server_next, loose) = (self.server().next_seq, missed_ack || self.s.fast_open);
        if p.to_server() && p.seq == client_next && p.ack == server_next {
            self.client().next_seq = client_next.wrapping_add(p.len());
            return self.establish(CLIENT);
        }
        if self.config.async_oneside && !p.to_server() && p.seq == server_next {
            self.s.one_sided = true;
            let server = self.server();
            server.next_seq = server.next_seq.wrapping_add(p.len());
            server.last_ack = p.seq;
            self.client().last_ack = p.ack;
            return self.establish(SERVER);
        }
        if p.to_server() && p.seq == client_next {
            self.s.evasion = true;
            return self.reject(StreamEvent::ThreeWhsRightSeqWrongAckEvasion);
        }
        if !p.to_server() && !self.config.inline && after(p.seq, server_next) && after(p.ack, client_acked) {
            self.server().next_seq = p.end();
            return self.establish(SERVER);
        }
        if p.to_server() && after(p.seq, client_next) && !after(p.seq, client_win) && p.ack == server_next {
            self.client().next_seq = p.end();
            return self.establish(CLIENT);
        }
        if !p.to_server() && loose && p.seq == server_next && (p.ack == client_acked || p.ack == client_next)
        {
            self.server().next_seq = p.end();
            return self.establish(SERVER);
        }
        if !p.to_server() && self.s.midstream_synack && p.seq == server_next {
            self.server().next_seq = p.end();
            return self.establish(SERVER);
        }
        self.reject(StreamEvent::ThreeWhsWrongSeqWrongAck)
    }

    /// The handshake is complete; the packet may carry data of `direction`.
    fn establish(&mut self, direction: Direction) -> Step {
        self.take_stamp();
        let ack = self.p.ack;
        self.update_last_ack(ack);
        self.update_window();
        let side = self.peer();
        side.next_win = side.last_ack.wrapping_add(side.window);
        if self.s.midstream {
            let window = u32::from(self.p.window) << self.me().scale;
            let me = self.me();
            me.window = me.window.max(window);
            me.next_win = me.last_ack.wrapping_add(me.window);
            if !self.s.midstream_synack {
                self.client().scale = SCALE_MAX;
                self.server().scale = SCALE_MAX;
                self.s.sack = true;
            }
        }
        self.set_state(State::Established);
        self.segment(direction)
    }

    fn ack_of_four_way(&mut self) -> Step {
        if self.p.seq != self.server().next_seq {
            return self.reject(StreamEvent::FourWhsWrongSeq);
        }
        if self.validate_ack().is_err() {
            return self.reject(StreamEvent::FourWhsInvalidAck);
        }
        self.take_stamp();
        let p = self.p;
        self.update_last_ack(p.ack);
        self.server().next_seq = self.s.sides[1].next_seq.wrapping_add(p.len());
        self.update_window();
        let client = self.client();
        client.next_win = client.last_ack.wrapping_add(client.window);
        self.set_state(State::Established);
        self.segment(SERVER)
    }

    /// Nothing to do with a packet that belongs to no session.
    pub(super) fn no_session(&mut self) -> Step {
        if self.p.has(RST) {
            self.event(StreamEvent::RstButNoSession);
            return Err(Rejected);
        }
        Ok(())
    }
}
