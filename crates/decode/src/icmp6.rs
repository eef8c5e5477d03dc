//! ICMPv6 (RFC 4443), with the types of neighbour discovery, multicast listener discovery and the rest of the registry.

use std::net::{IpAddr, Ipv6Addr};

use crate::icmp::quoted_ports;
use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, Embedded, Icmp, Transport};

impl Walk<'_> {
    pub(crate) fn icmp6(&mut self, part: Part<'_>) {
        let Some([kind, code, _, _, i0, i1, s0, s1]) = part.header::<8>() else {
            return self.broken(Event::Icmpv6PktTooSmall);
        };
        let (kind, code) = (*kind, *code);
        let mut icmp =
            Icmp { at: part.start(), header_len: 8, kind, code, id: None, seq: None, embedded: None };
        match code_max(kind) {
            None => self.odd(unlisted(kind)),
            // Router renumbering may also carry 255, a sequence number reset (RFC 2894 §3.1).
            Some(max) if code > max && !(kind == 138 && code == 255) => {
                self.odd(Event::Icmpv6UnknownCode);
            }
            Some(_) if kind < 5 => icmp.embedded = self.quoted_ipv6(part.skip(8)),
            Some(_) if matches!(kind, 128 | 129) => {
                icmp.id = Some(u16::from_be_bytes([*i0, *i1]));
                icmp.seq = Some(u16::from_be_bytes([*s0, *s1]));
            }
            Some(_) => {}
        }
        // RFC 2710 §3, RFC 3810 §5: listener discovery never leaves the link.
        if matches!(kind, 130..=132 | 143) && self.layers.ttl != 1 {
            self.odd(Event::Icmpv6MldMessageWithInvalidHl);
        }
        if let Some(options) = nd_options(kind)
            && !options_are_sound(part.skip(options))
        {
            self.odd(Event::Icmpv6NdOptionLength);
        }
        let whole_header = kind < 5 || matches!(kind, 128 | 129);
        self.layers.src_port = u16::from(kind);
        self.layers.dst_port = u16::from(code);
        self.layers.transport = Transport::Icmp6(icmp);
        // The words behind the checksum belong to the header only where all messages of a type have them.
        self.layers.payload = part.skip(if whole_header { 8 } else { 4 }).range();
        self.layers.wants_flow = true;
        self.check_sum(part);
    }

    /// The datagram that an error quotes (RFC 4443 §2.4 c).
    fn quoted_ipv6(&mut self, part: Part<'_>) -> Option<Embedded> {
        let Some(header) = part.header::<40>() else {
            self.broken(Event::Icmpv6Ipv6TruncPkt);
            return None;
        };
        if header[0] >> 4 != 6 {
            self.broken(Event::Icmpv6Ipv6UnknownVersion);
            return None;
        }
        let address = |at: usize| {
            let bytes = header.get(at..).and_then(|rest| rest.first_chunk::<16>());
            IpAddr::V6(bytes.map_or(Ipv6Addr::UNSPECIFIED, |bytes| Ipv6Addr::from(*bytes)))
        };
        let (src_port, dst_port) = quoted_ports(header[6], part.skip(40));
        Some(Embedded { src: address(8), dst: address(24), protocol: header[6], src_port, dst_port })
    }
}

/// Where the options of a message of neighbour discovery begin (RFC 4861 §4).
fn nd_options(kind: u8) -> Option<usize> {
    Some(match kind {
        133 => 8,
        134 => 16,
        135 | 136 => 24,
        137 => 40,
        _ => return None,
    })
}

/// Whether options have lengths that can be (RFC 4861 §4.6): none is zero, and a list of resolvers has whole addresses behind
/// its first eight bytes (RFC 8106 §5.1). Systems that believed otherwise were broken into (CVE-2020-16898).
fn options_are_sound(mut options: Part<'_>) -> bool {
    const RESOLVERS: u8 = 25;
    while let (Some(kind), Some(units)) = (options.byte(0), options.byte(1)) {
        if units == 0 || (kind == RESOLVERS && (units < 3 || units % 2 == 0)) {
            return false;
        }
        options = options.skip(usize::from(units) * 8);
    }
    true
}

/// The highest assigned code of a type (IANA icmpv6-parameters); `None` for types that are not listed.
fn code_max(kind: u8) -> Option<u8> {
    Some(match kind {
        1 => 6,
        3 => 1,
        4 => 2,
        138..=140 => 2,
        2 | 128..=137 | 141..=149 => 0,
        // These use the code freely, or their events say nothing about it.
        150..=159 => 255,
        _ => return None,
    })
}

fn unlisted(kind: u8) -> Event {
    match kind {
        5..=99 | 102..=127 | 160..=199 => Event::Icmpv6UnassignedType,
        100 | 101 | 200 | 201 => Event::Icmpv6ExperimentationType,
        _ => Event::Icmpv6UnknownType,
    }
}
