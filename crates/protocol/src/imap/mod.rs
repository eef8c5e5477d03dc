//! IMAP (RFC 9051, RFC 3501): a command with its tagged response is one transaction; so is each mail that is fetched.
//!
//! Mails that a client appends or a server sends as a whole are read as MIME, with their attachments as files; a mail
//! that comes in ranges is put together as long as they follow one another. Passwords are never kept.
//!
//! Rules over the stream see it in chunks, not line by line: a tagged response and what the server says next are often
//! looked for together.
//!
//! Limits: lines of 4 KiB, 8 KiB of a command; literals of any length; 256 commands without a response.

mod command;
mod fields;
mod mail;
mod response;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::{finish, make_room};
use crate::line::{Line, take_line};
use crate::mime;
use crate::session::bookkeeping;
use crate::{
    Data, Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transaction,
    Transactions,
};
use command::Command;
use mail::{Fetching, Lines};

const TRANSACTIONS_MAX: usize = 256;

const fn untagged(bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport: 6,
        direction: Direction::ToClient,
        bytes,
        nocase: true,
        offset: 0,
        depth: bytes.len(),
        confirm: None,
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "imap",
    help: "Internet Message Access Protocol.",
    patterns: &[
        untagged(b"* OK "),
        untagged(b"* NO "),
        untagged(b"* BAD "),
        untagged(b"* LIST "),
        untagged(b"* ESEARCH "),
        untagged(b"* STATUS "),
        untagged(b"* FLAGS "),
    ],
    // A client's first line is told at once: a server's answer is read after the command that it answers.
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[143]),
        side: Side::Server,
        depth_min: 6,
        depth_max: 64,
        look: |bytes, direction, _| match direction {
            Direction::ToServer => command::looks_like_one(bytes),
            Direction::ToClient => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Imap::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response", "line_too_long"],
    logs: &[Log { event_type: "imap", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;
const LINE_TOO_LONG: u8 = 3;

/// A command with its response, or a mail that is fetched.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    command: Command,
    /// The server's part of it: `OK`, `NO`, `BAD`, and what it says.
    status: Option<response::Status>,
    text: Vec<u8>,
    /// Lines of the server that belong to it.
    untagged: u32,
    /// A mail that it carries.
    mail: Option<Box<mime::Message>>,
    /// Number of the mail in its mailbox, when it is fetched.
    number: Option<u64>,
}

/// What comes next in a direction.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    #[default]
    Line,
    /// A literal of so many bytes; `mail`: it is the text of a mail.
    Literal { left: u64, mail: bool },
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Imap {
    transactions: Transactions<Exchange>,
    next: [Next; 2],
    skipping: [bool; 2],
    /// The command or response at hand, gathered over its literals.
    gathered: [Vec<u8>; 2],
    lines: [Lines; 2],
    /// The mail that is being fetched.
    fetching: Option<Fetching>,
    user: Vec<u8>,
    mailbox: Vec<u8>,
    last_file: u32,
}

impl Default for Imap {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            next: [Next::Line; 2],
            skipping: [false; 2],
            gathered: Default::default(),
            lines: Default::default(),
            fetching: None,
            user: Vec::new(),
            mailbox: Vec::new(),
            last_file: 0,
        }
    }
}

impl Session for Imap {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let place = input.direction.index();
        let bytes = match input.data {
            Data::Bytes(bytes) => bytes,
            Data::Gap(missing) => {
                self.gap(input, u64::from(missing));
                return Fed::Used(0);
            }
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.next[place] {
                Next::Line => {
                    let Some(line) = take_line(&mut rest, &mut self.skipping[place]) else { break };
                    match input.direction {
                        Direction::ToServer => self.client_line(input, &line),
                        Direction::ToClient => self.server_line(input, &line),
                    }
                    if input.asks.change.is_some() || input.asks.stop {
                        break;
                    }
                }
                Next::Literal { left, mail } => {
                    if !self.literal(input, &mut rest, left, mail) {
                        break;
                    }
                }
            }
        }
        Fed::Used(bytes.len() - rest.len())
    }

    bookkeeping!(transactions);
}

impl Imap {
    fn open(&mut self, input: &Input<'_>, exchange: Exchange) -> &mut Transaction<Exchange> {
        make_room(&mut self.transactions, TOO_MANY_TRANSACTIONS);
        self.transactions.open(input.time, input.packet, exchange)
    }

