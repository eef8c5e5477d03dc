//! RDP: how a remote desktop session is set up ([MS-RDPBCGR] §1.3.1.1), up to encryption.
//!
//! Each message of the set-up is a transaction: the connection request and confirmation (X.224), the conference request and
//! response (T.125), and the certificates when the session goes over to TLS. Limits: messages of 64 KiB, 32 channels.

mod fields;
mod message;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::tls::hello::Cursor;
use crate::tls::leaf_serials;
use crate::{Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions};
use message::Message;

/// Open transactions per flow; they are inspected and removed at once.
const TRANSACTIONS_MAX: usize = 64;
/// Bytes of a TLS handshake that are put together.
const HANDSHAKE_MAX: usize = 64 * 1024;
/// Bytes of a TPKT header (RFC 1006 §6).
const TPKT_BYTES: usize = 4;
const TPKT_VERSION: u8 = 3;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rdp",
    help: "Remote Desktop Protocol.",
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[3389]),
        side: Side::Server,
        depth_min: 1,
        depth_max: 0,
        look: |bytes, _, _| match bytes.first() {
            Some(&TPKT_VERSION) => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Rdp::default())),
    fields: fields::FIELDS,
    logs: &[Log { event_type: "rdp", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Rdp {
    transactions: Transactions<Box<Message>>,
    stage: Stage,
    /// Handshake messages of the server, while the session goes over to TLS.
    handshake: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    SetUp,
    Tls,
    /// Encrypted, or the picture: read over.
    Over,
}

impl Default for Rdp {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), stage: Stage::SetUp, handshake: Vec::new() }
    }
}

impl Session for Rdp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if self.stage == Stage::SetUp && is_tls(rest) {
                self.stage = Stage::Tls;
            }
            let step = match self.stage {
                Stage::Over => return Fed::Used(bytes.len()),
                Stage::SetUp => self.set_up(input, rest),
                Stage::Tls => self.tls_record(input, rest),
            };
            match step {
                Step::Used(count) => used += count,
                Step::Need(needed) => return Fed::Need { used, needed },
                Step::Broken => return Fed::Broken,
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

enum Step {
    Used(usize),
    Need(usize),
    Broken,
}

/// The first record of a TLS handshake.
fn is_tls(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x16)
}

impl Rdp {
    fn set_up(&mut self, input: &Input<'_>, rest: &[u8]) -> Step {
        let Some(&[version, _, high, low]) = rest.first_chunk::<TPKT_BYTES>() else {
            return Step::Need(TPKT_BYTES);
        };
        let length = usize::from(high) << 8 | usize::from(low);
        if version != TPKT_VERSION || length < TPKT_BYTES {
            return Step::Broken;
        }
        let Some(packet) = rest.get(TPKT_BYTES..length) else { return Step::Need(length) };
        if let Some(message) = message::read(packet, input.direction) {
            if matches!(message, Message::ConnectResponse) {
                self.stage = Stage::Over;
            }
            self.open(input, message);
        }
        Step::Used(length)
    }

    fn tls_record(&mut self, input: &Input<'_>, rest: &[u8]) -> Step {
        let Some(&[kind, _, _, high, low]) = rest.first_chunk::<5>() else { return Step::Need(5) };
        let whole = 5 + (usize::from(high) << 8 | usize::from(low));
        let Some(body) = rest.get(5..whole) else { return Step::Need(whole) };
        if input.direction == Direction::ToServer {
            return Step::Used(whole);
        }
        if kind != 0x16 || self.handshake.len() + body.len() > HANDSHAKE_MAX {
            self.stage = Stage::Over;
            return Step::Used(whole);
        }
        self.handshake.extend_from_slice(body);
        if let Some(serials) = certificates(&self.handshake) {
            self.stage = Stage::Over;
            self.handshake = Vec::new();
            self.open(input, Message::TlsHandshake { serials });
        }
        Step::Used(whole)
    }

    fn open(&mut self, input: &Input<'_>, message: Message) {
        if self.transactions.is_full() {
            return;
        }
        let transaction = self.transactions.open(input.time, input.packet, Box::new(message));
        transaction.core.only = Some(input.direction);
        for direction in Direction::BOTH {
            transaction.core.advance(direction, 1);
        }
    }
}

/// Serial numbers of the certificates in the server's handshake, once they are there.
fn certificates(handshake: &[u8]) -> Option<Vec<String>> {
    let mut cursor = Cursor::new(handshake);
    loop {
        let (kind, length) = (cursor.u8()?, cursor.u24()?);
        let body = cursor.take(length)?;
        if kind == 11 {
            return Some(leaf_serials(body));
        }
    }
}
