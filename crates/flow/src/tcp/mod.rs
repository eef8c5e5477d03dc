//! TCP: the state of a session, and its bytes in order.
//!
//! Outside inline mode data is handed out once the receiver acknowledged it, so the packet that causes a delivery is the
//! peer's; in inline mode it is the data packet itself. Both follow Suricata, because alerts name that packet.

mod data;
mod deliver;
mod event;
mod memory;
mod open;
mod raw;
mod segment;
mod session;
mod shut;
mod stamps;
mod work;

pub use data::Conflict;
pub(crate) use deliver::rest;
pub use event::{StreamEvent, StreamEvents};
pub(crate) use memory::Memory;
use model::Direction;
pub(crate) use session::{Held, Session, Sessions};
use work::{ACK, FIN, Packet, RST, SYN, Step, Work};

use crate::table::{Counters, Seen};
use crate::{Exception, Flow, StreamConfig};

/// What comes next in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Bytes, in order. `end`: no more will follow (Suricata's `STREAM_EOF`); `depth`: the depth was reached, last call.
    Bytes {
        /// The bytes; may be empty only when `end` or `depth`.
        data: &'a [u8],
        /// Nothing will follow.
        end: bool,
        /// The reassembly depth was reached: nothing will follow.
        depth: bool,
    },
    /// Bytes that were shown before and not taken, or fewer than were asked for; a gap follows. They are not shown again.
    Cut(&'a [u8]),
    /// So many bytes are missing.
    Gap(u32),
    /// Nothing was left, and nothing will follow.
    End,
}

/// TCP states as EVE's `tcp.state` says them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "RFC 9293 §3.3.2 names")]
pub enum State {
    #[default]
    None,
    Listen,
    SynSent,
    SynRecv,
    Established,
    FinWait1,
    FinWait2,
    TimeWait,
    LastAck,
    CloseWait,
    Closing,
    Closed,
}

impl State {
    /// The wording of EVE.
    pub const fn word(self) -> &'static str {
        match self {
            State::None => "none",
            State::Listen => "listen",
            State::SynSent => "syn_sent",
            State::SynRecv => "syn_recv",
            State::Established => "established",
            State::FinWait1 => "fin_wait1",
            State::FinWait2 => "fin_wait2",
            State::TimeWait => "time_wait",
            State::LastAck => "last_ack",
            State::CloseWait => "close_wait",
            State::Closing => "closing",
            State::Closed => "closed",
        }
    }
}

/// What the stream engine made of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    /// Taken into the session.
    #[default]
    Accepted,
    /// No session, and none was opened: nothing to do with it.
    Untracked,
    /// Its checksum is wrong: ignored by stream and detection.
    BadChecksum,
    /// Rejected as invalid: not part of the stream; in IPS mode with `drop_invalid` it is dropped (`stream error`).
    Rejected,
}

/// Why the stream engine wants a packet dropped or an exception policy applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamTrouble {
    /// `stream error`: rejected, and `drop_invalid` in inline mode.
    Invalid,
    /// `stream memcap`: no room for the session; exception policy `stream.memcap-policy`.
    SessionMemcap,
    /// `stream midstream`: the start was not seen; exception policy `stream.midstream-policy`. Also said of sessions that
    /// are picked up.
    Midstream,
    /// `stream reassembly`: no room for the segment; exception policy `stream.reassembly.memcap-policy`.
    ReassemblyMemcap,
    /// `stream urgent`: urgent data under policy `drop`.
    Urgent,
}

/// Directions to deliver, in order; at most both.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Deliver {
    first: Option<Direction>,
    second: Option<Direction>,
}

impl Iterator for Deliver {
    type Item = Direction;

    fn next(&mut self) -> Option<Direction> {
        let next = self.first;
        self.first = self.second.take();
        next
    }
}

impl Deliver {
    fn push(&mut self, direction: Direction) {
        match self.first {
            None => self.first = Some(direction),
            Some(first) if first == direction => {}
            Some(_) => self.second = Some(direction),
        }
    }
}

