//! IPv4 (RFC 791) and its options.

use std::net::{IpAddr, Ipv4Addr};

use crate::part::Part;
use crate::walk::{Inner, Walk};
use crate::{Checksum, DecodeEvent as Event, Fragment, Network, PacketSource, checksum};

/// Protocol numbers that are read, for either IP version.
pub(crate) mod protocol {
    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IGMP: u8 = 2;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const ESP: u8 = 50;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMP6: u8 = 58;
    pub(crate) const NONE: u8 = 59;
    pub(crate) const DESTINATION_OPTIONS: u8 = 60;
    pub(crate) const SCTP: u8 = 132;
    pub(crate) const MOBILITY: u8 = 135;
    pub(crate) const HIP: u8 = 139;
    pub(crate) const SHIM6: u8 = 140;
}

/// Bits of [`Network::Ipv4`]'s `options`, and the names that the rule keyword `ipopts` gives them.
pub mod ipv4_option {
    /// End of list.
    pub const EOL: u16 = 1;
    /// No operation.
    pub const NOP: u16 = 1 << 1;
    /// Record route.
    pub const RR: u16 = 1 << 2;
    /// Timestamp.
    pub const TS: u16 = 1 << 3;
    /// Quick start.
    pub const QS: u16 = 1 << 4;
    /// Loose source route.
    pub const LSRR: u16 = 1 << 5;
    /// Strict source route.
    pub const SSRR: u16 = 1 << 6;
    /// Stream identifier.
    pub const SATID: u16 = 1 << 7;
    /// Security.
    pub const SEC: u16 = 1 << 8;
    /// Commercial IP security.
    pub const CIPSO: u16 = 1 << 9;
    /// Router alert.
    pub const RTRALT: u16 = 1 << 10;
    /// Extended security.
    pub const ESEC: u16 = 1 << 11;
    /// Any of them.
    pub const ANY: u16 = 0xffff;

    /// The bits that a name of `ipopts` stands for.
    pub fn from_name(name: &str) -> Option<u16> {
        Some(match name {
            "eol" => EOL,
            "nop" => NOP,
            "rr" => RR,
            "ts" => TS,
            "qs" => QS,
            "lsrr" => LSRR,
            "ssrr" => SSRR,
            "satid" => SATID,
            "sec" => SEC,
            "cipso" => CIPSO,
            "rtralt" => RTRALT,
            "esec" => ESEC,
            "any" => ANY,
            _ => return None,
        })
    }
}

/// Largest frame body that no network card need cut: what a standard Ethernet frame carries.
const MTU: usize = 1500;

/// Total length of the datagram at the start of `part`.
///
/// Recorded on the sender before its network card cuts them (large send offload), datagrams are longer than the link
/// allows, and the card fills in their length: it is 0 in the record, and the frame tells it.
pub(crate) fn total_len(header: &[u8; 20], part: Part<'_>) -> usize {
    match u16::from_be_bytes([header[2], header[3]]) {
        0 if header[9] == protocol::TCP && part.len() > MTU => part.len(),
        total => usize::from(total),
    }
}

