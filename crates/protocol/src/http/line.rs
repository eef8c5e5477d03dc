//! Bytes and short texts of HTTP/1: classes, trimming, numbers, versions. Lenient on purpose: what browsers and servers put
//! up with decides, not RFC 9112.

use memchr::memchr;

/// Which version a line named. The order matters: a version that cannot be read counts as older than all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// Named, but not one of ours.
    Invalid,
    /// Not named.
    #[default]
    Unknown,
    /// 0.9
    V09,
    /// 1.0
    V10,
    /// 1.1
    V11,
}

/// A line with the size of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkSize {
    /// So many bytes follow; `extension` says that a `;` followed the number.
    Bytes { size: u64, extension: bool },
    /// No size that could be meant: an empty line, or more than anybody sends.
    Absurd,
    /// Not a size at all.
    Invalid,
}

/// Largest chunk that is believed.
const CHUNK_BYTES_MAX: u64 = i32::MAX as u64;

/// White space as C's `isspace` sees it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

/// A blank: space or tab.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Part of a token (RFC 2616 §2.2: any character but controls and separators).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
                | b'{'
                | b'}'
        )
}

/// Without white space at both ends.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| !is_space(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|&byte| !is_space(byte)).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// Without carriage returns and line feeds at the end.
pub(super) fn chomp(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

/// Splits off the longest start whose bytes all satisfy `keep`.
pub(super) fn split_while(bytes: &[u8], keep: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| !keep(byte)).unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// Length of the first line, with its line feed. The first `seen` bytes are known to hold none.
pub(super) fn line_len(bytes: &[u8], seen: usize) -> Option<usize> {
    let seen = seen.min(bytes.len());
    memchr(b'\n', bytes.get(seen..)?).map(|at| seen + at + 1)
}

/// Length of the first line that ends in LF, CR or CR LF, with its end; a CR at the very end may still become a CR LF.
pub(super) fn line_len_lenient(bytes: &[u8], seen: usize) -> Option<usize> {
    let seen = seen.min(bytes.len());
    let at = seen + memchr::memchr2(b'\n', b'\r', bytes.get(seen..)?)?;
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\n'), _) => Some(at + 1),
        (_, Some(b'\n')) => Some(at + 2),
        (_, Some(_)) => Some(at + 1),
        (_, None) => None,
    }
}

/// Whether a line before a message means nothing: empty, or one blank.
pub(super) fn is_ignorable(line: &[u8]) -> bool {
    matches!(line, b"\r" | b"\n" | b"\r\n")
}

/// Whether `text` is `lower`, ignoring case and NUL bytes in `text`: browsers drop them.
pub(super) fn same_without_nul(text: &[u8], lower: &[u8]) -> bool {
    if text.len() == lower.len() {
        return text.eq_ignore_ascii_case(lower);
    }
    text.len() > lower.len()
        && text.iter().filter(|&&byte| byte != 0).map(u8::to_ascii_lowercase).eq(lower.iter().copied())
}

/// Whether `text` contains `lower`, ignoring case and NUL bytes in `text`.
pub(super) fn contains_without_nul(text: &[u8], lower: &[u8]) -> bool {
    (0..text.len()).any(|start| {
        let mut rest = text.get(start..).unwrap_or_default().iter().filter(|&&byte| byte != 0);
        lower.iter().all(|&want| rest.next().is_some_and(|byte| byte.to_ascii_lowercase() == want))
    })
}

/// Whether `text` contains `lower`, ignoring case.
pub(super) fn contains(text: &[u8], lower: &[u8]) -> bool {
    text.windows(lower.len()).any(|part| part.eq_ignore_ascii_case(lower))
}

