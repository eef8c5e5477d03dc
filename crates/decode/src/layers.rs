//! What decoding answers: one [`Layers`] per IP level of a packet.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use model::LinkType;

use crate::DecodeEvents;

/// One level of a packet: link headers of the outermost level, one network header, one transport header.
///
/// A tunnel yields one `Layers` per IP header, outermost first; `level` counts from 0. All ranges index the bytes that the
/// level was decoded from (the captured packet, or the rebuilt datagram after defragmentation).
#[derive(Debug, Clone)]
pub struct Layers {
    /// Tunnel depth: 0 is the outermost. A rebuilt datagram has the level of its fragments.
    pub level: u8,
    /// The bytes of this level as a packet of its own: everything for level 0, the inner packet for a tunnel. What EVE
    /// prints as `packet`.
    pub frame: Range<u32>,
    /// How to read the first byte of `frame`: the capture's link type at level 0, raw IP inside tunnels.
    pub link: LinkType,
    /// How this level came to be: Suricata's `pkt_src` wording.
    pub source: PacketSource,
    /// Ethernet addresses and type, when the link has them.
    pub ethernet: Option<Ethernet>,
    /// VLAN ids, outermost first; `vlan_count` are valid.
    pub vlans: [u16; 3],
    /// How many VLAN tags.
    pub vlan_count: u8,
    /// Virtual network (VXLAN VNI, Geneve VNI, GRE key) of the tunnel around this level; 0 when none. Keeps equal inner
    /// addresses apart.
    pub tenant: u32,
    /// What an Ethernet frame of industry carries instead of IP: EtherType, and where its content begins.
    pub without_ip: Option<(u16, u32)>,
    /// The network layer.
    pub network: Network,
    /// Source address (0.0.0.0 when there is no network layer with addresses).
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol number after extension headers; 0 when there is no IP. It is kept when the transport header is broken,
    /// and for fragments.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Fragment information, when this level is a fragment.
    pub fragment: Option<Fragment>,
    /// Where the network header starts and the IP datagram ends (by its own length field, cut to what was captured).
    pub datagram: Range<u32>,
    /// Length of the IP header with options and extension headers: `ipv4.hdr` and `ipv6.hdr` are that long.
    pub network_header_len: u16,
    /// The transport layer.
    pub transport: Transport,
    /// Source port (TCP, UDP, SCTP; ICMP: type).
    pub src_port: u16,
    /// Destination port (ICMP: code).
    pub dst_port: u16,
    /// Payload behind the transport header; empty when there is none, or none that is understood.
    pub payload: Range<u32>,
    /// What was odd: `decode-event` names, also written as anomaly events.
    pub events: DecodeEvents,
    /// Whether an event says that a header is broken (Suricata's "invalid" packets), not merely odd.
    pub invalid: bool,
    /// Whether the datagram was recorded before the sender's network card cut it and filled in lengths and checksums.
    pub unsent: bool,
    /// Whether the packet belongs to a flow: whole TCP, UDP, ICMP, SCTP, ESP and IP-in-IP packets do; fragments, GRE, IGMP,
    /// ARP and packets with a broken transport header do not.
    pub wants_flow: bool,
    /// Whether the payload is the next level, and is inspected only there.
    pub carries_tunnel: bool,
    /// Whether the transport checksum holds; `Unchecked` when it was not or cannot be computed.
    pub checksum: Checksum,
    /// Whether the IPv4 header checksum holds.
    pub ip_checksum: Checksum,
}

impl Layers {
    /// The VLAN ids, outermost first.
    pub fn vlan_ids(&self) -> &[u16] {
        self.vlans.get(..usize::from(self.vlan_count)).unwrap_or(&self.vlans)
    }

    /// IP version, when there is an IP header.
    pub const fn ip_version(&self) -> Option<u8> {
        match self.network {
            Network::Ipv4 { .. } => Some(4),
            Network::Ipv6 { .. } => Some(6),
            Network::None | Network::Arp { .. } => None,
        }
    }

    /// Where the network header lies (ARP, IPv4 with options, IPv6 with extension headers); `None` without one.
    pub fn network_header(&self) -> Option<Range<u32>> {
        match self.network {
            Network::None => None,
            Network::Arp { at } => Some(at..at + 28),
            Network::Ipv4 { at, .. } | Network::Ipv6 { at, .. } => {
                Some(at..at + u32::from(self.network_header_len))
            }
        }
    }

