//! What makes two packets belong together.
//!
//! A [`Key`] is the same for both directions: its two ends are sorted. ICMP uses message types in place of ports, so that a
//! request and its answer meet; ESP has no second direction. An ICMPv4 "destination unreachable" belongs to the flow whose
//! datagram it quotes; other ICMPv4 errors belong to none and open none.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use decode::{Icmp, Layers};

use crate::{Config, Transport};

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ESP: u8 = 50;
pub(crate) const ICMP6: u8 = 58;
pub(crate) const SCTP: u8 = 132;

/// Identity of a flow inside its table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Addresses, as two words each; that of the smaller end first.
    addresses: [[u64; 2]; 2],
    /// Their ports, 32 bits each: a key has no padding.
    ports: u64,
    /// Address family, protocol, level and tenant, packed.
    scope: u64,
    vlans: u64,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for address in &self.addresses {
            state.write_u64(address[0]);
            state.write_u64(address[1]);
        }
        state.write_u64(self.ports);
        state.write_u64(self.scope);
        state.write_u64(self.vlans);
    }
}

/// What the table needs to know about a packet to find or open its flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    /// The key to look up.
    pub(crate) key: Key,
    /// What stands in place of ports.
    pub(crate) transport: Transport,
    /// Whether the packet may open a flow.
    pub(crate) may_open: bool,
    /// Whether the packet counts as having been seen from its side (ICMPv4 errors do not).
    pub(crate) counts_as_seen: bool,
}

impl Identity {
    /// Of a packet between ports.
    pub(crate) fn of_ports(key: Key) -> Self {
        Self { key, transport: Transport::Ports, may_open: true, counts_as_seen: true }
    }
}

/// Who a packet belongs to; `None` when its kind has no flows.
pub(crate) fn identify(layers: &Layers, config: &Config) -> Option<Identity> {
    if layers.fragment.is_some() {
        return None;
    }
    let plain = Identity::of_ports;
    let make = |a, b, protocol| key(layers, config, a, b, protocol);
    match layers.transport {
        decode::Transport::Tcp(_) => {
            Some(plain(make((layers.src, layers.src_port.into()), (layers.dst, layers.dst_port.into()), TCP)))
        }
        decode::Transport::Udp { .. } => {
            Some(plain(make((layers.src, layers.src_port.into()), (layers.dst, layers.dst_port.into()), UDP)))
        }
        decode::Transport::Sctp { .. } => Some(plain(make(
            (layers.src, layers.src_port.into()),
            (layers.dst, layers.dst_port.into()),
            SCTP,
        ))),
        decode::Transport::Esp { spi, .. } => {
            // One direction only: the first end carries the SPI and sorting is undone by marking the receiver.
            let key = make((layers.src, spi), (layers.dst, u32::MAX), ESP);
            Some(Identity { transport: Transport::Esp { spi }, ..plain(key) })
        }
        decode::Transport::Icmp(icmp) => Some(identify_icmp(layers, config, &icmp)),
        decode::Transport::Icmp6(icmp) => {
            let answer = icmp6_counterpart(icmp.kind);
            let request = u32::from(icmp.kind) << 8 | u32::from(icmp.code);
            let key = make((layers.src, request), (layers.dst, u32::from(answer.unwrap_or(0)) << 8), ICMP6);
            Some(Identity { transport: icmp_transport(&icmp, answer), ..plain(key) })
        }
        // IP in IP: the outer conversation is one of addresses alone.
        decode::Transport::None if layers.wants_flow => {
            Some(plain(make((layers.src, 0), (layers.dst, 0), layers.protocol)))
        }
        decode::Transport::None | decode::Transport::Gre | decode::Transport::Igmp { .. } => None,
    }
}

fn identify_icmp(layers: &Layers, config: &Config, icmp: &Icmp) -> Identity {
    let error = is_icmp_error(icmp.kind);
    let answer = icmp_counterpart(icmp.kind);
    let quoted = icmp.embedded.filter(|quoted| icmp.kind == 3 && matches!(quoted.protocol, TCP | UDP));
    let key = match quoted {
        Some(quoted) => key(
            layers,
            config,
            (quoted.src, quoted.src_port.into()),
            (quoted.dst, quoted.dst_port.into()),
            quoted.protocol,
        ),
        None => key(
            layers,
            config,
            (layers.src, icmp.kind.into()),
            (layers.dst, answer.unwrap_or(0).into()),
            ICMP,
        ),
    };
    Identity { key, transport: icmp_transport(icmp, answer), may_open: !error, counts_as_seen: !error }
}

fn icmp_transport(icmp: &Icmp, answer: Option<u8>) -> Transport {
    Transport::Icmp { kind: icmp.kind, code: icmp.code, answer_kind: answer, answer_code: 0 }
}

fn key(layers: &Layers, config: &Config, a: (IpAddr, u32), b: (IpAddr, u32), protocol: u8) -> Key {
    let level = if config.level_tracking { layers.level } else { 0 };
    let tenant = if config.tenant_tracking { layers.tenant } else { 0 };
    let [v0, v1, v2] = if config.vlan_tracking { layers.vlans } else { [0; 3] };
    let count = if config.vlan_tracking { layers.vlan_count } else { 0 };
    let keep = |value: u16, index: u8| if index < count { u64::from(value) } else { 0 };
    let vlans = keep(v0, 0) << 32 | keep(v1, 1) << 16 | keep(v2, 2);
    packed(a, b, u64::from(tenant) << 24 | u64::from(level) << 16 | u64::from(protocol) << 8, vlans)
}

fn packed(a: (IpAddr, u32), b: (IpAddr, u32), scope: u64, vlans: u64) -> Key {
    let (first, family) = number(a.0);
    let (second, _) = number(b.0);
    let mut ends = [(first, a.1), (second, b.1)];
    if ends[1] < ends[0] {
        ends.swap(0, 1);
    }
    let [(first, port), (second, other)] = ends;
    let ports = u64::from(port) << 32 | u64::from(other);
    Key { addresses: [first, second], ports, scope: scope | u64::from(family), vlans }
}

/// The key of an ordinary packet, outside of virtual networks and tunnels.
pub(crate) fn of_plain(plain: &decode::Plain) -> Key {
    let [from, to] = plain.ports.map(u32::from);
    packed((plain.src, from), (plain.dst, to), u64::from(plain.protocol) << 8, 0)
}

fn number(address: IpAddr) -> ([u64; 2], u8) {
    match address {
        IpAddr::V4(v4) => ([0, u64::from(v4.to_bits())], 4),
        IpAddr::V6(v6) => ([(v6.to_bits() >> 64) as u64, v6.to_bits() as u64], 6),
    }
}

fn is_icmp_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// The type that answers a type (RFC 792, RFC 950, RFC 1256).
fn icmp_counterpart(kind: u8) -> Option<u8> {
    Some(match kind {
        0 => 8,
        8 => 0,
        9 => 10,
        10 => 9,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => return None,
    })
}

/// The type that answers a type (RFC 4443, RFC 4861, RFC 2710, RFC 6275).
fn icmp6_counterpart(kind: u8) -> Option<u8> {
    Some(match kind {
        128 => 129,
        129 => 128,
        130 => 131,
        131 => 130,
        133 => 134,
        134 => 133,
        135 => 136,
        136 => 135,
        144 => 145,
        145 => 144,
        146 => 147,
        147 => 146,
        _ => return None,
    })
}
