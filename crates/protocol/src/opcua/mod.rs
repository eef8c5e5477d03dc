//! OPC UA, binary over TCP (OPC 10000-6 §7): the handshake, secure channels, and the service of each message.
//!
//! A request with its response is one transaction; so is the handshake. Chunks behind the first carry no service and are
//! only counted. What a channel encrypts cannot be read: of its messages only the kind is known.
//!
//! Limits: chunks of 16 MiB, of which only the first 1,024 bytes are waited for; 1,024 open transactions.

mod fields;
mod message;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::{self, Exchange};
use crate::framing::{Framing, Next, Unit};
use crate::session::bookkeeping;
use crate::{Fed, Input, Log, LogWhen, Pattern, ProbeAnswer, Protocol, Session, Transactions};
use message::{HEAD_BYTES, Kind, Message};

const TCP: u8 = 6;
const TRANSACTIONS_MAX: usize = 1024;
/// Bytes of a chunk that are looked at.
const LOOKED_AT_MAX: usize = 1024;
/// Bytes of a chunk that is taken for one.
const CHUNK_MAX: usize = 16 << 20;

const fn starts(direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport: TCP,
        direction,
        bytes,
        nocase: false,
        offset: 0,
        depth: bytes.len(),
        confirm: Some(|bytes| match chunk(bytes) {
            Some(Some(length)) if length >= 16 => ProbeAnswer::Yes,
            None => ProbeAnswer::More,
            _ => ProbeAnswer::No,
        }),
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "opcua",
    rule_names: &["opc-ua"],
    help: "OPC UA, binary over TCP.",
    patterns: &[
        starts(Direction::ToServer, b"HELF"),
        starts(Direction::ToClient, b"RHEF"),
        starts(Direction::ToClient, b"ACKF"),
        starts(Direction::ToServer, b"OPNF"),
        starts(Direction::ToClient, b"OPNF"),
        starts(Direction::ToServer, b"MSGF"),
        starts(Direction::ToClient, b"MSGF"),
    ],
    session: Some(|| Box::new(OpcUa::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response"],
    logs: &[Log { event_type: "opcua", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;

/// State of a flow.
#[derive(Debug)]
pub(crate) struct OpcUa {
    transactions: Transactions<Exchange<Message>>,
    framing: Framing,
    /// A first chunk was seen whose last one is still to come.
    within: [bool; 2],
}

impl Default for OpcUa {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            framing: Framing::default(),
            within: [false; 2],
        }
    }
}

/// The length of the chunk that bytes begin with: `None` = too little to tell, `Some(None)` = none begins here.
fn chunk(bytes: &[u8]) -> Option<Option<usize>> {
    let head: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
    let [a, b, c, last, length @ ..] = *head;
    let known = Kind::of([a, b, c]).is_some() && matches!(last, b'F' | b'C' | b'A');
    let length = u32::from_le_bytes(length) as usize;
    Some(Some(length).filter(|length| known && (HEAD_BYTES..=CHUNK_MAX).contains(length)))
}

impl Session for OpcUa {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let mut used = 0;
        let unit = |bytes: &[u8]| match chunk(bytes) {
            None if b"HARECOM".contains(&bytes[0]) => Unit::More(HEAD_BYTES),
            Some(Some(length)) => Unit::Start(LOOKED_AT_MAX, length),
            _ => Unit::Not,
        };
        loop {
            match self.framing.next(input, &mut used, unit) {
                Next::Record(record, _) => {
                    input.asks.inspect_stream[input.direction.index()] = true;
                    self.record(input, record);
                }
                Next::Garbage => {
                    let open = &mut self.transactions;
                    exchange::tell(open, input, Message::default(), TOO_MANY_TRANSACTIONS)
                        .core
                        .raise(MALFORMED_DATA);
                }
                Next::Stop(fed) => return fed,
            }
        }
    }

    bookkeeping!(transactions);
}

impl OpcUa {
    fn record(&mut self, input: &Input<'_>, record: &[u8]) {
        let place = input.direction.index();
        let Some((message, last)) = Message::read(record) else { return };
        let first = !std::mem::replace(&mut self.within[place], !last);
        // Only the first chunk names the service.
        if !first {
            return;
        }
        let open = &mut self.transactions;
        match (message.kind, input.direction) {
            (Kind::Close | Kind::Error | Kind::ReverseHello, _) => {
                exchange::tell(open, input, message, TOO_MANY_TRANSACTIONS);
            }
            (_, Direction::ToServer) => {
                exchange::ask(open, input, message, TOO_MANY_TRANSACTIONS);
            }
            (_, Direction::ToClient) => {
                let (transaction, asked) =
                    exchange::answer(open, input, message, TOO_MANY_TRANSACTIONS, Message::is_answered_by);
                if !asked {
                    transaction.core.raise(UNSOLICITED_RESPONSE);
                }
            }
        }
    }
}
