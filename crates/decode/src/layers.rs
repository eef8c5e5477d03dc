//! What decoding answers: one [`Layers`] per IP level of a packet.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use crate::DecodeEvents;

/// One level of a packet: link headers of the outermost level, one network header, one transport header.
///
/// A tunnel yields one `Layers` per IP header, outermost first; `level` counts from 0. All ranges index the bytes that the
/// level was decoded from (the captured packet, or the rebuilt datagram after defragmentation).
#[derive(Debug, Clone)]
pub struct Layers {
    /// Tunnel depth: 0 is the outermost.
    pub level: u8,
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
    /// The network layer.
    pub network: Network,
    /// Source address (0.0.0.0 when there is no network layer with addresses).
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol number after extension headers.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Fragment information, when this level is a fragment.
    pub fragment: Option<Fragment>,
    /// Where the network header starts and the IP datagram ends (by its own length field, cut to what was captured).
    pub datagram: Range<u32>,
    /// Length of the IP header with options and extension headers.
    pub network_header_len: u16,
    /// The transport layer.
    pub transport: Transport,
    /// Source port (TCP, UDP, SCTP; ICMP: type).
    pub src_port: u16,
    /// Destination port (ICMP: code).
    pub dst_port: u16,
    /// Payload of the deepest header understood at this level.
    pub payload: Range<u32>,
    /// What was odd: `decode-event` names, also written as anomaly events.
    pub events: DecodeEvents,
    /// Whether the transport (and IPv4 header) checksum holds; `Unchecked` when it was not or cannot be computed.
    pub checksum: Checksum,
}

/// Ethernet header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethernet {
    /// Destination address.
    pub dst: [u8; 6],
    /// Source address.
    pub src: [u8; 6],
    /// EtherType of the outermost header, before VLAN tags.
    pub kind: u16,
}

/// How a level came to be, in Suricata's `pkt_src` wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketSource {
    /// Captured: `wire/pcap`.
    Wire,
    /// Inside GRE: `gre tunnel`.
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
    /// Built from an ERSPAN mirror: `erspan tunnel`.
    Erspan,
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
            PacketSource::Erspan => "erspan tunnel",
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
        /// Bit `n` is set when option number class `n` was seen; see [`crate::ipv4_option`].
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
    /// SCTP; header at the offset.
    Sctp {
        /// Offset of the header.
        at: u32,
    },
    /// ICMP (v4).
    Icmp(Icmp),
    /// ICMPv6.
    Icmp6(Icmp),
    /// ESP; SPI.
    Esp {
        /// Security parameters index.
        spi: u32,
    },
    /// GRE seen and walked; the inner packet is a level of its own.
    Gre,
    /// IGMP; type of the message.
    Igmp {
        /// Message type.
        kind: u8,
    },
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

/// ICMP or ICMPv6 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp {
    /// Offset of the header.
    pub at: u32,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Identifier, for echo and the like.
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
            source: PacketSource::Wire,
            ethernet: None,
            vlans: [0; 3],
            vlan_count: 0,
            tenant: 0,
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
            checksum: Checksum::Unchecked,
        }
    }
}
