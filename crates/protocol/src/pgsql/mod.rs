//! PostgreSQL (protocol 3.0): a request with everything that is said until the server is ready again is one transaction.
//!
//! Limits: messages of 16 MiB, of which texts are kept up to 64 KiB; 1,024 open transactions; 64 messages and 64
//! parameters kept per transaction. Extended queries (parse, bind, execute) are read over.

mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::wire::Wire;
use crate::{
    Data, Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Sides, Transaction, Transactions,
};
use message::{Asked, CODE_CANCEL, CODE_GSS, CODE_SSL, Request, Response};

const TRANSACTIONS_MAX: usize = 1024;
/// Longer messages are not believed.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// The first message of a client is at most so long (PostgreSQL's own limit).
const STARTUP_BYTES_MAX: usize = 10_000;
/// Messages of one direction kept with a transaction.
const MESSAGES_MAX: usize = 64;
/// Type and length.
const HEAD_BYTES: usize = 5;
const PORTS: Ports = Ports::These(&[5432]);
const REQUEST_KINDS: &[u8] = b"QXPBDESHCFfdcp";
const RESPONSE_KINDS: &[u8] = b"RSKZENTDCGHWdcA123nstIVv";

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "pgsql",
    help: "PostgreSQL.",
    probes: &[Probe { transport: 6, ports: PORTS, side: Side::Server, depth_min: 1, depth_max: 16, look }],
    session: Some(|| Box::new(Pgsql::default())),
    fields: &[
        Field {
            name: "pgsql.query",
            help: "Text of a simple query.",
            sides: Sides::ToServer,
            progress: [1, 0],
            kind: FieldKind::Bytes(|scope, _| {
                scope.tx::<Exchange>().requests.iter().find_map(|request| match request {
                    Request::Query(query) => Some(query.as_slice()),
                    _ => None,
                })
            }),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "pgsql.user",
            help: "User name in the startup message.",
            sides: Sides::ToServer,
            progress: [1, 0],
            kind: FieldKind::Bytes(|scope, _| {
                scope.tx::<Exchange>().requests.iter().find_map(|request| match request {
                    Request::Startup { user, .. } => user.as_deref(),
                    _ => None,
                })
            }),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "pgsql.error",
            help: "SQLSTATE code of an error.",
            sides: Sides::ToClient,
            progress: [0, 1],
            kind: FieldKind::Bytes(|scope, _| {
                scope.tx::<Exchange>().responses.iter().find_map(|response| match response {
                    Response::Fields { error: true, fields } => {
                        fields.iter().find(|(name, _)| *name == "code").map(|(_, code)| code.as_slice())
                    }
                    _ => None,
                })
            }),
            fact: true,
            ..Field::EMPTY
        },
    ],
    events: &["invalid_length", "malformed_request", "malformed_response", "too_many_transactions"],
    logs: &[Log { event_type: "pgsql", when: LogWhen::Complete, write: log::write, with_alert: true }],
    accepts_gaps: true,
    stream_depth: Some(0),
    ..Protocol::EMPTY
};

const INVALID_LENGTH: u8 = 0;
const MALFORMED_REQUEST: u8 = 1;
const MALFORMED_RESPONSE: u8 = 2;
const TOO_MANY_TRANSACTIONS: u8 = 3;

/// A request and its answers.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    requests: Vec<Request>,
    responses: Vec<Response>,
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Pgsql {
    transactions: Transactions<Exchange>,
    asked: Asked,
    /// The server's next byte says whether it speaks TLS.
    ssl_asked: bool,
    /// Bytes were lost in this direction; the next must look like a message.
    lost: [bool; 2],
    passwords: bool,
}

impl Default for Pgsql {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            asked: Asked::default(),
            ssl_asked: false,
            lost: [false; 2],
            passwords: false,
        }
    }
}

fn look(bytes: &[u8], direction: Direction, _: &crate::Endpoints) -> ProbeAnswer {
    if direction == Direction::ToClient && matches!(bytes, b"N" | b"S") {
        return ProbeAnswer::Yes;
    }
    let Some((&kind, rest)) = bytes.split_first() else { return ProbeAnswer::More };
    let plausible = |len: u32, most: usize| (4..=most as u64).contains(&u64::from(len));
    if direction == Direction::ToServer && kind == 0 {
        let wire = &mut Wire::new(bytes);
        let (Some(len), Some(code)) = (wire.be32(), wire.be32()) else { return ProbeAnswer::More };
        let known = matches!(code, CODE_SSL | CODE_CANCEL | CODE_GSS) || code >> 16 == 3;
        return if known && plausible(len, STARTUP_BYTES_MAX) { ProbeAnswer::Yes } else { ProbeAnswer::No };
    }
    let kinds = if direction == Direction::ToServer { REQUEST_KINDS } else { RESPONSE_KINDS };
    if !kinds.contains(&kind) {
        return ProbeAnswer::No;
    }
    match Wire::new(rest).be32() {
        None => ProbeAnswer::More,
        Some(len) if plausible(len, MESSAGE_BYTES_MAX) => ProbeAnswer::Yes,
        Some(_) => ProbeAnswer::No,
    }
}

