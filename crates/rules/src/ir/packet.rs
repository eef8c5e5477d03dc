//! Conditions that one packet, or its flow at that moment, decides.

use std::sync::Arc;

use decode::DecodeEvent;
use protocol::ProtocolId;
use serde::{Deserialize, Serialize};

use super::Items;
use crate::NumberTest;

/// One condition on a packet or its flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum PacketTest {
    /// Time to live, hop limit.
    Ttl(NumberTest),
    /// Type of service, traffic class.
    Tos(NumberTest),
    /// IPv4 identification.
    Id(NumberTest),
    /// `ip_proto`: bit set of protocol numbers.
    IpProto([u64; 4]),
    /// `ipopts`: bits of `Network::Ipv4::options`, any of which will do; `u16::MAX` = any option at all.
    IpOptions(u16),
    /// `fragbits`: flag bits of `Network::Ipv4::flags` and how they are compared.
    FragmentBits {
        /// The bits.
        bits: u8,
        /// How.
        mode: TcpFlagsMode,
    },
    /// `fragoffset`, in units of the header field (8 bytes).
    FragmentOffset(NumberTest),
    /// `sameip`.
    SameIp,
    /// `l3_proto`-like restriction: 4, 6.
    Version(u8),
    /// `flags`.
    Flags(TcpFlags),
    /// `seq`.
    Seq(NumberTest),
    /// `ack`.
    Ack(NumberTest),
    /// `window`.
    Window(NumberTest),
    /// `tcp.mss`.
    Mss(NumberTest),
    /// `tcp.wscale`.
    WindowScale(NumberTest),
    /// `itype` of ICMP and ICMPv6.
    IcmpType(NumberTest),
    /// `icode`.
    IcmpCode(NumberTest),
    /// `icmp_id`.
    IcmpId(NumberTest),
    /// `icmp_seq`.
    IcmpSeq(NumberTest),
    /// `icmpv6.mtu`.
    IcmpMtu(NumberTest),
    /// `igmp.type`.
    IgmpType(NumberTest),
    /// `dsize`: length of the packet's payload.
    Dsize(NumberTest),
    /// `ipv4-csum`, `tcpv4-csum`, …: the checksum is valid (`true`) or not.
    Checksum(Checksummed, bool),
    /// `decode-event`.
    DecodeEvent(#[serde(with = "crate::store::foreign")] DecodeEvent),
    /// `stream-event`: position in the settings' list of stream events.
    StreamEvent(u16),
    /// `app-layer-event` of the flow itself (`applayer_mismatch_protocol_both_directions`, …).
    AppEvent(String),
    /// `vlan.id`.
    VlanId(NumberTest, Items),
    /// `vlan.layers`.
    VlanLayers(NumberTest),
    /// `vxlan_vni`.
    Vni(NumberTest),
    /// `stream_size`.
    StreamSize(StreamSide, NumberTest),
    /// `flow`.
    Flow(FlowCondition),
    /// `flow.age`, in seconds.
    FlowAge(NumberTest),
    /// `flow.pkts…` and `flow.bytes…`.
    FlowCount(Counter, FlowSide, NumberTest),
    /// `flow.elephant`.
    Elephant(FlowSide),
    /// `tcp.session`: the session is in one of these states (setup, established, …); bit set in order of the words.
    TcpSession(u8),
    /// `iprep`.
    Reputation(IpReputation),
    /// `app-layer-protocol`.
    AppProtocol {
        /// The protocols, any of which will do; `failed` and `unknown` are flags beside.
        #[serde(with = "crate::store::foreign")]
        protocols: Vec<ProtocolId>,
        /// `failed` is among them.
        failed: bool,
        /// `unknown` is among them.
        unknown: bool,
        /// Where to look.
        side: AppSide,
        /// None of them.
        negated: bool,
        /// `exact`: a protocol is not spoken by those that are built on it (DNS not by DNS over HTTP/2).
        exact: bool,
    },
    /// `flowbits:isset`: any of them (`a|b`).
    FlowbitsSet(Vec<String>),
    /// `flowbits:isnotset`: any of them is not set.
    FlowbitsNotSet(Vec<String>),
    /// `flowint` comparison with a number or another flowint.
    FlowintIs {
        /// The variable.
        name: String,
        /// The comparison; its number is replaced by the other's value when `other` is given.
        test: NumberTest,
        /// The other variable.
        other: Option<String>,
    },
    /// `flowint:name,isset`.
    FlowintSet(String),
    /// `flowint:name,notset`.
    FlowintNotSet(String),
    /// `xbits:isset`, `hostbits:isset` and their negations.
    Xbits {
        /// The bit.
        name: String,
        /// Whose bit.
        track: super::BitTrack,
        /// It must be set, or must not.
        set: bool,
    },
    /// `flowvar:name,"bytes"`: a captured flow variable contains the bytes.
    Flowvar {
        /// The variable.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
        /// It must not.
        negated: bool,
    },
    /// `pktvar`, likewise for the packet.
    Pktvar {
        /// The variable.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
        /// It must not.
        negated: bool,
    },
    /// `rpc`: program, version, procedure; `None` = any.
    Rpc {
        /// Program number.
        program: u32,
        /// Version.
        version: Option<u32>,
        /// Procedure.
        procedure: Option<u32>,
    },
    /// A keyword that was accepted and never holds (`geoip` without a data base, …).
    Never,
    /// `geoip`. It cannot be packed, and stands last: what is skipped would shift the numbers of those behind.
    #[serde(skip)]
    Country(CountryTest),
}

