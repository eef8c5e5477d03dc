//! Captured bytes, their position, and time.

/// Nanoseconds since 1970-01-01 00:00:00 UTC, always the packet's own clock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From whole seconds since the epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole seconds since the epoch.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Nanoseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub const fn nanos_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds from `earlier` to `self`, with fraction; 0 when `earlier` is later.
    pub fn secs_since(self, earlier: Time) -> f64 {
        self.nanos_since(earlier) as f64 / 1e9
    }

    /// `self` plus a number of nanoseconds.
    pub const fn plus_nanos(self, nanos: u64) -> Time {
        Time(self.0.saturating_add(nanos))
    }

    /// `self` plus whole seconds.
    pub const fn plus_secs(self, secs: u64) -> Time {
        self.plus_nanos(secs.saturating_mul(1_000_000_000))
    }
}

/// Position of a packet in the input, counted from 1: Suricata's `pcap_cnt`. 0 means "no packet".
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(pub u64);

/// Identifies a flow; derived from the packet that opened it, so it never depends on threads.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// A total order over everything the engine says: `(time, cause, step)`.
///
/// `cause` is the packet that caused the output, shifted to leave room for the levels of a tunnel; outputs that a timer
/// caused carry the flow that expired. `step` counts the outputs of one cause. Unique across a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Packet time, or the deadline for what a timer caused.
    pub time: Time,
    /// What caused it; see the type.
    pub cause: u64,
    /// Position among the outputs of one cause.
    pub step: u32,
}

/// Which way bytes travel inside a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the flow's client to its server.
    ToServer = 0,
    /// From the flow's server to its client.
    ToClient = 1,
}

impl Direction {
    /// Both directions, in index order.
    pub const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

    /// 0 for to-server, 1 for to-client: the index into per-direction pairs.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The opposite direction.
    pub const fn other(self) -> Direction {
        match self {
            Direction::ToServer => Direction::ToClient,
            Direction::ToClient => Direction::ToServer,
        }
    }
}

/// Link type as numbered by the tcpdump group (`LINKTYPE_*`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

#[expect(missing_docs, reason = "the names are the registry's own")]
impl LinkType {
    pub const NULL: LinkType = LinkType(0);
    pub const ETHERNET: LinkType = LinkType(1);
    pub const PPP: LinkType = LinkType(9);
    pub const RAW_OLD: LinkType = LinkType(12);
    pub const RAW_OPENBSD: LinkType = LinkType(14);
    pub const RAW: LinkType = LinkType(101);
    pub const CHDLC: LinkType = LinkType(104);
    pub const IEEE802_11: LinkType = LinkType(105);
    pub const LOOP: LinkType = LinkType(108);
    pub const LINUX_SLL: LinkType = LinkType(113);
    pub const IEEE802_11_RADIOTAP: LinkType = LinkType(127);
    pub const IPV4: LinkType = LinkType(228);
    pub const IPV6: LinkType = LinkType(229);
    pub const LINUX_SLL2: LinkType = LinkType(276);
}

/// Captured bytes with their position and time.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Position in the input, from 1.
    pub id: PacketId,
    /// When it was captured, as the input says.
    pub time: Time,
    /// How to read the first byte.
    pub link: LinkType,
    /// Bytes that were captured.
    pub bytes: &'a [u8],
    /// Length on the wire; more than `bytes.len()` when the capture cut it.
    pub wire_len: u32,
}

/// Something of the input that is missing or doubtful: said in the report, attached to the claims it weakens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossMark {
    /// After which packet.
    pub after: PacketId,
    /// In words, for people: what is missing and why.
    pub reason: String,
}
