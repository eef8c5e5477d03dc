//! DNS over UDP and TCP (RFC 1035, RFC 7766): each message is a transaction of its own, requests and responses apart.
//!
//! mDNS and LLMNR speak the same messages and share this session. Limits: names of 1,025 bytes and 255 labels, 256 KiB of
//! names and data per message, 1,024 open transactions per flow; messages beyond that are read over.

mod fields;
mod log;
mod message;
mod names;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Endpoints, Fed, Frame, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transactions,
};
pub(crate) use fields::{
    additional_name, answer_name, authority_name, name_field, query_name, response_name,
};
pub(crate) use log::{write_message, write_plain};
pub(crate) use message::Message;
use message::{FLAG_RESERVED, FLAG_RESPONSE, HEADER_BYTES, Header};
pub(crate) use names::{CODES, TYPES};

/// Open transactions per flow.
const TRANSACTIONS_MAX: usize = 1024;
/// Requests without a log whose responses are waited for.
const QUIET_MAX: usize = 16;
/// Operation codes from here on are not assigned.
const OPCODE_FREE: u8 = 7;
/// TCP: bytes of the length in front of each message.
const PREFIX_BYTES: usize = 2;
const TCP: u8 = 6;
const UDP: u8 = 17;
const PORTS: Ports = Ports::These(&[53]);

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dns",
    help: "Domain Name System.",
    probes: &[udp_probe(PORTS), tcp_probe(PORTS)],
    session: Some(|| Box::new(Dns::new(Variant::Dns))),
    fields: fields::FIELDS,
    events: EVENTS,
    event_aliases: &[("not_request", "not_a_request"), ("not_response", "not_a_response")],
    logs: &[Log { event_type: "dns", when: LogWhen::Complete, write: log::write, with_alert: true }],
    accepts_gaps: true,
    one_sided: true,
    ..Protocol::EMPTY
};

/// Names of the events; the position is the code.
pub(crate) const EVENTS: &[&str] = &[
    "malformed_data",
    "not_a_request",
    "not_a_response",
    "z_flag_set",
    "invalid_opcode",
    "name_too_long",
    "infinite_loop",
    "too_many_labels",
    "invalid_additionals",
    "invalid_authorities",
    "signature_too_long",
];
const MALFORMED_DATA: u8 = 0;
const NOT_REQUEST: u8 = 1;
const NOT_RESPONSE: u8 = 2;
const Z_FLAG_SET: u8 = 3;
const INVALID_OPCODE: u8 = 4;
const NAME_TOO_LONG: u8 = 5;
const INFINITE_LOOP: u8 = 6;
const TOO_MANY_LABELS: u8 = 7;
const INVALID_ADDITIONALS: u8 = 8;
const INVALID_AUTHORITIES: u8 = 9;
const SIGNATURE_TOO_LONG: u8 = 10;

/// Which of the protocols with DNS messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Unicast DNS.
    Dns,
    /// Multicast DNS (RFC 6762): responses go to the same port as requests; several header bits must be ignored.
    Multicast,
    /// LLMNR (RFC 4795): the bits of the flags word mean other things.
    LinkLocal,
}

/// Reads a message that another protocol carries; `None` when it is none.
pub(crate) fn read_message(bytes: &[u8]) -> Option<Message> {
    let header = Header::read(bytes).filter(|header| header.fits(bytes.len()))?;
    message::read(bytes, header).ok()
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Dns {
    variant: Variant,
    transactions: Transactions<Message>,
    /// Bytes were lost in this direction; the next bytes must look like a message.
    lost: [bool; 2],
    /// Identifiers of requests that a rule said not to log; nor are their responses.
    quiet: VecDeque<u16>,
}

/// Why a message did not become a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It does not look like DNS at all.
    Junk,
    /// It is damaged, or goes the wrong way.
    Damaged,
}

impl Dns {
    /// A fresh flow.
    pub(crate) fn new(variant: Variant) -> Self {
        Self {
            variant,
            transactions: Transactions::new(TRANSACTIONS_MAX),
            lost: [false; 2],
            quiet: VecDeque::new(),
        }
    }

    fn datagram(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if bytes.is_empty() {
            return Fed::Used(0);
        }
        let fed = self.message(input, bytes);
        frame(input, 0, bytes.len(), fed.ok().flatten());
        match fed {
            Ok(_) | Err(Refusal::Junk) => Fed::Used(bytes.len()),
            Err(Refusal::Damaged) => Fed::Broken,
        }
    }

    fn stream(&mut self, input: &mut Input<'_>) -> Fed {
        let place = input.direction.index();
        let Data::Bytes(bytes) = input.data else {
            self.lost[place] = true;
            return Fed::Used(0);
        };
        if self.lost[place] && !bytes.is_empty() {
            match look_stream(bytes) {
                Look::No => return Fed::Used(bytes.len()),
                Look::Message { .. } | Look::More => self.lost[place] = false,
            }
        }
        let mut used = 0;
        while let Some((&prefix, rest)) = bytes.get(used..).and_then(|rest| rest.split_first_chunk()) {
            let size = usize::from(u16::from_be_bytes(prefix));
            let Some(message) = rest.get(..size) else {
                return Fed::Need { used, needed: PREFIX_BYTES + size };
            };
            if size > 0 {
                let fed = self.message(input, message);
                frame(input, used + PREFIX_BYTES, size, fed.ok().flatten());
                if fed.is_err() {
                    return Fed::Broken;
                }
            }
            used += PREFIX_BYTES + size;
        }
        if used == bytes.len() { Fed::Used(used) } else { Fed::Need { used, needed: PREFIX_BYTES } }
    }

