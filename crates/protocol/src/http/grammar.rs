//! The grammar of header blocks, as servers and browsers really read them: bare LF, on the response side also bare CR and
//! LF CR, folded lines (also with an empty line inside), lines without a colon, odd mixtures of line ends.
//!
//! A block may arrive in pieces: `next` says [`Stop::More`] when the bytes at hand do not settle where a header ends.
//! Cost: each byte of a header is looked at a bounded number of times; folds are bounded by [`FOLDS_MAX`].

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::line::{is_blank, is_space, is_token, split_while};

/// Folded lines that one value may have; the rest is read as further headers.
const FOLDS_MAX: usize = 128;

/// Which grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grammar {
    /// Responses also end lines with CR, as browsers do.
    pub(super) response: bool,
    /// Nothing comes behind the bytes at hand.
    pub(super) closed: bool,
}

/// Why there is no header here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// More bytes are needed to tell.
    More,
    /// It does not fit the grammar: usually the empty line that ends the block.
    No,
}

/// A header as found: places in the bytes given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The name, trimmed.
    pub(super) name: Range<usize>,
    /// The value, trimmed; when `folded`, the value is in the scratch buffer instead, and this is its place there.
    pub(super) value: Range<usize>,
    /// The value had to be put together.
    pub(super) folded: bool,
    /// No colon: the name is empty, the value is the line.
    pub(super) colon_missing: bool,
    /// White space before the name.
    pub(super) space_before_name: bool,
    /// White space between name and colon.
    pub(super) space_after_name: bool,
    /// The name is not a token.
    pub(super) name_not_token: bool,
    /// Where the next header begins.
    pub(super) end: usize,
}

/// A line end and what it means.
struct End {
    /// Bytes of the line end, without the blank of a fold.
    len: usize,
    /// Where it goes on.
    next: usize,
    /// The blank that says that the value goes on.
    fold: Option<u8>,
}

impl Grammar {
    /// Reads the header at `at`. Folded values are put together in `scratch`.
    pub(super) fn next(self, data: &[u8], at: usize, scratch: &mut Vec<u8>) -> Result<Found, Stop> {
        if let Some(found) = self.with_colon(data, at, scratch) {
            return Ok(found);
        }
        if rest(data, at).starts_with(b"\r\n") {
            return Err(Stop::No);
        }
        let value = self.value(data, at, scratch)?;
        Ok(Found { name: at..at, colon_missing: true, ..value })
    }

    fn with_colon(self, data: &[u8], at: usize, scratch: &mut Vec<u8>) -> Option<Found> {
        let colon = self.colon(data, at)?;
        let start = colon + 1;
        let start = start + rest(data, start).iter().position(|&byte| !is_blank(byte))?;
        let found = self.value(data, start, scratch).ok()?;
        let name = data.get(at..colon)?;
        let (_, after) = split_while(name, is_blank);
        let (_, after) = split_while(after, is_token);
        Some(Found {
            name: trimmed(data, at..colon),
            space_before_name: name.first().is_some_and(|&byte| is_space(byte)),
            space_after_name: name.last().is_some_and(|&byte| is_space(byte)),
            name_not_token: after.iter().any(|&byte| !is_blank(byte)),
            ..found
        })
    }

    /// The colon behind the name that begins at `at`. A name goes on over a line end that a space follows.
    fn colon(self, data: &[u8], at: usize) -> Option<usize> {
        // The usual case: the colon comes before the end of the line.
        let first = if self.response {
            memchr3(b':', b'\n', b'\r', rest(data, at))
        } else {
            memchr2(b':', b'\n', rest(data, at))
        };
        let first = at + first?;
        if data.get(first) == Some(&b':') {
            return Some(first);
        }
        let mut ended = None;
        for (place, &byte) in data.iter().enumerate().skip(first) {
            match (ended, byte) {
                (None, b':') => return Some(place),
                (None, b'\n') => ended = Some(b'\n'),
                (None, b'\r') if self.response => ended = Some(b'\r'),
                (None, _) => {}
                (Some(_), b' ') => ended = None,
                (Some(b'\r'), b'\n') => ended = Some(b'\n'),
                (Some(_), _) => return None,
            }
        }
        None
    }

