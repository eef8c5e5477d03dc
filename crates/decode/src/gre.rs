//! GRE (RFC 1701, 2784, 2890), its enhanced version 1 of PPTP (RFC 2637), and ERSPAN types I and II inside it.

use crate::DecodeEvent as Event;
use crate::link::ether_type;
use crate::part::Part;
use crate::walk::{Inner, Walk};
use crate::{PacketSource, Transport};

/// Flag bits of the first two bytes.
mod flag {
    pub(super) const CHECKSUM: u16 = 0x8000;
    pub(super) const ROUTING: u16 = 0x4000;
    pub(super) const KEY: u16 = 0x2000;
    pub(super) const SEQUENCE: u16 = 0x1000;
    pub(super) const STRICT: u16 = 0x0800;
    pub(super) const RECURSION: u16 = 0x0700;
    pub(super) const ACKNOWLEDGE: u16 = 0x0080;
    pub(super) const VERSION_0_RESERVED: u16 = 0x00f8;
    pub(super) const VERSION_1_RESERVED: u16 = 0x0078;
    pub(super) const VERSION: u16 = 0x0007;
}

impl Walk<'_> {
    pub(crate) fn gre(&mut self, part: Part<'_>) {
        let (Some(flags), Some(kind)) = (part.u16(0), part.u16(2)) else {
            return self.broken(Event::GrePktTooSmall);
        };
        if !self.descend() {
            return;
        }
        self.layers.transport = Transport::Gre;
        let size = match flags & flag::VERSION {
            0 => self.gre_version0(flags, part),
            1 => self.gre_version1(flags, kind, part),
            _ => {
                self.broken(Event::GreWrongVersion);
                None
            }
        };
        let Some(size) = size else { return };
        let inner = match kind {
            ether_type::IPV4 => Inner::Ipv4,
            ether_type::IPV6 => Inner::Ipv6,
            ether_type::PPP => Inner::Ppp,
            ether_type::VLAN => Inner::Vlan,
            ether_type::BRIDGE => Inner::Ethernet,
            ether_type::ARP => Inner::Arp,
            ether_type::NSH => Inner::Nsh,
            // Type I has no header of its own; type II counts its packets in the GRE header.
            ether_type::ERSPAN if flags & flag::SEQUENCE == 0 => Inner::Ethernet,
            ether_type::ERSPAN => Inner::ErspanII,
            _ => return,
        };
        self.tunnel(part.skip(size), inner, PacketSource::Gre);
    }

    /// Checks a version 0 header; answers its length.
    fn gre_version0(&mut self, flags: u16, part: Part<'_>) -> Option<usize> {
        if flags & flag::RECURSION != 0 {
            self.broken(Event::GreVersion0Recur);
            return None;
        }
        if flags & flag::VERSION_0_RESERVED != 0 {
            self.broken(Event::GreVersion0Flags);
            return None;
        }
        let mut size = 4;
        for bits in [flag::KEY, flag::SEQUENCE, flag::CHECKSUM | flag::ROUTING] {
            size += if flags & bits != 0 { 4 } else { 0 };
        }
        if size > part.len() {
            self.broken(Event::GreVersion0HdrTooBig);
            return None;
        }
        if flags & flag::ROUTING != 0 {
            let Some(end) = skip_routing(part, size) else {
                self.broken(Event::GreVersion0MalformedSreHdr);
                return None;
            };
            size = end;
        }
        Some(size)
    }

    /// Checks a version 1 header; answers its length.
    fn gre_version1(&mut self, flags: u16, kind: u16, part: Part<'_>) -> Option<usize> {
        let event = if flags & flag::CHECKSUM != 0 {
            Event::GreVersion1Chksum
        } else if flags & flag::ROUTING != 0 {
            Event::GreVersion1Route
        } else if flags & flag::STRICT != 0 {
            Event::GreVersion1Ssr
        } else if flags & flag::RECURSION != 0 {
            Event::GreVersion1Recur
        } else if flags & flag::VERSION_1_RESERVED != 0 {
            Event::GreVersion1Flags
        } else if kind != ether_type::PPP {
            Event::GreVersion1WrongProtocol
        } else if flags & flag::KEY == 0 {
            Event::GreVersion1NoKey
        } else {
            let mut size = 8;
            for bits in [flag::SEQUENCE, flag::ACKNOWLEDGE] {
                size += if flags & bits != 0 { 4 } else { 0 };
            }
            if size > part.len() {
                self.broken(Event::GreVersion1HdrTooBig);
                return None;
            }
            return Some(size);
        };
        self.broken(event);
        None
    }

    /// ERSPAN type II: version, VLAN and session in eight bytes, then the mirrored frame.
    pub(crate) fn erspan(&mut self, part: Part<'_>) -> bool {
        let (Some(first), true) = (part.u16(0), part.len() >= 8) else {
            self.broken(Event::ErspanHeaderTooSmall);
            return false;
        };
        if !self.descend() {
            return false;
        }
        if first >> 12 != 1 {
            self.broken(Event::ErspanUnsupportedVersion);
            return false;
        }
        let vlan = first & 0x0fff;
        if vlan > 0 && !self.push_vlan(vlan) {
            self.broken(Event::ErspanTooManyVlanLayers);
            return false;
        }
        self.ethernet(part.skip(8))
    }
}

/// Skips the source route entries of RFC 1701; an empty entry ends them.
fn skip_routing(part: Part<'_>, mut size: usize) -> Option<usize> {
    loop {
        let entry = part.skip(size);
        let (family, length) = (entry.u16(0)?, entry.byte(3)?);
        size += 4;
        if family == 0 && length == 0 {
            return Some(size);
        }
        size += usize::from(length);
        if size > part.len() {
            return None;
        }
    }
}
