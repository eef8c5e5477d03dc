//! pcapng: blocks; sections that start over, each in its own byte order; interfaces with a clock each.
//!
//! Packet blocks (enhanced, simple, and the obsolete one) are read; interface statistics are read for what the capturing
//! machine dropped; name resolution, secrets and everything unknown is passed over.
//!
//! Limits: [`crate::PACKET_BYTES_MAX`], [`crate::BLOCK_BYTES_MAX`] for a block that is read, [`crate::INTERFACES_MAX`].
//! Reference: draft-ietf-opsawg-pcapng.

use model::LinkType;

use crate::endian::Order;
use crate::input::{Found, LossKind, Step};
use crate::{BLOCK_BYTES_MAX, COMMENT_BYTES_MAX, INTERFACES_MAX, PACKET_BYTES_MAX};

/// Reads the blocks of one file.
#[derive(Debug)]
pub(crate) struct PcapngReader {
    order: Order,
    interfaces: Vec<Interface>,
    /// A simple packet has no time of its own: it gets that of the packet before it.
    last_nanos: u64,
    /// Dropped by the capturing machine, in sections that have ended.
    dropped_before: u64,
    pub(crate) application: Option<String>,
    pub(crate) comment: Option<String>,
}

/// One capturing interface of the section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    snap: u32,
    clock: Clock,
    dropped: u64,
}

/// How an interface's ticks become nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Clock {
    rate: Rate,
    offset_secs: i64,
}

#[derive(Debug, Clone, Copy)]
enum Rate {
    /// A tick is this many nanoseconds.
    Times(u64),
    /// This many ticks are a nanosecond.
    Over(u64),
    /// A tick is `2^-n` seconds.
    Binary(u32),
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET_OBSOLETE: u32 = 2;
const PACKET_SIMPLE: u32 = 3;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const SECTION_APPLICATION: u16 = 4;
const INTERFACE_RESOLUTION: u16 = 9;
const INTERFACE_OFFSET: u16 = 14;
const STATISTICS_INTERFACE_DROP: u16 = 5;
const STATISTICS_SYSTEM_DROP: u16 = 7;

/// Type, length, and the length again at the end.
const BLOCK_FRAME_BYTES: u32 = 12;

impl PcapngReader {
    /// Recognises the file by its first four bytes.
    pub(crate) fn recognise(first: &[u8]) -> Option<Self> {
        first.starts_with(&SECTION.to_be_bytes()).then(|| Self {
            order: Order::Little,
            interfaces: Vec::new(),
            last_nanos: 0,
            dropped_before: 0,
            application: None,
            comment: None,
        })
    }

    /// What the capturing machine said that it dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.interfaces
            .iter()
            .fold(self.dropped_before, |sum, interface| sum.saturating_add(interface.dropped))
    }

    /// Reads the block at the beginning of `bytes`.
    #[inline]
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Step {
        let Some(header) = bytes.first_chunk::<8>() else {
            return Step::More(BLOCK_FRAME_BYTES as usize);
        };
        let kind = self.order.u32(header, 0);
        // The section's type reads the same in both byte orders.
        if kind == SECTION {
            return self.section(bytes);
        }
        let length = self.order.u32(header, 4);
        if length < BLOCK_FRAME_BYTES || !length.is_multiple_of(4) {
            return Step::Damaged(LossKind::BlockLength { bytes: length });
        }
        if !matches!(kind, PACKET | PACKET_SIMPLE | PACKET_OBSOLETE | INTERFACE | STATISTICS) {
            return Step::Skip(u64::from(length));
        }
        if length > BLOCK_BYTES_MAX {
            return Step::Damaged(LossKind::BlockLength { bytes: length });
        }
        let Some(block) = bytes.get(..length as usize) else {
            return Step::More(length as usize);
        };
        if self.order.u32(block, length as usize - 4) != length {
            return Step::Damaged(LossKind::BlockTrailer);
        }
        match kind {
            PACKET => self.packet(block, false),
            PACKET_OBSOLETE => self.packet(block, true),
            PACKET_SIMPLE => self.packet_simple(block),
            INTERFACE => self.interface(block),
            _ => self.statistics(block),
        }
    }

