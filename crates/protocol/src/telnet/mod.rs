//! Telnet (RFC 854): negotiation, prompts and the lines typed at them; rules can address negotiation and data as frames.
//!
//! Each line that the client types is a transaction with the prompt before it and the start of what came back; before the
//! first one stands a transaction of what was negotiated. What is typed at a prompt for a password is never kept.
//!
//! Limits: a subnegotiation of 4 KiB, what has no end by then is data; lines of 1 KiB; 512 bytes of a response, 128 of a
//! prompt; 64 options; 64 open transactions.

mod fields;
mod option;
#[cfg(test)]
mod tests;
mod typing;

use model::Direction;

use crate::exchange::finish;
use crate::session::bookkeeping;
use crate::{
    Data, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transaction, Transactions,
};
use option::Negotiation;
use typing::{Kind, Typed, Typing};

const COMMAND: u8 = 0xff;
const SUBNEGOTIATION: u8 = 0xfa;
const SUBNEGOTIATION_END: u8 = 0xf0;
const NEGOTIATION_BYTES_MAX: usize = 4096;
const TRANSACTIONS_MAX: usize = 64;
/// Options that a negotiation on any port may begin with.
const OPTION_MAX: u8 = 0x31;

/// Two demands or offers in a row, of options that exist.
const fn negotiates(direction: Direction) -> Pattern {
    Pattern {
        transport: 6,
        direction,
        bytes: &[COMMAND],
        nocase: false,
        offset: 0,
        depth: 1,
        confirm: Some(|bytes| match bytes {
            [COMMAND, 0xfb..=0xfe, ..=OPTION_MAX, COMMAND, 0xfb..=0xfe, ..=OPTION_MAX, ..] => {
                ProbeAnswer::Yes
            }
            _ if bytes.len() < 6 => ProbeAnswer::More,
            _ => ProbeAnswer::No,
        }),
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    help: "Telnet.",
    patterns: &[negotiates(Direction::ToServer), negotiates(Direction::ToClient)],
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[23]),
        side: Side::Server,
        depth_min: 2,
        depth_max: 3,
        look: |bytes, direction, _| match bytes {
            [COMMAND, SUBNEGOTIATION_END..=0xfe, ..] => ProbeAnswer::Yes,
            // Simple devices negotiate nothing and just ask.
            _ if direction == Direction::ToClient && typing::kind_of(bytes) == Kind::Username => {
                ProbeAnswer::Yes
            }
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Telnet::default())),
    fields: fields::FIELDS,
    events: &["too_many_transactions"],
    logs: &[Log { event_type: "telnet", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const TOO_MANY_TRANSACTIONS: u8 = 0;

/// What was negotiated, or a line that was typed.
#[derive(Debug)]
pub(crate) enum Exchange {
    Negotiation(Box<Negotiation>),
    Line(Typed),
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Telnet {
    transactions: Transactions<Exchange>,
    typing: Typing,
}

impl Default for Telnet {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), typing: Typing::default() }
    }
}

impl Session for Telnet {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else {
            self.typing.lose(input.direction);
            return Fed::Used(0);
        };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((kind, len)) = unit(rest, input.end) else { break };
            for kind in ["pdu", kind] {
                input.asks.frames.push(Frame {
                    kind,
                    direction: input.direction,
                    offset: at as i64,
                    len: Some(len as u64),
                    tx: None,
                });
            }
            let content = rest.get(..len).unwrap_or_default();
            match (kind, content) {
                ("ctl", content) => self.negotiation(input, content),
                // A doubled 255 is one.
                (_, [COMMAND, COMMAND]) => self.data(input, &[COMMAND]),
                (_, content) => self.data(input, content),
            }
            at += len;
        }
        Fed::Used(at)
    }

    bookkeeping!(transactions);
}

impl Telnet {
    fn negotiation(&mut self, input: &Input<'_>, content: &[u8]) {
        if self.transactions.opened() == 0 {
            let body = Exchange::Negotiation(Box::default());
            self.transactions.open(input.time, input.packet, body);
        }
        // What is negotiated once lines are typed belongs to no transaction.
        if let Some(Transaction { core, body: Exchange::Negotiation(known), .. }) =
            self.transactions.last_mut()
            && core.progress != [1; 2]
        {
            known.take(input.direction, content);
            core.updated[input.direction.index()] = true;
        }
    }

    fn data(&mut self, input: &Input<'_>, text: &[u8]) {
        if input.direction == Direction::ToClient {
            self.typing.shown(text);
            if let Some(Transaction { core, body: Exchange::Line(line), .. }) = self.transactions.last_mut()
                && core.progress != [1; 2]
            {
                line.answer(text);
                core.updated[1] = true;
            }
            return;
        }
        for byte in text {
            if self.typing.begins(*byte) {
                self.end_open();
            }
            if let Some(line) = self.typing.key(*byte) {
                crate::exchange::make_room(&mut self.transactions, TOO_MANY_TRANSACTIONS);
                let open = self.transactions.open(input.time, input.packet, Exchange::Line(line));
                open.core.advance(Direction::ToServer, 1);
            }
        }
    }

    /// A new line is begun: nothing more belongs to what came before it.
    fn end_open(&mut self) {
        for open in self.transactions.unfinished() {
            finish(open);
        }
    }
}

/// The kind and length of what stands at the start of `bytes`; `None` when its end is not there yet.
fn unit(bytes: &[u8], ended: bool) -> Option<(&'static str, usize)> {
    if bytes.first() != Some(&COMMAND) {
        return Some(("data", memchr::memchr(COMMAND, bytes).unwrap_or(bytes.len())));
    }
    let len = match bytes.get(1) {
        // A doubled 255 is the byte 255 itself.
        Some(&COMMAND) => return Some(("data", 2)),
        Some(&SUBNEGOTIATION) => {
            let end = memchr::memmem::find(bytes, &[COMMAND, SUBNEGOTIATION_END]).map(|at| at + 2);
            match end {
                Some(end) => end,
                None if ended || bytes.len() > NEGOTIATION_BYTES_MAX => return Some(("data", bytes.len())),
                None => return None,
            }
        }
        Some(0xfb..) => 3,
        Some(_) => 2,
        None => return ended.then_some(("data", 1)),
    };
    match bytes.len() >= len {
        true => Some(("ctl", len)),
        false => ended.then_some(("data", bytes.len())),
    }
}
