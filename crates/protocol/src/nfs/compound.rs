//! Compounds of version 4 (RFC 7530, RFC 8881): operations one after the other, each working on the current handle.

use super::plain::{Data, Written, be64};
use super::rpc::{opaque, partial};
use crate::wire::Wire;

/// Operations of a compound that are read.
const OPERATIONS_MAX: usize = 64;
const HANDLE_MAX: usize = 128;
const NAME_MAX: usize = 4096;
const STATE: usize = 16;
/// Change information: atomic or not, before, after.
const CHANGE: usize = 20;
const FILE_SYNC: u32 = 2;

/// Numbers of the operations that matter here.
pub(super) mod op {
    pub(crate) const CLOSE: u32 = 4;
    pub(crate) const COMMIT: u32 = 5;
    pub(crate) const CREATE: u32 = 6;
    pub(crate) const GETFH: u32 = 10;
    pub(crate) const LINK: u32 = 11;
    pub(crate) const LOOKUP: u32 = 15;
    pub(crate) const OPEN: u32 = 18;
    pub(crate) const PUTFH: u32 = 22;
    pub(crate) const PUTROOTFH: u32 = 24;
    pub(crate) const READ: u32 = 25;
    pub(crate) const REMOVE: u32 = 28;
    pub(crate) const RENAME: u32 = 29;
    pub(crate) const WRITE: u32 = 38;
}

/// An operation that is asked for, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    Handle(&'a [u8]),
    Named { op: u32, name: &'a [u8] },
    Rename { name: &'a [u8], to: &'a [u8] },
    Read { offset: u64 },
    Write(Written<'a>),
    Other(u32),
}

/// The result of an operation, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done<'a> {
    Handle(&'a [u8]),
    Read(Data<'a>),
    /// Operation and state.
    Other(u32, u32),
}

/// Calls `each` with every operation that is asked for, up to the first one that cannot be read. `None`: not even the
/// head can be read.
pub(super) fn arguments<'a>(bytes: &'a [u8], mut each: impl FnMut(Asked<'a>)) -> Option<()> {
    let wire = &mut Wire::new(bytes);
    opaque(wire, NAME_MAX)?;
    wire.be32()?;
    let count = wire.be32()?;
    for _ in 0..(count as usize).min(OPERATIONS_MAX) {
        let Some(asked) = asked(wire) else { break };
        each(asked);
    }
    Some(())
}

fn asked<'a>(wire: &mut Wire<'a>) -> Option<Asked<'a>> {
    let op = wire.be32()?;
    match op {
        op::PUTFH => return Some(Asked::Handle(opaque(wire, HANDLE_MAX)?)),
        op::LINK | op::LOOKUP | op::REMOVE => {
            return Some(Asked::Named { op, name: opaque(wire, NAME_MAX)? });
        }
        op::RENAME => {
            return Some(Asked::Rename { name: opaque(wire, NAME_MAX)?, to: opaque(wire, NAME_MAX)? });
        }
        op::CREATE => {
            match wire.be32()? {
                5 => opaque(wire, NAME_MAX).map(drop),
                3 | 4 => wire.take(8).map(drop),
                _ => Some(()),
            }?;
            let name = opaque(wire, NAME_MAX)?;
            attributes(wire)?;
            return Some(Asked::Named { op, name });
        }
        op::OPEN => return open(wire).map(|name| Asked::Named { op, name }),
        op::READ => {
            wire.take(STATE)?;
            let offset = be64(wire)?;
            wire.be32()?;
            return Some(Asked::Read { offset });
        }
        op::WRITE => {
            wire.take(STATE)?;
            let offset = be64(wire)?;
            let stable = wire.be32()?;
            let (data, length) = partial(wire)?;
            return Some(Asked::Write(Written { offset, length, data, last: stable == FILE_SYNC }));
        }
        _ => {}
    }
    skip_arguments(op, wire)?;
    Some(Asked::Other(op))
}