impl Walk<'_> {
    /// An IPv4 datagram. False when its header is broken.
    pub(crate) fn ipv4(&mut self, part: Part<'_>) -> bool {
        if !self.descend() {
            return false;
        }
        let Some(header) = part.header::<20>() else {
            self.broken(Event::Ipv4PktTooSmall);
            return false;
        };
        let header_len = usize::from(header[0] & 0x0f) * 4;
        let total_len = total_len(header, part);
        let event = if header[0] >> 4 != 4 {
            Event::Ipv4WrongIpVersion
        } else if header_len < 20 {
            Event::Ipv4HlenTooSmall
        } else if total_len < header_len {
            Event::Ipv4IplenSmallerThanHlen
        } else if part.len() < total_len {
            Event::Ipv4TruncPkt
        } else {
            let flags = u16::from_be_bytes([header[6], header[7]]);
            let datagram = part.first(total_len);
            self.ipv4_fields(datagram, header, header_len);
            let body = datagram.skip(header_len);
            if flags & 0x3fff == 0 {
                self.ipv4_body(header[9], body);
            } else {
                self.layers.fragment = Some(Fragment {
                    id: u32::from(u16::from_be_bytes([header[4], header[5]])),
                    offset: (flags & 0x1fff) << 3,
                    more: flags & 0x2000 != 0,
                    protocol: header[9],
                    header: 0,
                    next_header_at: 0,
                    data: (body.start(), body.range().end),
                });
            }
            return true;
        };
        self.broken(event);
        false
    }

    #[inline]
    fn ipv4_fields(&mut self, datagram: Part<'_>, header: &[u8; 20], header_len: usize) {
        let [_, tos, _, _, id0, id1, flags, _, ttl, protocol, _, _, rest @ ..] = header;
        let [s0, s1, s2, s3, d0, d1, d2, d3] = *rest;
        let options = datagram.first(header_len).skip(20);
        let options = if options.len() > 0 { self.ipv4_options(options) } else { 0 };
        let checked = self.config.checksums;
        let layers = &mut *self.layers;
        layers.network = Network::Ipv4 {
            at: datagram.start(),
            id: u16::from_be_bytes([*id0, *id1]),
            tos: *tos,
            flags: flags >> 5,
            options,
        };
        layers.src = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
        layers.dst = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));
        layers.ttl = *ttl;
        layers.protocol = *protocol;
        layers.datagram = datagram.range();
        layers.network_header_len = header_len as u16;
        layers.unsent = header[2..4] == [0, 0];
        if checked && !layers.unsent {
            let sum = checksum::sum(datagram.first(header_len).bytes);
            layers.ip_checksum = Checksum::of(checksum::holds(sum));
        }
    }

    #[inline]
    fn ipv4_body(&mut self, protocol: u8, body: Part<'_>) {
        match protocol {
            protocol::TCP => self.tcp(body),
            protocol::UDP => self.udp(body),
            _ => self.other_ipv4_body(protocol, body),
        }
    }

    #[inline(never)]
    fn other_ipv4_body(&mut self, protocol: u8, body: Part<'_>) {
        match protocol {
            protocol::ICMP => self.icmp(body),
            protocol::GRE => self.gre(body),
            protocol::SCTP => self.sctp(body),
            protocol::ESP => self.esp(body),
            protocol::IGMP => self.igmp(body),
            protocol::IPV4 | protocol::IPV6 => {
                self.layers.wants_flow = true;
                let inner = if protocol == protocol::IPV4 { Inner::Ipv4 } else { Inner::Ipv6 };
                if body.len() > 0 {
                    self.tunnel(body, inner, PacketSource::Ipv4);
                }
            }
            protocol::ICMP6 => self.broken(Event::Ipv4Icmpv6),
            _ => {}
        }
    }

    /// Walks the options; answers which were seen and well formed.
    fn ipv4_options(&mut self, mut part: Part<'_>) -> u16 {
        let mut seen = 0;
        if !part.len().is_multiple_of(8) {
            self.odd(Event::Ipv4OptPadRequired);
        }
        while let Some(kind) = part.byte(0) {
            match kind {
                0 => return seen | ipv4_option::EOL,
                1 => {
                    seen |= ipv4_option::NOP;
                    part = part.skip(1);
                    continue;
                }
                _ => {}
            }
            let size = usize::from(part.byte(1).unwrap_or(0));
            if size < 2 || size > part.len() {
                self.broken(Event::Ipv4OptInvalidLen);
                return seen;
            }
            let (bit, fault) = judge_option(kind, part.first(size));
            if bit & seen != 0 {
                self.odd(Event::Ipv4OptDuplicate);
            } else if let Some(event) = fault {
                self.broken(event);
            } else {
                seen |= bit;
            }
            part = part.skip(size);
        }
        seen
    }
}

/// Which option it is, and what is wrong with it.
fn judge_option(kind: u8, option: Part<'_>) -> (u16, Option<Event>) {
    let length = |holds: bool| (!holds).then_some(Event::Ipv4OptInvalidLen);
    let size = option.len();
    match kind {
        7 => (ipv4_option::RR, judge_route(option)),
        25 => (ipv4_option::QS, length(size == 8)),
        68 => (ipv4_option::TS, judge_timestamp(option)),
        130 => (ipv4_option::SEC, length(size >= 3)),
        131 => (ipv4_option::LSRR, judge_route(option)),
        133 => (ipv4_option::ESEC, length(size >= 3)),
        134 => (ipv4_option::CIPSO, judge_cipso(option)),
        136 => (ipv4_option::SATID, length(size == 4)),
        137 => (ipv4_option::SSRR, judge_route(option)),
        148 => (ipv4_option::RTRALT, length(size == 4)),
        _ => (0, Some(Event::Ipv4OptInvalid)),
    }
}

/// Routes: the pointer counts from one, points at a whole address, and not past the end (RFC 791 §3.1).
fn judge_route(option: Part<'_>) -> Option<Event> {
    let Some(pointer) = option.byte(2) else { return Some(Event::Ipv4OptInvalidLen) };
    let pointer = usize::from(pointer);
    let holds = pointer >= 4 && pointer.is_multiple_of(4) && pointer <= option.len() + 1;
    (!holds).then_some(Event::Ipv4OptMalformed)
}

/// Timestamps: as routes, but the size of a record depends on the flag (RFC 791 §3.1).
fn judge_timestamp(option: Part<'_>) -> Option<Event> {
    if option.len() < 5 {
        return Some(Event::Ipv4OptInvalidLen);
    }
    let pointer = usize::from(option.byte(2).unwrap_or(0));
    let flag = option.byte(3).unwrap_or(0) & 0x0f;
    let record = if matches!(flag, 1 | 3) { 8 } else { 4 };
    let holds = pointer >= 5 && (pointer - 5).is_multiple_of(record) && pointer <= option.len() + 1;
    (!holds).then_some(Event::Ipv4OptMalformed)
}

/// CIPSO: a domain of interpretation, then tags (draft-ietf-cipso-ipsecurity-01 §3).
fn judge_cipso(option: Part<'_>) -> Option<Event> {
    if option.len() < 10 {
        return Some(Event::Ipv4OptInvalidLen);
    }
    let mut tags = option.skip(6);
    while tags.len() > 0 {
        let (Some(kind), Some(size)) = (tags.byte(0), tags.byte(1)) else {
            return Some(Event::Ipv4OptMalformed);
        };
        let size = usize::from(size);
        let aligned = kind == 7 || tags.byte(2) == Some(0);
        if !matches!(kind, 1 | 2 | 5 | 6 | 7) || size < 4 || size > tags.len() || !aligned {
            return Some(Event::Ipv4OptMalformed);
        }
        tags = tags.skip(size);
    }
    None
}
