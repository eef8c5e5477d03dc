//! Messages of the handshake, put together from records and read.

use model::Direction;

use super::certificate::{self, Flaw};
use super::fingerprint::{ja3, ja3s, ja4};
use super::hello::{self, Cursor, Hello, ServerName, extension};
use super::{MESSAGE_MAX, Talk, Tls, event, fingerprints, keywords, state};
use crate::{Input, Transaction};

/// Names kept from an ALPN extension.
const ALPNS_MAX: usize = 32;
/// Certificates kept of one chain.
const CHAIN_MAX: usize = 64;
/// Bytes of a message's header.
const HEADER_BYTES: usize = 4;

/// Numbers of messages.
mod kind {
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(super) const CERTIFICATE_REQUEST: u8 = 13;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
    pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;
}

impl Tls {
    /// Reads the messages of one record; what is left over waits for the next.
    pub(super) fn handshake_record(&mut self, input: &mut Input<'_>, body: &[u8]) -> Result<(), ()> {
        let place = input.direction.index();
        let mut pending = std::mem::take(&mut self.readers[place].pending);
        if pending.is_empty() {
            let used = self.messages(input, body)?;
            pending.extend_from_slice(body.get(used..).unwrap_or_default());
        } else {
            pending.extend_from_slice(body);
            let used = self.messages(input, &pending)?;
            pending.drain(..used);
        }
        self.readers[place].pending = pending;
        Ok(())
    }

    /// Reads complete messages; returns the bytes used.
    fn messages(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Result<usize, ()> {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..) {
            let mut cursor = Cursor::new(rest);
            let Some((number, length)) = cursor.u8().zip(cursor.u24()) else { break };
            if length > MESSAGE_MAX {
                self.raise(event::INVALID_HANDSHAKE_MESSAGE);
                return Err(());
            }
            let Some(body) = cursor.take(length) else { break };
            self.message(input, number, body)?;
            used += HEADER_BYTES + length;
            if self.is_hidden() {
                return Ok(bytes.len());
            }
        }
        Ok(used)
    }

    fn message(&mut self, input: &mut Input<'_>, number: u8, body: &[u8]) -> Result<(), ()> {
        let Some(open) = self.transactions.last_mut() else { return Err(()) };
        open.body.now = input.time;
        let direction = input.direction;
        open.core.updated[direction.index()] = true;
        match number {
            kind::CLIENT_HELLO => client_hello(open, input, body)?,
            kind::SERVER_HELLO => server_hello(open, input, body)?,
            kind::CERTIFICATE => {
                certificates(open, direction, body, input.config.certificates);
                open.core.advance(direction, state::CERT_DONE[direction.index()]);
            }
            kind::SERVER_KEY_EXCHANGE => open.body.state = keywords::SERVER_KEYX,
            kind::CLIENT_KEY_EXCHANGE => open.body.state = keywords::CLIENT_KEYX,
            kind::CERTIFICATE_REQUEST => open.body.certificate_wanted |= direction == Direction::ToClient,
            kind::SERVER_HELLO_DONE => open.core.advance(direction, state::SERVER_HELLO_DONE),
            // Hello request, new ticket, encrypted extensions, verify, finished, certificate URL and status.
            0 | 4 | 8 | 15 | 20..=22 => {}
            _ => {
                open.core.raise(event::INVALID_HANDSHAKE_MESSAGE);
                return Err(());
            }
        }
        Ok(())
    }

    /// A message of SSL 2.
    pub(super) fn old_message(&mut self, input: &mut Input<'_>, body: &[u8]) {
        let Some(open) = self.transactions.last_mut() else { return };
        let direction = input.direction;
        let party = &mut open.body.sides[direction.index()];
        match (body.first(), direction) {
            (Some(1), Direction::ToServer) => {
                party.version = match (body.get(1), body.get(2)) {
                    (Some(3), Some(minor)) => 0x0300 | u16::from(*minor),
                    _ => 0x0002,
                };
                open.body.state = keywords::CLIENT_HELLO;
                open.core.advance(direction, state::CLIENT_HELLO_DONE);
                input.asks.inspect_stream[direction.index()] = true;
            }
            (Some(2), Direction::ToServer) => open.body.state = keywords::CLIENT_KEYX,
            (Some(4), Direction::ToClient) => {
                party.version = 0x0002;
                open.body.state = keywords::SERVER_HELLO;
                open.body.server_hello = true;
                open.core.advance(direction, state::SERVER_HELLO);
                input.asks.inspect_stream[direction.index()] = true;
            }
            _ => {}
        }
    }
}

