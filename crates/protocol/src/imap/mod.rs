//! IMAP (RFC 9051) is recognised by the server's first untagged response and named; it is not parsed.

use model::Direction;

use crate::{Pattern, Protocol};

const fn untagged(bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport: 6,
        direction: Direction::ToClient,
        bytes,
        nocase: true,
        offset: 0,
        depth: bytes.len(),
        confirm: None,
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "imap",
    help: "Internet Message Access Protocol: recognised only.",
    patterns: &[
        untagged(b"* OK "),
        untagged(b"* NO "),
        untagged(b"* BAD "),
        untagged(b"* LIST "),
        untagged(b"* ESEARCH "),
        untagged(b"* STATUS "),
        untagged(b"* FLAGS "),
    ],
    ..Protocol::EMPTY
};
