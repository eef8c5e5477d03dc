//! FTP control connections (RFC 959, RFC 2428, RFC 4217): a command with its replies is one transaction.
//!
//! PORT, EPRT, PASV and EPSV announce a data connection, RETR and STOR give it a file. Limits: lines of 4 KiB, 100 reply lines
//! per command, open transactions as configured (`ftp.max_tx`, 1,024).

mod command;
mod fields;
mod log;
mod port;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::Direction;

use crate::line::{Line, take_line};
use crate::session::bookkeeping;
use crate::{
    Data, Expectation, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol,
    Session, Side, Transaction, Transactions,
};
pub(crate) use command::Command;

const REPLIES_MAX: usize = 100;
const TRANSACTIONS_MAX: usize = 1024;
/// Bytes of a file name that are kept.
const NAME_BYTES_MAX: usize = 4095;

const COMPLETE: u8 = 2;

const REQUEST_TOO_LONG: u8 = 0;
const RESPONSE_TOO_LONG: u8 = 1;
const TOO_MANY_TRANSACTIONS: u8 = 2;

const fn pattern(direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern { transport: 6, direction, bytes, nocase: true, offset: 0, depth: bytes.len(), confirm: None }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    help: "File Transfer Protocol, control connection.",
    patterns: &[
        pattern(Direction::ToServer, b"USER "),
        pattern(Direction::ToServer, b"PORT "),
        pattern(Direction::ToServer, b"FEAT"),
        pattern(Direction::ToClient, b"220 ("),
    ],
    // A greeting has nothing but its code, which SMTP shares: it counts only where FTP lives.
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[21]),
        side: Side::Server,
        depth_min: 5,
        depth_max: 5,
        look: |bytes, direction, _| match bytes {
            [b'2', b'2', b'0', b' ' | b'-', ..] if direction == Direction::ToClient => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Ftp::default())),
    complete: [COMPLETE, COMPLETE],
    states: [
        &[("request_started", 0), ("request_complete", COMPLETE)],
        &[("response_started", 0), ("response_complete", COMPLETE)],
    ],
    fields: fields::FIELDS,
    events: &["request_command_too_long", "response_command_too_long", "too_many_transactions"],
    logs: &[Log { event_type: "ftp", when: LogWhen::Complete, write: log::write, with_alert: true }],
    ..Protocol::EMPTY
};

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Ftp {
    transactions: Transactions<Exchange>,
    /// The data connection that was agreed on and not used yet: its port, and whether the server opens it.
    agreed: Option<Agreed>,
    /// Reading over the rest of a line that was too long, per direction.
    skipping: [bool; 2],
    /// A reply of many lines is under way; its code ends it (RFC 959 §4.2).
    multiline: Option<[u8; 3]>,
    client: Option<IpAddr>,
    /// The last user said to be anybody.
    anonymous: bool,
}

/// A data connection that was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    port: u16,
    active: bool,
}

/// One command and what was answered.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    command: Option<Command>,
    /// The whole line.
    request: Vec<u8>,
    request_truncated: bool,
    replies: Vec<Reply>,
    reply_truncated: bool,
    agreed: Option<Agreed>,
    done: bool,
    /// Its argument is a password, which is matched by rules but never shown.
    secret: bool,
}

/// A line of a reply.
#[derive(Debug)]
pub(crate) struct Reply {
    line: Vec<u8>,
    /// It begins with a code.
    coded: bool,
}

impl Reply {
    fn code(&self) -> Option<&[u8]> {
        self.line.get(..3).filter(|_| self.coded)
    }

    fn text(&self) -> &[u8] {
        if self.coded { self.line.get(4..).unwrap_or_default() } else { &self.line }
    }
}

impl Exchange {
    /// The command's argument.
    fn argument(&self) -> Option<&[u8]> {
        let name = self.command?.name();
        self.request.get(name.len() + 1..).filter(|argument| !argument.is_empty())
    }

    /// The argument as people may see it.
    fn shown(&self) -> Option<&[u8]> {
        self.argument().map(|argument| if self.secret { b"***" } else { argument })
    }

    /// `active` or `passive`, for commands that agree on a data connection.
    fn mode(&self) -> Option<&'static str> {
        let agrees = [Command::PORT, Command::EPRT, Command::PASV, Command::EPSV].contains(&self.command?);
        let active = self.agreed.is_some_and(|agreed| agreed.active);
        agrees.then_some(if active { "active" } else { "passive" })
    }

    fn port(&self) -> Option<u16> {
        self.agreed.map(|agreed| agreed.port)
    }
}

impl Default for Ftp {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            agreed: None,
            skipping: [false; 2],
            multiline: None,
            client: None,
            anonymous: false,
        }
    }
}

impl Session for Ftp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let place = input.direction.index();
        self.client = Some(input.endpoints.client);
        let mut rest = bytes;
        while !rest.is_empty() {
            let offset = bytes.len() - rest.len();
            let Some(line) = take_line(&mut rest, &mut self.skipping[place]) else { break };
            let taken = bytes.len() - rest.len() - offset;
            let sound = match input.direction {
                Direction::ToServer => self.request(input, &line, offset, taken),
                Direction::ToClient => self.reply(input, &line, offset, taken),
            };
            if !sound {
                return Fed::Broken;
            }
            if input.asks.change.is_some() {
                break;
            }
        }
        Fed::Used(bytes.len() - rest.len())
    }

    bookkeeping!(transactions);
}

