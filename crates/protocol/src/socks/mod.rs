//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): what a proxy is asked for is one transaction; what then goes through it is
//! recognised anew, as a flow of its own protocol.
//!
//! Limits: names of 255 bytes, one request per flow. Passwords are never kept.

mod fields;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::finish;
use crate::session::bookkeeping;
use crate::{
    Core, Data, Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transactions,
};
use message::{Asked, Read};

const TCP: u8 = 6;

const fn begins(bytes: &'static [u8], confirm: fn(&[u8]) -> ProbeAnswer) -> Pattern {
    Pattern {
        transport: TCP,
        direction: Direction::ToServer,
        bytes,
        nocase: false,
        offset: 0,
        depth: bytes.len(),
        confirm: Some(confirm),
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "socks",
    help: "SOCKS proxies, versions 4, 4a and 5.",
    patterns: &[
        begins(&[5], |bytes| if message::greets(bytes) { ProbeAnswer::Yes } else { ProbeAnswer::No }),
        begins(&[4], |bytes| if message::asks_4(bytes) { ProbeAnswer::Yes } else { ProbeAnswer::No }),
    ],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[1080]),
        side: Side::Server,
        depth_min: 2,
        depth_max: 300,
        look: |bytes, direction, _| match (direction, bytes) {
            (Direction::ToServer, [5, count, ..]) if *count > 0 && bytes.len() >= 2 + usize::from(*count) => {
                ProbeAnswer::Yes
            }
            (Direction::ToClient, [5, ..] | [0, 0x5a..=0x5d, ..]) => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Socks::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "unsolicited_response"],
    logs: &[Log { event_type: "socks", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    first_data: Some(Direction::ToServer),
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const UNSOLICITED_RESPONSE: u8 = 1;

/// How far the two sides have come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Greeting,
    /// The server is to choose a method.
    Method,
    /// The client is to prove who it is.
    Proof,
    /// The server is to accept that.
    Proven,
    /// The client is to say what it wants.
    Request,
    /// The server is to say whether it does it.
    Reply,
    /// What goes through is no longer ours.
    Over,
}

/// What a proxy was asked for.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    version: u8,
    methods: Vec<u8>,
    method: Option<u8>,
    user: Option<Vec<u8>>,
    proven: Option<bool>,
    asked: Option<Asked>,
    /// Code of the answer, and the address that the server uses.
    answer: Option<(u8, Option<message::Address>)>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Socks {
    transactions: Transactions<Exchange>,
    stage: Stage,
}

impl Default for Socks {
    fn default() -> Self {
        Self { transactions: Transactions::new(1), stage: Stage::Greeting }
    }
}

impl Session for Socks {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            match self.step(input, rest) {
                Read::Done(length) => used += length,
                Read::More => return Fed::Used(used),
                Read::Not => return self.broken(),
            }
            if self.stage == Stage::Over {
                return Fed::Used(used);
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Socks {
    fn step(&mut self, input: &mut Input<'_>, rest: &[u8]) -> Read {
        let to_server = input.direction == Direction::ToServer;
        if self.stage == Stage::Greeting && to_server && self.transactions.is_empty() {
            self.transactions.open(input.time, input.packet, Exchange::default());
        }
        let stage = self.stage;
        let Some(open) = self.transactions.last_mut() else { return Read::Not };
        open.core.updated[input.direction.index()] = true;
        let exchange = &mut open.body;
        let (read, next) = match (stage, to_server) {
            (Stage::Greeting, true) if rest.first() == Some(&4) => (exchange.request_4(rest), Stage::Reply),
            (Stage::Greeting, true) => (exchange.greeting(rest), Stage::Method),
            (Stage::Method, false) => {
                let read = exchange.choice(rest);
                (read, if exchange.method == Some(2) { Stage::Proof } else { Stage::Request })
            }
            (Stage::Proof, true) => (exchange.proof(rest), Stage::Proven),
            (Stage::Proven, false) => (exchange.proven(rest), Stage::Request),
            (Stage::Request, true) => (exchange.request_5(rest), Stage::Reply),
            (Stage::Reply, false) => (exchange.reply(rest), Stage::Over),
            // What is said too early waits until it is its turn.
            _ => return Read::More,
        };
        if let Read::Done(_) = read {
            self.stage = next;
            if next == Stage::Reply {
                open.core.advance(Direction::ToServer, 1);
            }
            let refused = open.body.method == Some(message::NO_METHOD) || open.body.proven == Some(false);
            if next == Stage::Over || refused {
                self.end(input, refused);
            }
        }
        read
    }

    /// The proxy has answered; when it does what it was asked for, something else is spoken from here on.
    fn end(&mut self, input: &mut Input<'_>, refused: bool) {
        self.stage = Stage::Over;
        let Some(open) = self.transactions.last_mut() else { return };
        finish(open);
        let asked = open.body.asked.as_ref();
        let connected = !refused && open.body.is_granted() && asked.is_some_and(|asked| asked.command == 1);
        if connected {
            input.asks.change = Some(None);
            input.asks.change_port = asked.map_or(0, |asked| asked.port);
        } else {
            input.asks.stop = true;
        }
    }

    fn broken(&mut self) -> Fed {
        if let Some(open) = self.transactions.last_mut() {
            raise(&mut open.core, self.stage);
            finish(open);
        }
        Fed::Broken
    }
}

fn raise(core: &mut Core, stage: Stage) {
    core.raise(if stage == Stage::Greeting { UNSOLICITED_RESPONSE } else { MALFORMED_DATA });
}