fn client_hello(open: &mut Transaction<Box<Talk>>, input: &mut Input<'_>, body: &[u8]) -> Result<(), ()> {
    let Some(hello) = hello::client(body) else {
        open.core.raise(event::HANDSHAKE_INVALID_LENGTH);
        return Err(());
    };
    let talk = &mut *open.body;
    talk.state = keywords::CLIENT_HELLO;
    talk.client_hello = true;
    let party = &mut talk.sides[Direction::ToServer.index()];
    party.version = hello.newest(true);
    party.random = Some(*hello.random);
    party.session.clear();
    party.session.extend_from_slice(hello.session);
    party.alpns = hello.alpns().take(ALPNS_MAX).map(<[u8]>::to_vec).collect();
    for (number, content) in hello.each() {
        match number {
            extension::EARLY_DATA => talk.early_data = true,
            extension::ENCRYPTED_CLIENT_HELLO => talk.hidden_hello = true,
            extension::SESSION_TICKET => talk.resumed |= !content.is_empty(),
            _ => {}
        }
    }
    let (with_ja3, with_ja4) = fingerprints(input.config);
    let party = &mut talk.sides[Direction::ToServer.index()];
    party.ja3 = with_ja3.then(|| ja3(&hello));
    party.ja4 = with_ja4.then(|| ja4(&hello, false));
    let sound = server_names(open, &hello) && check_extensions(open, &hello);
    open.core.advance(input.direction, state::CLIENT_HELLO_DONE);
    input.asks.inspect_stream[input.direction.index()] = true;
    if sound { Ok(()) } else { Err(()) }
}

/// Takes the host name; false when the extension is broken.
fn server_names(open: &mut Transaction<Box<Talk>>, hello: &Hello<'_>) -> bool {
    let mut seen = false;
    let party = &mut open.body.sides[Direction::ToServer.index()];
    for (_, content) in hello.each().filter(|(number, _)| *number == extension::SERVER_NAME) {
        if std::mem::replace(&mut seen, true) {
            open.core.raise(event::MULTIPLE_SNI_EXTENSIONS);
            return true;
        }
        match hello::server_name(content) {
            ServerName::Empty => {}
            ServerName::Host(host) => party.sni = Some(host.to_vec()),
            ServerName::WrongType => {
                open.core.raise(event::INVALID_SNI_TYPE);
                return false;
            }
            ServerName::WrongLength => {
                open.core.raise(event::INVALID_SNI_LENGTH);
                return false;
            }
        }
    }
    true
}

fn check_extensions(open: &mut Transaction<Box<Talk>>, hello: &Hello<'_>) -> bool {
    let sound = hello.is_sound();
    if !sound {
        open.core.raise(event::HANDSHAKE_INVALID_LENGTH);
    }
    sound
}

fn server_hello(open: &mut Transaction<Box<Talk>>, input: &mut Input<'_>, body: &[u8]) -> Result<(), ()> {
    let Some(hello) = hello::server(body) else {
        open.core.raise(event::HANDSHAKE_INVALID_LENGTH);
        return Err(());
    };
    let talk = &mut *open.body;
    talk.state = keywords::SERVER_HELLO;
    talk.server_hello = true;
    let asked = std::mem::take(&mut talk.sides[0].session);
    let party = &mut talk.sides[Direction::ToClient.index()];
    party.version = hello.newest(false);
    party.random = Some(*hello.random);
    party.alpns = hello.alpns().take(ALPNS_MAX).map(<[u8]>::to_vec).collect();
    party.ja3 = input.config.ja3.then(|| ja3s(&hello));
    if party.version > 0x0303 {
        talk.without_certificate = true;
    }
    talk.resumed |= !asked.is_empty() && asked == hello.session;
    talk.sides[0].session = asked;
    let sound = check_extensions(open, &hello);
    open.core.advance(input.direction, state::SERVER_HELLO);
    input.asks.inspect_stream[input.direction.index()] = true;
    if sound { Ok(()) } else { Err(()) }
}

