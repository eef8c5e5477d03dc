//! Link layers: Ethernet and its tags, Linux cooked captures, null, raw, Cisco HDLC, MPLS.
//!
//! IEEE 802.1Q, 802.1ad, 802.1ah, 802.1BR; RFC 3032 (MPLS); tcpdump.org/linktypes.html.

use model::LinkType;

use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, Ethernet};

/// EtherTypes that are read.
pub(crate) mod ether_type {
    pub(crate) const IPV4: u16 = 0x0800;
    pub(crate) const ARP: u16 = 0x0806;
    pub(crate) const PROFINET: u16 = 0x8892;
    pub(crate) const GOOSE: u16 = 0x88b8;
    pub(crate) const IPV6: u16 = 0x86dd;
    pub(crate) const VLAN: u16 = 0x8100;
    pub(crate) const PROVIDER_BRIDGE: u16 = 0x88a8;
    pub(crate) const QINQ: u16 = 0x9100;
    pub(crate) const BACKBONE_BRIDGE: u16 = 0x88e7;
    pub(crate) const MPLS: u16 = 0x8847;
    pub(crate) const MPLS_MULTICAST: u16 = 0x8848;
    pub(crate) const PPPOE_DISCOVERY: u16 = 0x8863;
    pub(crate) const PPPOE_SESSION: u16 = 0x8864;
    pub(crate) const DCE: u16 = 0x8903;
    pub(crate) const VN_TAG: u16 = 0x8926;
    pub(crate) const E_TAG: u16 = 0x893f;
    pub(crate) const NSH: u16 = 0x894f;
    pub(crate) const BRIDGE: u16 = 0x6558;
    pub(crate) const ERSPAN: u16 = 0x88be;
    pub(crate) const PPP: u16 = 0x880b;
}

/// VLAN tags kept per level.
const VLANS_MAX: u8 = 3;

