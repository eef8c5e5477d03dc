//! One datagram while its fragments arrive.

use std::ops::Range;

use super::{Offer, Overlap};

/// Fragments that one datagram takes; as many as there are places for them (RFC 791 §3.1).
pub const FRAGMENTS_MAX: u32 = 8192;

/// Bytes kept for one datagram. More than the 64 KiB of the largest, as what is overwritten is kept too.
pub const STORE_MAX: usize = 256 << 10;

/// Memory that a finished datagram may keep for the next one.
const KEEP_MAX: usize = 16 << 10;

/// What a fragment costs beyond its bytes.
const PIECE_COST: u64 = 32;

/// A stretch of the datagram and where its bytes are. The fragment they came from may have been larger.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
    /// Where the byte at `start` lies in the store.
    at: u32,
    /// The fragment they came from: it is what later fragments are compared with.
    from: (u32, u32),
}

impl Piece {
    fn cut(self, range: Range<u32>) -> Self {
        let at = self.at + (range.start - self.start);
        Self { start: range.start, end: range.end, at, from: self.from }
    }
}

/// What a fragment met.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) overlap: bool,
    pub(super) conflict: bool,
}

#[derive(Debug, Default)]
pub(super) struct Datagram {
    overlap: Overlap,
    /// Disjoint, in order.
    pieces: Vec<Piece>,
    scratch: Vec<Piece>,
    store: Vec<u8>,
    head: Vec<u8>,
    next_header_at: usize,
    is_ipv6: bool,
    protocol: u8,
    last_seen: bool,
    fragments: u32,
    /// Bytes that `pieces` cover.
    covered: u32,
}

impl Datagram {
    pub(super) fn start(&mut self, overlap: Overlap) {
        self.clear();
        self.overlap = overlap;
    }

    /// Forgets everything; keeps a little memory.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.scratch.clear();
        self.store.clear();
        self.head.clear();
        if self.store.capacity() > KEEP_MAX {
            self.store = Vec::new();
        }
        if self.pieces.capacity() * size_of::<Piece>() > KEEP_MAX {
            self.pieces = Vec::new();
            self.scratch = Vec::new();
        }
        self.last_seen = false;
        self.fragments = 0;
        self.covered = 0;
    }

    /// What this datagram counts against the limit of bytes.
    pub(super) fn cost(&self) -> u64 {
        (self.store.len() + self.head.len()) as u64 + self.pieces.len() as u64 * PIECE_COST
    }

    /// Takes a fragment. `None` when it is one too many.
    pub(super) fn insert(&mut self, offer: &Offer<'_>) -> Option<Met> {
        if self.fragments >= FRAGMENTS_MAX || self.store.len() + offer.data.len() > STORE_MAX {
            return None;
        }
        self.fragments += 1;
        self.last_seen |= !offer.more;
        if offer.offset == 0 && self.head.is_empty() {
            self.head.extend_from_slice(offer.head);
            self.next_header_at = offer.next_header_at;
            self.is_ipv6 = offer.is_ipv6;
            self.protocol = offer.protocol;
        }
        if offer.data.is_empty() {
            return Some(Met::default());
        }
        let end = offer.offset + offer.data.len() as u32;
        let piece =
            Piece { start: offer.offset, end, at: self.store.len() as u32, from: (offer.offset, end) };
        Some(self.place(piece, offer.data))
    }

    fn place(&mut self, new: Piece, data: &[u8]) -> Met {
        let first = self.pieces.partition_point(|piece| piece.end <= new.start);
        let behind = self.pieces.partition_point(|piece| piece.start < new.end).max(first);
        let mut met = Met { overlap: first < behind, conflict: false };
        self.scratch.clear();
        let mut cursor = new.start;
        let mut used = false;
        for old in self.pieces.get(first..behind).unwrap_or(&[]) {
            let (from, to) = (old.start.max(new.start), old.end.min(new.end));
            if old.start < new.start {
                self.scratch.push(old.cut(old.start..new.start));
            }
            if cursor < from {
                self.scratch.push(new.cut(cursor..from));
                self.covered += from - cursor;
                used = true;
            }
            let theirs = old.cut(from..to).at as usize;
            let (mine, size) = ((from - new.start) as usize, (to - from) as usize);
            met.conflict |= self.store.get(theirs..theirs + size) != data.get(mine..mine + size);
            let later_wins = self.overlap.later_wins(&(old.from.0..old.from.1), &(new.start..new.end));
            self.scratch.push(if later_wins { new.cut(from..to) } else { old.cut(from..to) });
            used |= later_wins;
            if old.end > new.end {
                self.scratch.push(old.cut(new.end..old.end));
            }
            cursor = to;
        }
        if cursor < new.end {
            self.scratch.push(new.cut(cursor..new.end));
            self.covered += new.end - cursor;
            used = true;
        }
        if used {
            self.store.extend_from_slice(data);
        }
        join(&mut self.scratch);
        self.pieces.splice(first..behind, self.scratch.drain(..));
        met
    }

    /// Whether all bytes up to the last are here.
    pub(super) fn is_complete(&self) -> bool {
        let end = self.pieces.last().map_or(0, |piece| piece.end);
        self.last_seen && !self.head.is_empty() && self.covered == end
    }

    /// Writes the datagram behind `link`. False when it is too long for its length field.
    pub(super) fn build(&self, link: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        out.extend_from_slice(link);
        out.extend_from_slice(&self.head);
        for piece in &self.pieces {
            let size = (piece.end - piece.start) as usize;
            let at = piece.at as usize;
            out.extend_from_slice(self.store.get(at..at + size).unwrap_or(&[]));
        }
        let Some(datagram) = out.get_mut(link.len()..) else { return false };
        if self.is_ipv6 { self.finish_ipv6(datagram) } else { self.finish_ipv4(datagram) }
    }

    fn finish_ipv4(&self, datagram: &mut [u8]) -> bool {
        let Ok(total) = u16::try_from(datagram.len()) else { return false };
        let Some(header) = datagram.get_mut(..self.head.len()) else { return false };
        let Some([_, _, length @ .., _, _, flags, offset, _, _, sum0, sum1]) = header.first_chunk_mut::<12>()
        else {
            return false;
        };
        *length = total.to_be_bytes();
        (*flags, *offset, *sum0, *sum1) = (0, 0, 0, 0);
        let sum = decode::ipv4_header_checksum(header);
        if let Some(field) = header.get_mut(10..12) {
            field.copy_from_slice(&sum);
        }
        true
    }

    fn finish_ipv6(&self, datagram: &mut [u8]) -> bool {
        let Ok(length) = u16::try_from(datagram.len().saturating_sub(40)) else { return false };
        if let Some(field) = datagram.get_mut(4..6) {
            field.copy_from_slice(&length.to_be_bytes());
        }
        match datagram.get_mut(self.next_header_at) {
            Some(next) => *next = self.protocol,
            None => return false,
        }
        true
    }
}

/// Joins neighbours that lie side by side in the store, too.
fn join(pieces: &mut Vec<Piece>) {
    pieces.dedup_by(|next, piece| {
        let side_by_side = piece.end == next.start
            && piece.from == next.from
            && piece.at + (piece.end - piece.start) == next.at;
        if side_by_side {
            piece.end = next.end;
        }
        side_by_side
    });
}