/// The first number in a Content-Length, whatever stands around it.
pub(super) fn content_length(value: &[u8]) -> Option<u64> {
    let start = value.iter().position(u8::is_ascii_digit)?;
    let (digits, _) = split_while(value.get(start..)?, |byte| byte.is_ascii_digit());
    digits.iter().try_fold(0u64, |sum, &digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

/// Bytes that may stand before the size of a chunk.
pub(super) fn is_before_chunk_size(byte: u8) -> bool {
    is_space(byte)
}

/// Reads a line with a chunk size (RFC 9112 §7.1).
pub(super) fn chunk_size(line: &[u8]) -> ChunkSize {
    let (_, rest) = split_while(line, is_before_chunk_size);
    let (digits, rest) = split_while(rest, |byte| byte.is_ascii_hexdigit());
    let (_, rest) = split_while(rest, is_blank);
    if digits.is_empty() {
        return if rest.is_empty() { ChunkSize::Absurd } else { ChunkSize::Invalid };
    }
    let mut size = 0u64;
    for &digit in digits {
        let value = (digit as char).to_digit(16).map_or(0, u64::from);
        match size.checked_mul(16) {
            Some(sum) => size = sum | value,
            None => return ChunkSize::Invalid,
        }
    }
    if size > CHUNK_BYTES_MAX {
        return ChunkSize::Absurd;
    }
    ChunkSize::Bytes { size, extension: rest.contains(&b';') }
}

/// Whether bytes without a line end can still become the size of a chunk.
pub(super) fn may_be_chunk_size(bytes: &[u8]) -> bool {
    let (_, rest) = split_while(bytes, is_before_chunk_size);
    rest.first().is_none_or(u8::is_ascii_hexdigit)
}

/// Reads `HTTP/1.1`, with white space around the slash and zeros before the number.
pub(super) fn version(text: &[u8]) -> Version {
    let white = |byte: u8| byte.is_ascii_whitespace();
    let (_, rest) = split_while(text, white);
    let Some((name, rest)) = rest.split_at_checked(4) else { return Version::Invalid };
    if !name.eq_ignore_ascii_case(b"http") {
        return Version::Invalid;
    }
    let (_, rest) = split_while(rest, white);
    let Some(rest) = rest.strip_prefix(b"/") else { return Version::Invalid };
    let (_, rest) = split_while(rest, |byte| white(byte) || byte == b'0');
    let (number, rest) =
        if rest.starts_with(b".9") { rest.split_at(2) } else { rest.split_at(rest.len().min(3)) };
    if rest.iter().any(|&byte| !white(byte)) {
        return Version::Invalid;
    }
    match number {
        b".9" => Version::V09,
        b"1.0" => Version::V10,
        b"1.1" => Version::V11,
        _ => Version::Invalid,
    }
}

/// A status code from 100 to 999 and nothing else.
pub(super) fn status(text: &[u8]) -> Option<u16> {
    let (_, rest) = split_while(text, is_blank);
    let (digits, rest) = split_while(rest, |byte| byte.is_ascii_digit());
    if digits.is_empty() || rest.iter().any(|&byte| !is_blank(byte)) {
        return None;
    }
    let number = digits
        .iter()
        .try_fold(0u16, |sum, &digit| sum.checked_mul(10)?.checked_add(u16::from(digit - b'0')))?;
    (100..=999).contains(&number).then_some(number)
}

/// Whether browsers would take a line for a status line: it begins with `http` after white space and NUL bytes.
pub(super) fn is_status_line(line: &[u8]) -> bool {
    let (_, rest) = split_while(line, |byte| is_space(byte) || byte == 0);
    rest.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"http"))
}

/// A parameter of a header value: `token(b"form-data; filename=\"a.txt\"", b"filename")` is `a.txt`.
///
/// Quotes are taken off, backslashes inside them too. The pieces of RFC 2231 §3 (`filename*0=`, `filename*1=`) are joined.
pub(super) fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut joined: Option<Vec<u8>> = None;
    let mut rest = value;
    while !rest.is_empty() {
        let end = parameter_end(rest);
        let (part, tail) = rest.split_at(end);
        rest = tail.get(1..).unwrap_or_default();
        let Some(equals) = memchr(b'=', part) else { continue };
        let (key, text) = part.split_at(equals);
        let key = trim(key);
        let Some((plain, suffix)) = key.split_at_checked(name.len()) else { continue };
        if !plain.eq_ignore_ascii_case(name) {
            continue;
        }
        let text = unquoted(trim(text.get(1..).unwrap_or_default()));
        match suffix {
            b"" if joined.is_none() => return Some(text),
            [b'*', ..] => {
                let text = if suffix.ends_with(b"*") { without_charset(&text).to_vec() } else { text };
                joined.get_or_insert_default().extend_from_slice(&text);
            }
            _ => {}
        }
    }
    joined
}

/// Where a parameter ends: at the next `;` outside quotes.
fn parameter_end(bytes: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return at,
            _ => {}
        }
    }
    bytes.len()
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let Some(inner) = text.strip_prefix(b"\"") else { return text.to_vec() };
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for &byte in inner {
        match byte {
            _ if escaped => {
                out.push(byte);
                escaped = false;
            }
            b'\\' => escaped = true,
            b'"' => break,
            _ => out.push(byte),
        }
    }
    out
}

/// Without the `charset'language'` of RFC 2231 §4.
fn without_charset(text: &[u8]) -> &[u8] {
    match text.iter().enumerate().filter(|(_, byte)| **byte == b'\'').nth(1) {
        Some((second, _)) => text.get(second + 1..).unwrap_or_default(),
        None => text,
    }
}
