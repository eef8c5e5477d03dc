//! Redis (RESP 2 and 3): a command with its reply is one transaction.
//!
//! Values are read over as they arrive, so that nothing large waits. Limits: 1,024 commands without a reply; 32 arguments
//! of a command, 512 bytes of each; lines of 64 KiB; 16 levels of arrays. Passwords are never kept.

mod fields;
mod resp;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::{self, Exchange};
use crate::session::bookkeeping;
use crate::{
    Data, Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use resp::{Reader, Step, Value};

const TCP: u8 = 6;
const TRANSACTIONS_MAX: usize = 1024;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "redis",
    rule_names: &["resp"],
    help: "Redis and what speaks its protocol.",
    patterns: &[Pattern {
        transport: TCP,
        direction: Direction::ToServer,
        bytes: b"*",
        nocase: false,
        offset: 0,
        depth: 1,
        confirm: Some(begins),
    }],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[6379]),
        side: Side::Server,
        depth_min: 4,
        depth_max: 64,
        look: |bytes, direction, _| match (direction, memchr::memchr(b'\n', bytes)) {
            (Direction::ToServer, Some(end)) => inline(bytes.get(..end).unwrap_or_default()),
            (Direction::ToClient, Some(_)) if matches!(bytes.first(), Some(b'+' | b'-' | b'$' | b'%')) => {
                ProbeAnswer::Yes
            }
            (_, None) => ProbeAnswer::More,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Redis::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response"],
    logs: &[Log { event_type: "redis", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;

/// An array whose first item is a word: `*2`, `$3`, `GET`.
fn begins(bytes: &[u8]) -> ProbeAnswer {
    let mut rest = bytes;
    for (mark, digits_max) in [(b'*', 5), (b'$', 3)] {
        match rest.split_first() {
            Some((first, after)) if *first == mark => rest = after,
            Some(_) => return ProbeAnswer::No,
            None => return ProbeAnswer::More,
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = rest.get(digits..).unwrap_or_default();
        match rest {
            [b'\r', b'\n', ..] if (1..=digits_max).contains(&digits) => {
                rest = rest.get(2..).unwrap_or_default()
            }
            [] | [b'\r'] if digits <= digits_max => return ProbeAnswer::More,
            _ => return ProbeAnswer::No,
        }
    }
    match rest.first() {
        Some(letter) if letter.is_ascii_alphabetic() => ProbeAnswer::Yes,
        Some(_) => ProbeAnswer::No,
        None => ProbeAnswer::More,
    }
}

/// A command in plain words, on Redis's own port.
fn inline(line: &[u8]) -> ProbeAnswer {
    let word = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    let fine = word.len() >= 3 && word.iter().all(u8::is_ascii_alphabetic);
    if fine && line.iter().all(|byte| byte.is_ascii_graphic() || b" \r\t".contains(byte)) {
        ProbeAnswer::Yes
    } else {
        ProbeAnswer::No
    }
}

/// A command, or what came back.
#[derive(Debug)]
pub(crate) enum Message {
    /// Words of a command, the first in upper case; how many there were.
    Command {
        words: Vec<Vec<u8>>,
        count: u64,
    },
    Reply(Value),
    Broken,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Redis {
    transactions: Transactions<Exchange<Message>>,
    readers: [Reader; 2],
    lost: [bool; 2],
    /// The client listens: what the server sends answers no command.
    listening: bool,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            readers: Default::default(),
            lost: [false; 2],
            listening: false,
        }
    }
}

impl Session for Redis {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let place = input.direction.index();
        let bytes = match input.data {
            Data::Bytes(bytes) => bytes,
            Data::Gap(missing) => {
                if !self.readers[place].gap(missing as usize) {
                    self.lose(place);
                }
                return Fed::Used(0);
            }
        };
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if self.lost[place] {
                match find(rest, input.direction) {
                    Some(at) => used += at,
                    None => return Fed::Used(used + rest.len().saturating_sub(resp::HEAD_MAX)),
                }
                self.lost[place] = false;
                continue;
            }
            match self.readers[place].step(rest) {
                Step::Used(length) => used += length,
                Step::Value(length, value) => {
                    used += length;
                    input.asks.inspect_stream[place] = true;
                    self.value(input, value);
                }
                Step::More => return Fed::Used(used),
                Step::Not => {
                    let open = &mut self.transactions;
                    exchange::tell(open, input, Message::Broken, TOO_MANY_TRANSACTIONS)
                        .core
                        .raise(MALFORMED_DATA);
                    self.lose(place);
                    used += 1;
                }
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Redis {
    /// Bytes are missing: commands and replies no longer belong together, and what was begun has no end.
    fn lose(&mut self, place: usize) {
        self.lost[place] = true;
        self.readers[place] = Reader::default();
        for open in self.transactions.iter_mut() {
            exchange::finish(open);
        }
    }

    fn value(&mut self, input: &Input<'_>, value: Value) {
        let open = &mut self.transactions;
        if input.direction == Direction::ToServer {
            let Some((words, count)) = value.into_command() else { return };
            let first = words.first().map(Vec::as_slice).unwrap_or_default();
            self.listening |= matches!(
                first,
                b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"MONITOR" | b"SYNC" | b"PSYNC"
            );
            let message = Message::Command { words, count };
            exchange::ask(open, input, message, TOO_MANY_TRANSACTIONS);
            return;
        }
        // What is pushed answers no command (RESP 3, type `>`).
        if value.kind == b'>' {
            return;
        }
        let waiting = open.unfinished().next().is_some();
        if self.listening && !waiting {
            return;
        }
        let (transaction, asked) =
            exchange::answer(open, input, Message::Reply(value), TOO_MANY_TRANSACTIONS, |_, _| true);
        if !asked {
            transaction.core.raise(UNSOLICITED_RESPONSE);
        }
    }
}

/// Where the next command or reply begins.
fn find(bytes: &[u8], direction: Direction) -> Option<usize> {
    if direction == Direction::ToServer {
        return memchr::memchr_iter(b'*', bytes)
            .find(|at| bytes.get(*at..).map(begins) == Some(ProbeAnswer::Yes));
    }
    memchr::memmem::find_iter(bytes, b"\r\n").map(|at| at + 2).find(|at| {
        let line = bytes.get(*at..).unwrap_or_default();
        matches!(
            line,
            [b'+', b'A'..=b'Z', ..] | [b'-', b'A'..=b'Z', ..] | [b':' | b'$' | b'*', b'0'..=b'9', ..]
        )
    })
}
