//! Frames (RFC 9113 §4, §6).

use super::hpack::Header;
use crate::tls::hello::Cursor;

/// Bytes of a frame's header.
pub(super) const HEADER_BYTES: usize = 9;
/// Entries of one SETTINGS frame that are kept.
const SETTINGS_MAX: usize = 4096;

/// Numbers of frame types.
pub(super) mod kind {
    pub(in crate::http2) const DATA: u8 = 0;
    pub(in crate::http2) const HEADERS: u8 = 1;
    pub(in crate::http2) const PRIORITY: u8 = 2;
    pub(in crate::http2) const RST_STREAM: u8 = 3;
    pub(in crate::http2) const SETTINGS: u8 = 4;
    pub(in crate::http2) const PUSH_PROMISE: u8 = 5;
    pub(in crate::http2) const GOAWAY: u8 = 7;
    pub(in crate::http2) const WINDOW_UPDATE: u8 = 8;
    pub(in crate::http2) const CONTINUATION: u8 = 9;
}

/// Flags.
pub(super) const END_STREAM: u8 = 0x01;
pub(super) const END_HEADERS: u8 = 0x04;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;

/// The number of the setting for the size of header tables.
pub(super) const HEADER_TABLE_SIZE: u16 = 1;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) reserved: bool,
    pub(super) stream: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEADER_BYTES>()?;
        let stream = u32::from_be_bytes([d, e, f, g]);
        Some(Head {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            reserved: stream >> 31 != 0,
            stream: stream & 0x7fff_ffff,
        })
    }
}

/// What is kept of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) content: Content,
}

/// The part of a frame that matters later.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Headers with the weight that came with them.
    Headers(Vec<Header>, Option<u8>),
    /// Weight.
    Priority(u8),
    /// Error code of RST_STREAM or GOAWAY.
    Error(u32),
    Settings(Vec<(u16, u32)>),
    Window(u32),
    /// Nothing, or nothing that is looked at.
    Other,
}

/// Takes padding off DATA, HEADERS and PUSH_PROMISE (RFC 9113 §6.1). `None`: there is more padding than frame.
pub(super) fn unpadded<'a>(head: &Head, body: &'a [u8]) -> Option<&'a [u8]> {
    if head.flags & PADDED == 0 {
        return Some(body);
    }
    let (&padding, rest) = body.split_first()?;
    rest.get(..rest.len().checked_sub(usize::from(padding))?)
}

/// Weight and rest of a HEADERS frame.
pub(super) fn headers_priority<'a>(head: &Head, body: &'a [u8]) -> Option<(Option<u8>, &'a [u8])> {
    if head.flags & PRIORITY == 0 {
        return Some((None, body));
    }
    let mut cursor = Cursor::new(body);
    cursor.take(4)?;
    Some((Some(cursor.u8()?), cursor.rest))
}

/// The content of frames that stand for themselves. `None`: its length is wrong.
pub(super) fn content(head: &Head, body: &[u8]) -> Option<Content> {
    let mut cursor = Cursor::new(body);
    let mut word =
        || cursor.u16().zip(cursor.u16()).map(|(high, low)| u32::from(high) << 16 | u32::from(low));
    Some(match head.kind {
        kind::PRIORITY => {
            word()?;
            Content::Priority(cursor.u8()?)
        }
        kind::RST_STREAM => Content::Error(word()?),
        kind::GOAWAY => {
            word()?;
            Content::Error(word()?)
        }
        kind::WINDOW_UPDATE => Content::Window(word()? & 0x7fff_ffff),
        kind::SETTINGS => {
            if !body.len().is_multiple_of(6) {
                return None;
            }
            let entry = |entry: &[u8]| match *entry {
                [a, b, c, d, e, f] => (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f])),
                _ => (0, 0),
            };
            Content::Settings(body.chunks_exact(6).take(SETTINGS_MAX).map(entry).collect())
        }
        _ => Content::Other,
    })
}