fn skip_arguments(op: u32, wire: &mut Wire<'_>) -> Option<()> {
    let fixed = match op {
        10 | 16 | 23 | 24 | 27 | 31 | 32 => 0,
        3 | 19 | 52 | 58 => 4,
        30 | 57 => 8,
        5 => 12,
        8 | 36 | 44 | 45 => 16,
        4 | 20 => STATE + 4,
        21 => STATE + 12,
        14 => 40,
        53 => STATE + 16,
        9 => return bitmap(wire),
        13 => {
            wire.take(28)?;
            return opaque(wire, NAME_MAX).map(drop);
        }
        17 | 37 => return attributes(wire),
        26 => {
            wire.take(24)?;
            return bitmap(wire);
        }
        33 => return opaque(wire, NAME_MAX).map(drop),
        34 => {
            wire.take(STATE)?;
            return attributes(wire);
        }
        39 => {
            wire.take(8)?;
            return opaque(wire, NAME_MAX).map(drop);
        }
        _ => return None,
    };
    wire.take(fixed).map(drop)
}

/// OPEN's name; empty when what is opened is the current handle.
fn open<'a>(wire: &mut Wire<'a>) -> Option<&'a [u8]> {
    wire.take(20)?;
    opaque(wire, NAME_MAX)?;
    if wire.be32()? == 1 {
        match wire.be32()? {
            0 | 1 => attributes(wire)?,
            2 => wire.take(8).map(drop)?,
            3 => {
                wire.take(8)?;
                attributes(wire)?;
            }
            _ => return None,
        }
    }
    match wire.be32()? {
        0 | 3 => opaque(wire, NAME_MAX),
        1 => wire.take(4).map(|_| &[][..]),
        2 => {
            wire.take(STATE)?;
            opaque(wire, NAME_MAX)
        }
        5 => wire.take(STATE).map(|_| &[][..]),
        4 | 6 => Some(&[]),
        _ => None,
    }
}

fn bitmap(wire: &mut Wire<'_>) -> Option<()> {
    let words = (wire.be32()? as usize).checked_mul(4)?;
    wire.take(words).map(drop)
}

fn attributes(wire: &mut Wire<'_>) -> Option<()> {
    bitmap(wire)?;
    opaque(wire, 1 << 16).map(drop)
}

/// Calls `each` with the result of every operation, up to the first one that failed or cannot be read; answers the state
/// of the compound. `None`: not even the head can be read.
pub(super) fn results<'a>(bytes: &'a [u8], mut each: impl FnMut(Done<'a>)) -> Option<u32> {
    let wire = &mut Wire::new(bytes);
    let state = wire.be32()?;
    opaque(wire, NAME_MAX)?;
    let count = wire.be32()?;
    for _ in 0..(count as usize).min(OPERATIONS_MAX) {
        let Some(done) = done(wire) else { break };
        each(done);
        if matches!(done, Done::Other(_, state) if state != 0) {
            break;
        }
    }
    Some(state)
}

fn done<'a>(wire: &mut Wire<'a>) -> Option<Done<'a>> {
    let (op, state) = (wire.be32()?, wire.be32()?);
    if state != 0 {
        return Some(Done::Other(op, state));
    }
    match op {
        op::GETFH => return Some(Done::Handle(opaque(wire, HANDLE_MAX)?)),
        op::READ => {
            let last = wire.be32()? != 0;
            let (data, length) = partial(wire)?;
            return Some(Done::Read(Data { length, data, last }));
        }
        op::OPEN => opened(wire)?,
        op::CREATE => {
            wire.take(CHANGE)?;
            bitmap(wire)?;
        }
        9 => attributes(wire)?,
        34 => bitmap(wire)?,
        27 => opaque(wire, NAME_MAX).map(drop)?,
        _ => {
            let fixed = match op {
                8 | 13 | 15 | 16 | 17 | 22..=24 | 30..=32 | 36 | 37 | 39 | 44 | 45 | 57 | 58 => 0,
                3 | 5 => 8,
                4 | 12 | 14 | 20 | 21 | 35 => STATE,
                11 | 28 => CHANGE,
                29 => 2 * CHANGE,
                38 => 16,
                53 => STATE + 20,
                _ => return None,
            };
            wire.take(fixed)?;
        }
    }
    Some(Done::Other(op, state))
}

fn opened(wire: &mut Wire<'_>) -> Option<()> {
    wire.take(STATE + CHANGE + 4)?;
    bitmap(wire)?;
    match wire.be32()? {
        0 => return Some(()),
        1 => wire.take(STATE + 4).map(drop)?,
        2 => wire.take(STATE + 4 + 12).map(drop)?,
        3 => {
            if matches!(wire.be32()?, 1 | 2) {
                wire.be32()?;
            }
            return Some(());
        }
        _ => return None,
    }
    // Who else may: an entry of an access list.
    wire.take(12)?;
    opaque(wire, NAME_MAX).map(drop)
}
