//! Bytes to [`Layers`]: link, VLAN stacks, MPLS, tunnels, IP, transport. Malformed is an answer, not an error.
//!
//! One packet gives one `Layers` per IP header, outermost first. What is odd is said in [`DecodeEvents`], under the names of
//! Suricata's `decode-event` keyword; a header that is broken ends the decoding of its level, and what was read stays.
//!
//! Limits: [`Config::levels_max`] headers that nest (tags, tunnels, IP headers) per packet, [`EVENTS_MAX`] events per level,
//! 3 VLAN tags, 40 bytes of TCP or IPv4 options. The work is linear in the captured bytes.

mod arp;
mod checksum;
mod event;
mod gre;
mod icmp;
mod icmp6;
mod igmp;
mod ipv4;
mod ipv6;
mod layers;
mod link;
mod nsh;
mod overlay;
mod part;
mod plain;
mod ppp;
mod sctp;
mod tcp;
mod udp;
mod walk;
mod wifi;

#[cfg(test)]
mod tests;

pub use checksum::ipv4_header_checksum;
pub use event::{DecodeEvent, DecodeEvents, EVENTS_MAX};
pub use ipv4::ipv4_option;
pub use layers::{
    Checksum, Embedded, Ethernet, Fragment, Icmp, Igmp, Layers, Network, PacketSource, SCTP_CHUNKS_MAX, Sctp,
    Tcp, Transport,
};
use model::{LinkType, Time};
use part::Part;
pub use plain::{Plain, plain};
use walk::Walk;

/// What decoding is told by the configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Compute checksums.
    pub checksums: bool,
    /// UDP ports of VXLAN; empty switches it off.
    pub vxlan_ports: Vec<u16>,
    /// Take a VXLAN header only when its reserved bits are zero (RFC 7348 §5); else they are ignored.
    pub vxlan_reserved_strict: bool,
    /// UDP ports of Geneve; empty switches it off.
    pub geneve_ports: Vec<u16>,
    /// UDP ports of Teredo; empty switches it off.
    pub teredo_ports: Vec<u16>,
    /// UDP ports of GRE; empty switches it off.
    pub gre_ports: Vec<u16>,
    /// UDP ports of GTP-U; empty switches it off.
    pub gtp_ports: Vec<u16>,
    /// Nested headers walked at most; a packet with more raises `too_many_layers`.
    pub levels_max: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            checksums: true,
            vxlan_ports: vec![4789],
            vxlan_reserved_strict: true,
            geneve_ports: vec![6081],
            teredo_ports: vec![3544],
            gre_ports: vec![4754],
            gtp_ports: vec![2152],
            levels_max: 16,
        }
    }
}

/// Decodes packets; owns nothing but its configuration and recycled memory.
#[derive(Debug)]
pub struct Decoder {
    config: Config,
    levels: Vec<Layers>,
}

impl Decoder {
    /// A decoder for one thread.
    pub fn new(config: Config) -> Self {
        let levels = vec![Layers::default(); usize::from(config.levels_max) + 1];
        Self { config, levels }
    }

    /// Decodes a captured packet: at least one level, outermost first.
    pub fn decode(&mut self, link: LinkType, bytes: &[u8], _time: Time) -> &[Layers] {
        let part = Part { bytes, at: 0 };
        let first = Layers { frame: part.range(), link, ..Layers::default() };
        self.walk(first, |walk| walk.link(link, part))
    }

    /// Decodes a datagram that was rebuilt from fragments. `bytes` starts with what stood before the IP header in the frame
    /// of `parent` (the last fragment that arrived), followed by the rebuilt datagram. The outermost level of the answer has
    /// the level, VLANs and Ethernet of `parent`, and the source [`PacketSource::Defrag`].
    pub fn decode_datagram(&mut self, parent: &Layers, bytes: &[u8]) -> &[Layers] {
        let part = Part { bytes, at: 0 };
        let first = Layers {
            level: parent.level,
            frame: part.range(),
            link: parent.link,
            source: PacketSource::Defrag,
            ethernet: parent.ethernet,
            vlans: parent.vlans,
            vlan_count: parent.vlan_count,
            tenant: parent.tenant,
            ..Layers::default()
        };
        let before = parent.datagram.start.saturating_sub(parent.frame.start) as usize;
        self.walk(first, |walk| {
            walk.ip(part.skip(before));
        })
    }

    fn walk(&mut self, first: Layers, decode: impl FnOnce(&mut Walk<'_>)) -> &[Layers] {
        let (outermost, room) = self.levels.split_first_mut().expect("there is room for the outermost level");
        *outermost = first;
        let mut walk = Walk::new(&self.config, outermost, room, 0);
        decode(&mut walk);
        let count = walk.inside + 1;
        self.levels.get(..count).unwrap_or(&self.levels)
    }
}
