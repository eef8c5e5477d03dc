//! SIP messages: first line, headers, body.

use crate::sdp;

const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum First {
    Request { method: Vec<u8>, uri: Vec<u8>, version: Vec<u8> },
    Response { version: Vec<u8>, code: Vec<u8>, reason: Vec<u8> },
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(super) first: First,
    /// The first line as it came, without its end.
    pub(super) line: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sdp: Option<Box<sdp::Description>>,
}

/// Where the parts of a message end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// First line with its end.
    pub(super) line: usize,
    /// Headers with their ends, without the empty line.
    pub(super) headers: usize,
    /// Where the body begins.
    pub(super) body: usize,
    pub(super) end: usize,
}

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Message(Message, Place),
    More,
    Not,
}

impl Message {
    pub(super) fn is_request(&self) -> bool {
        matches!(self.first, First::Request { .. })
    }

    /// Values of a header, by its name or its compact form (RFC 3261 §7.3.3).
    pub(super) fn values(&self, name: &[u8], compact: u8) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(known, _)| {
                known.eq_ignore_ascii_case(name) || known.len() == 1 && known.eq_ignore_ascii_case(&[compact])
            })
            .map(|(_, value)| value.as_slice())
    }
}

/// Reads the first line.
pub(super) fn first_line(line: &[u8]) -> Option<First> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let (one, two, three) = (words.next()?, words.next()?, words.next());
    if one.starts_with(b"SIP/") {
        let code = two.len() == 3 && two.iter().all(u8::is_ascii_digit);
        return (code && version(one)).then(|| First::Response {
            version: one.to_vec(),
            code: two.to_vec(),
            reason: three.unwrap_or_default().to_vec(),
        });
    }
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
    let sound = !one.is_empty() && one.iter().all(token) && !two.is_empty() && version(three?);
    sound.then(|| First::Request {
        method: one.to_vec(),
        uri: two.to_vec(),
        version: three.unwrap_or_default().to_vec(),
    })
}

fn version(word: &[u8]) -> bool {
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    word.strip_prefix(b"SIP/").is_some_and(|number| {
        let mut parts = number.splitn(2, |&byte| byte == b'.');
        parts.next().is_some_and(digits) && parts.next().is_some_and(digits)
    })
}

/// Reads a message from the start of `bytes`: the whole datagram, or as much of a stream as its length says.
pub(super) fn read(bytes: &[u8], stream: bool) -> Read {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < HEAD_BYTES_MAX && stream { Read::More } else { Read::Not };
    };
    let line = bytes.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(first) = first_line(line) else { return Read::Not };
    let mut message = Message { first, line: line.to_vec(), headers: Vec::new(), sdp: None };
    let mut at = end + 1;
    let mut place = Place { line: at, headers: at, body: bytes.len(), end: bytes.len() };
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            if stream {
                return if bytes.len() < HEAD_BYTES_MAX { Read::More } else { Read::Not };
            }
            // A datagram may end without the empty line.
            add_header(&mut message, rest);
            place.headers = bytes.len();
            break;
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        if line.is_empty() {
            place.body = at;
            break;
        }
        place.headers = at;
        add_header(&mut message, line);
    }
    match body_len(&message, bytes, place.body, stream) {
        Some(len) => place.end = place.body + len,
        None => return Read::More,
    }
    read_body(&mut message, bytes.get(place.body..place.end).unwrap_or_default());
    Read::Message(message, place)
}

/// Length of the body; `None` when it has not come yet.
fn body_len(message: &Message, bytes: &[u8], body: usize, stream: bool) -> Option<usize> {
    let there = bytes.len().saturating_sub(body);
    let said = message.values(b"content-length", b'l').next();
    let said = said.and_then(|value| std::str::from_utf8(value.trim_ascii()).ok()?.parse::<usize>().ok());
    if !stream {
        return Some(there);
    }
    // RFC 3261 §18.3: a stream must say it; without it there is no body.
    let said = said.unwrap_or(0).min(BODY_BYTES_MAX);
    (said <= there).then_some(said)
}

fn add_header(message: &mut Message, line: &[u8]) {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        if let Some((_, value)) = message.headers.last_mut() {
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
        }
        return;
    }
    let Some(colon) = memchr::memchr(b':', line) else { return };
    let (name, value) = line.split_at(colon);
    if message.headers.len() < HEADERS_MAX {
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        message.headers.push((name.trim_ascii().to_vec(), value.to_vec()));
    }
}

fn read_body(message: &mut Message, body: &[u8]) {
    let kind = message.values(b"content-type", b'c').next().unwrap_or_default();
    let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    if !body.is_empty() && kind.eq_ignore_ascii_case(b"application/sdp") {
        message.sdp = sdp::read(body).map(Box::new);
    }
}
