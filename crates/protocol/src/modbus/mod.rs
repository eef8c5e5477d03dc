//! Modbus over TCP: a request and its response are one transaction.
//!
//! Limits: messages of 260 bytes, those of UMAS of 1,030; 500 requests without a response (`modbus.request_flood`), then the flow is flooded and
//! no longer parsed.

mod keyword;
mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Scope, Session,
    Side, Sides, Transactions,
};
use message::{HEAD_BYTES, Message, Read, Write, access, flaw};

const REQUESTS_MAX: usize = 500;
/// Open transactions, those that are complete and not yet removed included.
const TRANSACTIONS_MAX: usize = 4096;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "modbus",
    help: "Modbus over TCP.",
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[502]),
        side: Side::Server,
        depth_min: HEAD_BYTES,
        depth_max: 260,
        look: |bytes, _, _| {
            let Some(Some(length)) = message::length(bytes) else { return ProbeAnswer::No };
            // Function 0 is none, but who tries all functions begins with it: then the length has to fit exactly.
            let function = bytes.get(7).is_some_and(|function| function & 0x7f != 0);
            let fine = bytes.get(2..4) == Some(&[0, 0]) && (function || length == bytes.len());
            if fine { ProbeAnswer::Yes } else { ProbeAnswer::No }
        },
    }],
    session: Some(|| Box::new(Modbus::default())),
    fields: FIELDS,
    events: &[
        "invalid_protocol_id",
        "unsolicited_response",
        "invalid_length",
        "invalid_unit_identifier",
        "invalid_function_code",
        "invalid_value",
        "invalid_exception_code",
        "value_mismatch",
        "flooded",
    ],
    logs: &[Log { event_type: "modbus", when: LogWhen::Complete, write: log::write, with_alert: true }],
    stream_depth: Some(0),
    ..Protocol::EMPTY
};

const INVALID_PROTOCOL_ID: u8 = 0;
const UNSOLICITED_RESPONSE: u8 = 1;
const INVALID_LENGTH: u8 = 2;
const INVALID_FUNCTION_CODE: u8 = 4;
const INVALID_VALUE: u8 = 5;
const INVALID_EXCEPTION_CODE: u8 = 6;
const VALUE_MISMATCH: u8 = 7;
const FLOODED: u8 = 8;

const FIELDS: &[Field] = &[
    Field {
        name: "modbus",
        help: "Function, access or unit of a request.",
        sides: Sides::ToServer,
        kind: FieldKind::Custom(keyword::parse),
        ..Field::EMPTY
    },
    fact("modbus.function", "Function code of a request.", 8, |scope| {
        request(scope).map(|message| message.function.into())
    }),
    fact("modbus.unit", "Unit that a request is for.", 8, |scope| {
        request(scope).map(|message| message.unit.into())
    }),
    fact("modbus.address", "First address that a request reads or writes.", 16, |scope| {
        request(scope)?.addresses().map(|(first, _)| first.into())
    }),
    fact("modbus.write_value", "Value that a request writes to its first address.", 16, |scope| {
        let message = request(scope)?;
        let (first, _) = message.addresses().filter(|_| message.access & access::WRITE != 0)?;
        message.written(first).map(u64::from)
    }),
    Field {
        name: "modbus.exception",
        help: "Exception code of a response.",
        sides: Sides::ToClient,
        progress: [0, 1],
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| match scope.tx::<Exchange>().response.as_ref()?.data {
                message::Data::Exception(code) => Some(code.into()),
                _ => None,
            },
        },
        fact: true,
        ..Field::EMPTY
    },
];

const fn fact(name: &'static str, help: &'static str, bits: u8, get: fn(&Scope<'_>) -> Option<u64>) -> Field {
    Field {
        name,
        help,
        sides: Sides::ToServer,
        kind: FieldKind::Number { bits, names: &[], get },
        fact: true,
        ..Field::EMPTY
    }
}

fn request<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    scope.tx::<Exchange>().request.as_ref()
}

/// A request and its response.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    request: Option<Message>,
    response: Option<Message>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Modbus {
    transactions: Transactions<Exchange>,
    /// Requests without a response.
    waiting: usize,
    flooded: bool,
    /// How many may be; looked up once.
    limit: Option<usize>,
}

impl Default for Modbus {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), waiting: 0, flooded: false, limit: None }
    }
}

