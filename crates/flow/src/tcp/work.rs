//! One packet at work in one session: what every state's rules share.

use std::net::IpAddr;

use model::Direction;

use super::memory::Memory;
use super::session::{Session, Side, after, before};
use super::{Fate, State, StreamEvent, StreamTrouble, Turn};
use crate::table::{Counters, Seen};
use crate::{Flow, FlowState, Policy, StreamConfig};

pub(super) const FIN: u8 = decode::Tcp::FIN;
pub(super) const SYN: u8 = decode::Tcp::SYN;
pub(super) const RST: u8 = decode::Tcp::RST;
pub(super) const ACK: u8 = decode::Tcp::ACK;
pub(super) const URG: u8 = decode::Tcp::URG;

/// What RFC 7323 §2.3 allows at most; assumed where the handshake was not seen.
pub(super) const SCALE_MAX: u8 = 14;

/// A TCP packet as the state machine sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) direction: Direction,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    pub(super) urgent: u16,
    pub(super) scale: Option<u8>,
    pub(super) stamp: Option<(u32, u32)>,
    pub(super) sack_permitted: bool,
    pub(super) sack: &'a [u8],
    pub(super) fast_open: bool,
    pub(super) payload: &'a [u8],
    pub(super) secs: u32,
    pub(super) receiver: IpAddr,
    pub(super) pseudo: bool,
}

impl<'a> Packet<'a> {
    pub(super) fn read(seen: &Seen<'a>, tcp: &decode::Tcp, direction: Direction) -> Self {
        let sack = tcp.sack.and_then(|(at, len)| seen.bytes.get(at as usize..)?.get(..usize::from(len)));
        Self {
            direction,
            seq: tcp.seq,
            ack: tcp.ack,
            flags: tcp.flags,
            window: tcp.window,
            urgent: tcp.urgent,
            scale: tcp.scale.map(|scale| scale.min(SCALE_MAX)),
            stamp: tcp.timestamp,
            sack_permitted: tcp.sack_permitted,
            sack: sack.unwrap_or_default(),
            fast_open: tcp.fast_open,
            payload: seen.payload(),
            secs: seen.time.secs() as u32,
            receiver: seen.layers.dst,
            pseudo: false,
        }
    }

    pub(super) fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    pub(super) fn has_any(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    pub(super) fn to_server(self) -> bool {
        self.direction == Direction::ToServer
    }

    /// Payload length; a TCP payload is below 2^16 bytes, and sequence arithmetic wraps anyway.
    pub(super) fn len(&self) -> u32 {
        self.payload.len() as u32
    }

    /// Sequence number after the payload.
    pub(super) fn end(&self) -> u32 {
        self.seq.wrapping_add(self.len())
    }
}

/// The packet is not part of the session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rejected;

/// Whether a packet was taken.
pub(super) type Step = Result<(), Rejected>;

/// One packet at work in one session.
#[derive(Debug)]
pub(super) struct Work<'a, 'p> {
    pub(super) s: &'a mut Session,
    pub(super) flow: &'a mut Flow,
    pub(super) memory: &'a mut Memory,
    pub(super) config: &'a StreamConfig,
    pub(super) counters: &'a mut Counters,
    pub(super) p: Packet<'p>,
    pub(super) turn: Turn,
}

impl Work<'_, '_> {
    /// The side that sent the packet.
    pub(super) fn me(&mut self) -> &mut Side {
        &mut self.s.sides[self.p.direction.index()]
    }

    /// The side that receives it.
    pub(super) fn peer(&mut self) -> &mut Side {
        &mut self.s.sides[self.p.direction.other().index()]
    }

    pub(super) fn client(&mut self) -> &mut Side {
        &mut self.s.sides[0]
    }

    pub(super) fn server(&mut self) -> &mut Side {
        &mut self.s.sides[1]
    }

    pub(super) fn event(&mut self, event: StreamEvent) {
        self.turn.events.insert(event);
    }

    pub(super) fn reject(&mut self, event: StreamEvent) -> Step {
        self.event(event);
        Err(Rejected)
    }

    pub(super) fn set_state(&mut self, state: State) {
        if state == self.s.state || self.p.pseudo {
            return;
        }
        self.s.previous = self.s.state;
        self.s.state = state;
        let flow_state = match state {
            State::None | State::Listen | State::SynSent | State::SynRecv => return,
            State::Established | State::FinWait1 | State::FinWait2 | State::Closing | State::CloseWait => {
                FlowState::Established
            }
            State::LastAck | State::TimeWait | State::Closed => FlowState::Closed,
        };
        if !matches!(self.flow.state, FlowState::LocalBypassed | FlowState::CaptureBypassed) {
            self.flow.state = flow_state;
        }
    }

    /// The window that the packet announces for its peer's data.
    pub(super) fn announced_window(&mut self) -> u32 {
        let window = u32::from(self.p.window);
        window << self.peer().scale
    }

    /// Takes over the announced window for the peer's data.
    pub(super) fn update_window(&mut self) {
        let window = self.announced_window();
        self.peer().window = window;
    }

    /// Moves the peer's acknowledged edge, never back.
    pub(super) fn update_last_ack(&mut self, ack: u32) {
        update_last_ack(self.peer(), ack);
    }

    pub(super) fn update_next_win(&mut self) {
        let side = self.peer();
        let win = side.last_ack.wrapping_add(side.window).wrapping_add(sacked_bytes(side));
        if after(win, side.next_win) {
            side.next_win = win;
        }
    }

