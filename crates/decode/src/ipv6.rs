//! IPv6 and its extension headers (RFC 8200), and IP inside IPv6 (RFC 2473).

use std::net::{IpAddr, Ipv6Addr};

use crate::ipv4::protocol;
use crate::part::Part;
use crate::walk::{Inner, Walk};
use crate::{DecodeEvent as Event, Fragment, Network, PacketSource};

/// Which extension headers were met.
#[derive(Default)]
struct Seen {
    hop_by_hop: bool,
    routing: bool,
    fragment: bool,
    authentication: bool,
    destination_options: u8,
}

impl Walk<'_> {
    /// An IPv6 datagram. False when its fixed header is broken.
    pub(crate) fn ipv6(&mut self, part: Part<'_>) -> bool {
        if !self.descend() {
            return false;
        }
        let Some(header) = part.header::<40>() else {
            self.broken(Event::Ipv6PktTooSmall);
            return false;
        };
        let size = 40 + usize::from(u16::from_be_bytes([header[4], header[5]]));
        if header[0] >> 4 != 6 {
            self.broken(Event::Ipv6WrongIpVersion);
            return false;
        }
        if part.len() < size {
            self.broken(Event::Ipv6TruncPkt);
            return false;
        }
        let [first, second, third, fourth, _, _, next, hops, addresses @ ..] = header;
        let (src, dst) = addresses.split_at(16);
        let datagram = part.first(size);
        let layers = &mut *self.layers;
        layers.network = Network::Ipv6 {
            at: part.start(),
            class: first << 4 | second >> 4,
            flow_label: u32::from_be_bytes([0, second & 0x0f, *third, *fourth]),
        };
        layers.src = address(src);
        layers.dst = address(dst);
        layers.ttl = *hops;
        layers.protocol = *next;
        layers.datagram = datagram.range();
        layers.network_header_len = 40;
        self.ipv6_body(*next, datagram.skip(40));
        true
    }

    fn ipv6_body(&mut self, next: u8, body: Part<'_>) {
        match next {
            protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::FRAGMENT
            | protocol::NONE
            | protocol::DESTINATION_OPTIONS
            | protocol::AUTHENTICATION
            | protocol::MOBILITY
            | protocol::HIP
            | protocol::SHIM6 => self.ipv6_extensions(next, body),
            _ => self.ipv6_upper(next, body),
        }
    }

    /// The upper layer, directly behind the fixed header or behind extension headers.
    fn ipv6_upper(&mut self, next: u8, body: Part<'_>) {
        self.layers.protocol = next;
        match next {
            protocol::TCP => self.tcp(body),
            protocol::UDP => self.udp(body),
            protocol::ICMP6 => self.icmp6(body),
            protocol::SCTP => self.sctp(body),
            protocol::GRE => self.gre(body),
            protocol::ESP => self.esp(body),
            protocol::IPV4 => {
                self.ip_in_ipv6(body, 4, Event::Ipv6Ipv4InIpv6TooSmall, Event::Ipv6Ipv4InIpv6WrongVersion)
            }
            protocol::IPV6 => {
                self.ip_in_ipv6(body, 6, Event::Ipv6Ipv6InIpv6TooSmall, Event::Ipv6Ipv6InIpv6WrongVersion)
            }
            protocol::ICMP => self.odd(Event::Ipv6Icmpv4),
            _ => self.odd(Event::Ipv6UnknownNextHeader),
        }
    }

    fn ip_in_ipv6(&mut self, body: Part<'_>, version: u8, too_small: Event, wrong: Event) {
        let (inner, size) = if version == 4 { (Inner::Ipv4, 20) } else { (Inner::Ipv6, 40) };
        self.layers.wants_flow = true;
        if body.len() < size {
            self.broken(too_small);
        } else if body.byte(0).is_some_and(|byte| byte >> 4 != version) {
            self.odd(wrong);
        } else {
            self.tunnel(body, inner, PacketSource::Ipv6);
        }
    }

    fn ipv6_extensions(&mut self, mut next: u8, mut part: Part<'_>) {
        let mut seen = Seen::default();
        let fixed = part.at - 40;
        let mut next_at = fixed + 6;
        loop {
            self.layers.network_header_len = (part.at - fixed).min(usize::from(u16::MAX)) as u16;
            if next == protocol::NONE {
                self.layers.protocol = next;
                // RFC 8200 §4.7: what follows "no next header" must be ignored; it should not be there.
                if part.len() > 0 {
                    self.odd(Event::Ipv6DataAfterNoneHeader);
                }
                return;
            }
            let (Some(following), Some(length)) = (part.byte(0), part.byte(1)) else {
                return self.broken(Event::Ipv6TruncExthdr);
            };
            let size = match next {
                protocol::FRAGMENT => 8,
                // RFC 4302 §2.2: in words of four bytes, less two.
                protocol::AUTHENTICATION => (usize::from(length) + 2) * 4,
                protocol::HOP_BY_HOP
                | protocol::ROUTING
                | protocol::DESTINATION_OPTIONS
                | protocol::MOBILITY
                | protocol::HIP
                | protocol::SHIM6 => (usize::from(length) + 1) * 8,
                _ => return self.ipv6_upper(next, part),
            };
            if size > part.len() {
                return self.broken(Event::Ipv6TruncExthdr);
            }
            if self.ipv6_extension(next, part, size, next_at, &mut seen) {
                return;
            }
            next_at = part.at;
            part = part.skip(size);
            next = following;
        }
    }

    /// Looks at one extension header. True when the packet is a fragment, and what follows is not to be read.
    fn ipv6_extension(
        &mut self,
        kind: u8,
        part: Part<'_>,
        size: usize,
        next_at: usize,
        seen: &mut Seen,
    ) -> bool {
        match kind {
            protocol::ROUTING => {
                if std::mem::replace(&mut seen.routing, true) {
                    self.odd(Event::Ipv6ExthdrDuplRh);
                // RFC 5095: type 0 is deprecated, as it lets packets bounce.
                } else if part.byte(2) == Some(0) {
                    self.odd(Event::Ipv6RhType0);
                }
            }
            protocol::HOP_BY_HOP => {
                if std::mem::replace(&mut seen.hop_by_hop, true) {
                    self.odd(Event::Ipv6ExthdrDuplHh);
                } else {
                    self.ipv6_options(kind, part.first(size).skip(2));
                }
            }
            protocol::DESTINATION_OPTIONS => {
                // RFC 8200 §4.1: once before a routing header, once before the upper layer.
                if seen.destination_options >= 2 {
                    self.odd(Event::Ipv6ExthdrDuplDh);
                } else {
                    seen.destination_options += 1;
                    self.ipv6_options(kind, part.first(size).skip(2));
                }
            }
            protocol::AUTHENTICATION => {
                if std::mem::replace(&mut seen.authentication, true) {
                    self.odd(Event::Ipv6ExthdrDuplAh);
                } else if part.u16(2) != Some(0) {
                    self.odd(Event::Ipv6ExthdrAhResNotNull);
                }
            }
            protocol::FRAGMENT => return self.ipv6_fragment(part, next_at, seen),
            _ => {}
        }
        false
    }

    fn ipv6_fragment(&mut self, part: Part<'_>, next_at: usize, seen: &mut Seen) -> bool {
        let Some([next, reserved, high, low, id @ ..]) = part.header::<8>() else {
            return false;
        };
        if *reserved != 0 {
            self.odd(Event::Ipv6FhNonZeroReservedField);
        }
        if std::mem::replace(&mut seen.fragment, true) {
            self.odd(Event::Ipv6ExthdrDuplFh);
            return false;
        }
        let offset = u16::from_be_bytes([*high, *low]) & 0xfff8;
        let more = low & 1 != 0;
        let body = part.skip(8);
        // RFC 8200 §4.5: all fragments but the last carry a multiple of eight bytes.
        if more && !body.len().is_multiple_of(8) {
            self.broken(Event::Ipv6FragInvalidLength);
        }
        if offset == 0 && !more {
            // RFC 6946: an atomic fragment is a whole packet.
            self.odd(Event::Ipv6ExthdrUselessFh);
            return false;
        }
        self.layers.network_header_len += 8;
        self.layers.fragment = Some(Fragment {
            id: u32::from_be_bytes(*id),
            offset,
            more,
            protocol: *next,
            header: part.start(),
            next_header_at: next_at as u32,
            data: (body.start(), body.range().end),
        });
        true
    }

    /// Hop-by-hop or destination options (RFC 8200 §4.2).
    fn ipv6_options(&mut self, kind: u8, mut part: Part<'_>) {
        let hop_by_hop = kind == protocol::HOP_BY_HOP;
        let mut padding = false;
        let mut others = false;
        while let Some(option) = part.byte(0) {
            if option == 0 {
                padding = true;
                part = part.skip(1);
                continue;
            }
            let Some(length) = part.byte(1).filter(|length| usize::from(*length) + 2 <= part.len()) else {
                self.odd(Event::Ipv6ExthdrInvalidOptlen);
                break;
            };
            match option {
                1 => {
                    padding = true;
                    if length == 0 {
                        self.odd(Event::Ipv6ZeroLenPadn);
                    }
                }
                // Router alert, jumbo payload, home address: known, with the sizes their RFCs give.
                5 | 0xc2 | 0xc9 => {
                    let least = match option {
                        5 => 2,
                        0xc2 => 4,
                        _ => 16,
                    };
                    if length < least {
                        self.odd(Event::Ipv6ExthdrInvalidOptlen);
                        break;
                    }
                    others = true;
                }
                _ => {
                    others = true;
                    self.odd(if hop_by_hop {
                        Event::Ipv6HopoptsUnknownOpt
                    } else {
                        Event::Ipv6DstoptsUnknownOpt
                    });
                }
            }
            part = part.skip(usize::from(length) + 2);
        }
        if padding && !others {
            self.odd(if hop_by_hop { Event::Ipv6HopoptsOnlyPadding } else { Event::Ipv6DstoptsOnlyPadding });
        }
    }
}

fn address(bytes: &[u8]) -> IpAddr {
    IpAddr::V6(bytes.first_chunk().map_or(Ipv6Addr::UNSPECIFIED, |bytes| Ipv6Addr::from(*bytes)))
}
