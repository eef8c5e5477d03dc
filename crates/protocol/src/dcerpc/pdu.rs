//! PDUs of connection-oriented DCE/RPC (C706 chapter 12): headers, bindings, requests.

use std::fmt;

/// Bytes of the common header.
pub(crate) const HEADER: usize = 16;
/// Interfaces of one binding that are read; more are read over.
pub(crate) const INTERFACES_MAX: usize = 256;

/// The first fragment of a call.
const FIRST: u8 = 0x01;
/// The last fragment of a call.
const LAST: u8 = 0x02;

/// Kinds of PDUs (C706 §12.6).
pub(crate) mod kind {
    pub(crate) const REQUEST: u8 = 0;
    pub(crate) const RESPONSE: u8 = 2;
    pub(crate) const FAULT: u8 = 3;
    pub(crate) const BIND: u8 = 11;
    pub(crate) const BIND_ACK: u8 = 12;
    pub(crate) const BIND_NAK: u8 = 13;
    pub(crate) const ALTER: u8 = 14;
    pub(crate) const ALTER_RESPONSE: u8 = 15;
    /// The highest that exists.
    pub(crate) const MAX: u8 = 20;
}

/// The common header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) minor: u8,
    pub(crate) kind: u8,
    pub(crate) first: bool,
    pub(crate) last: bool,
    pub(crate) little: bool,
    /// Bytes of the whole fragment.
    pub(crate) length: usize,
    pub(crate) call: u32,
}

impl Header {
    /// Reads it; `None` when the bytes are too few or not DCE/RPC version 5.
    pub(crate) fn read(bytes: &[u8]) -> Option<Header> {
        let &[5, minor, kind, flags, order, _, _, _, l0, l1, _, _, c0, c1, c2, c3] =
            bytes.first_chunk::<HEADER>()?
        else {
            return None;
        };
        let little = order & 0x10 != 0;
        let order = Order { little };
        Some(Header {
            minor,
            kind,
            first: flags & FIRST != 0,
            last: flags & LAST != 0,
            little,
            length: usize::from(order.short([l0, l1])),
            call: order.long([c0, c1, c2, c3]),
        })
    }

    /// Whether the header looks like one: used where a protocol is to be recognised.
    pub(crate) fn plausible(bytes: &[u8]) -> Option<Header> {
        let header = Header::read(bytes)?;
        let &[order, form, _, _] = bytes.get(4..8)?.first_chunk()?;
        (header.minor <= 1
            && header.kind <= kind::MAX
            && order & 0xee == 0
            && form <= 3
            && header.length >= HEADER)
            .then_some(header)
    }

    /// Whether a client sends it.
    pub(crate) fn is_from_client(&self) -> bool {
        matches!(self.kind, kind::REQUEST | kind::BIND | kind::ALTER | 16 | 18 | 19)
    }

    fn order(&self) -> Order {
        Order { little: self.little }
    }
}

/// The order of bytes in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) little: bool,
}

impl Order {
    pub(super) fn short(self, bytes: [u8; 2]) -> u16 {
        if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    pub(super) fn long(self, bytes: [u8; 4]) -> u32 {
        if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    /// An identifier in the order in which it is written.
    pub(super) fn identifier(self, mut bytes: [u8; 16]) -> Identifier {
        if self.little {
            bytes[0..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
        }
        Identifier(bytes)
    }
}

/// A universally unique identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Identifier(pub(crate) [u8; 16]);

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Identifier {
    /// `367abb81-9844-35f1-ad32-98f038001003` (RFC 9562 §4).
    pub(crate) fn text(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        for (place, byte) in places.into_iter().zip(self.0) {
            [text[place], text[place + 1]] = json::hex_pair(byte);
        }
        text
    }

    /// Reads `367abb81-9844-35f1-ad32-98f038001003`.
    pub(crate) fn parse(text: &str) -> Option<Identifier> {
        let dashes = [8, 13, 18, 23];
        if text.len() != 36 || !text.is_ascii() || dashes.iter().any(|at| text.as_bytes()[*at] != b'-') {
            return None;
        }
        let mut digits = text.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let (high, low) = (digits.next()??, digits.next()??);
            *byte = u8::try_from(high << 4 | low).ok()?;
        }
        Some(Identifier(bytes))
    }
}

/// An interface that a binding offers, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Interface {
    pub(crate) context: u16,
    pub(crate) uuid: Identifier,
    pub(crate) major: u16,
    pub(crate) minor: u16,
    pub(crate) answered: bool,
    pub(crate) result: u16,
}

impl Interface {
    /// Whether calls may use it.
    pub(crate) fn accepted(&self) -> bool {
        self.answered && self.result == 0
    }
}

/// The interfaces of a `bind` or `alter_context`. `body` is what follows the common header.
pub(crate) fn bound(header: &Header, body: &[u8]) -> Option<Vec<Interface>> {
    let order = header.order();
    let (&count, mut rest) = body.get(8..)?.split_first()?;
    rest = rest.get(3..)?;
    let mut interfaces = Vec::new();
    for _ in 0..count {
        let Some((&[c0, c1, transfers, _], item)) = rest.split_first_chunk() else { break };
        let Some((uuid, item)) = item.split_first_chunk::<16>() else { break };
        let Some((&[v0, v1, m0, m1], item)) = item.split_first_chunk() else { break };
        if interfaces.len() < INTERFACES_MAX {
            interfaces.push(Interface {
                context: order.short([c0, c1]),
                uuid: order.identifier(*uuid),
                major: order.short([v0, v1]),
                minor: order.short([m0, m1]),
                ..Interface::default()
            });
        }
        let Some(next) = item.get(usize::from(transfers) * 20..) else { break };
        rest = next;
    }
    Some(interfaces)
}

/// The answers in a `bind_ack`, in the order of the question.
pub(crate) fn answers(header: &Header, body: &[u8]) -> Option<Vec<u16>> {
    let order = header.order();
    let (_, rest) = body.split_first_chunk::<8>()?;
    let (address, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(order.short(*address));
    // The address is padded so that the list stands at a multiple of four.
    let padded = (HEADER + 8 + 2 + length).next_multiple_of(4) - (HEADER + 8 + 2);
    let (&count, rest) = rest.get(padded..)?.split_first()?;
    let items = rest.get(3..)?.as_chunks::<24>().0;
    Some(items.iter().take(usize::from(count)).map(|item| order.short([item[0], item[1]])).collect())
}

/// What a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) context: u16,
    pub(crate) opnum: u16,
    pub(crate) stub: &'a [u8],
}

/// Reads a request behind the common header.
pub(crate) fn request<'a>(header: &Header, body: &'a [u8]) -> Option<Request<'a>> {
    let order = header.order();
    let (&[_, _, _, _, c0, c1, o0, o1], rest) = body.split_first_chunk::<8>()?;
    // An object identifier, when there is one, counts as stub data: so does Suricata.
    Some(Request { context: order.short([c0, c1]), opnum: order.short([o0, o1]), stub: rest })
}

/// The stub data of a response behind the common header.
pub(crate) fn response(body: &[u8]) -> Option<&[u8]> {
    body.get(8..)
}