    /// Reads the packet's SACK blocks (RFC 2018 §3).
    pub(super) fn update_sack(&mut self) {
        let blocks = self.p.sack;
        let side = self.peer();
        for block in blocks.chunks_exact(8).take(4) {
            let number = |at: usize| {
                block.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
            };
            let (left, right) = (number(0), number(4));
            if !before(left, right)
                || !after(right, side.last_ack)
                || (after(right, side.next_win) && side.next_win != 0)
            {
                continue;
            }
            insert_sack(side, left, right);
        }
    }

    /// Whether an acknowledgement of the peer's data is believable.
    pub(super) fn validate_ack(&mut self) -> Step {
        let (ack, state, one_sided) = (self.p.ack, self.s.state, self.s.one_sided);
        let midstream = self.s.midstream;
        let reset_to_client = self.p.has(RST) && !self.p.to_server();
        let side = self.peer();
        if ack == side.last_ack || (after(ack, side.last_ack) && !after(ack, side.next_win)) {
            return Ok(());
        }
        let believable = if before(ack, side.last_ack) {
            side.window == 0 || !before(ack, side.last_ack.wrapping_sub(side.window))
        } else if one_sided || (midstream && side.window == 0) {
            // Nobody is there to believe, or the window was announced before the session was picked up.
            true
        } else {
            // A reset that answers a SYN acknowledges it before any window is known.
            state == State::SynSent && reset_to_client && ack == side.isn.wrapping_add(1)
        };
        if believable { Ok(()) } else { self.reject(StreamEvent::PktInvalidAck) }
    }

    /// [`Work::validate_ack`], with the state's own event on failure.
    pub(super) fn validate_ack_or(&mut self, event: StreamEvent) -> Step {
        if self.p.has(ACK) && self.validate_ack().is_err() {
            return self.reject(event);
        }
        Ok(())
    }

    /// Whether the payload repeats what was sent before.
    pub(super) fn is_retransmission(&mut self) -> bool {
        let (seq, end) = (self.p.seq, self.p.end());
        if self.p.payload.is_empty() {
            return false;
        }
        let side = self.me();
        let partly = before(seq, side.last_ack) && after(end, side.last_ack);
        let repeated = partly || !after(end, side.last_ack) || !after(end, side.next_seq);
        if repeated {
            self.event(StreamEvent::PktRetransmission);
        }
        repeated
    }

    /// The policy that a side's data is read with, looked up by the packet's receiver on first need.
    pub(super) fn policy_of(&mut self, side: Direction) -> Policy {
        let (receiver, config) = (self.p.receiver, self.config);
        *self.s.sides[side.index()].policy.get_or_insert_with(|| policy_for(config, receiver))
    }

    /// Whether the packet lies in the window, or windows are unknown.
    pub(super) fn in_window(&mut self) -> bool {
        let loose = self.s.midstream || self.s.one_sided;
        let end = self.p.end();
        loose || !after(end, self.me().next_win)
    }

    /// Ends the packet: what the caller learns.
    pub(super) fn conclude(mut self, step: Step) -> Turn {
        match step {
            Ok(()) => {
                // Data in a SYN counts at once (RFC 7413).
                let early = self.s.fast_open && self.turn.added;
                self.turn.established = self.s.state >= State::Established || early;
            }
            Err(Rejected) => {
                self.turn.fate = Fate::Rejected;
                if self.config.inline && self.config.drop_invalid {
                    self.turn.no_payload_inspection = true;
                    self.turn.trouble = self.turn.trouble.or(Some(StreamTrouble::Invalid));
                }
            }
        }
        let both = self.s.sides[0].depth_reached && self.s.sides[1].depth_reached;
        self.turn.bypass = self.s.bypass || (both && self.config.bypass);
        self.turn
    }
}

/// Moves a side's acknowledged edge, never back.
pub(super) fn update_last_ack(side: &mut Side, ack: u32) {
    if after(ack, side.last_ack) {
        side.last_ack = ack;
        if let Some(lists) = side.rare.written_mut() {
            lists.sacked.retain(|(_, right)| after(*right, ack));
        }
    }
}

/// The policy of a receiver: the longest configured prefix, BSD when none fits.
fn policy_for(config: &StreamConfig, receiver: IpAddr) -> Policy {
    let mut best: Option<(u8, Policy)> = None;
    for (network, prefix, policy) in &config.policies {
        if within(receiver, *network, *prefix) && best.is_none_or(|(longest, _)| *prefix > longest) {
            best = Some((*prefix, *policy));
        }
    }
    match best.map_or(Policy::Bsd, |(_, policy)| policy) {
        // Streams know no difference there; the names exist for fragments.
        Policy::BsdRight => Policy::Bsd,
        Policy::OldSolaris => Policy::Solaris,
        policy => policy,
    }
}

fn within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let shift = 32_u32.saturating_sub(u32::from(prefix));
            u64::from(a.to_bits()) >> shift == u64::from(b.to_bits()) >> shift
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let shift = 128_u32.saturating_sub(u32::from(prefix));
            (a.to_bits() ^ b.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Bytes acknowledged selectively beyond the acknowledged edge.
fn sacked_bytes(side: &Side) -> u32 {
    side.rare.sacked.iter().fold(0_u32, |sum, (left, right)| {
        let left = if before(*left, side.last_ack) { side.last_ack } else { *left };
        sum.wrapping_add(right.wrapping_sub(left))
    })
}

fn insert_sack(side: &mut Side, mut left: u32, mut right: u32) {
    side.rare.sacked.retain(|(l, r)| {
        let apart = before(right, *l) || before(*r, left);
        if !apart {
            if before(*l, left) {
                left = *l;
            }
            if after(*r, right) {
                right = *r;
            }
        }
        apart
    });
    if side.rare.sacked.len() < super::session::SACK_MAX {
        side.rare.sacked.push((left, right));
    }
}