    /// Where the transport header lies: what `tcp.hdr`, `udp.hdr`, `icmpv4.hdr`, `icmpv6.hdr` and `igmp.hdr` show.
    pub fn transport_header(&self) -> Option<Range<u32>> {
        match &self.transport {
            Transport::None | Transport::Gre => None,
            Transport::Tcp(tcp) => Some(tcp.at..tcp.at + u32::from(tcp.header_len)),
            Transport::Udp { at, .. } => Some(*at..*at + 8),
            Transport::Sctp(sctp) => Some(sctp.at..sctp.at + 12),
            Transport::Icmp(icmp) | Transport::Icmp6(icmp) => {
                Some(icmp.at..icmp.at + u32::from(icmp.header_len))
            }
            Transport::Esp { at, .. } => Some(*at..*at + 8),
            Transport::Igmp(igmp) => Some(igmp.at..igmp.at + u32::from(igmp.len)),
        }
    }
}

/// Ethernet header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethernet {
    /// Destination address.
    pub dst: [u8; 6],
    /// Source address.
    pub src: [u8; 6],
    /// EtherType as it stands behind the addresses, before VLAN tags.
    pub kind: u16,
}

/// How a level came to be, in Suricata's `pkt_src` wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketSource {
    /// Captured: `wire/pcap`.
    Wire,
    /// Inside GRE, ERSPAN included: `gre tunnel`.
    Gre,
    /// Inside IPv4: `ipv4 tunnel`.
    Ipv4,
    /// Inside IPv6: `ipv6 tunnel`.
    Ipv6,
    /// Teredo: `teredo tunnel`.
    Teredo,
    /// Rebuilt from fragments: `defrag`.
    Defrag,
    /// VXLAN: `vxlan encapsulation`.
    Vxlan,
    /// Geneve: `geneve encapsulation`.
    Geneve,
    /// GTP-U: `gtp-u encapsulation`.
    GtpU,
    /// Pseudo packet at the end of a flow: `stream (flow timeout)`.
    FlowTimeout,
    /// Pseudo packet for a protocol change: `stream (detect/log flush)`.
    Flush,
}

impl PacketSource {
    /// The wording of EVE's `pkt_src`.
    pub const fn word(self) -> &'static str {
        match self {
            PacketSource::Wire => "wire/pcap",
            PacketSource::Gre => "gre tunnel",
            PacketSource::Ipv4 => "ipv4 tunnel",
            PacketSource::Ipv6 => "ipv6 tunnel",
            PacketSource::Teredo => "teredo tunnel",
            PacketSource::Defrag => "defrag",
            PacketSource::Vxlan => "vxlan encapsulation",
            PacketSource::Geneve => "geneve encapsulation",
            PacketSource::GtpU => "gtp-u encapsulation",
            PacketSource::FlowTimeout => "stream (flow timeout)",
            PacketSource::Flush => "stream (detect/log flush)",
        }
    }
}

/// The network layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// None was found.
    None,
    /// ARP; header at the offset.
    Arp {
        /// Offset of the ARP header.
        at: u32,
    },
    /// IPv4.
    Ipv4 {
        /// Offset of the header.
        at: u32,
        /// Identification.
        id: u16,
        /// Type of service.
        tos: u8,
        /// Flag bits: 4 reserved, 2 don't fragment, 1 more fragments.
        flags: u8,
        /// Which options were seen: the bits of [`crate::ipv4_option`].
        options: u16,
    },
    /// IPv6.
    Ipv6 {
        /// Offset of the header.
        at: u32,
        /// Traffic class.
        class: u8,
        /// Flow label.
        flow_label: u32,
    },
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Identification (IPv4: 16 bits).
    pub id: u32,
    /// Offset in bytes.
    pub offset: u16,
    /// More fragments follow.
    pub more: bool,
    /// IP protocol of the fragment's data (IPv6: next header of the fragment header).
    pub protocol: u8,
    /// IPv6: offset of the fragment header in the packet.
    pub header: u32,
    /// IPv6: offset of the "next header" byte that announces the fragment header.
    pub next_header_at: u32,
    /// Where the fragment's data lies.
    pub data: (u32, u32),
}

/// The transport layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// None, or one that is not understood (`Layers::protocol` says which).
    None,
    /// TCP.
    Tcp(Tcp),
    /// UDP; header at the offset.
    Udp {
        /// Offset of the header.
        at: u32,
        /// The header's own length field.
        len: u16,
    },
    /// SCTP.
    Sctp(Sctp),
    /// ICMP (v4).
    Icmp(Icmp),
    /// ICMPv6.
    Icmp6(Icmp),
    /// ESP.
    Esp {
        /// Offset of the header.
        at: u32,
        /// Security parameters index.
        spi: u32,
    },
    /// GRE seen and walked; the inner packet is a level of its own.
    Gre,
    /// IGMP (and RGMP, which shares its protocol number).
    Igmp(Igmp),
}

