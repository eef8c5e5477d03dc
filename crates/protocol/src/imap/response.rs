//! Responses of a server (RFC 9051 §7).

use super::command::word;

/// How a command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        }
    }
}

/// A line of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Untagged,
    Continue,
    Tagged { tag: &'a [u8], status: Status, text: &'a [u8] },
    Other,
}

pub(super) fn read(line: &[u8]) -> Line<'_> {
    if line.starts_with(b"* ") {
        return Line::Untagged;
    }
    if line.starts_with(b"+") {
        return Line::Continue;
    }
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let (tag, status) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let status = match status.to_ascii_uppercase().as_slice() {
        b"OK" => Status::Ok,
        b"NO" => Status::No,
        b"BAD" => Status::Bad,
        _ => return Line::Other,
    };
    Line::Tagged { tag, status, text: parts.next().unwrap_or_default() }
}

/// Whether a response that comes to a literal fetches a whole mail: its number, and where the range begins.
pub(super) fn fetched(gathered: &[u8]) -> Option<(u64, u64)> {
    let mut rest = gathered.strip_prefix(b"* ")?;
    let number = std::str::from_utf8(&word(&mut rest)?).ok()?.parse().ok()?;
    if !word(&mut rest)?.eq_ignore_ascii_case(b"FETCH") {
        return None;
    }
    let upper = rest.to_ascii_uppercase();
    let item = upper.get(..memchr::memrchr(b'{', &upper)?)?.trim_ascii_end();
    let item = item.strip_suffix(b"~").unwrap_or(item).trim_ascii_end();
    if item.ends_with(b"BODY[]") || item.ends_with(b"BINARY[]") || item.ends_with(b"RFC822") {
        return Some((number, 0));
    }
    // BODY[]<4096>: from there on.
    let inside = item.strip_suffix(b">")?;
    let at = memchr::memrchr(b'<', inside)?;
    let (head, origin) = inside.split_at(at);
    head.ends_with(b"BODY[]").then_some(())?;
    let origin = std::str::from_utf8(origin.get(1..)?).ok()?.parse().ok()?;
    Some((number, origin))
}
