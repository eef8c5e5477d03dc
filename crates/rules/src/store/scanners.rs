//! Scanners, packed until something is searched for their strings.
//!
//! A capture meets a third of the groups of a rule set. The strings of the others take room, and time at each start.

use std::sync::OnceLock;

use super::Bytes;
use crate::scan::Scanner;

/// Scanners in order, packed until they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Scanners {
    cells: Box<[OnceLock<Box<Scanner>>]>,
    /// Where the bytes of each start, when they are packed; one more than there are.
    starts: Box<[u32]>,
    bytes: Bytes,
}

impl Scanners {
    /// Scanners that were just built: nothing is packed.
    pub(crate) fn built(scanners: Vec<Scanner>) -> Self {
        let cells = scanners.into_iter().map(|scanner| OnceLock::from(Box::new(scanner))).collect();
        Self { cells, ..Self::default() }
    }

    /// Scanners that [`Scanners::packed`] made bytes of.
    pub(super) fn shelved(starts: Box<[u32]>, bytes: Bytes) -> Option<Self> {
        let whole = starts.last().is_some_and(|end| u64::from(*end) == bytes.len()) && starts.is_sorted();
        let cells = (1..starts.len()).map(|_| OnceLock::new()).collect();
        whole.then_some(Self { cells, starts, bytes })
    }

    /// All as bytes, and where each starts.
    pub(super) fn packed(&self) -> Option<(Vec<u32>, Vec<u8>)> {
        let (mut starts, mut bytes) = (vec![0], Vec::new());
        for position in 0..self.len() {
            bytes = postcard::to_extend(self.get(position)?, bytes).ok()?;
            starts.push(u32::try_from(bytes.len()).ok()?);
        }
        Some((starts, bytes))
    }

    /// The scanner at a position.
    #[inline]
    pub(crate) fn get(&self, position: usize) -> Option<&Scanner> {
        let cell = self.cells.get(position)?;
        match cell.get() {
            Some(scanner) => Some(scanner),
            None => self.unpack(position, cell),
        }
    }

    #[cold]
    fn unpack<'s>(&'s self, position: usize, cell: &'s OnceLock<Box<Scanner>>) -> Option<&'s Scanner> {
        let [start, end] = self.starts.get(position..position + 2)? else { return None };
        let bytes = self.bytes.get(*start..*end)?;
        // Going on without the strings of a group would be worse than to stop.
        let scanner = postcard::from_bytes(&bytes).expect("this program packed them");
        Some(cell.get_or_init(|| Box::new(scanner)))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }
}