/// What [`Stream::accept`] did with one packet; passed back to the calls that follow for the same packet.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// What became of the packet.
    pub fate: Fate,
    /// The packet's direction (after a swap the new one).
    pub direction: Direction,
    /// Pseudo packet at the end of the flow (`PKT_PSEUDO_STREAM_END`).
    pub pseudo: bool,
    /// The session is established or beyond (`PKT_STREAM_EST`).
    pub established: bool,
    /// Its payload was added to the stream (`PKT_STREAM_ADD`).
    pub added: bool,
    /// Payload of this packet is not to be inspected.
    pub no_payload_inspection: bool,
    /// Directions with possible news for the application layer, in order.
    pub deliver: Deliver,
    /// What was odd.
    pub events: StreamEvents,
    /// Why it should be dropped or an exception policy consulted.
    pub trouble: Option<StreamTrouble>,
    /// Both directions reached the depth and `stream.bypass` is on, or bypass was asked for.
    pub bypass: bool,
    /// Inline: the payload differs from what was passed on before at its place, which replaces it; see
    /// [`Stream::replacement`].
    pub replaced: bool,
    /// Absolute offset of the packet's payload.
    payload_at: u64,
    /// Where the delivery of each direction stands.
    delivery: [deliver::Delivery; 2],
}

impl Turn {
    fn new(direction: Direction) -> Self {
        Self {
            fate: Fate::Accepted,
            direction,
            pseudo: false,
            established: false,
            added: false,
            no_payload_inspection: false,
            deliver: Deliver::default(),
            events: StreamEvents::default(),
            trouble: None,
            bypass: false,
            replaced: false,
            payload_at: 0,
            delivery: [deliver::Delivery::default(); 2],
        }
    }

    /// Begins handing out `direction`, also when that was done before in this turn.
    pub fn begin(&mut self, direction: Direction) {
        self.delivery[direction.index()] = deliver::Delivery::default();
    }

    fn swap(&mut self) {
        self.direction = self.direction.other();
        self.deliver.first = self.deliver.first.map(Direction::other);
        self.deliver.second = self.deliver.second.map(Direction::other);
        self.delivery.swap(0, 1);
    }
}

/// Data for content rules: what [`Stream::raw`] found ready.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Absolute offset of the first byte in its direction, from 0.
    pub offset: u64,
    /// The bytes.
    pub data: &'a [u8],
}

/// Bounded list of windows.
pub type Windows<'a> = smallvec::SmallVec<[Window<'a>; 2]>;

