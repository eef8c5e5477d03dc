//! SIP (RFC 3261) over UDP and TCP: each message is a transaction of its own; bodies are read when they are SDP.
//!
//! Limits: 64 KiB of headers and as much again of body per message, 100 headers, 256 open transactions.

mod fields;
mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transactions,
};
use message::{First, Message, Place, Read};

const TRANSACTIONS_MAX: usize = 256;
const TCP: u8 = 6;
const UDP: u8 = 17;

const METHODS: [&[u8]; 14] = [
    b"REGISTER",
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"UPDATE",
    b"REFER",
    b"PRACK",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"PUBLISH",
    b"MESSAGE",
    b"INFO",
    b"OPTIONS",
];

const fn pattern(transport: u8, direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport,
        direction,
        bytes,
        nocase: false,
        offset: 0,
        depth: bytes.len(),
        confirm: Some(confirm),
    }
}

const fn patterns() -> [Pattern; 30] {
    let mut all = [pattern(UDP, Direction::ToClient, b"SIP/"); 30];
    all[15] = pattern(TCP, Direction::ToClient, b"SIP/");
    let mut place = 0;
    while place < METHODS.len() {
        all[place + 1] = pattern(UDP, Direction::ToServer, METHODS[place]);
        all[place + 16] = pattern(TCP, Direction::ToServer, METHODS[place]);
        place += 1;
    }
    all
}

static PATTERNS: [Pattern; 30] = patterns();

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "sip",
    help: "Session Initiation Protocol.",
    patterns: &PATTERNS,
    probes: &[Probe {
        transport: UDP,
        ports: Ports::These(&[5060, 5061]),
        side: Side::Either,
        depth_min: 8,
        depth_max: 1024,
        look: |bytes, direction, _| {
            let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
            match (message::first_line(line), direction) {
                (Some(First::Request { .. }), Direction::ToServer)
                | (Some(First::Response { .. }), Direction::ToClient) => ProbeAnswer::Yes,
                (Some(_), _) => ProbeAnswer::YesReversed,
                (None, _) => ProbeAnswer::No,
            }
        },
    }],
    session: Some(|| Box::new(Sip::default())),
    fields: fields::FIELDS,
    events: &["incomplete_data", "invalid_data"],
    logs: &[Log { event_type: "sip", when: LogWhen::Complete, write: log::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

const INVALID_DATA: u8 = 1;

/// Other protocols share methods: the version decides.
fn confirm(bytes: &[u8]) -> ProbeAnswer {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < 1024 { ProbeAnswer::More } else { ProbeAnswer::No };
    };
    match message::first_line(bytes.get(..end).unwrap_or_default()) {
        Some(_) => ProbeAnswer::Yes,
        None => ProbeAnswer::No,
    }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Sip {
    transactions: Transactions<Message>,
}

impl Default for Sip {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

impl Session for Sip {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let stream = input.endpoints.transport == TCP;
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            // RFC 3261 §7.5: empty lines before a message keep the connection alive.
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                used += blank;
                continue;
            }
            match message::read(rest, stream) {
                // Each direction has its kind of message; what goes the wrong way is not one.
                Read::Message(message, place)
                    if message.is_request() == (input.direction == Direction::ToServer) =>
                {
                    self.open(input, message, &place, used);
                    used += place.end;
                }
                Read::More if stream => return Fed::Need { used, needed: rest.len() + 1 },
                Read::Message(..) | Read::More | Read::Not => {
                    if let Some(last) = self.transactions.last_mut() {
                        last.core.raise(INVALID_DATA);
                    }
                    return if stream { Fed::Broken } else { Fed::Used(bytes.len()) };
                }
            }
            if !stream {
                break;
            }
        }
        Fed::Used(if stream { used } else { bytes.len() })
    }

    bookkeeping!(transactions);
}

impl Sip {
    fn open(&mut self, input: &mut Input<'_>, message: Message, place: &Place, start: usize) {
        if self.transactions.is_full() {
            return;
        }
        let request = message.is_request();
        let core = &mut self.transactions.open(input.time, input.packet, message).core;
        core.only = Some(input.direction);
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        let tx = core.id;
        let kinds = if request {
            ["pdu", "request.line", "request.headers", "request.body"]
        } else {
            ["pdu", "response.line", "response.headers", "response.body"]
        };
        let parts = [(0, place.end), (0, place.line), (place.line, place.headers), (place.body, place.end)];
        for (kind, (from, to)) in kinds.into_iter().zip(parts) {
            if to > from {
                input.asks.frames.push(Frame {
                    kind,
                    direction: input.direction,
                    offset: (start + from) as i64,
                    len: Some((to - from) as u64),
                    tx: Some(tx),
                });
            }
        }
    }
}