    /// The oldest command that is not answered.
    fn waiting(&mut self) -> Option<&mut Transaction<Exchange>> {
        self.transactions.unfinished().find(|open| open.body.number.is_none())
    }

    fn client_line(&mut self, input: &mut Input<'_>, line: &Line<'_>) {
        let gathered = &mut self.gathered[0];
        command::gather(gathered, line.text);
        // What answers a challenge, or ends a wait, is no command.
        if let Some(open) = self.waiting().filter(|open| open.body.command.takes_lines()) {
            open.core.updated[0] = true;
            self.gathered[0].clear();
            return;
        }
        if let Some(length) = command::literal(line.text) {
            let mail = command::is_append(&self.gathered[0]);
            if mail {
                self.append(input);
            }
            self.next[0] = Next::Literal { left: length, mail };
            return;
        }
        let whole = std::mem::take(&mut self.gathered[0]);
        // The line behind an appended mail ends a command that is known already.
        if self.waiting_append().is_some() {
            self.end_append();
            return;
        }
        if whole.trim_ascii().is_empty() {
            return;
        }
        let read = Command::read(&whole);
        self.note(&read);
        let known = !read.tag.is_empty() && !read.name.is_empty();
        let exchange = Exchange { command: read, ..Exchange::default() };
        let cut = line.cut;
        let core = &mut self.open(input, exchange).core;
        core.advance(Direction::ToServer, 1);
        if cut {
            core.raise(LINE_TOO_LONG);
        }
        if !known {
            core.raise(MALFORMED_DATA);
        }
    }

    /// Remembers who is there and which mailbox is open.
    fn note(&mut self, command: &Command) {
        match (command.name.as_slice(), command.arguments.first()) {
            (b"LOGIN", Some(user)) => self.user.clone_from(user),
            (b"SELECT" | b"EXAMINE", Some(mailbox)) => self.mailbox.clone_from(mailbox),
            _ => {}
        }
    }

    fn server_line(&mut self, input: &mut Input<'_>, line: &Line<'_>) {
        command::gather(&mut self.gathered[1], line.text);
        if let Some(length) = command::literal(line.text) {
            let fetched = response::fetched(&self.gathered[1]);
            if let Some((number, offset)) = fetched {
                self.fetch(input, number, offset);
            }
            self.next[1] = Next::Literal { left: length, mail: fetched.is_some() };
            return;
        }
        let whole = std::mem::take(&mut self.gathered[1]);
        match response::read(&whole) {
            response::Line::Untagged => {
                if let Some(open) = self.waiting() {
                    open.body.untagged = open.body.untagged.saturating_add(1);
                }
            }
            response::Line::Continue => {}
            response::Line::Tagged { tag, status, text } => self.tagged(input, tag, status, text),
            response::Line::Other => {}
        }
    }

    fn tagged(&mut self, input: &mut Input<'_>, tag: &[u8], status: response::Status, text: &[u8]) {
        if self.fetching.as_ref().is_some_and(|fetching| !fetching.goes_on) {
            self.end_fetch(crate::FileState::Closed);
        }
        let asked = self
            .transactions
            .unfinished()
            .find(|open| open.body.number.is_none() && open.body.command.tag == tag);
        let Some(open) = asked else {
            let exchange = Exchange {
                command: Command { tag: tag.to_vec(), ..Command::default() },
                status: Some(status),
                text: text.to_vec(),
                ..Exchange::default()
            };
            let open = self.open(input, exchange);
            open.core.raise(UNSOLICITED_RESPONSE);
            finish(open);
            return;
        };
        open.body.status = Some(status);
        open.body.text = text.to_vec();
        let fine = status == response::Status::Ok;
        match open.body.command.name.as_slice() {
            b"STARTTLS" if fine => input.asks.change = Some(Some("tls")),
            b"COMPRESS" if fine => input.asks.stop = true,
            _ => {}
        }
        finish(open);
    }

    fn gap(&mut self, input: &Input<'_>, missing: u64) {
        let place = input.direction.index();
        if let Next::Literal { left, mail } = self.next[place]
            && left >= missing
        {
            // A hole in a literal: what follows is still part of it.
            self.next[place] = Next::Literal { left: left - missing, mail };
            self.hole(input.direction, missing);
            return;
        }
        self.next[place] = Next::Line;
        self.gathered[place].clear();
        // The rest of a line whose start is missing means nothing.
        self.skipping[place] = true;
        match input.direction {
            Direction::ToServer => self.cut_append(),
            Direction::ToClient => self.end_fetch(crate::FileState::Truncated),
        }
    }
}
