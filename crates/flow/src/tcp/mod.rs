//! TCP: the state of a session, and its bytes in order.
//!
//! Outside inline mode data is handed out once the receiver acknowledged it, so the packet that causes a delivery is the
//! peer's; in inline mode it is the data packet itself. Both follow Suricata, because alerts name that packet.

mod event;

pub use event::{StreamEvent, StreamEvents};
use model::Direction;

use crate::table::Seen;
use crate::{Flow, StreamConfig};

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
    /// `stream midstream`: the start was not seen; exception policy `stream.midstream-policy`.
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
    pub(crate) fn push(&mut self, direction: Direction) {
        match self.first {
            None => self.first = Some(direction),
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
}

/// Data for content rules: what [`Stream::raw`] found ready.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Absolute offset of the first byte in its direction, from 0.
    pub offset: u64,
    /// The bytes.
    pub data: &'a [u8],
}

/// A TCP stream at work: its session, the shard's memory, the configuration.
#[derive(Debug)]
pub struct Stream<'a> {
    config: &'a StreamConfig,
}

/// Bounded list of windows.
pub type Windows<'a> = smallvec::SmallVec<[Window<'a>; 2]>;

impl Stream<'_> {
    /// Runs a packet through the state machine and inserts its payload.
    pub fn accept(&mut self, flow: &mut Flow, seen: &Seen<'_>, direction: Direction) -> Turn {
        let _ = (flow, seen, self.config);
        Turn {
            fate: Fate::Untracked,
            direction,
            pseudo: false,
            established: false,
            added: false,
            no_payload_inspection: false,
            deliver: Deliver::default(),
            events: StreamEvents::default(),
            trouble: None,
            bypass: false,
        }
    }

    /// Which directions still need a pseudo packet before the flow may be logged (to server first).
    ///
    /// `app_busy` says per direction whether the application layer has unfinished transactions.
    pub fn needs_flush(&self, app_busy: [bool; 2]) -> [bool; 2] {
        app_busy
    }

    /// Like [`Stream::accept`] for a pseudo packet at the end of the flow: hands out what was not acknowledged.
    pub fn accept_end(&mut self, flow: &mut Flow, direction: Direction) -> Turn {
        let _ = flow;
        Turn {
            fate: Fate::Accepted,
            direction,
            pseudo: true,
            established: false,
            added: false,
            no_payload_inspection: false,
            deliver: Deliver::default(),
            events: StreamEvents::default(),
            trouble: None,
            bypass: false,
        }
    }

    /// Like [`Stream::accept_end`] while the flow goes on: content rules see everything that is acknowledged now
    /// (Suricata's `stream (detect/log flush)` on a protocol change).
    pub fn accept_flush(&mut self, direction: Direction) -> Turn {
        let _ = direction;
        unimplemented_turn(direction)
    }

    /// What the application layer should read next in `direction`; `None` when nothing is ready. Events that appear
    /// while reading (`reassembly_seq_gap`) are added to `turn.events`.
    pub fn peek(&mut self, turn: &mut Turn, direction: Direction) -> Option<Chunk<'_>> {
        let _ = (turn, direction);
        None
    }

    /// Takes `count` bytes of what [`Stream::peek`] showed; `needed` is how many the parser wants before it is called again
    /// (0: whatever comes). A chunk that is not consumed at all ends the delivery of this turn.
    pub fn consume(&mut self, direction: Direction, count: u32, needed: u32) {
        let _ = (direction, count, needed);
    }

    /// Whether content rules have something to look at in the packet's direction.
    pub fn raw_ready(&self, turn: &Turn) -> bool {
        let _ = turn;
        false
    }

    /// Data for content rules in the packet's direction, and the offset to pass to [`Stream::raw_done`] afterwards.
    ///
    /// `payload` is the packet's payload (inline mode looks around it). `min_depth`: widen to the left by the minimal inspection
    /// depth, as for rules that also look at a transaction.
    pub fn raw<'s>(&'s self, turn: &Turn, payload: &'s [u8], min_depth: bool) -> (Windows<'s>, u64) {
        let _ = (turn, payload, min_depth);
        (Windows::new(), 0)
    }

    /// Content rules have looked at everything up to `upto`.
    pub fn raw_done(&mut self, turn: &Turn, upto: u64) {
        let _ = (turn, upto);
    }

    /// Content rules shall look at `direction` at the next occasion, however little there is (a transaction completed).
    pub fn trigger_raw(&mut self, direction: Direction) {
        let _ = direction;
    }

    /// Everything still kept of `direction`: for payload in alerts. Offsets show what is missing between.
    pub fn kept(&self, direction: Direction) -> Windows<'_> {
        let _ = direction;
        Windows::new()
    }

    /// Forgets what nobody needs any more in `direction`; after detection and output, when `turn.established`.
    pub fn prune(&mut self, direction: Direction) {
        let _ = direction;
    }

    /// The application layer is done with both directions (`STREAMTCP_FLAG_APP_LAYER_DISABLED`).
    pub fn disable_app(&mut self) {}

    /// No data of `direction` is kept any more.
    pub fn set_no_reassembly(&mut self, direction: Direction) {
        let _ = direction;
    }

    /// Content rules see what has been collected of `direction`, and nothing new.
    pub fn disable_raw(&mut self, direction: Direction) {
        let _ = direction;
    }

    /// Nobody wants to see more of this session.
    pub fn set_bypass(&mut self) {}

    /// Bytes of `direction` after which reassembly stops; 0 = unlimited.
    pub fn set_depth(&mut self, depth: u32) {
        let _ = depth;
    }

    /// Content rules that also look at transactions want so many bytes before the window.
    pub fn set_min_inspect_depth(&mut self, direction: Direction, bytes: u32) {
        let _ = (direction, bytes);
    }

    /// Client and server turned out to be the other way round.
    pub fn swap(&mut self, flow: &mut Flow) {
        flow.swap();
    }

    /// State for EVE, `None` when no session was opened.
    pub fn state(&self) -> Option<State> {
        None
    }

    /// Union of TCP flags per direction in the session, as EVE's `tcp.tcp_flags_ts`/`_tc`.
    pub fn flags(&self) -> [u8; 2] {
        [0; 2]
    }

    /// Most regions of disjoint data held at once per direction, as EVE's `tcp.ts_max_regions`.
    pub fn regions_max(&self) -> [u32; 2] {
        [1; 2]
    }

    /// Whether a gap was delivered per direction, as EVE's `tcp.ts_gap`.
    pub fn gaps(&self) -> [bool; 2] {
        [false; 2]
    }

    /// Bytes sent so far per direction: what the keyword `stream_size` compares.
    pub fn sizes(&self) -> [u32; 2] {
        [0; 2]
    }

    /// Whether the application layer was handed bytes of `direction`; how far it read.
    pub fn app_progress(&self, direction: Direction) -> u64 {
        let _ = direction;
        0
    }

    /// Whether anything of `direction` was ever inserted (data seen, delivered or not).
    pub fn has_data(&self, direction: Direction) -> bool {
        let _ = direction;
        false
    }

    /// The session began without its handshake.
    pub fn is_midstream(&self) -> bool {
        false
    }
}

fn unimplemented_turn(direction: Direction) -> Turn {
    Turn {
        fate: Fate::Accepted,
        direction,
        pseudo: true,
        established: true,
        added: false,
        no_payload_inspection: false,
        deliver: Deliver::default(),
        events: StreamEvents::default(),
        trouble: None,
        bypass: false,
    }
}
