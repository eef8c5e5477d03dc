//! The quick checks: protocol, direction, flow, addresses, ports.

use decode::{Network, PacketSource, Transport};
use protocol::ProtocolId;

use super::Run;
use crate::Scene;
use crate::compile::TCP_SYN;
use crate::index::{Class, is_any};
use crate::ir::{FlowCondition, FlowState, Hook};
use crate::sig::{Head, Kind, Sig, gate};

/// Protocols whose packets have ports.
const WITH_PORTS: [u8; 3] = [6, 17, 132];

/// The packet's class.
pub(super) fn class(scene: &Scene<'_>) -> Class {
    match scene.layers.network {
        Network::Ipv4 { .. } | Network::Ipv6 { .. } => Class::of(scene.layers.protocol),
        Network::None | Network::Arp { .. } => Class::NotIp,
    }
}

/// What the packet has.
pub(super) fn have(scene: &Scene<'_>) -> u16 {
    let mut have = 0;
    let mut add = |bit, condition| have |= if condition { bit } else { 0 };
    add(gate::DECODE_EVENT, !scene.layers.events.is_empty());
    add(gate::TCP, scene.layers.protocol == 6 && !scene.pseudo);
    if let Transport::Tcp(tcp) = scene.layers.transport {
        add(gate::SYN, tcp.flags & TCP_SYN != 0);
    }
    add(gate::ICMP, matches!(scene.layers.protocol, 1 | 58));
    let mut payload = scene.inspect_payload && !scene.payload.is_empty();
    if let Some(flow) = &scene.flow {
        add(gate::FLOW, true);
        add(gate::APP, flow.app.protocol_id().is_some());
        add(gate::DETECTED, flow.detected.contains(&true));
        if let Some(stream) = &flow.stream {
            payload |= !stream.windows.is_empty();
            add(gate::STREAM_EVENT, stream.events != 0);
        }
    }
    add(gate::PAYLOAD, payload);
    have
}

impl Run<'_, '_> {
    /// Whether the rule's header holds for the packet.
    pub(super) fn header(&mut self, sig: &Sig) -> bool {
        let head = &sig.head;
        head.directions[self.direction.index()]
            && self.proto(sig)
            && self.hook(head)
            && head.flow.is_none_or(|flow| self.flow(flow))
            && self.app(head)
            && (self.ends(head, false) || ((head.either_way || head.both_sides) && self.ends(head, true)))
    }

    /// Whether ports and addresses of the packet are the rule's, or (`swapped`) the rule's the other way round.
    pub(super) fn ends(&mut self, head: &Head, swapped: bool) -> bool {
        self.ports(head, swapped) && self.addresses(head, swapped)
    }

    pub(super) fn proto(&self, sig: &Sig) -> bool {
        let (proto, layers) = (&sig.head.proto, self.scene.layers);
        if proto.packet_header {
            return true;
        }
        if proto.ether {
            return layers.ethernet.is_some();
        }
        match layers.network {
            Network::Arp { .. } if proto.arp => true,
            Network::None | Network::Arp { .. } => {
                !proto.arp && proto.any && sig.head.gate & gate::DECODE_EVENT != 0
            }
            Network::Ipv4 { .. } => !proto.arp && !proto.ipv6 && proto.has(layers.protocol),
            Network::Ipv6 { .. } => !proto.arp && !proto.ipv4 && proto.has(layers.protocol),
        }
    }

    pub(super) fn hook(&self, head: &Head) -> bool {
        match head.hook {
            Some(Hook::FlowStart) => self.scene.flow.as_ref().is_some_and(|flow| flow.opened),
            Some(Hook::App { .. } | Hook::PreFlow | Hook::PreStream | Hook::All) | None => true,
        }
    }

    pub(super) fn flow(&self, condition: FlowCondition) -> bool {
        let rebuilt = self.scene.layers.source == PacketSource::Defrag;
        if condition.fragment.is_some_and(|only| only != rebuilt) {
            return false;
        }
        let Some(flow) = &self.scene.flow else {
            return condition.direction.is_none() && condition.state != FlowState::Established;
        };
        condition.direction.is_none_or(|direction| direction == flow.direction)
            && match condition.state {
                FlowState::Any => true,
                FlowState::Established => flow.established,
                FlowState::NotEstablished => !flow.established,
            }
    }

    pub(super) fn app(&self, head: &Head) -> bool {
        if head.apps.is_empty() {
            return true;
        }
        let protocol: Option<ProtocolId> = self.scene.flow.as_ref().and_then(|flow| flow.app.protocol_id());
        protocol.is_some_and(|protocol| head.spoken >> protocol.0 & 1 != 0)
    }

    fn ports(&self, head: &Head, swapped: bool) -> bool {
        if is_any(head.src_ports) && is_any(head.dst_ports) {
            return true;
        }
        let layers = self.scene.layers;
        if !WITH_PORTS.contains(&layers.protocol) || layers.fragment.is_some() {
            return false;
        }
        let sets = &self.rules.names.ports;
        let holds =
            |set: u32, port| is_any(set) || sets.get(set as usize).is_some_and(|set| set.contains(port));
        let (src, dst) =
            if swapped { (layers.dst_port, layers.src_port) } else { (layers.src_port, layers.dst_port) };
        holds(head.src_ports, src) && holds(head.dst_ports, dst)
    }

    fn addresses(&mut self, head: &Head, swapped: bool) -> bool {
        if is_any(head.src) && is_any(head.dst) {
            return true;
        }
        if self.class == Class::NotIp {
            return false;
        }
        self.address(head.dst, usize::from(!swapped)) && self.address(head.src, usize::from(swapped))
    }

    /// Whether the packet's source (0) or destination (1) is in a set; asked once per packet.
    pub(super) fn address(&mut self, set: u32, side: usize) -> bool {
        if is_any(set) {
            return true;
        }
        let Some(known) = self.tools.known.get_mut(set as usize) else { return false };
        if known[side] == 0 {
            let address = if side == 0 { self.scene.layers.src } else { self.scene.layers.dst };
            let inside =
                self.rules.names.addresses.get(set as usize).is_some_and(|set| set.contains(address));
            if *known == [0; 2] {
                self.tools.known_used.push(set);
            }
            known[side] = if inside { 2 } else { 1 };
        }
        known[side] == 2
    }

    /// Whether a rule on frames or transactions may be looked at by its header.
    pub(super) fn header_and_tests(&mut self, sig: &Sig) -> bool {
        debug_assert!(sig.kind != Kind::IpOnly, "address rules have no transactions");
        self.header(sig) && self.tests(sig)
    }
}