impl Session for Modbus {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let limit = *self.limit.get_or_insert_with(|| {
            let limit = input.config.setting("modbus.request_flood").and_then(|limit| limit.parse().ok());
            limit.unwrap_or(REQUESTS_MAX).min(TRANSACTIONS_MAX)
        });
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let Some(length) = message::length(rest) else {
                return Fed::Need { used, needed: HEAD_BYTES };
            };
            let Some(length) = length else { return self.misread(input) };
            let Some(whole) = rest.get(..length) else { return Fed::Need { used, needed: length } };
            let to_server = input.direction == Direction::ToServer;
            let Some(message) = message::read(whole, to_server) else { return self.misread(input) };
            let broken = message.flaws & flaw::PROTOCOL != 0;
            if to_server {
                self.request(input, message, limit)
            } else {
                self.response(input, message)
            }
            if broken || self.flooded {
                return Fed::Broken;
            }
            input.asks.inspect_stream[input.direction.index()] = true;
            used += length;
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Modbus {
    fn misread(&mut self, input: &Input<'_>) -> Fed {
        if !self.transactions.is_full() {
            let core = &mut self.transactions.open(input.time, input.packet, Exchange::default()).core;
            core.raise(INVALID_LENGTH);
            core.advance(Direction::ToServer, 1);
            core.advance(Direction::ToClient, 1);
        }
        Fed::Broken
    }

    fn request(&mut self, input: &Input<'_>, message: Message, limit: usize) {
        if self.transactions.is_full() {
            self.flooded = true;
            return;
        }
        let flaws = message.flaws;
        let exchange = Exchange { request: Some(message), response: None };
        let core = &mut self.transactions.open(input.time, input.packet, exchange).core;
        raise(core, flaws);
        self.waiting += 1;
        if self.waiting > limit {
            core.raise(FLOODED);
            self.flooded = true;
        }
    }

    fn response(&mut self, input: &Input<'_>, message: Message) {
        let asked = self.transactions.unfinished().find(|exchange| {
            let same = |request: &Message| request.transaction == message.transaction;
            exchange.body.response.is_none() && exchange.body.request.as_ref().is_some_and(same)
        });
        let exchange = match asked {
            Some(exchange) => {
                self.waiting = self.waiting.saturating_sub(1);
                let fits = exchange.body.request.as_ref().is_some_and(|request| fits(request, &message));
                if !fits {
                    exchange.core.raise(VALUE_MISMATCH);
                }
                exchange
            }
            None => {
                if self.transactions.is_full() {
                    self.flooded = true;
                    return;
                }
                let exchange = self.transactions.open(input.time, input.packet, Exchange::default());
                exchange.core.raise(UNSOLICITED_RESPONSE);
                exchange
            }
        };
        raise(&mut exchange.core, message.flaws);
        exchange.body.response = Some(message);
        exchange.core.advance(Direction::ToServer, 1);
        exchange.core.advance(Direction::ToClient, 1);
    }
}

fn raise(core: &mut crate::Core, flaws: u8) {
    for (flaw, code) in [
        (flaw::PROTOCOL, INVALID_PROTOCOL_ID),
        (flaw::LENGTH, INVALID_LENGTH),
        (flaw::FUNCTION, INVALID_FUNCTION_CODE),
        (flaw::VALUE, INVALID_VALUE),
        (flaw::EXCEPTION, INVALID_EXCEPTION_CODE),
    ] {
        if flaws & flaw != 0 {
            core.raise(code);
        }
    }
}

/// Whether a response says back what was written, or brings as much as was asked for.
fn fits(request: &Message, response: &Message) -> bool {
    use message::Data::{Exception, Transfer};
    if let Exception(_) = response.data {
        return true;
    }
    let (Transfer { read: asked, write: told }, Transfer { read: given, write: done }) =
        (&request.data, &response.data)
    else {
        return true;
    };
    match (asked, given, told, done) {
        (Some(Read::Request { quantity, .. }), Some(Read::Response(data)), ..) => {
            let bits = request.access & (access::COILS | access::DISCRETES) != 0;
            let bytes = if bits { usize::from(*quantity).div_ceil(8) } else { usize::from(*quantity) * 2 };
            bytes == data.len()
        }
        (_, _, Some(Write::One { address, data }), Some(Write::One { address: at, data: back })) => {
            address == at && data == back
        }
        (_, _, Some(Write::Many { address, quantity, .. }), Some(Write::One { address: at, data })) => {
            address == at && quantity == data
        }
        (_, _, Some(Write::Mask { address, and, or }), Some(Write::Mask { address: at, and: a, or: o })) => {
            address == at && and == a && or == o
        }
        _ => true,
    }
}
