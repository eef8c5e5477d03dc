//! Frames as a mirror port would show them: Ethernet, ARP, IPv4 and IPv6, TCP, UDP and ICMP, all checksums right.
//!
//! References: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 826, RFC 1071.

use std::net::{IpAddr, Ipv4Addr};

/// A machine with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What people call it.
    pub name: String,
    /// Its address.
    pub ip: IpAddr,
    /// Its hardware address, or the gateway's if it is outside.
    pub mac: [u8; 6],
    /// Time to live of its packets where the capture is made.
    pub ttl: u8,
    /// Whether it is in the observed network.
    pub inside: bool,
}

/// The hardware address behind which everything outside is.
pub const GATEWAY_MAC: [u8; 6] = [0x02, 0x00, 0x5e, 0x00, 0x00, 0x01];

impl Host {
    /// A machine in the observed network; `ttl` 64 for Unix, 128 for Windows.
    pub fn inside(name: &str, ip: impl Into<IpAddr>, ttl: u8) -> Self {
        let ip = ip.into();
        let tail = match ip {
            IpAddr::V4(ip) => ip.octets(),
            IpAddr::V6(ip) => {
                let [.., a, b, c, d] = ip.octets();
                [a, b, c, d]
            }
        };
        let mac = [0x02, 0x1b, tail[0], tail[1], tail[2], tail[3]];
        Self { name: name.to_owned(), ip, mac, ttl, inside: true }
    }

    /// A machine somewhere else; `hops` is how far away.
    pub fn outside(name: &str, ip: impl Into<IpAddr>, hops: u8) -> Self {
        Self { name: name.to_owned(), ip: ip.into(), mac: GATEWAY_MAC, ttl: 64 - hops.min(60), inside: false }
    }

    /// Whether it behaves like Windows on the wire.
    pub fn is_windows(&self) -> bool {
        self.ttl > 64
    }
}

/// One side of a packet.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The machine.
    pub host: &'a Host,
    /// Its port.
    pub port: u16,
}

/// The TCP fields of one segment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Segment<'a> {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flags, as on the wire.
    pub flags: u8,
    /// Window as on the wire, before scaling.
    pub window: u16,
    /// Options, a multiple of four bytes.
    pub options: &'a [u8],
    /// Data.
    pub data: &'a [u8],
}

/// TCP flag bits.
pub mod flags {
    #![expect(missing_docs, reason = "the names are the RFC's own")]
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;

/// A TCP segment in its frame.
pub fn tcp(from: End<'_>, to: End<'_>, ip_id: u16, segment: &Segment<'_>) -> Vec<u8> {
    let mut body = Vec::with_capacity(20 + segment.options.len() + segment.data.len());
    body.extend_from_slice(&from.port.to_be_bytes());
    body.extend_from_slice(&to.port.to_be_bytes());
    body.extend_from_slice(&segment.seq.to_be_bytes());
    body.extend_from_slice(&segment.ack.to_be_bytes());
    body.push(((5 + segment.options.len() / 4) << 4) as u8);
    body.push(segment.flags);
    body.extend_from_slice(&segment.window.to_be_bytes());
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(segment.options);
    body.extend_from_slice(segment.data);
    let sum = transport_checksum(from.host.ip, to.host.ip, TCP, &body);
    body[16..18].copy_from_slice(&sum.to_be_bytes());
    in_ip(from.host, to.host, TCP, ip_id, &body)
}

/// A UDP datagram in its frame.
pub fn udp(from: End<'_>, to: End<'_>, ip_id: u16, data: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(8 + data.len());
    body.extend_from_slice(&from.port.to_be_bytes());
    body.extend_from_slice(&to.port.to_be_bytes());
    body.extend_from_slice(&((8 + data.len()) as u16).to_be_bytes());
    body.extend_from_slice(&[0; 2]);
    body.extend_from_slice(data);
    // RFC 768: a sum of zero is sent as all ones, because zero says that there is none.
    let sum = match transport_checksum(from.host.ip, to.host.ip, UDP, &body) {
        0 => 0xffff,
        sum => sum,
    };
    body[6..8].copy_from_slice(&sum.to_be_bytes());
    in_ip(from.host, to.host, UDP, ip_id, &body)
}

/// An ICMP message in its frame; `rest` follows type, code and checksum.
pub fn icmp(from: &Host, to: &Host, ip_id: u16, kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    let mut body = vec![kind, code, 0, 0];
    body.extend_from_slice(rest);
    let sum = fold(add(0, &body));
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    in_ip(from, to, ICMP, ip_id, &body)
}

/// An ARP request or reply for IPv4.
pub fn arp(reply: bool, from: &Host, from_ip: Ipv4Addr, to: &Host, to_ip: Ipv4Addr) -> Vec<u8> {
    let target = if reply { to.mac } else { [0xff; 6] };
    let mut frame = ethernet(&from.mac, &target, 0x0806);
    frame.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, if reply { 2 } else { 1 }]);
    frame.extend_from_slice(&from.mac);
    frame.extend_from_slice(&from_ip.octets());
    frame.extend_from_slice(if reply { &to.mac } else { &[0; 6] });
    frame.extend_from_slice(&to_ip.octets());
    padded(frame)
}