    #[cold]
    fn section(&mut self, bytes: &[u8]) -> Step {
        let Some(header) = bytes.first_chunk::<28>() else {
            return Step::More(28);
        };
        self.order = match header.get(8..12) {
            Some([0x4d, 0x3c, 0x2b, 0x1a]) => Order::Little,
            Some([0x1a, 0x2b, 0x3c, 0x4d]) => Order::Big,
            _ => return Step::Damaged(LossKind::SectionHeader),
        };
        let length = self.order.u32(header, 4);
        if !(28..=BLOCK_BYTES_MAX).contains(&length) || !length.is_multiple_of(4) {
            return Step::Damaged(LossKind::BlockLength { bytes: length });
        }
        if self.order.u16(header, 12) != 1 {
            return Step::Damaged(LossKind::SectionHeader);
        }
        let Some(block) = bytes.get(..length as usize) else {
            return Step::More(length as usize);
        };
        self.dropped_before = self.dropped();
        self.interfaces.clear();
        for (code, value) in options(self.order, options_of(block, 24)) {
            let kept = match code {
                OPTION_COMMENT => &mut self.comment,
                SECTION_APPLICATION => &mut self.application,
                _ => continue,
            };
            kept.get_or_insert_with(|| text(value));
        }
        Step::Skip(u64::from(length))
    }

    #[cold]
    fn interface(&mut self, block: &[u8]) -> Step {
        if block.len() < 20 {
            return Step::Damaged(LossKind::BlockLength { bytes: block.len() as u32 });
        }
        if self.interfaces.len() >= INTERFACES_MAX {
            return Step::Damaged(LossKind::TooManyInterfaces);
        }
        let link = LinkType(self.order.u16(block, 8));
        let mut clock = Clock { rate: Rate::Times(1_000), offset_secs: 0 };
        for (code, value) in options(self.order, options_of(block, 16)) {
            match (code, value) {
                (INTERFACE_RESOLUTION, [resolution, ..]) => clock.rate = Rate::from_option(*resolution),
                (INTERFACE_OFFSET, value) if value.len() >= 8 => {
                    clock.offset_secs = self.order.u64(value, 0) as i64;
                }
                _ => {}
            }
        }
        self.interfaces.push(Interface { link, snap: self.order.u32(block, 12), clock, dropped: 0 });
        Step::Skip(block.len() as u64)
    }

    #[cold]
    fn statistics(&mut self, block: &[u8]) -> Step {
        let order = self.order;
        let index = order.u32(block, 8) as usize;
        if let Some(interface) = self.interfaces.get_mut(index) {
            // Counters run on; the last block about an interface is the one that counts.
            interface.dropped = options(order, options_of(block, 20))
                .filter(|(code, _)| matches!(*code, STATISTICS_INTERFACE_DROP | STATISTICS_SYSTEM_DROP))
                .fold(0, |sum: u64, (_, value)| sum.saturating_add(order.u64(value, 0)));
        }
        Step::Skip(block.len() as u64)
    }

    #[inline]
    fn packet(&mut self, block: &[u8], obsolete: bool) -> Step {
        const DATA: usize = 28;
        let Some(header) = block.first_chunk::<DATA>().filter(|_| block.len() >= DATA + 4) else {
            return Step::Damaged(LossKind::BlockLength { bytes: block.len() as u32 });
        };
        let index =
            if obsolete { u32::from(self.order.u16(header, 8)) } else { self.order.u32(header, 8) } as usize;
        let Some(interface) = self.interfaces.get(index) else {
            return Step::Damaged(LossKind::UnknownInterface { index: index as u32 });
        };
        let captured = self.order.u32(header, 20);
        if captured > PACKET_BYTES_MAX {
            return Step::Damaged(LossKind::PacketTooLong { bytes: captured });
        }
        let padded = captured.next_multiple_of(4) as usize;
        let Some(options_bytes) = block.len().checked_sub(DATA + 4 + padded) else {
            return Step::Damaged(LossKind::PacketBeyondBlock);
        };
        let ticks = u64::from(self.order.u32(header, 12)) << 32 | u64::from(self.order.u32(header, 16));
        self.last_nanos = interface.clock.nanos(ticks);
        Step::Packet(Found {
            nanos: self.last_nanos,
            data: DATA as u32,
            captured,
            wire: self.order.u32(header, 24).max(captured),
            used: block.len() as u32,
            options: (DATA + padded) as u32,
            options_bytes: options_bytes as u32,
            link: interface.link,
        })
    }

