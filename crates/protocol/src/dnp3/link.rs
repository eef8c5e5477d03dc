//! DNP3 data link frames (IEEE 1815-2012 §9): ten bytes of header, then blocks of sixteen bytes with a check each.

use crate::wire::Wire;

/// Bytes of the header.
pub(super) const HEAD_BYTES: usize = 10;
const BLOCK: usize = 16;
const CRC_BYTES: usize = 2;
/// Control, destination and source count as length.
const LENGTH_MIN: u8 = 5;

/// The header.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) length: u8,
    pub(super) control: u8,
    pub(super) destination: u16,
    pub(super) source: u16,
}

/// What the start of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Link(Link),
    More,
    /// It does not begin as frames do.
    Other,
    /// The length leaves no room for the header itself.
    TooSmall,
    BadCheck,
}

pub(super) fn start(bytes: &[u8]) -> Start {
    if !bytes.starts_with(&[5, 0x64]) {
        return if bytes.len() < 2 && b"\x05\x64".starts_with(bytes) { Start::More } else { Start::Other };
    }
    let Some((head, _)) = bytes.split_first_chunk::<HEAD_BYTES>() else { return Start::More };
    let &[_, _, length, control, d0, d1, s0, s1, c0, c1] = head;
    if length < LENGTH_MIN {
        return Start::TooSmall;
    }
    if check(&head[..8]) != u16::from_le_bytes([c0, c1]) {
        return Start::BadCheck;
    }
    let (destination, source) = (u16::from_le_bytes([d0, d1]), u16::from_le_bytes([s0, s1]));
    Start::Link(Link { length, control, destination, source })
}

impl Link {
    /// The sender is a master.
    pub(super) fn is_from_master(self) -> bool {
        self.control & 0x80 != 0
    }

    /// The function code of the link layer.
    pub(super) fn function(self) -> u8 {
        self.control & 15
    }

    /// Bytes of user data.
    pub(super) fn user_bytes(self) -> usize {
        usize::from(self.length.saturating_sub(LENGTH_MIN))
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(self) -> usize {
        HEAD_BYTES + self.user_bytes() + self.user_bytes().div_ceil(BLOCK) * CRC_BYTES
    }
}

/// Takes the checks out of the blocks behind the header and appends the data to `out`; false: a check is wrong.
pub(super) fn unblock(blocks: &[u8], user_bytes: usize, out: &mut Vec<u8>) -> bool {
    let wire = &mut Wire::new(blocks);
    let mut left = user_bytes;
    while left > 0 {
        let size = left.min(BLOCK);
        let (Some(data), Some(sum)) = (wire.take(size), wire.le16()) else { return false };
        if check(data) != sum {
            return false;
        }
        out.extend_from_slice(data);
        left -= size;
    }
    true
}

/// CRC-16/DNP (IEEE 1815-2012 §9.2.4.3.2).
pub(super) fn check(bytes: &[u8]) -> u16 {
    let mut sum = 0u16;
    for byte in bytes {
        sum ^= u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xa6bc } else { sum >> 1 };
        }
    }
    !sum
}
