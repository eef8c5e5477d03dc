//! IKE, versions 1 (RFC 2408, RFC 2409) and 2 (RFC 7296): proposals, keys and nonces as far as they are in the clear.
//!
//! Each message is a transaction. Limits: 64 payloads and 32 proposals with 64 transforms per message, values of 2 KiB.

mod fields;
mod log;
mod names;
#[cfg(test)]
mod tests;
mod version1;
mod version2;

use model::Direction;

use crate::session::bookkeeping;
use crate::tls::hello::Cursor;
use crate::{
    Core, Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use version1::{Attribute, Negotiation};

/// Bytes of the header.
const HEADER_BYTES: usize = 28;
/// Payloads of one message.
const PAYLOADS_MAX: usize = 64;
/// Open transactions per flow; they are inspected and removed at once.
const TRANSACTIONS_MAX: usize = 64;

/// Codes of the events.
mod event {
    pub(super) const MALFORMED_DATA: u8 = 0;
    pub(super) const NO_ENCRYPTION: u8 = 1;
    pub(super) const WEAK_CRYPTO_ENC: u8 = 2;
    pub(super) const WEAK_CRYPTO_PRF: u8 = 3;
    pub(super) const WEAK_CRYPTO_DH: u8 = 4;
    pub(super) const WEAK_CRYPTO_AUTH: u8 = 5;
    pub(super) const WEAK_CRYPTO_NO_DH: u8 = 6;
    pub(super) const WEAK_CRYPTO_NO_AUTH: u8 = 7;
    pub(super) const PAYLOAD_EXTRA_DATA: u8 = 10;
    pub(super) const MULTIPLE_SERVER_PROPOSAL: u8 = 11;
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ike",
    help: "Internet Key Exchange, which sets up IPsec.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[500]),
        side: Side::Server,
        depth_min: 0,
        depth_max: 0,
        look: |bytes, direction, _| look(bytes, direction),
    }],
    session: Some(|| Box::new(Ike::default())),
    fields: fields::FIELDS,
    events: &[
        "malformed_data",
        "no_encryption",
        "weak_crypto_enc",
        "weak_crypto_prf",
        "weak_crypto_dh",
        "weak_crypto_auth",
        "weak_crypto_no_dh",
        "weak_crypto_no_auth",
        "invalid_proposal",
        "unknown_proposal",
        "payload_extra_data",
        "multiple_server_proposal",
    ],
    logs: &[Log { event_type: "ike", when: LogWhen::Complete, write: log::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

fn look(bytes: &[u8], direction: Direction) -> ProbeAnswer {
    let Some(header) = Header::read(bytes) else { return ProbeAnswer::No };
    let plausible = match header.version {
        1 => true,
        2 => header.minor == 0 && (34..=37).contains(&header.exchange) && header.length == bytes.len(),
        _ => false,
    };
    match (plausible, header.responder == [0; 8] && direction == Direction::ToClient) {
        (false, _) => ProbeAnswer::No,
        (true, true) => ProbeAnswer::YesReversed,
        (true, false) => ProbeAnswer::Yes,
    }
}

/// The header that both versions share (RFC 2408 §3.1, RFC 7296 §3.1).
#[derive(Debug, Default, Clone, Copy)]
struct Header {
    initiator: [u8; 8],
    responder: [u8; 8],
    next: u8,
    version: u8,
    minor: u8,
    exchange: u8,
    flags: u8,
    message: u32,
    length: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let word = |at: usize| Some(u32::from_be_bytes(*header.get(at..at + 4)?.first_chunk()?));
        Some(Self {
            initiator: *header.first_chunk()?,
            responder: *header.get(8..16)?.first_chunk()?,
            next: header[16],
            version: header[17] >> 4,
            minor: header[17] & 15,
            exchange: header[18],
            flags: header[19],
            message: word(20)?,
            length: word(24)? as usize,
        })
    }
}

/// What one message says.
#[derive(Debug, Default)]
pub(crate) struct Message {
    header: Header,
    from_client: bool,
    /// Numbers of the payloads in order.
    payloads: Vec<u8>,
    /// Version 1: everything behind the header is encrypted.
    encrypted: bool,
    key_exchange: Vec<u8>,
    nonce: Vec<u8>,
    /// Vendor ids in hexadecimal.
    vendors: Vec<String>,
    /// Version 1: attributes of the transform that the server chose, when this message brings it.
    chosen: Vec<Attribute>,
    /// Version 2: notifications.
    notifications: Vec<u16>,
    errors: u32,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Ike {
    transactions: Transactions<Box<Message>>,
    /// Version 1: what both sides have said so far.
    negotiation: Negotiation,
    /// Version 2: what the responder chose.
    choice: version2::Choice,
}

impl Default for Ike {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            negotiation: Negotiation::default(),
            choice: version2::Choice::default(),
        }
    }
}

impl Session for Ike {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if bytes.is_empty() {
            return Fed::Used(0);
        }
        let header = Header::read(bytes);
        let mut message = Message {
            header: header.unwrap_or_default(),
            from_client: input.direction == Direction::ToServer,
            ..Message::default()
        };
        let mut core = Core::default();
        let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let sound = match header.map(|header| header.version) {
            Some(1) => version1::read(body, &mut message, &mut self.negotiation, &mut core),
            Some(2) => version2::read(body, &mut message, &mut self.choice, &mut core),
            _ => None,
        };
        if sound.is_none() {
            core.raise(event::MALFORMED_DATA);
        }
        if !self.transactions.is_full() {
            let transaction = self.transactions.open(input.time, input.packet, Box::new(message));
            transaction.core.only = Some(input.direction);
            for direction in Direction::BOTH {
                transaction.core.advance(direction, 1);
            }
            for code in core.events {
                transaction.core.raise(code);
            }
        }
        if sound.is_some() { Fed::Used(bytes.len()) } else { Fed::Broken }
    }

    bookkeeping!(transactions);
}

/// Walks a chain of payloads: each begins with the next one's number, a byte of flags and its length. `None`: one does not
/// fit.
fn payloads<'a>(
    mut next: u8,
    bytes: &'a [u8],
    core: &mut Core,
    mut each: impl FnMut(u8, &'a [u8], &mut Core) -> Option<()>,
) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    for _ in 0..PAYLOADS_MAX {
        if next == 0 {
            if !cursor.rest.is_empty() {
                core.raise(event::PAYLOAD_EXTRA_DATA);
            }
            return Some(());
        }
        let kind = next;
        next = cursor.u8()?;
        cursor.u8()?;
        let length = usize::from(cursor.u16()?).checked_sub(4)?;
        each(kind, cursor.take(length)?, core)?;
        // What an encrypted payload hides cannot be walked.
        if kind == ENCRYPTED {
            return Some(());
        }
    }
    Some(())
}

/// Number of the encrypted payload of version 2.
const ENCRYPTED: u8 = 46;