impl Ftp {
    /// Takes a command; says whether parsing can go on.
    fn request(&mut self, input: &mut Input<'_>, line: &Line<'_>, offset: usize, taken: usize) -> bool {
        let Some(command) = Command::read(line.text) else {
            push_frame(input, "command_line", offset, taken, None);
            return true;
        };
        if command.name() == "USER" {
            let user = line.text.get(5..).unwrap_or_default().trim_ascii();
            self.anonymous = user.eq_ignore_ascii_case(b"anonymous") || user.eq_ignore_ascii_case(b"ftp");
        }
        let secret = command.name() == "PASS" && !self.anonymous;
        let Some(exchange) = self.open(input) else { return false };
        push_frame(input, "command_line", offset, taken, Some(exchange.core.id));
        exchange.body.command = Some(command);
        exchange.body.secret = secret;
        exchange.body.request = line.text.to_vec();
        exchange.body.request_truncated = line.cut;
        if line.cut {
            exchange.core.raise(REQUEST_TOO_LONG);
        }
        if Command::TRANSFERS.contains(&command) {
            self.expect(input, command, line.text);
        }
        true
    }

    fn open(&mut self, input: &Input<'_>) -> Option<&mut Transaction<Exchange>> {
        let limit = input.config.setting("ftp.max_tx").and_then(|value| value.parse().ok());
        let open = self.transactions.iter().filter(|exchange| !exchange.body.done).count();
        if open >= limit.unwrap_or(TRANSACTIONS_MAX) || self.transactions.is_full() {
            self.transactions.last_mut()?.core.raise(TOO_MANY_TRANSACTIONS);
            return None;
        }
        Some(self.transactions.open(input.time, input.packet, Exchange::default()))
    }

    /// A file is about to travel over the connection agreed on.
    fn expect(&mut self, input: &mut Input<'_>, command: Command, line: &[u8]) {
        let name = line.get(command.name().len() + 1..).unwrap_or_default();
        let name = match name.get(..NAME_BYTES_MAX).unwrap_or(name) {
            // The server chooses a name, which only its reply tells.
            b"" if command == Command::STOU => b"<stou>",
            b"" if command.moves_file() => return,
            name if command.moves_file() => name,
            _ => b"",
        };
        let Some(Agreed { port, active }) = self.agreed.take() else { return };
        let ends = input.endpoints;
        // In active mode the server opens the connection, so its client is our server.
        let (client, server) = if active { (ends.server, ends.client) } else { (ends.client, ends.server) };
        let direction = if command.uploads() == active { Direction::ToClient } else { Direction::ToServer };
        input.asks.expect.push(Expectation {
            client,
            server,
            server_port: port,
            protocol: "ftp-data",
            direction,
            note: [&[command.number()], name].concat(),
        });
    }

    /// Takes a line of a reply; says whether parsing can go on.
    fn reply(&mut self, input: &mut Input<'_>, line: &Line<'_>, offset: usize, taken: usize) -> bool {
        if !self.transactions.iter().any(|exchange| !exchange.body.done) && self.open(input).is_none() {
            return false;
        }
        let Some(exchange) = self.transactions.iter_mut().find(|exchange| !exchange.body.done) else {
            return false;
        };
        push_frame(input, "response_line", offset, taken, Some(exchange.core.id));
        exchange.core.updated = [true; 2];
        let code = code(line.text);
        if !line.text.is_empty() && exchange.body.replies.len() < REPLIES_MAX {
            exchange.body.replies.push(Reply { line: line.text.to_vec(), coded: code.is_some() });
        }
        if line.cut {
            exchange.body.reply_truncated = true;
            exchange.core.raise(RESPONSE_TOO_LONG);
        }
        if let Some(agreed) = agreement(&exchange.body, line.text) {
            exchange.body.agreed = Some(agreed);
            self.agreed = Some(agreed);
        }
        if exchange.body.command == Some(Command::AUTH_TLS) && line.text.starts_with(b"234 ") {
            input.asks.change = Some(Some("tls"));
        }
        let more = line.text.get(3) == Some(&b'-');
        match (self.multiline, code) {
            (None, Some(code)) if more => self.multiline = Some(code),
            (Some(begun), Some(code)) if begun == code && !more => self.multiline = None,
            _ => {}
        }
        let preliminary = code.is_some_and(|code| code[0] == b'1');
        if self.multiline.is_none() && !preliminary {
            exchange.body.done = true;
            exchange.core.advance(Direction::ToServer, COMPLETE);
            exchange.core.advance(Direction::ToClient, COMPLETE);
        }
        true
    }
}

/// The data connection that a reply to `exchange` agrees to.
fn agreement(exchange: &Exchange, line: &[u8]) -> Option<Agreed> {
    if exchange.agreed.is_some() {
        return None;
    }
    let (port, active) = match exchange.command? {
        Command::PORT => (port::port(exchange.argument()?)?.1, true),
        Command::EPRT => (port::eprt(exchange.argument()?)?, true),
        Command::PASV if line.starts_with(b"227 ") => (port::pasv(line)?, false),
        Command::EPSV if line.starts_with(b"229 ") => (port::epsv(line)?, false),
        _ => return None,
    };
    Some(Agreed { port, active })
}

/// Three digits followed by nothing, a space or a hyphen.
fn code(line: &[u8]) -> Option<[u8; 3]> {
    let code = *line.first_chunk()?;
    let followed = matches!(line.get(3), None | Some(b' ' | b'-'));
    (followed && code.iter().all(u8::is_ascii_digit)).then_some(code)
}

fn push_frame(input: &mut Input<'_>, kind: &'static str, offset: usize, len: usize, tx: Option<u64>) {
    input.asks.frames.push(Frame {
        kind,
        direction: input.direction,
        offset: offset as i64,
        len: Some(len as u64),
        tx,
    });
}