/// `flags`: TCP flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpFlags {
    /// How they are compared.
    pub mode: TcpFlagsMode,
    /// Which.
    pub flags: u8,
    /// Flags left out of the comparison.
    pub ignored: u8,
}

impl TcpFlags {
    /// Whether the condition can only hold for packets with this flag.
    pub(crate) fn need(self, flag: u8) -> bool {
        let all = matches!(self.mode, TcpFlagsMode::Exactly | TcpFlagsMode::AtLeast);
        all && self.flags & flag != 0 && self.ignored & flag == 0
    }
}

/// How bits are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcpFlagsMode {
    /// Exactly these.
    Exactly,
    /// `+`: these and maybe others.
    AtLeast,
    /// `*`: any of these.
    Any,
    /// `!`: not exactly… none of these.
    None,
}

/// Which checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Checksummed {
    Ipv4,
    TcpV4,
    TcpV6,
    UdpV4,
    UdpV6,
    Icmp,
    Icmp6,
    Igmp,
}

/// Side of `stream_size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum StreamSide {
    Server,
    Client,
    Both,
    Either,
}

/// The `flow` keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FlowCondition {
    /// `to_server`, `to_client`.
    #[serde(with = "crate::store::foreign")]
    pub direction: Option<model::Direction>,
    /// `established`, `not_established`, `stateless`.
    pub state: FlowState,
    /// `only_stream` (`Some(true)`), `no_stream` (`Some(false)`).
    pub stream: Option<bool>,
    /// `only_frag` (`Some(true)`), `no_frag` (`Some(false)`).
    pub fragment: Option<bool>,
}

/// State asked for by `flow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FlowState {
    /// None said, or `stateless`.
    #[default]
    Any,
    /// `established`.
    Established,
    /// `not_established`.
    NotEstablished,
}

/// What `flow.pkts` and `flow.bytes` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Counter {
    Packets,
    Bytes,
}

/// Which side is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum FlowSide {
    ToServer,
    ToClient,
    Either,
    Both,
}

/// `iprep`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IpReputation {
    /// Which address.
    pub side: ReputationSide,
    /// Category (1 to 59), as numbered by the reputation categories file.
    pub category: u8,
    /// Comparison with the reputation; `isset`/`isnotset` are `>=1` and its negation.
    pub test: NumberTest,
    /// `isnotset`: no reputation is known.
    pub unset: bool,
}

/// `geoip`.
#[derive(Debug, Clone)]
pub struct CountryTest {
    /// Which address.
    pub side: ReputationSide,
    /// Two letters each, any of which will do.
    pub codes: Vec<[u8; 2]>,
    /// None of them.
    pub negated: bool,
    /// Who knows.
    pub countries: Arc<crate::Countries>,
}

/// Which address `iprep` and `geoip` look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum ReputationSide {
    Any,
    Source,
    Destination,
    Both,
}

/// Where `app-layer-protocol` looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum AppSide {
    /// The direction of the packet.
    Direction,
    /// The flow's final protocol.
    Final,
    /// What it spoke before a change.
    Original,
    Either,
    ToServer,
    ToClient,
}

/// States of `tcp.session`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum SessionSide {
    Setup,
    Established,
}
