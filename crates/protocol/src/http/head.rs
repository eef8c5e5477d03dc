//! The head of a message: its first line and its headers, kept in one buffer.
//!
//! Names and values are places in that buffer; only folded and repeated values are put together beside it.
//! Limits: [`HEADERS_MAX`] headers, [`REPETITIONS_MAX`] repetitions that are joined, [`JOINED_BYTES_MAX`] bytes of each.

use std::ops::Range;

use super::grammar::{Found, Grammar, Stop};
use super::line::{content_length, same_without_nul};

/// Headers of different names in one message.
pub(super) const HEADERS_MAX: usize = 1024;
/// Repeated headers that are joined to the first of their name; later ones are dropped.
const REPETITIONS_MAX: u16 = 64;
/// Bytes of a joined value; what would make it longer is dropped.
const JOINED_BYTES_MAX: usize = 65_536;

/// A place in the buffers of a [`Head`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    len: u32,
    made: bool,
}

/// One header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) name: Span,
    pub(super) value: Span,
    pub(super) repeated: bool,
}

/// First line and headers of one message.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// As seen on the wire: the line, then the header block with its line ends, then any trailers.
    bytes: Vec<u8>,
    /// What had to be put together.
    made: Vec<u8>,
    headers: Vec<Header>,
    /// The first line, without its end.
    pub(super) line: Span,
    /// Where the header block begins in `bytes`.
    raw_start: usize,
    /// Where it ends, once it has.
    raw_end: Option<usize>,
    repetitions: u16,
    /// What was odd about the headers.
    pub(super) odd: Oddities,
}

/// What was odd about the headers of a message so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Oddities {
    /// A name was not right: also the cases that nobody is told about.
    name_wrong: bool,
    /// A name is not a token.
    pub(super) name_not_token: bool,
    /// A fold that belongs to nothing.
    pub(super) folding_invalid: bool,
    /// No colon.
    pub(super) colon_missing: bool,
    /// Second header of a name.
    pub(super) repetition: bool,
    /// A second Content-Length says something else.
    pub(super) length_ambiguous: bool,
    /// More headers than anybody sends.
    pub(super) too_many: bool,
}

/// How far a header block has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// Bytes used.
    pub(super) used: usize,
    /// The empty line was seen.
    pub(super) ended: bool,
}

