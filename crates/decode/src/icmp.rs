//! ICMP (RFC 792, 950, 1256).

use std::net::{IpAddr, Ipv4Addr};

use crate::ipv4::protocol;
use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, Embedded, Icmp, Transport};

/// What a message type allows and carries.
struct Shape {
    /// The highest code that is assigned.
    code_max: u8,
    /// Whether it quotes a datagram.
    quotes: bool,
    /// Whether it has an identifier and a sequence number.
    numbered: bool,
}

impl Walk<'_> {
    pub(crate) fn icmp(&mut self, part: Part<'_>) {
        let Some([kind, code, _, _, i0, i1, s0, s1]) = part.header::<8>() else {
            return self.broken(Event::Icmpv4PktTooSmall);
        };
        let (kind, code) = (*kind, *code);
        let body = part.skip(8);
        let mut icmp =
            Icmp { at: part.start(), header_len: 8, kind, code, id: None, seq: None, embedded: None };
        match shape(kind) {
            None => self.odd(Event::Icmpv4UnknownType),
            Some(shape) if code > shape.code_max => self.odd(Event::Icmpv4UnknownCode),
            Some(shape) => {
                if shape.numbered {
                    icmp.id = Some(u16::from_be_bytes([*i0, *i1]));
                    icmp.seq = Some(u16::from_be_bytes([*s0, *s1]));
                }
                if shape.quotes && body.len() > 0 {
                    icmp.embedded = self.quoted_ipv4(body);
                }
                icmp.header_len += match kind {
                    9 => advertised_len(part, body.len()),
                    13 | 14 if body.len() >= 12 => 12,
                    17 | 18 if body.len() >= 4 => 4,
                    _ => 0,
                };
            }
        }
        self.layers.src_port = u16::from(kind);
        self.layers.dst_port = u16::from(code);
        self.layers.transport = Transport::Icmp(icmp);
        self.layers.payload = body.range();
        self.layers.wants_flow = true;
        self.check_plain_sum(part);
    }

    /// The IPv4 datagram that an error quotes: its header, and at least eight bytes of what follows (RFC 792).
    fn quoted_ipv4(&mut self, part: Part<'_>) -> Option<Embedded> {
        let Some(header) = part.header::<20>() else {
            self.broken(Event::Icmpv4Ipv4TruncPkt);
            return None;
        };
        if header[0] >> 4 != 4 {
            self.broken(Event::Icmpv4Ipv4UnknownVer);
            return None;
        }
        let [.., s0, s1, s2, s3, d0, d1, d2, d3] = *header;
        let header_len = usize::from(header[0] & 0x0f).max(5) * 4;
        let (src_port, dst_port) = quoted_ports(header[9], part.skip(header_len));
        Some(Embedded {
            src: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
            dst: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
            protocol: header[9],
            src_port,
            dst_port,
        })
    }
}

/// Length of the router addresses of an advertisement: a count, and their size in words (RFC 1256 §3). 0 when they do not
/// fit.
fn advertised_len(part: Part<'_>, room: usize) -> u16 {
    let count = part.byte(4).map_or(0, u16::from);
    let words = part.byte(5).map_or(0, u16::from);
    let len = count.saturating_mul(words).saturating_mul(4);
    if usize::from(len) <= room { len } else { 0 }
}

/// Ports of a quoted transport header; for ICMP its type and code.
pub(crate) fn quoted_ports(protocol: u8, part: Part<'_>) -> (u16, u16) {
    match protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP => {
            (part.u16(0).unwrap_or(0), part.u16(2).unwrap_or(0))
        }
        protocol::ICMP | protocol::ICMP6 => {
            (part.byte(0).map_or(0, u16::from), part.byte(1).map_or(0, u16::from))
        }
        _ => (0, 0),
    }
}

fn shape(kind: u8) -> Option<Shape> {
    let (code_max, quotes, numbered) = match kind {
        // Echo reply, echo.
        0 | 8 => (0, false, true),
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        3 => (15, true, false),
        4 => (0, true, false),
        5 => (3, true, false),
        11 => (1, true, false),
        12 => (2, true, false),
        // Router advertisement (RFC 5944 adds code 16) and solicitation.
        9 => (16, false, false),
        10 => (0, false, false),
        // Timestamp, information, address mask.
        13..=18 => (0, false, true),
        _ => return None,
    };
    Some(Shape { code_max, quotes, numbered })
}
