//! Finds the records of a stream whose records say how long they are, and finds them again after a gap.

use model::Direction;

use crate::{Data, Fed, Input};

/// What the start of a stretch of bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A record of this many bytes, at least one.
    Whole(usize),
    /// A record of which only so many bytes are wanted, and how long it is as a whole; the rest is read over.
    Start(usize, usize),
    /// Too little to tell: so many bytes are needed.
    More(usize),
    /// No record of this protocol.
    Not,
}

/// Where the reading of both directions stands.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Framing {
    /// The next record is to be found first.
    lost: [bool; 2],
    /// Bytes of a record that are still to be read over.
    skip: [usize; 2],
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A whole record, and where it begins in the bytes at hand.
    Record(&'a [u8], usize),
    /// Bytes that are no record were met; from here on the next record is searched for.
    Garbage,
    /// Nothing more can be done with what is there.
    Stop(Fed),
}

impl Framing {
    /// The next record of the input from `used` on, which moves behind it.
    pub(crate) fn next<'a>(
        &mut self,
        input: &Input<'a>,
        used: &mut usize,
        unit: impl Fn(&[u8]) -> Unit,
    ) -> Next<'a> {
        let place = input.direction.index();
        let (lost, skip) = (&mut self.lost[place], &mut self.skip[place]);
        let bytes = match input.data {
            Data::Bytes(bytes) => bytes,
            Data::Gap(missing) => {
                // What is missing may have been to be read over anyway.
                match skip.checked_sub(missing as usize) {
                    Some(left) => *skip = left,
                    None => {
                        *skip = 0;
                        *lost = true;
                    }
                }
                return Next::Stop(Fed::Used(0));
            }
        };
        loop {
            let over = (*skip).min(bytes.len().saturating_sub(*used));
            *skip -= over;
            *used += over;
            let rest = bytes.get(*used..).unwrap_or_default();
            if rest.is_empty() {
                return Next::Stop(Fed::Used(*used));
            }
            match unit(rest) {
                unit @ (Unit::Whole(_) | Unit::Start(..)) => {
                    let (length, behind) = match unit {
                        Unit::Start(length, whole) => (length.min(whole).max(1), whole),
                        Unit::Whole(length) => (length.max(1), length),
                        Unit::More(_) | Unit::Not => (1, 1),
                    };
                    let Some(record) = rest.get(..length) else {
                        return Next::Stop(wait(*used, rest.len(), length));
                    };
                    *lost = false;
                    *skip = behind.saturating_sub(length);
                    let at = *used;
                    *used += length;
                    return Next::Record(record, at);
                }
                Unit::More(needed) => return Next::Stop(wait(*used, rest.len(), needed)),
                Unit::Not if *lost => *used += 1,
                Unit::Not => {
                    *lost = true;
                    return Next::Garbage;
                }
            }
        }
    }

    /// Whether the next record of a direction is being searched for.
    pub(crate) fn is_lost(&self, direction: Direction) -> bool {
        self.lost[direction.index()]
    }
}

fn wait(used: usize, there: usize, needed: usize) -> Fed {
    Fed::Need { used, needed: needed.max(there + 1) }
}
