//! IEEE 802.11 data frames in the clear, with or without a radiotap header, down to LLC/SNAP.
//!
//! Encrypted frames, management and control frames end here without an event.

use crate::Ethernet;
use crate::part::Part;
use crate::walk::Walk;

impl Walk<'_> {
    /// A radiotap header is skipped by its own length.
    pub(crate) fn radiotap(&mut self, part: Part<'_>) {
        let length = part.bytes.get(2..4).and_then(|bytes| bytes.first_chunk());
        if let Some(length) = length {
            self.wifi(part.skip(usize::from(u16::from_le_bytes(*length))));
        }
    }

    /// A MAC frame (IEEE 802.11-2020 §9.2.3): only unprotected data frames carry something to read.
    pub(crate) fn wifi(&mut self, part: Part<'_>) {
        let (Some(kind), Some(flags)) = (part.byte(0), part.byte(1)) else { return };
        let is_data = kind & 0x0c == 0x08;
        let without_data = kind & 0x40 != 0;
        let protected = flags & 0x40 != 0;
        if !is_data || without_data || protected {
            return;
        }
        let four_addresses = flags & 0x03 == 0x03;
        let quality = kind & 0x80 != 0;
        let ordered = quality && flags & 0x80 != 0;
        let mut size = 24;
        size += if four_addresses { 6 } else { 0 };
        size += if quality { 2 } else { 0 };
        size += if ordered { 4 } else { 0 };
        // Where destination and source stand depends on the to-DS and from-DS bits (§9.3.2.1, table 9-30).
        let (dst, src) = match flags & 0x03 {
            0 => (4, 10),
            1 => (16, 10),
            2 => (4, 16),
            _ => (16, 24),
        };
        let address = |at: usize| part.bytes.get(at..).and_then(|bytes| bytes.first_chunk::<6>());
        let (Some(dst), Some(src)) = (address(dst), address(src)) else { return };
        let body = part.skip(size);
        // LLC with SNAP: DSAP and SSAP 0xaa, control 3, then organisation and EtherType (RFC 1042).
        if let (Some([0xaa, 0xaa, 3, ..]), Some(kind)) = (body.header::<8>(), body.u16(6)) {
            self.layers.ethernet = Some(Ethernet { dst: *dst, src: *src, kind });
            self.network(kind, body.skip(8));
        }
    }
}