/// A TCP stream at work: its session, the shard's memory, the configuration.
#[derive(Debug)]
pub struct Stream<'a> {
    session: Held<'a>,
    memory: &'a mut Memory,
    config: &'a StreamConfig,
    counters: &'a mut Counters,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(
        session: Held<'a>,
        memory: &'a mut Memory,
        config: &'a StreamConfig,
        counters: &'a mut Counters,
    ) -> Self {
        Self { session, memory, config, counters }
    }

    /// Runs a packet through the state machine and inserts its payload.
    pub fn accept(&mut self, flow: &mut Flow, seen: &Seen<'_>, direction: Direction) -> Turn {
        let mut turn = Turn::new(direction);
        let decode::Transport::Tcp(tcp) = &seen.layers.transport else {
            turn.fate = Fate::Untracked;
            return turn;
        };
        if self.config.checksum_validation && seen.layers.checksum == decode::Checksum::Bad {
            turn.fate = Fate::BadChecksum;
            return turn;
        }
        let packet = Packet::read(seen, tcp, direction);
        if !packet.has(ACK) && packet.ack != 0 {
            turn.events.insert(StreamEvent::PktBrokenAck);
        }
        if self.session.get().is_some_and(|session| session.state != State::None) {
            return self.work(flow, packet, turn, Occasion::Running);
        }
        self.begin(flow, packet, turn)
    }

    fn work(&mut self, flow: &mut Flow, packet: Packet<'_>, turn: Turn, occasion: Occasion) -> Turn {
        let session = self.session.get_mut().expect("callers make sure of a session");
        if !packet.pseudo {
            session.sides[packet.direction.index()].tcp_flags |= packet.flags;
            if session.one_sided && session.sides[0].tcp_flags != 0 && session.sides[1].tcp_flags != 0 {
                session.one_sided = false;
            }
        }
        let mut work = Work {
            s: session,
            flow,
            memory: self.memory,
            config: self.config,
            counters: self.counters,
            p: packet,
            turn,
        };
        let outcome = match occasion {
            Occasion::Running => work.step(),
            Occasion::Syn => work.begin_with_syn(),
            Occasion::SynAck => work.begin_with_synack(),
            Occasion::Middle => work.begin_in_the_middle(),
            Occasion::End => work.segment(packet.direction),
        };
        work.conclude(outcome)
    }

    /// A packet without a session: a SYN opens one; other packets do when sessions may be picked up in the middle.
    fn begin(&mut self, flow: &mut Flow, mut packet: Packet<'_>, mut turn: Turn) -> Turn {
        turn.fate = Fate::Untracked;
        let synack = packet.has(SYN | ACK);
        if packet.has(RST) {
            turn.events.insert(StreamEvent::RstButNoSession);
            return self.refuse(turn);
        }
        let syn = packet.has(SYN) && !synack && !packet.has(FIN);
        if !syn {
            if !synack && !packet.has_any(ACK | FIN) {
                return turn;
            }
            turn.trouble = Some(StreamTrouble::Midstream);
            let fin_only = packet.has(FIN) && !synack;
            let allowed = self.config.midstream || (synack && self.config.async_oneside);
            let may_open = matches!(
                self.config.midstream_policy,
                Exception::Ignore | Exception::PassPacket | Exception::PassFlow
            );
            if fin_only && (!allowed || packet.payload.is_empty()) {
                turn.events.insert(StreamEvent::FinButNoSession);
                return self.refuse(turn);
            }
            if !allowed || !may_open {
                return turn;
            }
        }
        if self.memory.sessions >= self.config.sessions_max {
            self.counters.sessions_refused += 1;
            turn.trouble = Some(StreamTrouble::SessionMemcap);
            return self.refuse(turn);
        }
        let session = self.session.open(self.memory);
        session.depth = self.config.reassembly_depth;
        for side in &mut session.sides {
            side.raw_disabled = !self.config.raw;
        }
        turn.fate = Fate::Accepted;
        if synack {
            // The sender of a SYN/ACK is the server.
            if packet.to_server() {
                flow.swap();
                packet.direction = packet.direction.other();
                turn.swap();
            }
            return self.work(flow, packet, turn, Occasion::SynAck);
        }
        self.work(flow, packet, turn, if syn { Occasion::Syn } else { Occasion::Middle })
    }

    fn refuse(&self, mut turn: Turn) -> Turn {
        turn.fate = Fate::Rejected;
        if self.config.inline && self.config.drop_invalid {
            turn.no_payload_inspection = true;
            turn.trouble = turn.trouble.or(Some(StreamTrouble::Invalid));
        }
        turn
    }

    /// Which directions still need a pseudo packet before the flow may be logged (to server first).
    ///
    /// `app_busy` says per direction whether the application layer has unfinished transactions.
    pub fn needs_flush(&self, app_busy: [bool; 2]) -> [bool; 2] {
        let Some(session) = self.session.get() else { return [false; 2] };
        if session.state >= State::Established && session.state != State::Closed {
            return [true; 2];
        }
        let unread = |side: &session::Side| {
            let right = side.data.consecutive_right();
            (!side.raw_disabled && right > side.raw_progress)
                || (!session.app_disabled && right > side.app_progress)
        };
        let [to_server, to_client] = &session.sides;
        [unread(to_server) || app_busy[0], unread(to_client) || app_busy[1]]
    }

    /// Like [`Stream::accept`] for a pseudo packet at the end of the flow: hands out what was not acknowledged.
    pub fn accept_end(&mut self, flow: &mut Flow, direction: Direction) -> Turn {
        let mut turn = Turn::new(direction);
        turn.pseudo = true;
        let Some(session) = self.session.get() else {
            turn.fate = Fate::Untracked;
            return turn;
        };
        let packet = Packet {
            direction,
            seq: session.sides[direction.index()].next_seq,
            ack: session.sides[direction.other().index()].last_ack,
            flags: ACK,
            window: 0,
            urgent: 0,
            scale: None,
            stamp: None,
            sack_permitted: false,
            sack: &[],
            fast_open: false,
            payload: &[],
            secs: flow.last_time.secs() as u32,
            receiver: if direction == Direction::ToServer { flow.server } else { flow.client },
            pseudo: true,
        };
        self.work(flow, packet, turn, Occasion::End)
    }

    /// Lets content rules see everything that is there, while the flow goes on (Suricata's `stream (detect/log flush)`
    /// pseudo packets on a protocol change).
    pub fn accept_flush(&mut self, direction: Direction) -> Turn {
        let mut turn = Turn::new(direction);
        self.trigger_raw(direction);
        turn.established = true;
        turn
    }

    /// Client and server turned out to be the other way round. Directions that the caller holds turn with them.
    pub fn swap(&mut self, flow: &mut Flow, turn: &mut Turn) {
        flow.swap();
        turn.swap();
        if let Some(session) = self.session.get_mut() {
            session.swap();
        }
    }

    /// State for EVE, `None` when no session was opened.
    pub fn state(&self) -> Option<State> {
        self.session.get().map(|session| session.state)
    }

    /// Union of TCP flags per direction in the session, as EVE's `tcp.tcp_flags_ts`/`_tc`.
    pub fn flags(&self) -> [u8; 2] {
        self.session.get().map_or([0; 2], |s| [s.sides[0].tcp_flags, s.sides[1].tcp_flags])
    }

    /// Most regions of disjoint data held at once per direction, as EVE's `tcp.ts_max_regions`.
    pub fn regions_max(&self) -> [u32; 2] {
        self.session
            .get()
            .map_or([1; 2], |s| [s.sides[0].data.regions_most(), s.sides[1].data.regions_most()])
    }

    /// Whether a gap was delivered per direction, as EVE's `tcp.ts_gap`.
    pub fn gaps(&self) -> [bool; 2] {
        self.session.get().map_or([false; 2], |s| [s.sides[0].has_gap, s.sides[1].has_gap])
    }

    /// Bytes sent so far per direction: what the keyword `stream_size` compares.
    pub fn sizes(&self) -> [u32; 2] {
        let size = |side: &session::Side| side.next_seq.wrapping_sub(side.isn);
        self.session.get().map_or([0; 2], |s| [size(&s.sides[0]), size(&s.sides[1])])
    }

    /// Whether anything of `direction` was ever inserted (data seen, delivered or not).
    pub fn has_data(&self, direction: Direction) -> bool {
        self.session.get().is_some_and(|s| s.sides[direction.index()].data.seen())
    }

    /// The session began without its handshake.
    pub fn is_midstream(&self) -> bool {
        self.session.get().is_some_and(|s| s.midstream)
    }

    /// Readings of the same bytes that differed: which was used, and the first bytes of both.
    pub fn conflicts(&self, direction: Direction) -> &[Conflict] {
        self.session.get().map_or(&[], |s| s.sides[direction.index()].data.conflicts())
    }

    /// The reassembly depth was reached in `direction`.
    pub fn depth_reached(&self, direction: Direction) -> bool {
        self.session.get().is_some_and(|s| s.sides[direction.index()].depth_reached)
    }
}

