//! Arguments and results of versions 2 (RFC 1094) and 3 (RFC 1813).

use super::rpc::{opaque, partial};
use crate::wire::Wire;

/// Bytes of a handle in version 2, and at most in version 3.
const HANDLE_2: usize = 32;
const HANDLE_3_MAX: usize = 64;
/// Bytes of a name or path at most.
const NAME_MAX: usize = 4096;
/// Bytes of a file's attributes.
const ATTRIBUTES_2: usize = 68;
const ATTRIBUTES_3: usize = 84;
/// Entries of a directory that are read.
const ENTRIES_MAX: usize = 4096;
/// "The data is on the disk before you get the answer" (RFC 1813 §3.3.7).
const FILE_SYNC: u32 = 2;

/// What a call is about.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a> {
    pub(super) handle: &'a [u8],
    pub(super) name: Option<&'a [u8]>,
    /// The new name.
    pub(super) to: Option<&'a [u8]>,
    pub(super) offset: u64,
    pub(super) write: Option<Written<'a>>,
}

/// Data that is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) data: &'a [u8],
    pub(super) last: bool,
}

/// What a procedure does, whatever its number in this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    Handle,
    Named,
    Lookup,
    Create,
    Read,
    Write,
    Rename,
    Link,
    Directory,
    Commit,
}

pub(super) fn act(version: u32, procedure: u32) -> Act {
    match (version, procedure) {
        (2, 4) | (3, 3) => Act::Lookup,
        (2 | 3, 6) => Act::Read,
        (3, 7) => Act::Write,
        (2, 9 | 14) | (3, 8..=11) => Act::Create,
        (2, 10 | 13 | 15) | (3, 12 | 13) => Act::Named,
        (2, 11) | (3, 14) => Act::Rename,
        (2, 12) | (3, 15) => Act::Link,
        (3, 17) => Act::Directory,
        (3, 21) => Act::Commit,
        (2 | 3, 1 | 2) | (2, 5 | 8 | 16 | 17) | (3, 4 | 5 | 16 | 18..=20) => Act::Handle,
        _ => Act::Nothing,
    }
}

fn handle<'a>(version: u32, wire: &mut Wire<'a>) -> Option<&'a [u8]> {
    match version {
        2 => wire.take(HANDLE_2),
        _ => opaque(wire, HANDLE_3_MAX),
    }
}

/// Reads the arguments of a call.
pub(super) fn arguments(version: u32, act: Act, bytes: &[u8]) -> Option<Arguments<'_>> {
    let wire = &mut Wire::new(bytes);
    let mut read = Arguments::default();
    if act == Act::Nothing {
        return Some(read);
    }
    read.handle = handle(version, wire)?;
    match act {
        Act::Nothing | Act::Handle | Act::Directory | Act::Commit => {}
        Act::Named | Act::Lookup | Act::Create => read.name = Some(opaque(wire, NAME_MAX)?),
        Act::Rename => {
            read.name = Some(opaque(wire, NAME_MAX)?);
            handle(version, wire)?;
            read.to = Some(opaque(wire, NAME_MAX)?);
        }
        Act::Link => {
            handle(version, wire)?;
            read.name = Some(opaque(wire, NAME_MAX)?);
        }
        Act::Read if version == 2 => read.offset = wire.be32()?.into(),
        Act::Read => read.offset = be64(wire)?,
        Act::Write => {
            let offset = be64(wire)?;
            wire.be32()?;
            let stable = wire.be32()?;
            let (data, length) = partial(wire)?;
            read.write = Some(Written { offset, length, data, last: stable == FILE_SYNC });
        }
    }
    Some(read)
}

pub(super) fn be64(wire: &mut Wire<'_>) -> Option<u64> {
    wire.array().map(u64::from_be_bytes)
}

/// What came back of a read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) length: usize,
    pub(super) data: &'a [u8],
    pub(super) last: bool,
}

/// The state that results begin with.
pub(super) fn status(results: &[u8]) -> Option<u32> {
    Wire::new(results).be32()
}

/// The handle in the results of LOOKUP, CREATE and their like.
pub(super) fn new_handle(version: u32, act: Act, results: &[u8]) -> Option<&[u8]> {
    let wire = &mut Wire::new(results);
    if wire.be32()? != 0 || (version == 3 && act == Act::Create && wire.be32()? == 0) {
        return None;
    }
    handle(version, wire)
}

/// Data of a READ that started at `offset`; less may be there than it says.
pub(super) fn data(version: u32, offset: u64, results: &[u8]) -> Option<Data<'_>> {
    let wire = &mut Wire::new(results);
    if wire.be32()? != 0 {
        return Some(Data { length: 0, data: &[], last: false });
    }
    if version == 2 {
        let attributes = wire.take(ATTRIBUTES_2)?;
        let size = Wire::new(attributes.get(20..)?).be32()?;
        let (data, length) = partial(wire)?;
        return Some(Data { length, data, last: u64::from(size) == offset + length as u64 });
    }
    attributes(wire)?;
    wire.be32()?;
    let last = wire.be32()? != 0;
    let (data, length) = partial(wire)?;
    Some(Data { length, data, last })
}

fn attributes(wire: &mut Wire<'_>) -> Option<()> {
    if wire.be32()? != 0 {
        wire.take(ATTRIBUTES_3)?;
    }
    Some(())
}

/// Handles and names in the results of READDIRPLUS; false behind them: they are broken.
pub(super) fn entries<'a>(results: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> bool {
    let wire = &mut Wire::new(results);
    if wire.be32() != Some(0) {
        return true;
    }
    if attributes(wire).is_none() || wire.take(8).is_none() {
        return false;
    }
    for _ in 0..ENTRIES_MAX {
        match wire.be32() {
            Some(0) => return true,
            Some(_) => match entry(wire) {
                Some((Some(handle), name)) => each(handle, name),
                Some((None, _)) => {}
                None => return false,
            },
            None => return false,
        }
    }
    true
}

fn entry<'a>(wire: &mut Wire<'a>) -> Option<(Option<&'a [u8]>, &'a [u8])> {
    wire.take(8)?;
    let name = opaque(wire, NAME_MAX)?;
    wire.take(8)?;
    attributes(wire)?;
    let handle = match wire.be32()? {
        0 => None,
        _ => Some(opaque(wire, HANDLE_3_MAX)?),
    };
    Some((handle, name))
}
