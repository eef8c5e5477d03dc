//! One conversation.

use std::net::IpAddr;

use model::{Direction, FlowId, PacketId, Time};

/// Where a flow stands; the words of EVE's `flow.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowState {
    /// `new`
    New,
    /// `established`
    Established,
    /// `closed`
    Closed,
    /// `local_bypassed`: nobody wants to see more of it.
    LocalBypassed,
    /// `bypassed`: the capture was told to leave it out.
    CaptureBypassed,
}

impl FlowState {
    /// The wording of EVE's `flow.state`.
    pub const fn word(self) -> &'static str {
        match self {
            FlowState::New => "new",
            FlowState::Established => "established",
            FlowState::Closed => "closed",
            FlowState::LocalBypassed | FlowState::CaptureBypassed => "bypassed",
        }
    }
}

/// Why a flow ended; the words of EVE's `flow.reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// `timeout`
    Timeout,
    /// `forced`: the table was full.
    Forced,
    /// `shutdown`: the input ended.
    Shutdown,
    /// `tcp_reuse`: a new session began on the same ports.
    TcpReuse,
}

impl EndReason {
    /// The wording of EVE's `flow.reason`.
    pub const fn word(self) -> &'static str {
        match self {
            EndReason::Timeout => "timeout",
            EndReason::Forced => "forced",
            EndReason::Shutdown => "shutdown",
            EndReason::TcpReuse => "tcp_reuse",
        }
    }
}

/// What the ports of a flow mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Ports are ports (TCP, UDP, SCTP).
    Ports,
    /// Type and code, and the type that answers it.
    Icmp {
        /// Type of the opening packet.
        kind: u8,
        /// Code of the opening packet.
        code: u8,
        /// Type of the answer; `None` when there is none.
        answer_kind: Option<u8>,
        /// Code of the answer.
        answer_code: u8,
    },
    /// Security parameters index.
    Esp {
        /// The SPI.
        spi: u32,
    },
}

/// One conversation: who, when, how much. Pairs are indexed by [`Direction::index`].
#[derive(Debug, Clone)]
pub struct Flow {
    /// Derived from the opening packet's id and its tunnel level.
    pub id: FlowId,
    /// Who opened it (source of the first packet, unless reversed later).
    pub client: IpAddr,
    /// Whom it went to.
    pub server: IpAddr,
    /// Port of the client; 0 for protocols without ports.
    pub client_port: u16,
    /// Port of the server.
    pub server_port: u16,
    /// What stands in place of ports.
    pub transport: Transport,
    /// IP protocol number.
    pub protocol: u8,
    /// VLAN ids of the opening packet, outermost first.
    pub vlans: [u16; 3],
    /// How many of them.
    pub vlan_count: u8,
    /// Tunnel level of the opening packet.
    pub level: u8,
    /// Virtual network around it; 0 when none.
    pub tenant: u32,
    /// Flow that carries this one as a tunnel, or that announced it; 0 when there is none. Set by the engine.
    pub parent: FlowId,
    /// Time of the first packet.
    pub first_time: Time,
    /// Time of the last packet.
    pub last_time: Time,
    /// The opening packet.
    pub first_packet: PacketId,
    /// The last packet.
    pub last_packet: PacketId,
    /// Direction of the opening packet: to server unless the flow was reversed.
    pub first_direction: Direction,
    /// Packets per direction.
    pub packets: [u64; 2],
    /// Bytes per direction, link header of the outermost level included, as Suricata counts.
    pub bytes: [u64; 2],
    /// Transport payload bytes per direction.
    pub payload: [u64; 2],
    /// Lowest TTL or hop limit per direction; 0 before any packet.
    pub ttl_min: [u8; 2],
    /// Highest TTL or hop limit per direction.
    pub ttl_max: [u8; 2],
    /// Union of TCP flags per direction (all packets, also those the stream engine rejected).
    pub tcp_flags: [u8; 2],
    /// Whether a packet was seen per direction (ICMP errors do not count).
    pub seen: [bool; 2],
    /// Where it stands.
    pub state: FlowState,
    /// Why it ended; meaningful once the table handed it out as ended.
    pub reason: EndReason,
    /// It ended under emergency timeouts.
    pub emergency: bool,
    /// Client and server were swapped after the first packet.
    pub reversed: bool,
    /// Timeout by policy in seconds, from the last packet.
    pub(crate) timeout_secs: u32,
}

impl Flow {
    /// Whole seconds from first to last packet, as EVE's `flow.age`: difference of the seconds parts.
    pub fn age_secs(&self) -> u64 {
        self.last_time.secs().saturating_sub(self.first_time.secs())
    }

    /// Packets of both directions.
    pub fn packets_total(&self) -> u64 {
        self.packets[0].saturating_add(self.packets[1])
    }

    /// Swaps client and server (protocol detection found that the server spoke first). TCP sessions are swapped with
    /// [`crate::Stream::swap`], which calls this.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        std::mem::swap(&mut self.client_port, &mut self.server_port);
        self.packets.swap(0, 1);
        self.bytes.swap(0, 1);
        self.payload.swap(0, 1);
        self.ttl_min.swap(0, 1);
        self.ttl_max.swap(0, 1);
        self.tcp_flags.swap(0, 1);
        self.seen.swap(0, 1);
        self.first_direction = self.first_direction.other();
        self.reversed = !self.reversed;
    }
}
