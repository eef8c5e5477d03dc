//! LDAP (RFC 4511) over TCP and UDP: requests and all their answers.
//!
//! Limits: 1024 open transactions (`ldap.max_tx`), 4096 answers of one request, lists of 256 items, filters nested 16 deep,
//! messages of 16 MiB. Passwords of simple binds are not kept. Encrypted sessions end here: after StartTLS the flow is TLS.

mod fields;
mod log;
mod message;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Endpoints, Fed, Frame, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transactions,
};
use message::{Content, Message};

const TCP: u8 = 6;
const UDP: u8 = 17;
const PORTS: Ports = Ports::These(&[389, 3268]);
const MESSAGE_MAX: usize = 16 << 20;
const ANSWERS_MAX: usize = 4096;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const TOO_MANY_TRANSACTIONS: u8 = 0;
const INVALID_DATA: u8 = 1;
const REQUEST_NOT_FOUND: u8 = 2;

/// Operations.
mod operation {
    pub(super) const UNBIND: u8 = 2;
    pub(super) const ENTRY: u8 = 4;
    pub(super) const ABANDON: u8 = 16;
    pub(super) const REFERENCE: u8 = 19;
    pub(super) const EXTENDED: u8 = 23;
    pub(super) const EXTENDED_RESPONSE: u8 = 24;
    pub(super) const INTERMEDIATE: u8 = 25;
}

const fn probe(transport: u8) -> Probe {
    Probe { transport, ports: PORTS, side: Side::Either, depth_min: 7, depth_max: 0, look }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ldap",
    help: "Lightweight Directory Access Protocol.",
    probes: &[probe(TCP), probe(UDP)],
    session: Some(|| Box::new(Ldap::default())),
    fields: fields::FIELDS,
    events: &["too_many_transactions", "invalid_data", "request_not_found", "incomplete_data"],
    logs: &[Log { event_type: "ldap", when: LogWhen::Complete, write: log::write, with_alert: true }],
    ..Protocol::EMPTY
};

fn is_request(operation: u8) -> bool {
    matches!(operation, 0 | 2 | 3 | 6 | 8 | 10 | 12 | 14 | 16 | 23)
}

fn look(bytes: &[u8], direction: Direction, _: &Endpoints) -> ProbeAnswer {
    // Sequence, message id, operation: what stands in front tells enough, however long the message.
    match message::length(bytes) {
        Err(()) => return ProbeAnswer::No,
        Ok(None) => return ProbeAnswer::More,
        Ok(Some(length)) if bytes.first() != Some(&0x30) || length > MESSAGE_MAX => return ProbeAnswer::No,
        Ok(Some(length)) if bytes.len() < length => return ProbeAnswer::More,
        Ok(Some(_)) => {}
    }
    match message::read(bytes) {
        None => ProbeAnswer::No,
        Some(message) if is_request(message.operation) == (direction == Direction::ToServer) => {
            ProbeAnswer::Yes
        }
        Some(_) => ProbeAnswer::YesReversed,
    }
}

/// A request and its answers.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    request: Option<Message>,
    responses: Vec<Message>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Ldap {
    transactions: Transactions<Exchange>,
    limit: usize,
    /// StartTLS was asked for.
    start_tls: bool,
}

impl Default for Ldap {
    fn default() -> Self {
        Self { transactions: Transactions::new(usize::MAX), limit: 0, start_tls: false }
    }
}

impl Session for Ldap {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        if self.limit == 0 {
            let limit = input.config.setting("ldap.max_tx").and_then(|value| value.parse().ok());
            self.limit = limit.unwrap_or(1024).max(1);
        }
        let bytes = input.data.bytes();
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let whole = match message::length(rest) {
                Ok(Some(length)) if rest.first() == Some(&0x30) && length <= MESSAGE_MAX => length,
                Ok(None) => return Fed::Need { used, needed: rest.len() + 1 },
                _ => return self.invalid(input),
            };
            let Some(bytes) = rest.get(..whole) else { return Fed::Need { used, needed: whole } };
            let Some(message) = message::read(bytes) else { return self.invalid(input) };
            let tx = self.message(input, message);
            input.asks.frames.push(Frame {
                kind: "pdu",
                direction: input.direction,
                offset: used as i64,
                len: Some(whole as u64),
                // LDAP's frames count exchanges from 1.
                tx: tx.map(|tx| tx + 1),
            });
            used += whole;
            if input.asks.change.is_some() {
                break;
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Ldap {
    fn invalid(&mut self, input: &Input<'_>) -> Fed {
        let core = &mut self.transactions.open(input.time, input.packet, Exchange::default()).core;
        core.raise(INVALID_DATA);
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        Fed::Broken
    }

    /// Answers the transaction that the message belongs to.
    fn message(&mut self, input: &mut Input<'_>, message: Message) -> Option<u64> {
        if is_request(message.operation) {
            self.request(input, message)
        } else {
            self.response(input, message)
        }
    }

    fn request(&mut self, input: &mut Input<'_>, message: Message) -> Option<u64> {
        if self.transactions.len() >= self.limit
            && let Some(oldest) = self.transactions.unfinished().next()
        {
            oldest.core.raise(TOO_MANY_TRANSACTIONS);
            oldest.core.advance(Direction::ToServer, 1);
            oldest.core.advance(Direction::ToClient, 1);
        }
        self.start_tls |= message.operation == operation::EXTENDED
            && matches!(&message.content, Content::Extended { name: Some(name), .. } if name == START_TLS);
        // Nobody answers these (RFC 4511 §4.3, §4.11).
        let complete = matches!(message.operation, operation::UNBIND | operation::ABANDON);
        let exchange = Exchange { request: Some(message), responses: Vec::new() };
        let core = &mut self.transactions.open(input.time, input.packet, exchange).core;
        core.advance(Direction::ToServer, 1);
        if complete {
            core.advance(Direction::ToClient, 1);
        }
        input.asks.inspect_stream[Direction::ToServer.index()] = true;
        Some(core.id)
    }

    fn response(&mut self, input: &mut Input<'_>, message: Message) -> Option<u64> {
        let more =
            matches!(message.operation, operation::ENTRY | operation::REFERENCE | operation::INTERMEDIATE);
        if self.start_tls && message.operation == operation::EXTENDED_RESPONSE {
            self.start_tls = false;
            if matches!(&message.content, Content::Outcome(outcome) if outcome.code == 0) {
                input.asks.change = Some(Some("tls"));
            }
        }
        input.asks.inspect_stream[Direction::ToClient.index()] = true;
        let found = self.transactions.unfinished().find(|exchange| {
            exchange.core.progress[1] == 0
                && exchange.body.request.as_ref().is_some_and(|request| request.id == message.id)
        });
        if let Some(exchange) = found {
            if exchange.body.responses.len() < ANSWERS_MAX {
                exchange.body.responses.push(message);
            }
            exchange.core.updated = [true; 2];
            if !more {
                exchange.core.advance(Direction::ToClient, 1);
            }
            return Some(exchange.core.id);
        }
        // A notice that nobody asked for (§4.4), or an answer whose request was not seen.
        let unsolicited = message.id == 0 && message.operation == operation::EXTENDED_RESPONSE;
        let exchange = Exchange { request: None, responses: vec![message] };
        let core = &mut self.transactions.open(input.time, input.packet, exchange).core;
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        if !unsolicited {
            core.raise(REQUEST_NOT_FOUND);
        }
        Some(core.id)
    }
}