impl Session for Pgsql {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let place = input.direction.index();
        let Data::Bytes(bytes) = input.data else {
            self.lost[place] = true;
            return Fed::Used(0);
        };
        self.passwords = input.config.setting("eve.pgsql.passwords") == Some("true");
        if self.lost[place] && !bytes.is_empty() {
            if look(bytes, input.direction, &input.endpoints) == ProbeAnswer::No {
                return Fed::Used(bytes.len());
            }
            self.lost[place] = false;
        }
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            match self.message(input, rest) {
                Step::Took(len) => used += len,
                Step::Need(needed) => return Fed::Need { used, needed },
                Step::Broken => return Fed::Broken,
            }
            if input.asks.change.is_some() {
                break;
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

/// What became of the front of the data.
enum Step {
    Took(usize),
    Need(usize),
    Broken,
}

impl Pgsql {
    fn message(&mut self, input: &mut Input<'_>, rest: &[u8]) -> Step {
        let to_server = input.direction == Direction::ToServer;
        let Some(&kind) = rest.first() else { return Step::Took(0) };
        if !to_server && std::mem::take(&mut self.ssl_asked) && matches!(kind, b'S' | b'N') {
            self.respond(input, Response::Ssl(kind == b'S'));
            if kind == b'S' {
                input.asks.change = Some(Some("tls"));
            }
            return Step::Took(1);
        }
        let untyped = to_server && kind == 0;
        let head = if untyped { 0 } else { 1 };
        let Some(len) = rest.get(head..).and_then(|rest| Wire::new(rest).be32()) else {
            return Step::Need(HEAD_BYTES);
        };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len < 4 || len > if untyped { STARTUP_BYTES_MAX } else { MESSAGE_BYTES_MAX } {
            self.raise(INVALID_LENGTH);
            return Step::Broken;
        }
        let Some(body) = rest.get(head + 4..head + len) else { return Step::Need(head + len) };
        let fine = match (to_server, untyped) {
            (true, true) => message::untyped(body).map(|request| self.request(input, request)),
            (true, false) => message::request(kind, body, self.asked)
                .map(|request| request.into_iter().for_each(|request| self.request(input, request))),
            (false, _) => message::response(kind, body).map(|response| self.respond(input, response)),
        };
        if to_server || self.current().is_none() {
            input.asks.inspect_stream[input.direction.index()] = true;
        }
        if fine.is_none() {
            self.raise(if to_server { MALFORMED_REQUEST } else { MALFORMED_RESPONSE });
        }
        Step::Took(head + len)
    }

    fn raise(&mut self, code: u8) {
        if let Some(last) = self.transactions.last_mut() {
            last.core.raise(code);
        }
    }

    /// The newest exchange, while it is not complete.
    fn current(&mut self) -> Option<&mut Transaction<Exchange>> {
        self.transactions.last_mut().filter(|exchange| exchange.core.progress != [1, 1])
    }

    fn open(&mut self, input: &Input<'_>) -> Option<&mut Transaction<Exchange>> {
        if self.transactions.is_full() {
            self.raise(TOO_MANY_TRANSACTIONS);
            return None;
        }
        // Whatever was open before will hear nothing more.
        if let Some(before) = self.current() {
            before.core.advance(Direction::ToServer, 1);
            before.core.advance(Direction::ToClient, 1);
        }
        Some(self.transactions.open(input.time, input.packet, Exchange::default()))
    }

    fn request(&mut self, input: &Input<'_>, request: Request) {
        let (data, done) = match request {
            Request::CopyData { bytes, .. } => (Some(bytes), false),
            Request::CopyDone | Request::CopyFail(_) => (None, true),
            _ => (None, false),
        };
        self.ssl_asked |= matches!(request, Request::Ssl);
        let last = matches!(request, Request::Terminate | Request::Cancel { .. });
        // Data, and what ends it, belong to one exchange.
        let copying = (data.is_some() || done)
            && self.current().is_some_and(|current| {
                matches!(current.body.requests.last(), Some(Request::CopyData { .. }))
            });
        if copying {
            let Some(current) = self.current() else { return };
            match (data, current.body.requests.last_mut()) {
                (Some(more), Some(Request::CopyData { count, bytes })) => {
                    *count += 1;
                    *bytes = bytes.saturating_add(more);
                }
                _ => {
                    current.body.requests.push(request);
                    current.core.advance(Direction::ToServer, 1);
                }
            }
            return;
        }
        let Some(exchange) = self.open(input) else { return };
        exchange.body.requests.push(request);
        if data.is_none() {
            exchange.core.advance(Direction::ToServer, 1);
        }
        if last {
            exchange.core.advance(Direction::ToClient, 1);
        }
    }

    fn respond(&mut self, input: &Input<'_>, response: Response) {
        let ends = match &response {
            Response::Authentication(name) => {
                self.asked = match *name {
                    "authentication_sasl" => Asked::Sasl,
                    "authentication_sasl_continue" => Asked::SaslMore,
                    _ => Asked::Password,
                };
                *name != "authentication_ok"
            }
            Response::Md5(_) => {
                self.asked = Asked::Password;
                true
            }
            Response::Ssl(_) | Response::Ready | Response::CopyIn(_) => true,
            _ => false,
        };
        if self.transactions.opened() == 0 {
            self.open(input);
        }
        let Some(exchange) = self.current() else { return };
        exchange.core.updated[Direction::ToClient.index()] = true;
        keep(&mut exchange.body, response);
        if ends {
            exchange.core.advance(Direction::ToServer, 1);
            exchange.core.advance(Direction::ToClient, 1);
        }
    }
}

/// Adds a response; rows and data are only counted.
fn keep(exchange: &mut Exchange, response: Response) {
    match (response, exchange.responses.last_mut()) {
        (Response::Parameter(name, value), _) => {
            if exchange.parameters.len() < MESSAGES_MAX {
                exchange.parameters.push((name, value));
            }
        }
        (Response::Rows { bytes: more, .. }, Some(Response::Rows { count, bytes }))
        | (Response::CopyData { bytes: more, .. }, Some(Response::CopyData { count, bytes })) => {
            *count += 1;
            *bytes = bytes.saturating_add(more);
        }
        (Response::Ready | Response::Unknown, _) => {}
        (response, _) => {
            if exchange.responses.len() < MESSAGES_MAX {
                exchange.responses.push(response);
            }
        }
    }
}
