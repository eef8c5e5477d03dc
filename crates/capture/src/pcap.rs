//! Classic pcap: a file header of 24 bytes, then records of 16 (or, in Kuznetzov's variant, 24) bytes and the packet.
//!
//! Limits: [`crate::PACKET_BYTES_MAX`]. Reference: draft-ietf-opsawg-pcap.

use model::LinkType;

use crate::PACKET_BYTES_MAX;
use crate::endian::Order;
use crate::input::{Found, LossKind, Step};

/// Reads the records of one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PcapReader {
    order: Order,
    /// Nanoseconds per tick of the second timestamp field.
    tick_nanos: u64,
    record_bytes: usize,
    lengths: Lengths,
    link: LinkType,
    /// The file header has been read.
    begun: bool,
}

/// Which of a record's two lengths comes first. Old programs disagreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    /// The smaller one is the captured one.
    Either,
}

const FILE_HEADER_BYTES: usize = 24;

impl PcapReader {
    /// Recognises the file by its first four bytes.
    pub(crate) fn recognise(first: &[u8]) -> Option<Self> {
        let raw = *first.first_chunk::<4>()?;
        [(Order::Little, u32::from_le_bytes(raw)), (Order::Big, u32::from_be_bytes(raw))]
            .into_iter()
            .find_map(|(order, magic)| {
                let (tick_nanos, record_bytes) = match magic {
                    0xa1b2_c3d4 => (1_000, 16),
                    0xa1b2_3c4d => (1, 16),
                    0xa1b2_cd34 => (1_000, 24),
                    _ => return None,
                };
                let (lengths, link) = (Lengths::CapturedFirst, LinkType::NULL);
                Some(Self { order, tick_nanos, record_bytes, lengths, link, begun: false })
            })
    }

    /// Whether the file keeps nanoseconds.
    pub(crate) fn is_nanos(&self) -> bool {
        self.tick_nanos == 1
    }

    /// Whether the file's header was all there.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Reads what stands at the beginning of `bytes`.
    #[inline]
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Step {
        if !self.begun {
            return self.begin(bytes);
        }
        let Some(header) = bytes.first_chunk::<16>() else {
            return Step::More(self.record_bytes);
        };
        let seconds = self.order.u32(header, 0);
        let ticks = self.order.u32(header, 4);
        let (captured, wire) = self.lengths(self.order.u32(header, 8), self.order.u32(header, 12));
        if captured > PACKET_BYTES_MAX {
            return Step::Damaged(LossKind::PacketTooLong { bytes: captured });
        }
        let used = self.record_bytes + captured as usize;
        if bytes.len() < used {
            return Step::More(used);
        }
        Step::Packet(Found {
            nanos: u64::from(seconds) * 1_000_000_000 + u64::from(ticks) * self.tick_nanos,
            data: self.record_bytes as u32,
            captured,
            wire: wire.max(captured),
            used: used as u32,
            options: 0,
            options_bytes: 0,
            link: self.link,
        })
    }

    #[cold]
    fn begin(&mut self, bytes: &[u8]) -> Step {
        let Some(header) = bytes.first_chunk::<FILE_HEADER_BYTES>() else {
            return Step::More(FILE_HEADER_BYTES);
        };
        // Before 2.3 the two lengths stood the other way round; 2.3 itself was written both ways.
        self.lengths = match (self.order.u16(header, 4), self.order.u16(header, 6)) {
            (2, 0..3) => Lengths::WireFirst,
            (2, 3) => Lengths::Either,
            _ => Lengths::CapturedFirst,
        };
        // The upper half says whether frames end in a checksum; it is not part of the link type.
        self.link = LinkType((self.order.u32(header, 20) & 0xffff) as u16);
        self.begun = true;
        Step::Skip(FILE_HEADER_BYTES as u64)
    }

    #[inline]
    fn lengths(&self, first: u32, second: u32) -> (u32, u32) {
        match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::WireFirst => (second, first),
            Lengths::Either => (first.min(second), first.max(second)),
        }
    }
}
