//! Compiled rules as bytes: in memory, where a rule is unpacked when it is first needed, and on disk, where the next start
//! finds them.
//!
//! Of tens of thousands of rules a capture touches some hundreds. The others stay packed, at about a tenth of their size.

mod disk;
pub(crate) mod foreign;
pub(crate) mod part;
mod scanners;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub(crate) use scanners::Scanners;

use crate::sig::Sig;

/// Signatures in order, packed until they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Sigs {
    cells: Box<[OnceLock<Box<Sig>>]>,
    /// Where the bytes of each start; one more than there are. Those that cannot be packed have none.
    starts: Box<[u32]>,
    bytes: Bytes,
}

/// Where packed things are.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// In memory.
    Here(Vec<u8>),
    /// Elsewhere, from a place on, so many of them: they are read when they are asked for.
    There { shelf: Arc<dyn Shelf>, from: u64, len: u64 },
}

/// What keeps a packed rule set, byte by byte, until a rule is asked for: a file, mostly.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Reads the bytes from `at` on until `space` is full; `false`: they are not there.
    fn read(&self, at: u64, space: &mut [u8]) -> bool;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shelf for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read(&self, at: u64, space: &mut [u8]) -> bool {
        let part = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..space.len()));
        part.map(|part| space.copy_from_slice(part)).is_some()
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Bytes::Here(Vec::new())
    }
}

impl Bytes {
    fn len(&self) -> u64 {
        match self {
            Bytes::Here(bytes) => bytes.len() as u64,
            Bytes::There { len, .. } => *len,
        }
    }

    /// Some of them.
    ///
    /// # Panics
    /// When they were there and are not any more: going on without a rule would be worse.
    fn get(&self, range: Range<u32>) -> Option<Cow<'_, [u8]>> {
        match self {
            Bytes::Here(bytes) => bytes.get(range.start as usize..range.end as usize).map(Cow::Borrowed),
            Bytes::There { shelf, from, len } => {
                if range.start > range.end || u64::from(range.end) > *len {
                    return None;
                }
                let mut space = vec![0; (range.end - range.start) as usize];
                let read = space.is_empty() || shelf.read(from + u64::from(range.start), &mut space);
                assert!(read, "the file of compiled rules was damaged while it was in use");
                Some(Cow::Owned(space))
            }
        }
    }
}

impl Sigs {
    /// Packs signatures. Conditions of protocols with a syntax of their own, and lists of digests, stay as they are.
    ///
    /// # Panics
    /// On more than 4 GB of rules.
    pub(crate) fn pack(sigs: Vec<Sig>) -> Self {
        let mut bytes = Vec::new();
        let mut starts = vec![0];
        let mut cells = Vec::with_capacity(sigs.len());
        for sig in sigs {
            let before = bytes.len();
            part::forget();
            cells.push(match postcard::to_extend(&sig, Counted(&mut bytes)) {
                Ok(_) => OnceLock::new(),
                Err(_) => {
                    bytes.truncate(before);
                    OnceLock::from(Box::new(sig))
                }
            });
            starts.push(u32::try_from(bytes.len()).expect("rules take less than 4 GB"));
        }
        part::forget();
        bytes.shrink_to_fit();
        Self { cells: cells.into(), starts: starts.into(), bytes: Bytes::Here(bytes) }
    }

    /// The signature at a position.
    #[inline]
    pub(crate) fn get(&self, position: usize) -> Option<&Sig> {
        let cell = self.cells.get(position)?;
        match cell.get() {
            Some(sig) => Some(sig),
            None => self.unpack(position, cell),
        }
    }

    #[cold]
    fn unpack<'s>(&'s self, position: usize, cell: &'s OnceLock<Box<Sig>>) -> Option<&'s Sig> {
        let sig = unpacked(&self.packed(position)?)?;
        Some(cell.get_or_init(|| Box::new(sig)))
    }

    /// The bytes of a signature; empty when it was not packed.
    fn packed(&self, position: usize) -> Option<Cow<'_, [u8]>> {
        let [start, end] = self.starts.get(position..position + 2)? else { return None };
        self.bytes.get(*start..*end)
    }

    /// Whether a signature was packed.
    fn is_packed(&self, position: usize) -> bool {
        matches!(self.starts.get(position..position + 2), Some([start, end]) if start < end)
    }

    /// The bytes of all.
    fn all(&self) -> Option<Cow<'_, [u8]>> {
        self.bytes.get(0..self.starts.last().copied().unwrap_or(0))
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// All signatures, in order. Unpacks them all.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sig> {
        (0..self.len()).filter_map(|position| self.get(position))
    }
}

impl<'s> IntoIterator for &'s Sigs {
    type Item = &'s Sig;
    type IntoIter = Box<dyn Iterator<Item = &'s Sig> + 's>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl std::ops::Index<usize> for Sigs {
    type Output = Sig;

    fn index(&self, position: usize) -> &Sig {
        self.get(position).expect("the position came from this rule set")
    }
}

fn unpacked(bytes: &[u8]) -> Option<Sig> {
    part::forget();
    let sig = postcard::from_bytes(bytes).ok();
    part::forget();
    sig
}

/// Appends to a vector that somebody else owns.
struct Counted<'v>(&'v mut Vec<u8>);

impl Extend<u8> for Counted<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.0.extend(bytes);
    }
}
