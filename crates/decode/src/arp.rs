//! ARP for IPv4 over Ethernet (RFC 826).

use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, Network};

impl Walk<'_> {
    /// Checks the header; its fields are read where they are wanted. False when it is broken.
    pub(crate) fn arp(&mut self, part: Part<'_>) -> bool {
        let Some(header) = part.header::<28>() else {
            self.broken(Event::ArpPktTooSmall);
            return false;
        };
        if !self.descend() {
            return false;
        }
        let [hardware0, hardware1, protocol0, protocol1, hardware_size, protocol_size, op0, op1, ..] =
            *header;
        let event = if [hardware0, hardware1] != [0, 1] {
            Event::ArpUnsupportedHardware
        } else if [protocol0, protocol1] != [0x08, 0x00] {
            Event::ArpUnsupportedProtocol
        } else if hardware_size != 6 {
            Event::ArpInvalidHardwareSize
        } else if protocol_size != 4 {
            Event::ArpInvalidProtocolSize
        // Request, reply, reverse request and reply, inverse request and reply (RFC 826, 903, 2390).
        } else if !matches!(u16::from_be_bytes([op0, op1]), 1 | 2 | 3 | 4 | 8 | 9) {
            Event::ArpUnsupportedOpcode
        } else {
            self.layers.network = Network::Arp { at: part.start() };
            return true;
        };
        self.broken(event);
        false
    }
}
