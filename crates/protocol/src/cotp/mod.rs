//! ISO transport over TCP (RFC 1006, ISO 8073 class 0) and what industry speaks on it: S7comm, S7comm-plus and MMS.
//!
//! The connection request with its answer is a transaction of `cotp`; the first data unit then shows what is spoken, and
//! the flow is named after it. A request with its response is one transaction there, what nobody answers one of its own.
//!
//! Limits: 512 open transactions; data units that come in pieces up to 64 KiB per direction.

mod fields;
mod log;
mod mms;
mod mms_names;
mod plus;
mod s7;
mod s7_names;
#[cfg(test)]
mod tests;
mod userdata;

use model::Direction;

use crate::exchange::{self, Exchange, finish};
use crate::framing::{Framing, Next, Unit};
use crate::session::bookkeeping;
use crate::wire::Wire;
use crate::{Fed, Input, Log, LogWhen, Pattern, ProbeAnswer, Protocol, Session, Transactions};
use mms::Mms;
use plus::Plus;
use s7::S7;

const TCP: u8 = 6;
const TRANSACTIONS_MAX: usize = 512;
/// Bytes of data units that are put together.
const UNIT_MAX: usize = 64 << 10;
/// Bytes of TPKT's header.
const TPKT: usize = 4;

/// TPDU types (ISO 8073 §13.1).
mod tpdu {
    pub(crate) const CONNECT: u8 = 0xe0;
    pub(crate) const CONFIRM: u8 = 0xd0;
    pub(crate) const DISCONNECT: u8 = 0x80;
    pub(crate) const DATA: u8 = 0xf0;
}

const fn begins(direction: Direction, confirm: fn(&[u8]) -> ProbeAnswer) -> Pattern {
    Pattern {
        transport: TCP,
        direction,
        bytes: &[3, 0],
        nocase: false,
        offset: 0,
        depth: 2,
        confirm: Some(confirm),
    }
}

/// A data unit in one piece: how such a flow looks when its beginning was not seen.
const fn midway(direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport: TCP,
        direction,
        bytes,
        nocase: false,
        offset: 4,
        depth: 4 + bytes.len(),
        confirm: Some(confirm_unit),
    }
}

fn confirm_unit(bytes: &[u8]) -> ProbeAnswer {
    match unit(bytes) {
        Unit::Whole(length) if length > 9 => ProbeAnswer::Yes,
        _ => ProbeAnswer::No,
    }
}

const S7_UNIT: &[u8] = &[2, 0xf0, 0x80, s7::PROTOCOL_ID];
const PLUS_UNIT: &[u8] = &[2, 0xf0, 0x80, plus::PROTOCOL_ID];
/// Session's "give tokens" and "data transfer", then data of the presentation layer.
const MMS_UNIT: &[u8] = &[2, 0xf0, 0x80, 1, 0, 1, 0, 0x61];

/// The transport's own protocol: connections of which nothing more is known.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "cotp",
    help: "ISO transport over TCP: connections.",
    patterns: &[
        begins(Direction::ToServer, |bytes| confirm_connection(bytes, tpdu::CONNECT)),
        begins(Direction::ToClient, |bytes| confirm_connection(bytes, tpdu::CONFIRM)),
    ],
    session: Some(|| Box::new(Iso::default())),
    fields: fields::COTP,
    events: EVENTS,
    logs: &[Log { event_type: "cotp", when: LogWhen::Complete, write: log::connection, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

/// Siemens S7.
pub(crate) const S7COMM: Protocol = Protocol {
    name: "s7comm",
    help: "Siemens S7 communication.",
    patterns: &[midway(Direction::ToServer, S7_UNIT), midway(Direction::ToClient, S7_UNIT)],
    fields: fields::S7COMM,
    logs: &[
        Log { event_type: "s7comm", when: LogWhen::Complete, write: log::s7comm, with_alert: true },
        Log { event_type: "cotp", when: LogWhen::Complete, write: log::connection, with_alert: true },
    ],
    ..PROTOCOL
};

/// Siemens S7-1200 and S7-1500.
pub(crate) const S7COMM_PLUS: Protocol = Protocol {
    name: "s7comm_plus",
    rule_names: &["s7comm-plus"],
    help: "Siemens S7 communication of the 1200 and 1500 series.",
    patterns: &[midway(Direction::ToServer, PLUS_UNIT), midway(Direction::ToClient, PLUS_UNIT)],
    fields: fields::S7COMM_PLUS,
    logs: &[
        Log { event_type: "s7comm_plus", when: LogWhen::Complete, write: log::s7comm_plus, with_alert: true },
        Log { event_type: "cotp", when: LogWhen::Complete, write: log::connection, with_alert: true },
    ],
    ..PROTOCOL
};

/// Manufacturing Message Specification, as IEC 61850 uses it.
pub(crate) const MMS: Protocol = Protocol {
    name: "mms",
    help: "Manufacturing Message Specification (ISO 9506), as in IEC 61850.",
    patterns: &[midway(Direction::ToServer, MMS_UNIT), midway(Direction::ToClient, MMS_UNIT)],
    fields: fields::MMS,
    logs: &[
        Log { event_type: "mms", when: LogWhen::Complete, write: log::mms, with_alert: true },
        Log { event_type: "cotp", when: LogWhen::Complete, write: log::connection, with_alert: true },
    ],
    ..PROTOCOL
};

const EVENTS: &[&str] =
    &["malformed_data", "too_many_transactions", "unsolicited_response", "data_unit_too_long"];

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;
const DATA_UNIT_TOO_LONG: u8 = 3;

/// A connection request, or its answer.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    kind: u8,
    calling: Vec<u8>,
    called: Vec<u8>,
    /// Largest TPDU, in bytes; 0 = not said.
    size: u32,
    /// Why it was refused or ended.
    reason: Option<u8>,
    /// It has parameters, and only those of the transport itself.
    is_plain: bool,
}

/// One message.
#[derive(Debug)]
pub(crate) enum Message {
    Connection(Connection),
    S7(Box<S7>),
    Plus(Plus),
    Mms(Box<Mms>),
    Broken,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Iso {
    transactions: Transactions<Exchange<Message>>,
    framing: Framing,
    /// Pieces of a data unit whose last one is still to come.
    pieces: [Vec<u8>; 2],
    skipping: [bool; 2],
    named: bool,
}

impl Default for Iso {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            framing: Framing::default(),
            pieces: Default::default(),
            skipping: [false; 2],
            named: false,
        }
    }
}