    fn message(&mut self, input: &Input<'_>, bytes: &[u8]) -> Result<Option<u64>, Refusal> {
        let header = Header::read(bytes).filter(|header| header.fits(bytes.len())).ok_or(Refusal::Junk)?;
        let Ok(message) = message::read(bytes, header) else {
            self.raise_on_last(MALFORMED_DATA);
            return Err(Refusal::Damaged);
        };
        let to_server = input.direction == Direction::ToServer;
        if to_server && message.is_response() && self.variant != Variant::Multicast {
            self.raise_on_last(NOT_REQUEST);
            return Err(Refusal::Damaged);
        }
        if self.transactions.is_full() {
            return Ok(None);
        }
        Ok(Some(self.open(input, message)))
    }

    fn open(&mut self, input: &Input<'_>, message: Message) -> u64 {
        let (flags, opcode, oddities) = (message.flags, message.opcode(), message.oddities);
        let waited = self.quiet.iter().position(|id| *id == message.id).filter(|_| message.is_response());
        let core = &mut self.transactions.open(input.time, input.packet, message).core;
        core.only = Some(input.direction);
        core.quiet = waited.and_then(|place| self.quiet.remove(place)).is_some();
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        let plain = self.variant == Variant::Dns;
        let answers = input.direction == Direction::ToClient && self.variant != Variant::Multicast;
        let conditions = [
            (answers && flags & FLAG_RESPONSE == 0, NOT_RESPONSE),
            (plain && flags & FLAG_RESERVED != 0, Z_FLAG_SET),
            (plain && opcode >= OPCODE_FREE, INVALID_OPCODE),
            (oddities.truncated, NAME_TOO_LONG),
            (oddities.looped, INFINITE_LOOP),
            (oddities.labels, TOO_MANY_LABELS),
            (oddities.additionals, INVALID_ADDITIONALS),
            (oddities.authorities, INVALID_AUTHORITIES),
            (oddities.signature, SIGNATURE_TOO_LONG),
        ];
        for (holds, code) in conditions {
            if holds {
                core.raise(code);
            }
        }
        core.id
    }

    fn forget(&mut self, index: usize) {
        let Some(transaction) = self.transactions.get(index) else { return };
        if transaction.core.quiet && !transaction.body.is_response() {
            if self.quiet.len() >= QUIET_MAX {
                self.quiet.pop_front();
            }
            self.quiet.push_back(transaction.body.id);
        }
    }

    fn raise_on_last(&mut self, code: u8) {
        if let Some(last) = self.transactions.last_mut() {
            last.core.raise(code);
        }
    }
}

impl Session for Dns {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        if input.endpoints.transport == TCP { self.stream(input) } else { self.datagram(input) }
    }

    bookkeeping!(transactions, forget);
}

fn frame(input: &mut Input<'_>, offset: usize, len: usize, tx: Option<u64>) {
    input.asks.frames.push(Frame {
        kind: "pdu",
        direction: input.direction,
        offset: offset as i64,
        len: Some(len as u64),
        tx,
    });
}

/// What the start of a flow looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Message { response: bool },
    More,
    No,
}

/// Looks at `bytes`, the beginning of a message of `len` bytes.
fn look(bytes: &[u8], len: usize) -> Look {
    let Some(header) = Header::read(bytes) else { return Look::No };
    if bytes.len() >= len && message::read(bytes.get(..len).unwrap_or(bytes), header).is_err() {
        return Look::No;
    }
    if header.fits(len) { Look::Message { response: header.flags & FLAG_RESPONSE != 0 } } else { Look::No }
}

fn look_stream(bytes: &[u8]) -> Look {
    match bytes.split_first_chunk() {
        Some((&prefix, message)) if message.len() >= HEADER_BYTES => {
            look(message, usize::from(u16::from_be_bytes(prefix)))
        }
        _ => Look::More,
    }
}

fn answer(look: Look, direction: Direction) -> ProbeAnswer {
    match look {
        Look::No => ProbeAnswer::No,
        Look::More => ProbeAnswer::More,
        Look::Message { response } if response == (direction == Direction::ToClient) => ProbeAnswer::Yes,
        Look::Message { .. } => ProbeAnswer::YesReversed,
    }
}

fn look_at_datagram(bytes: &[u8], direction: Direction, _: &Endpoints) -> ProbeAnswer {
    answer(look(bytes, bytes.len()), direction)
}

fn look_at_stream(bytes: &[u8], direction: Direction, _: &Endpoints) -> ProbeAnswer {
    answer(look_stream(bytes), direction)
}

/// The probe for datagrams on `ports`.
pub(crate) const fn udp_probe(ports: Ports) -> Probe {
    Probe {
        transport: UDP,
        ports,
        side: Side::Either,
        depth_min: HEADER_BYTES,
        depth_max: HEADER_BYTES,
        look: look_at_datagram,
    }
}

/// The probe for streams on `ports`.
pub(crate) const fn tcp_probe(ports: Ports) -> Probe {
    Probe {
        transport: TCP,
        ports,
        side: Side::Either,
        depth_min: PREFIX_BYTES + HEADER_BYTES,
        depth_max: PREFIX_BYTES + HEADER_BYTES,
        look: look_at_stream,
    }
}