impl Walk<'_> {
    /// Decodes a captured packet by its link type. Unknown link types give an empty level.
    pub(crate) fn link(&mut self, link: LinkType, part: Part<'_>) {
        match link {
            LinkType::ETHERNET => {
                self.ethernet(part);
            }
            LinkType::RAW | LinkType::RAW_OLD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
                self.raw(part)
            }
            LinkType::NULL | LinkType::LOOP => self.null(part),
            LinkType::LINUX_SLL => self.cooked(part),
            LinkType::LINUX_SLL2 => self.cooked2(part),
            LinkType::PPP => {
                self.ppp(part);
            }
            LinkType::CHDLC => self.cisco_hdlc(part),
            LinkType::IEEE802_11 => self.wifi(part),
            LinkType::IEEE802_11_RADIOTAP => self.radiotap(part),
            _ => {}
        }
    }

    /// Ethernet II. False when the header is not all there.
    #[inline]
    pub(crate) fn ethernet(&mut self, part: Part<'_>) -> bool {
        let Some(header) = read_ethernet(part) else {
            self.broken(Event::EthernetPktTooSmall);
            return false;
        };
        self.layers.ethernet = Some(header);
        self.network(header.kind, part.skip(14));
        true
    }

    /// What an EtherType announces. False when nobody here reads it.
    #[inline]
    pub(crate) fn network(&mut self, kind: u16, part: Part<'_>) -> bool {
        match kind {
            ether_type::IPV4 => {
                self.ipv4(part);
                true
            }
            ether_type::IPV6 => {
                self.ipv6(part);
                true
            }
            _ => self.other_network(kind, part),
        }
    }

    /// [`Self::network`] for all but IP itself, which is nearly always what there is.
    #[inline(never)]
    fn other_network(&mut self, kind: u16, part: Part<'_>) -> bool {
        match kind {
            ether_type::VLAN | ether_type::PROVIDER_BRIDGE | ether_type::QINQ => {
                self.vlan(part);
            }
            ether_type::ARP => {
                self.arp(part);
            }
            ether_type::PPPOE_SESSION => self.pppoe_session(part),
            ether_type::PPPOE_DISCOVERY => self.pppoe_discovery(part),
            ether_type::BACKBONE_BRIDGE => self.backbone_bridge(part),
            ether_type::MPLS | ether_type::MPLS_MULTICAST => self.mpls(part),
            ether_type::DCE => self.dce(part),
            ether_type::VN_TAG => {
                self.tag(part, 4, Event::VntagHeaderTooSmall, Event::VntagUnknownType);
            }
            ether_type::E_TAG => {
                self.tag(part, 6, Event::EtagHeaderTooSmall, Event::EtagUnknownType);
            }
            ether_type::NSH => {
                self.nsh(part);
            }
            ether_type::PROFINET | ether_type::GOOSE => {
                self.layers.without_ip = Some((kind, part.start()));
            }
            _ => {
                self.odd(Event::EthernetUnknownEthertype);
                return false;
            }
        }
        true
    }

    /// 802.1Q tag. False when it is not all there.
    pub(crate) fn vlan(&mut self, part: Part<'_>) -> bool {
        let (Some(tag), Some(kind)) = (part.u16(0), part.u16(2)) else {
            self.broken(Event::VlanHeaderTooSmall);
            return false;
        };
        if !self.descend() {
            return false;
        }
        if !self.push_vlan(tag & 0x0fff) {
            self.odd(Event::VlanTooManyLayers);
            return false;
        }
        if !self.network(kind, part.skip(4)) {
            self.broken(Event::VlanUnknownType);
            return false;
        }
        true
    }

    /// Remembers a VLAN id; false when there is no room.
    pub(crate) fn push_vlan(&mut self, id: u16) -> bool {
        let layers = &mut *self.layers;
        match layers.vlans.get_mut(usize::from(layers.vlan_count)) {
            Some(slot) if layers.vlan_count < VLANS_MAX => {
                *slot = id;
                layers.vlan_count += 1;
                true
            }
            _ => false,
        }
    }

    /// 802.1ah service tag: four bytes of flags and service, the customer's addresses and EtherType.
    fn backbone_bridge(&mut self, part: Part<'_>) {
        let Some(kind) = part.u16(16) else {
            self.broken(Event::Ieee8021ahHeaderTooSmall);
            return;
        };
        if self.descend() {
            self.network(kind, part.skip(18));
        }
    }

    /// VN-Tag and E-Tag: `size` bytes of tag, then an EtherType.
    fn tag(&mut self, part: Part<'_>, size: usize, too_small: Event, unknown: Event) {
        let Some(kind) = part.u16(size) else {
            self.broken(too_small);
            return;
        };
        if self.descend() && !self.network(kind, part.skip(size + 2)) {
            self.broken(unknown);
        }
    }

    /// Cisco FabricPath (DCE): two bytes of tag, then a whole Ethernet frame.
    fn dce(&mut self, part: Part<'_>) {
        if part.len() < 16 {
            self.broken(Event::DcePktTooSmall);
        } else if self.descend() {
            self.ethernet(part.skip(2));
        }
    }

    /// MPLS label stack (RFC 3032 §2.1). Below the labels there is no type: the first nibble tells.
    pub(crate) fn mpls(&mut self, mut part: Part<'_>) {
        let label = loop {
            let Some(entry) = part.u32(0) else {
                self.broken(Event::MplsHeaderTooSmall);
                return;
            };
            part = part.skip(4);
            if entry & 0x100 != 0 {
                break entry >> 12;
            }
        };
        if !self.descend() {
            return;
        }
        match label {
            0 => {
                self.ipv4(part);
                return;
            }
            1 => return self.broken(Event::MplsBadLabelRouterAlert),
            2 => {
                self.ipv6(part);
                return;
            }
            3 => return self.broken(Event::MplsBadLabelImplicitNull),
            4..16 => return self.broken(Event::MplsBadLabelReserved),
            _ => {}
        }
        // The shortest thing below is a pseudowire control word.
        if part.len() < 4 {
            return self.broken(Event::MplsPktTooSmall);
        }
        match part.byte(0).map(|byte| byte >> 4) {
            Some(4) => {
                self.ipv4(part);
            }
            Some(6) => {
                self.ipv6(part);
            }
            Some(0) => {
                self.ethernet(part.skip(4));
            }
            _ => self.broken(Event::MplsUnknownPayloadType),
        }
    }

    fn raw(&mut self, part: Part<'_>) {
        if part.len() < 20 {
            return self.broken(Event::Ipv4PktTooSmall);
        }
        if !self.ip(part) {
            self.odd(Event::IprawInvalidIpVersion);
        }
    }

    /// An IP header of either version. False when it is neither.
    pub(crate) fn ip(&mut self, part: Part<'_>) -> bool {
        match part.byte(0).map(|byte| byte >> 4) {
            Some(4) => {
                self.ipv4(part);
            }
            Some(6) => {
                self.ipv6(part);
            }
            _ => return false,
        }
        true
    }

    /// BSD null: an address family in the byte order of the machine that captured.
    fn null(&mut self, part: Part<'_>) {
        let Some(family) = part.u32(0) else {
            return self.broken(Event::LtnullPktTooSmall);
        };
        let family = if family > 0xffff { family.swap_bytes() } else { family };
        match family {
            2 => {
                self.ipv4(part.skip(4));
            }
            // AF_INET6 of NetBSD, FreeBSD and Darwin.
            24 | 28 | 30 => {
                self.ipv6(part.skip(4));
            }
            _ => self.odd(Event::LtnullUnsupportedType),
        }
    }

    fn cooked(&mut self, part: Part<'_>) {
        match part.u16(14) {
            Some(kind) => {
                self.network(kind, part.skip(16));
            }
            None => self.broken(Event::SllPktTooSmall),
        }
    }

    fn cooked2(&mut self, part: Part<'_>) {
        match part.u16(0) {
            Some(kind) if part.len() >= 20 => {
                self.network(kind, part.skip(20));
            }
            _ => self.broken(Event::Sll2PktTooSmall),
        }
    }

    fn cisco_hdlc(&mut self, part: Part<'_>) {
        match part.u16(2) {
            Some(kind) => {
                self.network(kind, part.skip(4));
            }
            None => self.broken(Event::ChdlcPktTooSmall),
        }
    }
}

/// The Ethernet header, when it is all there.
pub(crate) fn read_ethernet(part: Part<'_>) -> Option<Ethernet> {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, high, low] = *part.header::<14>()?;
    Some(Ethernet {
        dst: [d0, d1, d2, d3, d4, d5],
        src: [s0, s1, s2, s3, s4, s5],
        kind: u16::from_be_bytes([high, low]),
    })
}