    fn packet_simple(&mut self, block: &[u8]) -> Step {
        const DATA: u32 = 12;
        let Some(room) = (block.len() as u32).checked_sub(DATA + 4) else {
            return Step::Damaged(LossKind::BlockLength { bytes: block.len() as u32 });
        };
        let Some(interface) = self.interfaces.first() else {
            return Step::Damaged(LossKind::UnknownInterface { index: 0 });
        };
        let wire = self.order.u32(block, 8);
        let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
        let captured = wire.min(snap).min(room);
        if captured > PACKET_BYTES_MAX {
            return Step::Damaged(LossKind::PacketTooLong { bytes: captured });
        }
        Step::Packet(Found {
            nanos: self.last_nanos,
            data: DATA,
            captured,
            wire: wire.max(captured),
            used: block.len() as u32,
            options: 0,
            options_bytes: 0,
            link: interface.link,
        })
    }

    /// The comment among a packet's options, if there is one; several are put on lines of their own.
    pub(crate) fn comment_in(&self, bytes: &[u8]) -> Option<String> {
        let mut comment: Option<String> = None;
        for (_, value) in options(self.order, bytes).filter(|(code, _)| *code == OPTION_COMMENT) {
            match &mut comment {
                None => comment = Some(text(value)),
                Some(so_far) if so_far.len() < COMMENT_BYTES_MAX => {
                    so_far.push('\n');
                    so_far.push_str(&text(value));
                }
                Some(_) => break,
            }
        }
        comment
    }
}

impl Clock {
    #[inline]
    fn nanos(self, ticks: u64) -> u64 {
        let nanos = match self.rate {
            Rate::Times(nanos) => ticks.saturating_mul(nanos),
            Rate::Over(count) => ticks / count.max(1),
            Rate::Binary(bits) => {
                u64::try_from((u128::from(ticks) * 1_000_000_000) >> bits.min(127)).unwrap_or(u64::MAX)
            }
        };
        if self.offset_secs == 0 {
            return nanos;
        }
        let moved = i128::from(nanos) + i128::from(self.offset_secs) * 1_000_000_000;
        u64::try_from(moved.max(0)).unwrap_or(u64::MAX)
    }
}

impl Rate {
    /// From `if_tsresol`: the highest bit chooses between powers of ten and of two.
    fn from_option(resolution: u8) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Rate::Binary(exponent);
        }
        match 9_u32.checked_sub(exponent) {
            Some(missing) => Rate::Times(10_u64.pow(missing)),
            // Finer than nanoseconds; beyond 64 bits every time is 0.
            None => Rate::Over(10_u64.checked_pow(exponent - 9).unwrap_or(u64::MAX)),
        }
    }
}

/// The options of a whole block whose fixed part ends at `from`.
fn options_of(block: &[u8], from: usize) -> &[u8] {
    block.get(from..block.len().saturating_sub(4)).unwrap_or_default()
}

/// Walks options; stops at the end mark or at the first that does not fit.
fn options(order: Order, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = order.u16(bytes, 0);
        let length = usize::from(order.u16(bytes, 2));
        let value = bytes.get(4..4 + length).filter(|_| code != OPTION_END)?;
        bytes = bytes.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

fn text(bytes: &[u8]) -> String {
    let kept = bytes.get(..COMMENT_BYTES_MAX).unwrap_or(bytes);
    String::from_utf8_lossy(kept).into_owned()
}
