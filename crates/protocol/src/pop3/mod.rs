//! POP3 (RFC 1939, RFC 2449, RFC 2595): a command with its response is one transaction.
//!
//! Limits: lines of 4 KiB, 100 lines of a response are kept, 256 commands without a response. Passwords are never kept.

mod log;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::line::{begins, take_line};
use crate::session::bookkeeping;
use crate::{
    Data, Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Sides, Transactions,
};

const ARGUMENTS_MAX: usize = 16;
const LINES_KEPT: usize = 100;
const TRANSACTIONS_MAX: usize = 256;
/// Longest command (RFC 2449 §4).
const COMMAND_BYTES_MAX: usize = 255;
const PORTS: Ports = Ports::These(&[110]);

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "pop3",
    help: "Post Office Protocol, version 3.",
    probes: &[Probe {
        transport: 6,
        ports: PORTS,
        side: Side::Server,
        depth_min: 4,
        depth_max: 64,
        look: |bytes, direction, _| {
            let yes = match direction {
                Direction::ToServer => KEYWORDS.iter().any(|(word, _)| begins(bytes, word.as_bytes())),
                Direction::ToClient => begins(bytes, b"+OK") || begins(bytes, b"-ERR"),
            };
            if yes { ProbeAnswer::Yes } else { ProbeAnswer::No }
        },
    }],
    session: Some(|| Box::new(Pop3::default())),
    fields: &[
        Field {
            name: "pop3.command",
            help: "Keyword of the command.",
            sides: Sides::ToServer,
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Exchange>().keyword.as_deref()),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "pop3.status",
            help: "Status of the response: OK or ERR.",
            sides: Sides::ToClient,
            kind: FieldKind::Bytes(|scope, _| {
                let response = scope.tx::<Exchange>().response.as_ref()?;
                Some(if response.success { b"OK" } else { b"ERR" })
            }),
            fact: true,
            ..Field::EMPTY
        },
    ],
    events: &[
        "too_many_transactions",
        "request_too_long",
        "incorrect_argument_count",
        "unknown_command",
        "response_too_long",
        "reply_with_no_request",
    ],
    logs: &[Log { event_type: "pop3", when: LogWhen::Complete, write: log::write, with_alert: true }],
    ..Protocol::EMPTY
};

const TOO_MANY_TRANSACTIONS: u8 = 0;
const REQUEST_TOO_LONG: u8 = 1;
const INCORRECT_ARGUMENT_COUNT: u8 = 2;
const UNKNOWN_COMMAND: u8 = 3;
const RESPONSE_TOO_LONG: u8 = 4;

/// Keywords, and how many arguments they take.
const KEYWORDS: &[(&str, std::ops::RangeInclusive<usize>)] = &[
    ("USER", 1..=1),
    ("PASS", 1..=usize::MAX),
    ("QUIT", 0..=0),
    ("STAT", 0..=0),
    ("LIST", 0..=1),
    ("RETR", 1..=1),
    ("DELE", 1..=1),
    ("NOOP", 0..=0),
    ("RSET", 0..=0),
    ("TOP", 2..=2),
    ("UIDL", 0..=1),
    ("APOP", 2..=2),
    ("STLS", 0..=0),
    ("AUTH", 0..=2),
    ("CAPA", 0..=0),
];

/// One command and its response.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// In upper case.
    keyword: Option<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
    response: Option<Response>,
}

impl Exchange {
    fn is(&self, keyword: &[u8]) -> bool {
        self.keyword.as_deref() == Some(keyword)
    }

    /// Whether a success is followed by lines up to one with a dot (RFC 1939 §3).
    fn long(&self) -> bool {
        let listing = (self.is(b"LIST") || self.is(b"UIDL")) && self.arguments.is_empty();
        listing
            || [b"RETR".as_slice(), b"TOP", b"CAPA"].iter().any(|keyword| self.is(keyword))
            || self.is(b"AUTH") && self.arguments.is_empty()
    }
}

