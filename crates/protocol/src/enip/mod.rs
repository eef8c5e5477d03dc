//! EtherNet/IP with CIP (The CIP Networks Library, volumes 1 and 2), on TCP and UDP: a request with its response is one
//! transaction.
//!
//! Limits: 1,024 open transactions; per packet 32 items, 64 CIP messages, 4 levels of them; 16 segments per path.

mod fields;
mod log;
mod message;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Frame, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transaction,
    Transactions,
};
use message::{HEAD_BYTES, Packet};

const TRANSACTIONS_MAX: usize = 1024;
const TCP: u8 = 6;

const fn probe(transport: u8, ports: &'static [u16]) -> Probe {
    Probe {
        transport,
        ports: Ports::These(ports),
        side: Side::Either,
        depth_min: HEAD_BYTES,
        depth_max: HEAD_BYTES,
        look: |bytes, _, _| if message::plausible(bytes) { ProbeAnswer::Yes } else { ProbeAnswer::No },
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "enip",
    help: "EtherNet/IP and the Common Industrial Protocol.",
    probes: &[probe(6, &[44818]), probe(17, &[44818, 2222])],
    session: Some(|| Box::new(Enip::default())),
    fields: fields::FIELDS,
    events: &["too_many_transactions", "invalid_pdu"],
    logs: &[Log { event_type: "enip", when: LogWhen::Complete, write: log::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const TOO_MANY_TRANSACTIONS: u8 = 0;
const INVALID_PDU: u8 = 1;

/// A request and its response.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    request: Option<Box<Packet>>,
    response: Option<Box<Packet>>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Enip {
    transactions: Transactions<Exchange>,
    /// Bytes were lost in this direction; the next must look like a packet.
    lost: [bool; 2],
}

impl Default for Enip {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), lost: [false; 2] }
    }
}

impl Session for Enip {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let place = input.direction.index();
        let Data::Bytes(bytes) = input.data else {
            self.lost[place] = true;
            return Fed::Used(0);
        };
        if input.endpoints.transport != TCP {
            if message::plausible(bytes) {
                self.packet(input, bytes, 0);
            }
            return Fed::Used(bytes.len());
        }
        if self.lost[place] && !bytes.is_empty() {
            if !message::plausible(bytes) {
                return Fed::Used(bytes.len());
            }
            self.lost[place] = false;
        }
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let Some(length) = message::length(rest) else { return Fed::Need { used, needed: HEAD_BYTES } };
            let Some(packet) = rest.get(..length) else { return Fed::Need { used, needed: length } };
            self.packet(input, packet, used);
            input.asks.inspect_stream[place] = true;
            used += length;
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Enip {
    fn packet(&mut self, input: &mut Input<'_>, bytes: &[u8], offset: usize) {
        for (kind, from, len) in [
            ("pdu", 0, bytes.len()),
            ("hdr", 0, HEAD_BYTES),
            ("data", HEAD_BYTES, bytes.len().saturating_sub(HEAD_BYTES)),
        ] {
            input.asks.frames.push(Frame {
                kind,
                direction: input.direction,
                offset: (offset + from) as i64,
                len: Some(len as u64),
                tx: None,
            });
        }
        let (packet, damaged) = message::read(bytes);
        let packet = Box::new(packet);
        let exchange = match input.direction {
            Direction::ToServer => self.request(input, packet),
            Direction::ToClient => self.response(input, packet),
        };
        if let Some(exchange) = exchange.filter(|_| damaged) {
            exchange.core.raise(INVALID_PDU);
        }
    }

    fn open(&mut self, input: &Input<'_>, body: Exchange) -> Option<&mut Transaction<Exchange>> {
        if self.transactions.is_full() {
            if let Some(oldest) = self.transactions.unfinished().next() {
                oldest.core.raise(TOO_MANY_TRANSACTIONS);
                complete(oldest);
            }
            return None;
        }
        Some(self.transactions.open(input.time, input.packet, body))
    }

    fn request(&mut self, input: &Input<'_>, packet: Box<Packet>) -> Option<&mut Transaction<Exchange>> {
        // These two are not answered (volume 2 §2-4.1, §2-4.5).
        let unanswered = matches!(packet.command, 0 | 0x66);
        let exchange = self.open(input, Exchange { request: Some(packet), response: None })?;
        exchange.core.advance(Direction::ToServer, 1);
        if unanswered {
            complete(exchange);
        }
        Some(exchange)
    }

    fn response(&mut self, input: &Input<'_>, packet: Box<Packet>) -> Option<&mut Transaction<Exchange>> {
        let place = self.transactions.iter().position(|exchange| {
            exchange.body.response.is_none()
                && exchange.body.request.as_deref().is_some_and(|request| packet.answers(request))
        });
        let exchange = match place {
            Some(place) => self.transactions.get_mut(place)?,
            None => self.open(input, Exchange::default())?,
        };
        exchange.body.response = Some(packet);
        complete(exchange);
        Some(exchange)
    }
}

fn complete(exchange: &mut Transaction<Exchange>) {
    exchange.core.advance(Direction::ToServer, 1);
    exchange.core.advance(Direction::ToClient, 1);
}