    fn value(self, data: &[u8], at: usize, scratch: &mut Vec<u8>) -> Result<Found, Stop> {
        let (first, end) = self.line(data, at)?;
        let Some(mut fold) = end.fold else {
            return Ok(Found { value: trimmed(data, first), end: end.next, ..Found::default() });
        };
        scratch.clear();
        scratch.extend_from_slice(data.get(first).unwrap_or_default());
        let mut settled = end.next;
        let mut place = end.next;
        for _ in 0..FOLDS_MAX {
            // A line that begins with a blank but reads like a header of its own is one, as in browsers.
            if self.response && reads_like_header(data, place)? {
                settled = place;
                break;
            }
            let (part, end) = self.line(data, place)?;
            place = end.next;
            if !scratch.is_empty() {
                scratch.push(fold);
            }
            if !part.is_empty() || end.len > 1 {
                scratch.extend_from_slice(data.get(part).unwrap_or_default());
                settled = place;
            } else if data.get(place) == Some(&b'\n') {
                settled = place;
            }
            // Otherwise the empty fold is kept back: its line end may be the one that ends the block.
            match end.fold {
                Some(blank) => fold = blank,
                None => break,
            }
        }
        Ok(Found {
            value: trimmed(scratch, 0..scratch.len()),
            folded: true,
            end: settled,
            ..Found::default()
        })
    }

    /// One line of a value, and its end.
    fn line(self, data: &[u8], at: usize) -> Result<(Range<usize>, End), Stop> {
        let bytes = rest(data, at);
        let len = if self.response { memchr2(b'\n', b'\r', bytes) } else { memchr(b'\n', bytes) };
        let mut stop = at + len.ok_or(Stop::More)?;
        if !self.response && stop > at && data.get(stop - 1) == Some(&b'\r') {
            stop -= 1;
        }
        Ok((at..stop, self.end(data, stop)?))
    }

    fn end(self, data: &[u8], at: usize) -> Result<End, Stop> {
        match self.fold(data, at) {
            Err(Stop::More) if !self.closed => return Err(Stop::More),
            Ok(end) => return Ok(end),
            Err(_) => {}
        }
        let len = self.line_end(data, at)?;
        let next = at + len;
        if !self.closed {
            match data.get(next) {
                None => return Err(Stop::More),
                Some(&byte) if is_fold(byte) => return Err(Stop::No),
                Some(_) => {}
            }
        }
        Ok(End { len, next, fold: None })
    }

    fn fold(self, data: &[u8], at: usize) -> Result<End, Stop> {
        let len = if self.response {
            self.plain_line_end(data, at).ok_or(Stop::No)?
        } else {
            self.line_end(data, at)?
        };
        match data.get(at + len) {
            None => Err(Stop::More),
            Some(&blank) if is_fold(blank) => Ok(End { len, next: at + len + 1, fold: Some(blank) }),
            Some(_) => Err(Stop::No),
        }
    }

    /// Length of the line end at `at`, when there is one of the usual kinds.
    pub(super) fn plain_line_end(self, data: &[u8], at: usize) -> Option<usize> {
        match (data.get(at)?, data.get(at + 1)) {
            (b'\r', Some(b'\n')) => Some(2),
            (b'\n', Some(b'\r')) if self.response => Some(2),
            (b'\n', _) => Some(1),
            (b'\r', _) if self.response => Some(1),
            _ => None,
        }
    }

    /// Length of the line end at `at`, of any kind.
    pub(super) fn line_end(self, data: &[u8], at: usize) -> Result<usize, Stop> {
        let bytes = rest(data, at);
        let ends = |from: usize| matches!(bytes.get(from..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
        if bytes.starts_with(b"\n\r\r\n") && ends(4) {
            return Ok(4);
        }
        if !self.response && bytes.starts_with(b"\n\r") && bytes.get(2..4) == Some(b"\r\n") {
            return Ok(2);
        }
        if self.response && bytes.starts_with(b"\r\n\r") {
            let run = bytes
                .iter()
                .skip(3)
                .position(|&byte| !(byte == b'\r' || is_blank(byte)))
                .ok_or(Stop::More)?;
            let end = 3 + run + usize::from(bytes.get(3 + run) == Some(&b'\n'));
            if run > 0 && !ends(end) {
                return Ok(end);
            }
        }
        self.plain_line_end(data, at).ok_or(Stop::No)
    }
}

/// Whether blanks, a token, blanks and a colon stand at `at`.
fn reads_like_header(data: &[u8], at: usize) -> Result<bool, Stop> {
    let skip = |from: usize, class: fn(u8) -> bool| {
        let count = rest(data, from).iter().position(|&byte| !class(byte)).ok_or(Stop::More)?;
        Ok(from + count)
    };
    let start = skip(at, is_blank)?;
    let end = skip(start, is_token)?;
    let colon = skip(end, is_blank)?;
    if data.get(colon) != Some(&b':') {
        return Ok(false);
    }
    skip(colon + 1, is_blank)?;
    Ok(end > start)
}

fn is_fold(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0)
}

fn rest(data: &[u8], at: usize) -> &[u8] {
    data.get(at..).unwrap_or_default()
}

fn trimmed(data: &[u8], range: Range<usize>) -> Range<usize> {
    let bytes = data.get(range.clone()).unwrap_or_default();
    let before = bytes.iter().take_while(|byte| is_space(**byte)).count();
    let after = bytes.iter().skip(before).rev().take_while(|byte| is_space(**byte)).count();
    range.start + before..range.end - after
}