fn in_ip(from: &Host, to: &Host, protocol: u8, ip_id: u16, body: &[u8]) -> Vec<u8> {
    match (from.ip, to.ip) {
        (IpAddr::V4(from_ip), IpAddr::V4(to_ip)) => {
            let mut header = vec![0x45, 0];
            header.extend_from_slice(&((20 + body.len()) as u16).to_be_bytes());
            header.extend_from_slice(&ip_id.to_be_bytes());
            header.extend_from_slice(&[0x40, 0, from.ttl, protocol, 0, 0]);
            header.extend_from_slice(&from_ip.octets());
            header.extend_from_slice(&to_ip.octets());
            let sum = fold(add(0, &header));
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            let mut frame = ethernet(&from.mac, &to.mac, 0x0800);
            frame.extend_from_slice(&header);
            frame.extend_from_slice(body);
            padded(frame)
        }
        (IpAddr::V6(from_ip), IpAddr::V6(to_ip)) => {
            let mut frame = ethernet(&from.mac, &to.mac, 0x86dd);
            frame.extend_from_slice(&[0x60, 0, 0, 0]);
            frame.extend_from_slice(&(body.len() as u16).to_be_bytes());
            frame.extend_from_slice(&[protocol, from.ttl]);
            frame.extend_from_slice(&from_ip.octets());
            frame.extend_from_slice(&to_ip.octets());
            frame.extend_from_slice(body);
            padded(frame)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            panic!("{} and {} do not share an address family", from.name, to.name)
        }
    }
}

fn ethernet(from: &[u8; 6], to: &[u8; 6], kind: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(64);
    frame.extend_from_slice(to);
    frame.extend_from_slice(from);
    frame.extend_from_slice(&kind.to_be_bytes());
    frame
}

/// Frames on a wire have at least 60 bytes before their checksum.
fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() < 60 {
        frame.resize(60, 0);
    }
    frame
}

/// The Internet checksum over a transport header, its data and the pseudo header.
pub fn transport_checksum(from: IpAddr, to: IpAddr, protocol: u8, body: &[u8]) -> u16 {
    let mut sum = u64::from(protocol) + body.len() as u64;
    for ip in [from, to] {
        sum = match ip {
            IpAddr::V4(ip) => add(sum, &ip.octets()),
            IpAddr::V6(ip) => add(sum, &ip.octets()),
        };
    }
    fold(add(sum, body))
}

fn add(sum: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(2).fold(sum, |sum, pair| match pair {
        [high, low] => sum + u64::from(u16::from_be_bytes([*high, *low])),
        [high] => sum + (u64::from(*high) << 8),
        _ => sum,
    })
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
