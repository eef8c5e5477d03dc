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

/// Decoding of one level, and through [`Walk::tunnel`] of those inside it.
pub(crate) struct Walk<'w> {
    pub(crate) config: &'w Config,
    /// The level being filled.
    pub(crate) layers: &'w mut Layers,
    /// Room for the levels inside it.
    room: &'w mut [Layers],
    /// Nested headers met so far.
    depth: u8,
    /// Levels found inside this one.
    pub(crate) inside: usize,
}

impl<'w> Walk<'w> {
    pub(crate) fn new(config: &'w Config, layers: &'w mut Layers, room: &'w mut [Layers], depth: u8) -> Self {
        Self { config, layers, room, depth, inside: 0 }
    }

    /// Notes something odd.
    #[cold]
    #[inline(never)]
    pub(crate) fn odd(&mut self, event: DecodeEvent) {
        self.layers.events.insert(event);
    }

    /// Notes a broken header.
    #[cold]
    #[inline(never)]
    pub(crate) fn broken(&mut self, event: DecodeEvent) {
        self.layers.invalid = true;
        self.layers.events.insert(event);
    }

    /// Counts a nested header. False when there are too many, which ends the decoding.
    #[inline]
    pub(crate) fn descend(&mut self) -> bool {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.config.levels_max {
            self.broken(DecodeEvent::TooManyLayers);
            return false;
        }
        true
    }

    /// Decodes what a tunnel carries as a level of its own. False when it is no valid packet: then there is no such level.
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
        let depth = self.depth.saturating_add(1);
        if depth >= self.config.levels_max {
            // What is deeper is not looked at; the level that carries it says so.
            self.odd(DecodeEvent::TooManyLayers);
            return false;
        }
        let Some((next, room)) = self.room.split_first_mut() else { return false };
        *next = Layers {
            level: self.layers.level.saturating_add(1),
            frame: part.range(),
            link: LinkType::RAW,
            source,
            tenant: if tenant == 0 { self.layers.tenant } else { tenant },
            ethernet,
            ..Layers::default()
        };
        let mut walk = Walk::new(self.config, next, room, depth);
        let valid = walk.inner(part, inner);
        // Teredo is a guess; an odd inner packet means that it was a wrong one.
        if !valid || (inner == Inner::Teredo && walk.layers.invalid) {
            return false;
        }
        self.inside = walk.inside + 1;
        self.layers.carries_tunnel = true;
        true
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
}
