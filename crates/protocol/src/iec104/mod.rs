//! IEC 60870-5-104: telecontrol over TCP. Each data unit and each unnumbered control is a transaction of one direction.
//!
//! Supervisory frames only acknowledge; they are read over. Limits: frames of 255 bytes, 127 objects each, 1,024 open
//! transactions.

mod asdu;
mod fields;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::{Exchange, tell};
use crate::framing::{Framing, Next, Unit};
use crate::session::bookkeeping;
use crate::{
    Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use asdu::Asdu;

const TCP: u8 = 6;
const TRANSACTIONS_MAX: usize = 1024;
const START: u8 = 0x68;
/// Start, length and four bytes of control.
const HEAD_BYTES: usize = 6;

/// Unnumbered controls in the first byte of the control field.
mod control {
    pub(crate) const START_ACT: u8 = 0x07;
    pub(crate) const START_CON: u8 = 0x0b;
    pub(crate) const STOP_ACT: u8 = 0x13;
    pub(crate) const STOP_CON: u8 = 0x23;
    pub(crate) const TEST_ACT: u8 = 0x43;
    pub(crate) const TEST_CON: u8 = 0x83;
}

const fn whole(direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern { transport: TCP, direction, bytes, nocase: false, offset: 0, depth: bytes.len(), confirm: None }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "iec104",
    rule_names: &["iec60870-5-104"],
    help: "IEC 60870-5-104 telecontrol.",
    patterns: &[
        whole(Direction::ToServer, &[START, 4, control::START_ACT, 0, 0, 0]),
        whole(Direction::ToClient, &[START, 4, control::START_CON, 0, 0, 0]),
        whole(Direction::ToServer, &[START, 4, control::TEST_ACT, 0, 0, 0]),
        whole(Direction::ToClient, &[START, 4, control::TEST_ACT, 0, 0, 0]),
        whole(Direction::ToServer, &[START, 4, control::TEST_CON, 0, 0, 0]),
        whole(Direction::ToClient, &[START, 4, control::TEST_CON, 0, 0, 0]),
    ],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[2404]),
        side: Side::Either,
        depth_min: HEAD_BYTES,
        depth_max: 0,
        look: |bytes, _, _| match unit(bytes) {
            Unit::Whole(_) | Unit::Start(..) => ProbeAnswer::Yes,
            Unit::More(_) => ProbeAnswer::More,
            Unit::Not => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Iec104::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unknown_type", "unknown_cause"],
    logs: &[Log { event_type: "iec104", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNKNOWN_TYPE: u8 = 2;
const UNKNOWN_CAUSE: u8 = 3;

/// One frame.
#[derive(Debug)]
pub(crate) enum Frame {
    /// An unnumbered control.
    Control(u8),
    /// A data unit and its number in the sequence.
    Data {
        sequence: u16,
        asdu: Box<Asdu>,
    },
    Broken,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Iec104 {
    transactions: Transactions<Exchange<Frame>>,
    framing: Framing,
}

impl Default for Iec104 {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), framing: Framing::default() }
    }
}

/// A frame whose control field makes sense for its length.
fn unit(bytes: &[u8]) -> Unit {
    let [start, length, first, second, third, fourth, ..] = *bytes else {
        return match bytes.first() {
            None | Some(&START) => Unit::More(HEAD_BYTES),
            _ => Unit::Not,
        };
    };
    let fits = match first & 3 {
        // The type of the data unit stands behind the control field, and is never 0.
        0 | 2 => third & 1 == 0 && length >= 4 + asdu::HEAD_BYTES as u8 && bytes.get(HEAD_BYTES) != Some(&0),
        1 => length == 4 && first == 1 && second == 0 && third & 1 == 0,
        _ => length == 4 && [second, third, fourth] == [0; 3] && control_name(first).is_some(),
    };
    if start == START && fits && length <= 253 { Unit::Whole(usize::from(length) + 2) } else { Unit::Not }
}

fn control_name(control: u8) -> Option<&'static str> {
    Some(match control {
        control::START_ACT => "startdt_act",
        control::START_CON => "startdt_con",
        control::STOP_ACT => "stopdt_act",
        control::STOP_CON => "stopdt_con",
        control::TEST_ACT => "testfr_act",
        control::TEST_CON => "testfr_con",
        _ => return None,
    })
}

impl Session for Iec104 {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let mut used = 0;
        loop {
            match self.framing.next(input, &mut used, unit) {
                Next::Record(record, _) => {
                    input.asks.inspect_stream[input.direction.index()] = true;
                    self.frame(input, record);
                }
                Next::Garbage => {
                    tell(&mut self.transactions, input, Frame::Broken, TOO_MANY_TRANSACTIONS)
                        .core
                        .raise(MALFORMED_DATA);
                }
                Next::Stop(fed) => return fed,
            }
        }
    }

    bookkeeping!(transactions);
}

impl Iec104 {
    fn frame(&mut self, input: &Input<'_>, record: &[u8]) {
        let [_, _, first, second, _, _, data @ ..] = record else { return };
        let frame = match first & 3 {
            0 | 2 => match Asdu::read(data) {
                Some(asdu) => {
                    Frame::Data { sequence: u16::from_le_bytes([*first, *second]) >> 1, asdu: Box::new(asdu) }
                }
                None => Frame::Broken,
            },
            1 => return,
            _ => Frame::Control(*first),
        };
        let odd = match &frame {
            Frame::Broken => Some(MALFORMED_DATA),
            Frame::Data { asdu, .. } if names::kind(asdu.kind).is_none() => Some(UNKNOWN_TYPE),
            Frame::Data { asdu, .. } if names::cause(asdu.cause).is_none() => Some(UNKNOWN_CAUSE),
            Frame::Data { asdu, .. } if asdu.is_cut => Some(MALFORMED_DATA),
            _ => None,
        };
        let transaction = tell(&mut self.transactions, input, frame, TOO_MANY_TRANSACTIONS);
        if let Some(code) = odd {
            transaction.core.raise(code);
        }
    }
}