/// What a packet means to a session.
#[derive(Debug, Clone, Copy)]
enum Occasion {
    Running,
    Syn,
    SynAck,
    Middle,
    /// A pseudo packet: no checks, only what is readable now.
    End,
}

/// Whether a packet opens a new session on the ports of an old one, which thereby ends.
pub(crate) fn is_reuse(
    config: &StreamConfig,
    session: Option<&Session>,
    direction: Direction,
    tcp: &decode::Tcp,
) -> bool {
    const RELEVANT: u8 = FIN | SYN | RST | ACK;
    let syn = tcp.flags & RELEVANT == SYN;
    let synack = tcp.flags & RELEVANT == SYN | ACK && (config.midstream || config.async_oneside);
    if !syn && !synack {
        return false;
    }
    let Some(session) = session else { return syn };
    let opens_here = syn == (direction == Direction::ToServer);
    if opens_here && session.sides[direction.index()].isn == tcp.seq {
        return false;
    }
    session.state >= State::LastAck || session.state == State::None
}

impl Work<'_, '_> {
    /// A packet of a running session.
    fn step(&mut self) -> Step {
        let outcome = match self.side_matter() {
            true => Ok(()),
            false => self.in_state(self.s.state),
        };
        if outcome.is_ok() {
            self.check_after_reset();
        }
        outcome
    }

    fn in_state(&mut self, state: State) -> Step {
        match state {
            State::None | State::Listen => self.no_session(),
            State::SynSent => self.syn_sent(),
            State::SynRecv => self.syn_recv(),
            State::Established => self.established(),
            State::FinWait1 => self.fin_wait1(),
            State::FinWait2 => self.fin_wait2(),
            State::TimeWait => self.time_wait(),
            State::LastAck => self.last_ack(),
            State::CloseWait => self.close_wait(),
            State::Closing => self.closing(),
            State::Closed => self.closed(),
        }
    }
}
