//! Reading SMB records: NetBIOS, the headers, and the parts of commands that are used (MS-SMB2, MS-CIFS, MS-SMB).

/// Bytes of a NetBIOS session header.
pub(super) const NBSS: usize = 4;
/// Bytes of an SMB1 header.
pub(super) const HEADER1: usize = 32;
/// Bytes of an SMB2 header.
pub(super) const HEADER2: usize = 64;

/// A little-endian number at `at`.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number at `at`.
pub(super) fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number at `at`.
pub(super) fn quad(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// `length` bytes at `at`.
pub(super) fn part(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// What stands in front of each record: its kind and length.
pub(super) fn netbios(bytes: &[u8]) -> Option<(u8, usize)> {
    let &[kind, a, b, c] = bytes.first_chunk::<NBSS>()?;
    Some((kind, u32::from_be_bytes([0, a, b, c]) as usize))
}

/// Kinds of records (RFC 1002 §4.3.1).
pub(super) fn is_netbios(kind: u8) -> bool {
    matches!(kind, 0 | 0x81..=0x85)
}

/// Which SMB a record speaks, by its first four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
    /// SMB 3 in encryption.
    Sealed,
    /// SMB 3.1.1, compressed.
    Squeezed,
}

/// Whether the sizes of a compressed message cannot be true: what it says it was before and the part that is not compressed
/// together pass 32 bits (MS-SMB2 §2.2.42; CVE-2020-0796).
pub(super) fn overflows(record: &[u8]) -> bool {
    let size = long(record, 4).zip(long(record, 12));
    size.is_some_and(|(original, offset)| original.checked_add(offset).is_none())
}

/// The version of a record.
pub(super) fn version(record: &[u8]) -> Option<Version> {
    match record.first_chunk::<4>()? {
        b"\xffSMB" => Some(Version::One),
        b"\xfeSMB" => Some(Version::Two),
        b"\xfdSMB" => Some(Version::Sealed),
        b"\xfcSMB" => Some(Version::Squeezed),
        _ => None,
    }
}

/// Whether the record is an answer; `None` when too little is there.
pub(super) fn is_answer(record: &[u8]) -> Option<bool> {
    match version(record)? {
        Version::One => record.get(9).map(|flags| flags & 0x80 != 0),
        Version::Two => record.get(16).map(|flags| flags & 1 != 0),
        Version::Sealed | Version::Squeezed => None,
    }
}

/// An SMB2 record: header and what follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record2<'a> {
    pub(super) status: u32,
    pub(super) command: u16,
    pub(super) answer: bool,
    pub(super) message: u64,
    pub(super) tree: u32,
    pub(super) session: u64,
    /// The record, header included: offsets in it count from there.
    pub(super) whole: &'a [u8],
    /// Bytes up to the next record of the compound; 0 = the last.
    pub(super) next: usize,
}

impl<'a> Record2<'a> {
    /// Reads the first record of a compound.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Record2<'a>> {
        let head = bytes.first_chunk::<HEADER2>()?;
        if version(head) != Some(Version::Two) || short(head, 4)? != 64 {
            return None;
        }
        let flags = long(head, 16)?;
        let next = long(head, 20)? as usize;
        let whole = if next == 0 { bytes } else { bytes.get(..next).unwrap_or(bytes) };
        Some(Record2 {
            status: long(head, 8)?,
            command: short(head, 12)?,
            answer: flags & 1 != 0,
            message: quad(head, 24)?,
            // Asynchronous answers carry an identifier of their own in this place.
            tree: if flags & 2 == 0 { long(head, 36)? } else { 0 },
            session: quad(head, 40)?,
            whole,
            next: if next >= HEADER2 { next } else { 0 },
        })
    }

    /// What follows the header.
    pub(super) fn body(&self) -> &'a [u8] {
        self.whole.get(HEADER2..).unwrap_or_default()
    }

    /// A buffer of the record whose offset and length stand in the body.
    pub(super) fn buffer(&self, offset: usize, length: usize) -> &'a [u8] {
        part(self.whole, offset, length).unwrap_or_default()
    }
}

/// An SMB1 record, and the words and data of one command of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record1<'a> {
    pub(super) command: u8,
    pub(super) status: u32,
    /// The status is an old error: class and code.
    pub(super) old: bool,
    pub(super) answer: bool,
    pub(super) unicode: bool,
    pub(super) tree: u16,
    pub(super) user: u16,
    pub(super) process: u16,
    pub(super) multiplex: u16,
    pub(super) whole: &'a [u8],
}

impl<'a> Record1<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Record1<'a>> {
        let head = bytes.first_chunk::<HEADER1>()?;
        if version(head) != Some(Version::One) {
            return None;
        }
        let flags = short(head, 10)?;
        Some(Record1 {
            command: head[4],
            status: long(head, 5)?,
            old: flags & 0x4000 == 0,
            answer: head[9] & 0x80 != 0,
            unicode: flags & 0x8000 != 0,
            tree: short(head, 24)?,
            user: short(head, 28)?,
            process: short(head, 26)?,
            multiplex: short(head, 30)?,
            whole: bytes,
        })
    }

    /// The parts of the command at `at`.
    pub(super) fn parts(&self, at: usize) -> Option<Parts<'a>> {
        let count = usize::from(*self.whole.get(at)?);
        let words = part(self.whole, at + 1, count * 2)?;
        let start = at + 1 + count * 2 + 2;
        let data = self.whole.get(start..).unwrap_or_default();
        let length = short(self.whole, start - 2).map_or(0, usize::from);
        Some(Parts { words, data: data.get(..length).unwrap_or(data), start })
    }
}

/// Words and data of an SMB1 command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) words: &'a [u8],
    pub(super) data: &'a [u8],
    /// Where the data stands in the record.
    pub(super) start: usize,
}

/// Text that ends at a zero, from a position of an SMB1 record; two-byte text stands at even positions. Gives it without
/// zeros, and where it ended.
pub(super) fn text(whole: &[u8], at: usize, unicode: bool) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    if !unicode {
        let rest = whole.get(at..)?;
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..end.min(TEXT_MAX)]);
        return Some((out, at + end + 1));
    }
    let at = at.next_multiple_of(2);
    let rest = whole.get(at..)?;
    let mut end = rest.len();
    for (place, pair) in rest.as_chunks::<2>().0.iter().enumerate() {
        if *pair == [0, 0] {
            end = place * 2 + 2;
            break;
        }
        if out.len() < TEXT_MAX {
            out.extend(pair.iter().filter(|byte| **byte != 0));
        }
    }
    Some((out, at + end))
}

/// Bytes of a name that are kept.
pub(super) const TEXT_MAX: usize = 4096;

/// A name as it stands, without zeros: how Suricata turns UTF-16 into text.
pub(super) fn squeeze(name: &[u8]) -> Vec<u8> {
    name.iter().copied().filter(|byte| *byte != 0).take(TEXT_MAX).collect()
}