/// A TPKT with a TPDU of class 0 in it.
fn unit(bytes: &[u8]) -> Unit {
    let [version, reserved, high, low, indicator, kind, ..] = *bytes else {
        return match bytes {
            [] | [3] | [3, 0, ..] => Unit::More(TPKT + 2),
            _ => Unit::Not,
        };
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let known = match kind {
        tpdu::DATA => indicator == 2,
        tpdu::CONNECT | tpdu::CONFIRM | tpdu::DISCONNECT | 0x70 => indicator >= 4,
        _ => false,
    };
    let fits = length > TPKT + usize::from(indicator);
    if version == 3 && reserved == 0 && known && fits { Unit::Whole(length) } else { Unit::Not }
}

/// A connection request or its confirmation with parameters of the transport: what asks for a remote desktop looks alike, but
/// has others.
fn confirm_connection(bytes: &[u8], kind: u8) -> ProbeAnswer {
    match unit(bytes) {
        Unit::Not => ProbeAnswer::No,
        Unit::More(_) => ProbeAnswer::More,
        Unit::Whole(length) | Unit::Start(_, length) => match bytes.get(TPKT..length) {
            None if length > 255 + TPKT => ProbeAnswer::No,
            None => ProbeAnswer::More,
            Some(content) => match connection(content) {
                Some(asked) if asked.kind == kind && asked.is_plain => ProbeAnswer::Yes,
                _ => ProbeAnswer::No,
            },
        },
    }
}

/// Reads a connection request or its answer (ISO 8073 §13.3).
fn connection(content: &[u8]) -> Option<Connection> {
    let (indicator, rest) = content.split_first()?;
    let wire = &mut Wire::new(rest.get(..usize::from(*indicator))?);
    let kind = wire.byte()?;
    wire.take(4)?;
    let class = wire.byte()?;
    let mut read = Connection { kind, ..Connection::default() };
    if kind == tpdu::DISCONNECT {
        read.reason = Some(class);
    }
    let mut first = true;
    while let Some(code) = wire.byte() {
        let length = usize::from(wire.byte()?);
        let value = wire.take(length)?;
        read.is_plain = (read.is_plain || first) && code >= 0xc0;
        first = false;
        match (code, value) {
            (0xc0, [power]) => read.size = 1u32.checked_shl((*power).into()).unwrap_or(0),
            (0xc1, _) => read.calling = value.to_vec(),
            (0xc2, _) => read.called = value.to_vec(),
            _ => {}
        }
    }
    Some(read)
}

impl Session for Iso {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let mut used = 0;
        loop {
            match self.framing.next(input, &mut used, unit) {
                Next::Record(record, _) => {
                    input.asks.inspect_stream[input.direction.index()] = true;
                    self.record(input, record.get(TPKT..).unwrap_or_default());
                }
                Next::Garbage => self.broken(input),
                Next::Stop(fed) => {
                    if self.framing.is_lost(input.direction) {
                        self.pieces[input.direction.index()].clear();
                    }
                    return fed;
                }
            }
        }
    }

    bookkeeping!(transactions);
}