/// A response.
#[derive(Debug, Default)]
pub(crate) struct Response {
    success: bool,
    header: Vec<u8>,
    lines: Vec<Vec<u8>>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Pop3 {
    transactions: Transactions<Exchange>,
    skipping: [bool; 2],
    greeted: bool,
    /// The lines of a long response are under way.
    long: bool,
    /// The client answers a challenge (AUTH, RFC 5034) rather than giving commands.
    challenged: bool,
}

impl Default for Pop3 {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            skipping: [false; 2],
            greeted: false,
            long: false,
            challenged: false,
        }
    }
}

impl Session for Pop3 {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(line) = take_line(&mut rest, &mut self.skipping[input.direction.index()]) else { break };
            match input.direction {
                Direction::ToServer => self.command(input, line.text, line.cut),
                Direction::ToClient => self.response(input, line.text, line.cut),
            }
            if input.asks.change.is_some() {
                break;
            }
        }
        Fed::Used(bytes.len() - rest.len())
    }

    bookkeeping!(transactions);
}

impl Pop3 {
    fn command(&mut self, input: &Input<'_>, line: &[u8], cut: bool) {
        if std::mem::take(&mut self.challenged) {
            return;
        }
        if self.transactions.is_full() {
            if let Some(last) = self.transactions.last_mut() {
                last.core.raise(TOO_MANY_TRANSACTIONS);
            }
            return;
        }
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        let secret = keyword == b"PASS" || keyword == b"AUTH" || keyword == b"APOP";
        let mut arguments: Vec<Vec<u8>> = words.by_ref().take(ARGUMENTS_MAX).map(<[u8]>::to_vec).collect();
        let count = arguments.len() + words.count();
        if secret {
            // The name of a user or mechanism stays, what proves it does not.
            let shown = usize::from(keyword != b"PASS");
            arguments.iter_mut().skip(shown).for_each(|secret| *secret = b"***".to_vec());
        }
        let known = KEYWORDS.iter().find(|(word, _)| word.as_bytes() == keyword);
        let exchange = Exchange { keyword: Some(keyword), arguments, response: None };
        let core = &mut self.transactions.open(input.time, input.packet, exchange).core;
        core.advance(Direction::ToServer, 1);
        match known {
            None => core.raise(UNKNOWN_COMMAND),
            Some((_, counts)) if !counts.contains(&count) => core.raise(INCORRECT_ARGUMENT_COUNT),
            Some(_) => {}
        }
        if cut || line.len() > COMMAND_BYTES_MAX {
            core.raise(REQUEST_TOO_LONG);
        }
    }

    fn response(&mut self, input: &mut Input<'_>, line: &[u8], cut: bool) {
        let waiting = self.transactions.unfinished().find(|exchange| exchange.core.progress[1] == 0);
        let Some(exchange) = waiting else {
            // The greeting, or an answer to nothing.
            self.greeted = true;
            return;
        };
        if !std::mem::replace(&mut self.greeted, true) {
            // The client spoke before the greeting came.
            return;
        }
        if cut {
            exchange.core.raise(RESPONSE_TOO_LONG);
        }
        exchange.core.updated[1] = true;
        if self.long {
            if line == b"." {
                self.long = false;
                exchange.core.advance(Direction::ToClient, 1);
            } else if let Some(response) = &mut exchange.body.response
                && response.lines.len() < LINES_KEPT
            {
                response.lines.push(line.strip_prefix(b".").unwrap_or(line).to_vec());
            }
            return;
        }
        let (success, rest) = match (line.strip_prefix(b"+OK"), line.strip_prefix(b"-ERR")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => {
                self.challenged |= line.starts_with(b"+");
                return;
            }
        };
        let header = rest.strip_prefix(b" ").unwrap_or(rest).to_vec();
        exchange.body.response = Some(Response { success, header, lines: Vec::new() });
        self.long = success && exchange.body.long();
        if success && exchange.body.is(b"STLS") {
            input.asks.change = Some(Some("tls"));
        }
        if !self.long {
            exchange.core.advance(Direction::ToClient, 1);
        }
    }
}
