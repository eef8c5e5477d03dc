//! DNS messages inside HTTP/2 (RFC 8484).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Direction;

use crate::dns;

/// Bytes of a DNS message.
const MESSAGE_MAX: usize = 65_535;

/// The content type of such a body.
pub(super) const CONTENT_TYPE: &[u8] = b"application/dns-message";

/// What is known of the DNS exchange in a stream.
#[derive(Debug, Default)]
pub(super) struct Doh {
    /// The body of this direction is a message.
    pub(super) carries: [bool; 2],
    bodies: [Vec<u8>; 2],
    pub(super) messages: [Option<dns::Message>; 2],
}

impl Doh {
    /// Collects a body; false when it is too long for a message.
    pub(super) fn append(&mut self, direction: Direction, bytes: &[u8]) -> bool {
        let place = direction.index();
        if !self.carries[place] {
            return true;
        }
        if self.bodies[place].len() + bytes.len() > MESSAGE_MAX {
            self.carries[place] = false;
            self.bodies[place] = Vec::new();
            return false;
        }
        self.bodies[place].extend_from_slice(bytes);
        true
    }

    /// The body is complete; true when it is a message.
    pub(super) fn finish(&mut self, direction: Direction) -> bool {
        let place = direction.index();
        if !std::mem::take(&mut self.carries[place]) {
            return false;
        }
        let body = std::mem::take(&mut self.bodies[place]);
        self.messages[place] = dns::read_message(&body);
        self.messages[place].is_some()
    }

    /// Reads the message in the `dns` parameter of a path; true when there is one.
    pub(super) fn read_path(&mut self, path: &[u8]) -> bool {
        let Some(at) = memchr::memchr(b'?', path) else { return false };
        let query = path.get(at + 1..).unwrap_or_default();
        let value = query.split(|byte| *byte == b'&').find_map(|part| part.strip_prefix(b"dns="));
        let trimmed = value.map(|value| value.split(|byte| *byte == b'=').next().unwrap_or_default());
        let bytes = trimmed
            .filter(|value| value.len() <= MESSAGE_MAX * 2)
            .and_then(|value| URL_SAFE_NO_PAD.decode(value).ok());
        let message = bytes.and_then(|bytes| dns::read_message(&bytes));
        let found = message.is_some();
        if found {
            self.messages[Direction::ToServer.index()] = message;
        }
        found
    }
}