/// Reads the first certificate of a chain (RFC 5246 §7.4.2), and keeps all as they came when somebody looks at them. A certificate that is broken is said to be so; the
/// conversation goes on.
fn certificates(open: &mut Transaction<Box<Talk>>, direction: Direction, body: &[u8], kept: bool) {
    let mut cursor = Cursor::new(body);
    let Some(list) = cursor.u24().and_then(|length| cursor.take(length)) else {
        open.core.raise(event::CERTIFICATE_INVALID_LENGTH);
        return;
    };
    let mut cursor = Cursor::new(list);
    let kept = kept || open.body.shown.has_chain();
    let party = &mut open.body.sides[direction.index()];
    (party.chain, party.chain_len) = (Vec::new(), 0);
    while !cursor.rest.is_empty() && party.chain_len < CHAIN_MAX {
        let bytes = cursor.u24().and_then(|length| cursor.take(length)).filter(|bytes| !bytes.is_empty());
        let Some(bytes) = bytes else {
            open.core.raise(event::CERTIFICATE_INVALID_LENGTH);
            return;
        };
        if party.chain_len == 0 {
            match certificate::read(bytes) {
                Ok(leaf) => {
                    party.fingerprint = certificate::fingerprint(bytes);
                    party.leaf = Some(leaf);
                }
                Err(flaw) => {
                    open.core.raise(match flaw {
                        Flaw::Der => event::CERTIFICATE_INVALID_DER,
                        Flaw::Length => event::CERTIFICATE_INVALID_LENGTH,
                        Flaw::Serial => event::CERTIFICATE_INVALID_SERIAL,
                        Flaw::Issuer => event::CERTIFICATE_INVALID_ISSUER,
                        Flaw::Validity => event::CERTIFICATE_INVALID_VALIDITY,
                        Flaw::Subject => event::CERTIFICATE_INVALID_SUBJECT,
                    });
                    open.core.raise(event::INVALID_CERTIFICATE);
                }
            }
        }
        if has_long_label(bytes) {
            open.core.raise(event::CERTIFICATE_LABEL_TOO_LONG);
        }
        party.chain_len += 1;
        if kept {
            party.chain.push(bytes.to_vec());
        }
    }
}

/// Whether an encoded label of a name (RFC 5890 §2.3.2.1) is longer than labels may be (RFC 1035 §2.3.4): who decoded it into
/// what fits one was broken into (CVE-2022-3602, CVE-2022-3786).
fn has_long_label(certificate: &[u8]) -> bool {
    const LABEL_MAX: usize = 63;
    memchr::memmem::find_iter(certificate, b"xn--").any(|at| {
        let label = certificate[at..].iter().take(LABEL_MAX + 1);
        label.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count()
            > LABEL_MAX
    })
}

/// Serial numbers in a Certificate message, in hexadecimal without leading zeros. RDP shows them.
pub(crate) fn leaf_serials(body: &[u8]) -> Vec<String> {
    let mut cursor = Cursor::new(body);
    let list = cursor.u24().and_then(|length| cursor.take(length)).unwrap_or_default();
    let mut cursor = Cursor::new(list);
    let mut serials = Vec::new();
    while let Some(bytes) = cursor.u24().and_then(|length| cursor.take(length)) {
        if serials.len() >= CHAIN_MAX {
            break;
        }
        if let Ok(certificate) = certificate::read(bytes) {
            let digits = certificate.serial.replace(':', "").to_ascii_lowercase();
            serials.push(digits.trim_start_matches('0').to_owned());
        }
    }
    serials
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_encoded_are_as_short_as_others() {
        let named = |label: usize| {
            [b"\x30\x82\x0c".as_slice(), b"mail@xn--", &vec![b'a'; label], b".example"].concat()
        };
        assert!(!has_long_label(&named(30)));
        assert!(!has_long_label(&named(59)), "with its first four letters 63");
        assert!(has_long_label(&named(60)));
    }
}