impl Iso {
    fn record(&mut self, input: &mut Input<'_>, content: &[u8]) {
        match content {
            [2, tpdu::DATA, order, data @ ..] => self.data(input, data, order & 0x80 != 0),
            _ => match connection(content) {
                Some(connection) => self.connection(input, connection),
                None => self.broken(input),
            },
        }
    }

    fn connection(&mut self, input: &Input<'_>, connection: Connection) {
        let (kind, message) = (connection.kind, Message::Connection(connection));
        match kind {
            tpdu::CONNECT => {
                exchange::ask(&mut self.transactions, input, message, TOO_MANY_TRANSACTIONS);
            }
            _ => {
                let fits = |asked: &Message, _: &Message| matches!(asked, Message::Connection(_));
                exchange::answer(&mut self.transactions, input, message, TOO_MANY_TRANSACTIONS, fits);
            }
        }
    }

    /// A piece of a data unit; `last`: it ends with it.
    fn data(&mut self, input: &mut Input<'_>, data: &[u8], last: bool) {
        let place = input.direction.index();
        if self.pieces[place].len() + data.len() > UNIT_MAX {
            self.pieces[place] = Vec::new();
            if !std::mem::replace(&mut self.skipping[place], true) {
                let core = &mut self.tell(input, Message::Broken).core;
                core.raise(DATA_UNIT_TOO_LONG);
            }
        }
        if self.skipping[place] {
            self.skipping[place] = !last;
            return;
        }
        match (last, self.pieces[place].is_empty()) {
            (true, true) => self.unit(input, data),
            (true, false) => {
                let mut whole = std::mem::take(&mut self.pieces[place]);
                whole.extend_from_slice(data);
                self.unit(input, &whole);
            }
            (false, _) => self.pieces[place].extend_from_slice(data),
        }
    }

    fn unit(&mut self, input: &mut Input<'_>, data: &[u8]) {
        let (name, message) = match data {
            [] => return,
            [s7::PROTOCOL_ID, ..] => ("s7comm", S7::read(data).map(|read| Message::S7(Box::new(read)))),
            [plus::PROTOCOL_ID, ..] => match Plus::read(data) {
                // What keeps a connection alive says nothing.
                Some(plus) if plus.is_empty() => return,
                read => ("s7comm_plus", read.map(Message::Plus)),
            },
            _ => match Mms::read(data) {
                Some(read) => ("mms", Some(Message::Mms(Box::new(read)))),
                None => return,
            },
        };
        if !std::mem::replace(&mut self.named, true) {
            input.asks.rename = Some(name);
        }
        match message {
            Some(message) => self.message(input, message),
            None => self.broken(input),
        }
    }

    fn message(&mut self, input: &Input<'_>, message: Message) {
        match message.part() {
            Part::Request => {
                exchange::ask(&mut self.transactions, input, message, TOO_MANY_TRANSACTIONS);
            }
            Part::Response => {
                let (transaction, asked) = exchange::answer(
                    &mut self.transactions,
                    input,
                    message,
                    TOO_MANY_TRANSACTIONS,
                    Message::answers,
                );
                if !asked {
                    transaction.core.raise(UNSOLICITED_RESPONSE);
                }
            }
            Part::Notice => {
                self.tell(input, message);
            }
        }
    }

    fn tell(&mut self, input: &Input<'_>, message: Message) -> &mut crate::Transaction<Exchange<Message>> {
        exchange::tell(&mut self.transactions, input, message, TOO_MANY_TRANSACTIONS)
    }

    fn broken(&mut self, input: &Input<'_>) {
        let transaction = self.tell(input, Message::Broken);
        transaction.core.raise(MALFORMED_DATA);
        finish(transaction);
    }
}

/// Which part of an exchange a message is.
enum Part {
    Request,
    Response,
    /// Nobody answers it.
    Notice,
}

impl Message {
    fn part(&self) -> Part {
        match self {
            Message::Connection(_) | Message::Broken => Part::Notice,
            Message::S7(message) => message.part(),
            Message::Plus(message) => message.part(),
            Message::Mms(message) => message.part(),
        }
    }

    /// Whether `self` was asked and `answer` answers it.
    fn answers(&self, answer: &Message) -> bool {
        match (self, answer) {
            (Message::S7(asked), Message::S7(answer)) => asked.reference == answer.reference,
            (Message::Plus(asked), Message::Plus(answer)) => asked.sequence == answer.sequence,
            (Message::Mms(asked), Message::Mms(answer)) => asked.invoke == answer.invoke,
            _ => false,
        }
    }
}
