//! UDP (RFC 768), and ESP (RFC 4303), of which only the first words can be read.

use std::net::IpAddr;

use crate::part::Part;
use crate::walk::Walk;
use crate::{Checksum, DecodeEvent as Event, Transport, checksum};

impl Walk<'_> {
    pub(crate) fn udp(&mut self, part: Part<'_>) {
        let Some([s0, s1, d0, d1, l0, l1, c0, c1]) = part.header::<8>() else {
            return self.broken(Event::UdpHlenTooSmall);
        };
        let len = u16::from_be_bytes([*l0, *l1]);
        if part.len() < usize::from(len) {
            return self.broken(Event::UdpPktTooSmall);
        }
        if len < 8 {
            return self.broken(Event::UdpLenInvalid);
        }
        // What the IP header counts beyond the UDP length is padding, or UDP options; it is no payload.
        let part = part.first(usize::from(len));
        let payload = part.skip(8);
        let layers = &mut *self.layers;
        layers.src_port = u16::from_be_bytes([*s0, *s1]);
        layers.dst_port = u16::from_be_bytes([*d0, *d1]);
        layers.transport = Transport::Udp { at: part.start(), len };
        layers.payload = payload.range();
        layers.wants_flow = true;
        // RFC 768: a checksum of zero means that the sender made none. Not so over IPv6 (RFC 8200 §8.1).
        if [*c0, *c1] != [0, 0] || layers.src.is_ipv6() {
            self.check_sum(part);
        }
        self.overlay(payload);
    }

    pub(crate) fn esp(&mut self, part: Part<'_>) {
        let (Some(spi), Some(_)) = (part.u32(0), part.u32(4)) else {
            return self.broken(Event::EspPktTooSmall);
        };
        self.layers.transport = Transport::Esp { at: part.start(), spi };
        self.layers.payload = part.skip(8).range();
        self.layers.wants_flow = true;
    }

    /// Checks the checksum of a TCP, UDP or ICMPv6 message, `part`, with the pseudo header of its level.
    #[inline]
    pub(crate) fn check_sum(&mut self, part: Part<'_>) {
        if self.config.checksums && !self.layers.unsent {
            self.sum_up(part);
        }
    }

    fn sum_up(&mut self, part: Part<'_>) {
        let layers = &mut *self.layers;
        let (src, dst): (&IpAddr, &IpAddr) = (&layers.src, &layers.dst);
        let pseudo = checksum::pseudo_header(src, dst, layers.protocol, part.len());
        let total = pseudo + checksum::sum(part.bytes);
        layers.checksum = Checksum::of(checksum::holds(total));
    }

    /// Checks the checksum of a message that has no pseudo header: ICMP, IGMP.
    pub(crate) fn check_plain_sum(&mut self, part: Part<'_>) {
        if self.config.checksums {
            self.layers.checksum = Checksum::of(checksum::holds(checksum::sum(part.bytes)));
        }
    }
}