/// TCP header in host order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp {
    /// Offset of the header.
    pub at: u32,
    /// Header length with options.
    pub header_len: u8,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flags: CWR ECE URG ACK PSH RST SYN FIN, high to low.
    pub flags: u8,
    /// Window as sent.
    pub window: u16,
    /// Urgent pointer.
    pub urgent: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub scale: Option<u8>,
    /// SACK permitted option.
    pub sack_permitted: bool,
    /// Timestamp option: value, echo reply.
    pub timestamp: Option<(u32, u32)>,
    /// Range of the SACK blocks, when present (8 bytes each).
    pub sack: Option<(u32, u16)>,
    /// TCP Fast Open option present.
    pub fast_open: bool,
    /// MD5 signature option present (RFC 2385).
    pub md5: bool,
    /// Authentication option present (RFC 5925).
    pub authentication: bool,
    /// Multipath TCP option present (RFC 8684).
    pub multipath: bool,
}

#[expect(missing_docs, reason = "RFC 9293 §3.1 names")]
impl Tcp {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
    pub const URG: u8 = 0x20;
    pub const ECE: u8 = 0x40;
    pub const CWR: u8 = 0x80;
}

/// Most chunk types of one SCTP packet that are kept; all are counted.
pub const SCTP_CHUNKS_MAX: usize = 16;

/// SCTP header and the chunks behind it (RFC 9260 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sctp {
    /// Offset of the common header.
    pub at: u32,
    /// Verification tag.
    pub tag: u32,
    /// How many chunks there are.
    pub chunks: u16,
    /// Types of the first chunks; `min(chunks, SCTP_CHUNKS_MAX)` are valid.
    pub kinds: [u8; SCTP_CHUNKS_MAX],
}

impl Sctp {
    /// Types of the first chunks.
    pub fn kinds(&self) -> &[u8] {
        self.kinds.get(..usize::from(self.chunks)).unwrap_or(&self.kinds)
    }
}

/// IGMP message (RFC 1112, 2236, 3376) or RGMP message (RFC 3488).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Igmp {
    /// Offset of the message.
    pub at: u32,
    /// Its length.
    pub len: u16,
    /// Message type.
    pub kind: u8,
    /// IGMP version 1 to 3; 0 for RGMP and types nobody assigned.
    pub version: u8,
}

/// ICMP or ICMPv6 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp {
    /// Offset of the header.
    pub at: u32,
    /// Length of the header with the fixed fields of its type.
    pub header_len: u16,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Identifier, for echo, timestamp, information and address mask messages.
    pub id: Option<u16>,
    /// Sequence number, for echo and the like.
    pub seq: Option<u16>,
    /// The embedded datagram of an error message.
    pub embedded: Option<Embedded>,
}

/// What an ICMP error quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedded {
    /// Source address of the quoted datagram.
    pub src: IpAddr,
    /// Destination address of the quoted datagram.
    pub dst: IpAddr,
    /// Protocol of the quoted datagram.
    pub protocol: u8,
    /// Source port, when quoted.
    pub src_port: u16,
    /// Destination port, when quoted.
    pub dst_port: u16,
}

/// Outcome of checksum validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// Not computed: fragments, cut packets, or a transport without one.
    Unchecked,
    /// Holds.
    Good,
    /// Does not hold.
    Bad,
}

impl Default for Layers {
    fn default() -> Self {
        let none = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            level: 0,
            frame: 0..0,
            link: LinkType::NULL,
            source: PacketSource::Wire,
            ethernet: None,
            vlans: [0; 3],
            vlan_count: 0,
            tenant: 0,
            without_ip: None,
            network: Network::None,
            src: none,
            dst: none,
            protocol: 0,
            ttl: 0,
            fragment: None,
            datagram: 0..0,
            network_header_len: 0,
            transport: Transport::None,
            src_port: 0,
            dst_port: 0,
            payload: 0..0,
            events: DecodeEvents::default(),
            invalid: false,
            unsent: false,
            wants_flow: false,
            carries_tunnel: false,
            checksum: Checksum::Unchecked,
            ip_checksum: Checksum::Unchecked,
        }
    }
}

impl Checksum {
    /// The outcome of a computation.
    pub const fn of(holds: bool) -> Self {
        if holds { Checksum::Good } else { Checksum::Bad }
    }
}
