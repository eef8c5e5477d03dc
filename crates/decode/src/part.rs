//! A stretch of the packet that knows where it lies.

use std::ops::Range;

/// Some bytes of the packet and their offset in it. Every read is checked; what is not there is `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Offset of the first byte in the packet.
    pub(crate) at: usize,
}

impl<'a> Part<'a> {
    /// How many bytes.
    pub(crate) const fn len(self) -> usize {
        self.bytes.len()
    }

    /// What follows the first `count` bytes; empty when there are not that many.
    pub(crate) fn skip(self, count: usize) -> Self {
        let count = count.min(self.bytes.len());
        Self { bytes: self.bytes.get(count..).unwrap_or(&[]), at: self.at + count }
    }

    /// The first `count` bytes, or all when there are fewer.
    pub(crate) fn first(self, count: usize) -> Self {
        Self { bytes: self.bytes.get(..count).unwrap_or(self.bytes), at: self.at }
    }

    /// The first `N` bytes.
    pub(crate) fn header<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.bytes.first_chunk()
    }

    /// The byte at `index`.
    pub(crate) fn byte(self, index: usize) -> Option<u8> {
        self.bytes.get(index).copied()
    }

    /// The big-endian number of 16 bits at `index`.
    pub(crate) fn u16(self, index: usize) -> Option<u16> {
        self.bytes.get(index..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// The big-endian number of 32 bits at `index`.
    pub(crate) fn u32(self, index: usize) -> Option<u32> {
        self.bytes.get(index..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Offset of the first byte, as the answer stores it.
    pub(crate) fn start(self) -> u32 {
        self.at as u32
    }

    /// Where these bytes lie in the packet.
    pub(crate) fn range(self) -> Range<u32> {
        self.start()..(self.at + self.bytes.len()) as u32
    }
}