impl Head {
    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.made.clear();
        self.headers.clear();
        self.line = Span::default();
        self.raw_start = 0;
        self.raw_end = None;
        self.repetitions = 0;
        self.odd = Oddities::default();
    }

    /// The bytes at a place.
    pub(super) fn get(&self, span: Span) -> &[u8] {
        let from = if span.made { &self.made } else { &self.bytes };
        let start = span.start as usize;
        from.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// Remembers the first line.
    pub(super) fn set_line(&mut self, line: &[u8]) -> Span {
        self.line = self.keep(line);
        self.raw_start = self.bytes.len();
        self.line
    }

    /// A part of a place, given as offsets inside it.
    pub(super) fn part(span: Span, range: Range<usize>) -> Span {
        let len = span.len as usize;
        let (start, end) = (range.start.min(len), range.end.min(len));
        Span { start: span.start + cut(start), len: cut(end.saturating_sub(start)), made: span.made }
    }

    /// Keeps something that was computed.
    pub(super) fn make(&mut self, bytes: &[u8]) -> Span {
        let start = cut(self.made.len());
        self.made.extend_from_slice(bytes);
        Span { start, len: cut(bytes.len()), made: true }
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = cut(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        Span { start, len: cut(bytes.len()), made: false }
    }

    /// The header block as seen, with the empty line; `None` before it has ended.
    pub(super) fn raw(&self) -> Option<&[u8]> {
        self.bytes.get(self.raw_start..self.raw_end?)
    }

    /// Whether the header block has ended.
    pub(super) fn ended(&self) -> bool {
        self.raw_end.is_some()
    }

    /// The header block has ended.
    pub(super) fn end(&mut self) {
        if self.raw_end.is_none() {
            self.raw_end = Some(self.bytes.len());
        }
    }

    /// Headers in their order: name and value.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|header| (self.get(header.name), self.get(header.value)))
    }

    /// Header number `n`.
    pub(super) fn nth(&self, n: usize) -> Option<(&[u8], &[u8])> {
        self.headers.get(n).map(|header| (self.get(header.name), self.get(header.value)))
    }

    /// The value of a header by its lower-case name.
    pub(super) fn find(&self, lower: &[u8]) -> Option<&[u8]> {
        self.entry(lower).map(|header| self.get(header.value))
    }

    /// A header by its lower-case name.
    pub(super) fn entry(&self, lower: &[u8]) -> Option<&Header> {
        self.headers.iter().find(|header| same_without_nul(self.get(header.name), lower))
    }

    /// Reads as many whole headers as there are; what belongs to an unfinished one is not used.
    pub(super) fn read(&mut self, data: &[u8], grammar: Grammar, scratch: &mut Vec<u8>) -> Read {
        let base = self.bytes.len();
        let mut at = 0;
        let mut any = false;
        let mut ended = false;
        loop {
            match grammar.next(data, at, scratch) {
                Ok(found) => {
                    at = found.end;
                    any = true;
                    self.add(&found, base, data, scratch);
                    if let Some(len) = grammar.plain_line_end(data, at) {
                        at += len;
                        ended = true;
                        break;
                    }
                }
                Err(Stop::No) if !any => {
                    if let Ok(len) = grammar.line_end(data, at) {
                        at += len;
                        ended = true;
                    }
                    break;
                }
                Err(_) => break,
            }
            if self.odd.too_many {
                break;
            }
        }
        self.bytes.extend_from_slice(data.get(..at).unwrap_or_default());
        Read { used: at, ended }
    }

    fn add(&mut self, found: &Found, base: usize, data: &[u8], scratch: &[u8]) {
        let odd = &mut self.odd;
        odd.name_wrong |= found.space_after_name;
        odd.name_not_token |= found.name_not_token && !odd.name_wrong;
        odd.name_wrong |= found.name_not_token;
        odd.folding_invalid |= found.space_before_name;
        odd.colon_missing |= found.colon_missing;
        let name = data.get(found.name.clone()).unwrap_or_default();
        let from = if found.folded { scratch } else { data };
        let value = from.get(found.value.clone()).unwrap_or_default();
        if let Some(place) = self.same_name(name, base, data) {
            return self.join(place, name, value, base, data);
        }
        if self.headers.len() > HEADERS_MAX {
            self.odd.too_many = true;
            return;
        }
        let on_wire = |range: &Range<usize>| Span {
            start: cut(base + range.start),
            len: cut(range.len()),
            made: false,
        };
        let value = if found.folded { self.make(value) } else { on_wire(&found.value) };
        self.headers.push(Header { name: on_wire(&found.name), value, repeated: false });
    }

    /// The bytes at a place, part of which may not have been copied from `data` yet.
    fn peek<'a>(&'a self, span: Span, base: usize, data: &'a [u8]) -> &'a [u8] {
        let start = span.start as usize;
        match (span.made, start.checked_sub(base)) {
            (false, Some(start)) => data.get(start..start + span.len as usize).unwrap_or_default(),
            _ => self.get(span),
        }
    }

    fn same_name(&self, name: &[u8], base: usize, data: &[u8]) -> Option<usize> {
        let same = |header: &Header| {
            header.name.len as usize == name.len()
                && self.peek(header.name, base, data).eq_ignore_ascii_case(name)
        };
        self.headers.iter().position(same)
    }

    fn join(&mut self, place: usize, name: &[u8], value: &[u8], base: usize, data: &[u8]) {
        let Some(header) = self.headers.get(place).copied() else { return };
        if !header.repeated {
            self.odd.repetition = true;
        } else if self.repetitions < REPETITIONS_MAX {
            self.repetitions += 1;
        } else {
            return;
        }
        let mut joined = header.value;
        let before = self.peek(header.value, base, data);
        if name.eq_ignore_ascii_case(b"content-length") {
            let (old, new) = (content_length(before), content_length(value));
            let ambiguous = old.is_none() || old != new;
            self.odd.length_ambiguous |= ambiguous;
        } else if before.len() + value.len() < JOINED_BYTES_MAX {
            let mut text = Vec::with_capacity(before.len() + 2 + value.len());
            text.extend_from_slice(before);
            text.extend_from_slice(b", ");
            text.extend_from_slice(value);
            joined = self.make(&text);
        }
        if let Some(header) = self.headers.get_mut(place) {
            *header = Header { value: joined, repeated: true, ..*header };
        }
    }
}

/// Offsets inside a head are bounded by the limits on lines and blocks, far below 4 GiB.
fn cut(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
