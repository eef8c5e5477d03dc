//! Jabber (XMPP, RFC 6120) is recognised by the namespace in its first stanza and named; it is not parsed.

use model::Direction;

use crate::{Pattern, Protocol};

/// Where the namespace stands behind `<?xml version='1.0'?><stream:stream to='…' `.
const CLIENT: (&[u8], usize, usize) = (b"xmlns='jabber:client'", 53, 74);
const SERVER: (&[u8], usize, usize) = (b"xmlns='jabber:server'", 53, 74);

const fn namespace(direction: Direction, (bytes, offset, depth): (&'static [u8], usize, usize)) -> Pattern {
    Pattern { transport: 6, direction, bytes, nocase: false, offset, depth, confirm: None }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "jabber",
    help: "Jabber, the Extensible Messaging and Presence Protocol: recognised only.",
    patterns: &[
        namespace(Direction::ToServer, CLIENT),
        namespace(Direction::ToClient, CLIENT),
        namespace(Direction::ToServer, SERVER),
        namespace(Direction::ToClient, SERVER),
    ],
    ..Protocol::EMPTY
};
