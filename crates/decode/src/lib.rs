//! Bytes to [`Layers`]: link, VLAN stacks, MPLS, tunnels, IP, transport. Malformed is an answer, not an error.

mod event;
mod layers;

pub use event::{DecodeEvent, DecodeEvents};
pub use layers::{
    Checksum, Embedded, Ethernet, Fragment, Icmp, Layers, Network, PacketSource, Tcp, Transport,
};
use model::{LinkType, Time};

/// What decoding is told by the configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Compute checksums.
    pub checksums: bool,
    /// UDP ports of VXLAN; empty switches it off.
    pub vxlan_ports: Vec<u16>,
    /// UDP ports of Geneve; empty switches it off.
    pub geneve_ports: Vec<u16>,
    /// UDP ports of Teredo; empty switches it off.
    pub teredo_ports: Vec<u16>,
    /// UDP ports of GTP-U; empty switches it off.
    pub gtp_ports: Vec<u16>,
    /// Tunnel levels walked at most; deeper ones raise `ipv4…`/`packet.recursion` events. Suricata: 16 layers.
    pub levels_max: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            checksums: true,
            vxlan_ports: vec![4789],
            geneve_ports: vec![6081],
            teredo_ports: vec![3544],
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
        Self { config, levels: Vec::new() }
    }

    /// Decodes a captured packet: at least one level, outermost first.
    pub fn decode(&mut self, link: LinkType, bytes: &[u8], _time: Time) -> &[Layers] {
        let _ = (&self.config, link, bytes);
        self.levels.clear();
        self.levels.push(Layers::default());
        &self.levels
    }

    /// Decodes a datagram that was rebuilt from fragments: it starts at its IP header, and its outermost level is
    /// `parent.level + 1` (source [`PacketSource::Defrag`]), with VLANs and Ethernet of `parent`.
    pub fn decode_datagram(&mut self, parent: &Layers, bytes: &[u8]) -> &[Layers] {
        let _ = bytes;
        self.levels.clear();
        self.levels.push(Layers { level: parent.level.saturating_add(1), ..Layers::default() });
        &self.levels
    }
}
