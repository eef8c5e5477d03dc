//! The state of decoding one packet: the level being filled, those that are done, and how deep we are.

use crate::part::Part;
use crate::{Config, DecodeEvent, Ethernet, Layers, PacketSource};
use model::LinkType;

/// What a tunnel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    Ipv4,
    Ipv6,
    Teredo,
    Ethernet,
    Vlan,
    Ppp,
    Arp,
    Nsh,
    ErspanII,
}

/// Decoding of one packet.
pub(crate) struct Walk<'w> {
    pub(crate) config: &'w Config,
    /// The level being filled.
    pub(crate) layers: Layers,
    /// Levels that are complete, outermost first.
    done: &'w mut Vec<Layers>,
    /// Nested headers met so far.
    depth: u8,
}

impl<'w> Walk<'w> {
    pub(crate) fn new(config: &'w Config, done: &'w mut Vec<Layers>, first: Layers) -> Self {
        Self { config, layers: first, done, depth: 0 }
    }

    /// Notes something odd.
    pub(crate) fn odd(&mut self, event: DecodeEvent) {
        self.layers.events.insert(event);
    }

    /// Notes a broken header.
    pub(crate) fn broken(&mut self, event: DecodeEvent) {
        self.layers.invalid = true;
        self.layers.events.insert(event);
    }

    /// Counts a nested header. False when there are too many, which ends the decoding.
    pub(crate) fn descend(&mut self) -> bool {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.config.levels_max {
            self.broken(DecodeEvent::TooManyLayers);
            return false;
        }
        true
    }

    /// Decodes what a tunnel carries as a level of its own. False when it is no valid packet: then there is no such level.
    ///
    /// The level of the tunnel itself must be complete before the call.
    pub(crate) fn tunnel(&mut self, part: Part<'_>, inner: Inner, source: PacketSource) -> bool {
        self.tunnel_with(part, inner, source, 0, None)
    }

    /// [`Self::tunnel`] with a virtual network and the inner Ethernet header, when that is not part of the inner packet.
    pub(crate) fn tunnel_with(
        &mut self,
        part: Part<'_>,
        inner: Inner,
        source: PacketSource,
        tenant: u32,
        ethernet: Option<Ethernet>,
    ) -> bool {
        if self.depth.saturating_add(1) >= self.config.levels_max {
            return false;
        }
        let depth = self.depth;
        let mark = self.done.len();
        let next = Layers {
            level: self.layers.level.saturating_add(1),
            frame: part.range(),
            link: LinkType::RAW,
            source,
            tenant: if tenant == 0 { self.layers.tenant } else { tenant },
            ethernet,
            ..Layers::default()
        };
        self.layers.carries_tunnel = true;
        self.done.push(std::mem::replace(&mut self.layers, next));
        self.depth += 1;
        let valid = self.inner(part, inner);
        let broken = self.done.get(mark + 1).unwrap_or(&self.layers).invalid;
        if valid && !(inner == Inner::Teredo && broken) {
            return true;
        }
        self.done.truncate(mark + 1);
        if let Some(parent) = self.done.pop() {
            self.layers = parent;
        }
        self.layers.carries_tunnel = false;
        self.depth = depth;
        false
    }

    fn inner(&mut self, part: Part<'_>, inner: Inner) -> bool {
        match inner {
            Inner::Ipv4 => self.ipv4(part),
            Inner::Ipv6 | Inner::Teredo => self.ipv6(part),
            Inner::Ethernet => self.ethernet(part),
            Inner::Vlan => self.vlan(part),
            Inner::Ppp => self.ppp(part),
            Inner::Arp => self.arp(part),
            Inner::Nsh => self.nsh(part),
            Inner::ErspanII => self.erspan(part),
        }
    }

    /// Hands over the last level.
    pub(crate) fn finish(self) {
        self.done.push(self.layers);
    }
}
