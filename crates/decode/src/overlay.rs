//! Tunnels over UDP: Teredo (RFC 4380), Geneve (RFC 8926), VXLAN (RFC 7348), GRE in UDP (RFC 8086), GTP-U (3GPP TS 29.281).
//!
//! They are told by port, and believed only when their headers make sense.

use crate::DecodeEvent as Event;
use crate::PacketSource;
use crate::link::{ether_type, read_ethernet};
use crate::part::Part;
use crate::walk::{Inner, Walk};

impl Walk<'_> {
    /// Looks for a tunnel in the payload of a UDP packet whose level is otherwise complete.
    pub(crate) fn overlay(&mut self, payload: Part<'_>) {
        let (src, dst) = (self.layers.src_port, self.layers.dst_port);
        let config = self.config;
        let teredo = config.teredo_ports.contains(&src) || config.teredo_ports.contains(&dst);
        if teredo && self.teredo(payload) {
            return;
        }
        // Senders choose any source port, so that routers spread the load by it.
        if config.geneve_ports.contains(&dst) && self.geneve(payload) {
            return;
        }
        if config.vxlan_ports.contains(&dst) && self.vxlan(payload) {
            return;
        }
        if config.gre_ports.contains(&dst) && self.gre_in_udp(payload) {
            return;
        }
        if config.gtp_ports.contains(&dst) {
            self.gtp(payload);
        }
    }

    /// Nothing marks Teredo but an IPv6 header whose length fits to the byte.
    fn teredo(&mut self, payload: Part<'_>) -> bool {
        if payload.len() < 40 {
            return false;
        }
        let part = match payload.u16(0) {
            // Origin indication (§5.1.1).
            Some(0) => payload.skip(8),
            // Authentication: a negotiation, not a tunnel.
            Some(1..=0xff) => return false,
            _ => payload,
        };
        let version = part.byte(0).map(|byte| byte >> 4);
        let (Some(6), Some(length)) = (version, part.u16(4)) else { return false };
        usize::from(length) + 40 == part.len() && self.tunnel(part, Inner::Teredo, PacketSource::Teredo)
    }

    fn geneve(&mut self, payload: Part<'_>) -> bool {
        let Some([first, second, k0, k1, v0, v1, v2, reserved]) = payload.header::<8>() else {
            return false;
        };
        let options_len = usize::from(first & 0x3f) * 4;
        if first >> 6 != 0 || second & 0x3f != 0 || *reserved != 0 {
            return false;
        }
        if 8 + options_len > payload.len() || !geneve_options_fit(payload.skip(8).first(options_len)) {
            return false;
        }
        if !self.descend() {
            return false;
        }
        let inner = match u16::from_be_bytes([*k0, *k1]) {
            ether_type::IPV4 => Inner::Ipv4,
            ether_type::IPV6 => Inner::Ipv6,
            ether_type::BRIDGE => Inner::Ethernet,
            ether_type::ARP => Inner::Arp,
            _ => {
                self.broken(Event::GeneveUnknownPayloadType);
                return true;
            }
        };
        let network = u32::from_be_bytes([0, *v0, *v1, *v2]);
        let part = payload.skip(8 + options_len);
        self.tunnel_with(part, inner, PacketSource::Geneve, network, None);
        true
    }

    fn vxlan(&mut self, payload: Part<'_>) -> bool {
        let Some([flags, r0, r1, r2, v0, v1, v2, r3]) = payload.header::<8>() else { return false };
        let reserved = flags & 0xf7 | r0 | r1 | r2 | r3;
        if flags & 0x08 == 0 || (self.config.vxlan_reserved_strict && reserved != 0) {
            return false;
        }
        let frame = payload.skip(8);
        let Some(ethernet) = read_ethernet(frame) else { return false };
        if !self.descend() {
            return false;
        }
        let inner = match ethernet.kind {
            ether_type::IPV4 => Inner::Ipv4,
            ether_type::IPV6 => Inner::Ipv6,
            ether_type::VLAN | ether_type::QINQ => Inner::Vlan,
            ether_type::ARP => Inner::Arp,
            _ => {
                self.broken(Event::VxlanUnknownPayloadType);
                return true;
            }
        };
        let network = u32::from_be_bytes([0, *v0, *v1, *v2]);
        let (part, source) = (frame.skip(14), PacketSource::Vxlan);
        self.tunnel_with(part, inner, source, network, Some(ethernet));
        true
    }

    /// Version 0 with the checksum, key and sequence fields that its flags name; every other bit is zero (RFC 8086 §3).
    fn gre_in_udp(&mut self, payload: Part<'_>) -> bool {
        const FIELDS: u16 = 0xb000;
        let (Some(flags), Some(kind)) = (payload.u16(0), payload.u16(2)) else { return false };
        let inner = match kind {
            ether_type::IPV4 => Inner::Ipv4,
            ether_type::IPV6 => Inner::Ipv6,
            ether_type::BRIDGE => Inner::Ethernet,
            _ => return false,
        };
        let size = 4 + 4 * (flags & FIELDS).count_ones() as usize;
        flags & !FIELDS == 0
            && size < payload.len()
            && self.descend()
            && self.tunnel(payload.skip(size), inner, PacketSource::Gre)
    }

    /// GTP-U version 1, user data only (§5.1, message type 255).
    fn gtp(&mut self, payload: Part<'_>) -> bool {
        let Some([flags, 0xff, l0, l1, ..]) = payload.header::<8>() else { return false };
        if flags >> 4 != 0x3 || usize::from(u16::from_be_bytes([*l0, *l1])) + 8 != payload.len() {
            return false;
        }
        let mut part = payload.skip(8);
        if flags & 0x07 != 0 {
            let mut next = part.byte(3);
            part = part.skip(4);
            // Extension headers count in words of four bytes and end with the type of the next (§5.2.1).
            while next != Some(0) {
                let size = usize::from(part.byte(0).unwrap_or(0)) * 4;
                if size == 0 || size > part.len() {
                    return false;
                }
                next = part.byte(size - 1);
                part = part.skip(size);
            }
        }
        match part.byte(0).map(|byte| byte >> 4) {
            Some(4) => self.tunnel(part, Inner::Ipv4, PacketSource::GtpU),
            Some(6) => self.tunnel(part, Inner::Ipv6, PacketSource::GtpU),
            _ => false,
        }
    }
}

/// Whether the options fill their space exactly (RFC 8926 §3.5).
fn geneve_options_fit(mut options: Part<'_>) -> bool {
    while options.len() > 0 {
        let Some(length) = options.byte(3) else { return false };
        let size = 4 + usize::from(length & 0x1f) * 4;
        if size > options.len() {
            return false;
        }
        options = options.skip(size);
    }
    true
}
