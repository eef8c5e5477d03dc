//! RADIUS (RFC 2865, RFC 2866, RFC 5176): who wants in, from where, and whether he may. A request with its answer is one
//! transaction.
//!
//! Limits: 512 open transactions, 128 attributes of a packet. Passwords are encrypted on the wire and never kept.

mod fields;
mod packet;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::{self, Exchange};
use crate::session::bookkeeping;
use crate::{
    Endpoints, Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use packet::Packet;

const UDP: u8 = 17;
const TRANSACTIONS_MAX: usize = 512;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "radius",
    help: "Remote Authentication Dial-In User Service.",
    probes: &[Probe {
        transport: UDP,
        ports: Ports::Any,
        side: Side::Either,
        depth_min: packet::HEAD_BYTES,
        depth_max: 0,
        look: probe,
    }],
    session: Some(|| Box::new(Radius::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response"],
    logs: &[Log { event_type: "radius", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;

/// The length of the datagram stands in it, and attributes fill it exactly. Away from RADIUS's ports there must be some.
fn probe(bytes: &[u8], direction: Direction, ends: &Endpoints) -> ProbeAnswer {
    const PORTS: [u16; 5] = [1645, 1646, 1812, 1813, 3799];
    let here = PORTS.contains(&ends.server_port) || PORTS.contains(&ends.client_port);
    match Packet::read(bytes) {
        Some(packet) if !packet.is_cut && (here || packet.attributes > 0) => {
            // Answers come from the server.
            match (packet.is_request(), direction) {
                (true, Direction::ToServer) | (false, Direction::ToClient) => ProbeAnswer::Yes,
                _ => ProbeAnswer::YesReversed,
            }
        }
        _ => ProbeAnswer::No,
    }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Radius {
    transactions: Transactions<Exchange<Packet>>,
}

impl Default for Radius {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

impl Session for Radius {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        let Some(packet) = Packet::read(bytes) else { return Fed::Used(bytes.len()) };
        let cut = packet.is_cut;
        let open = &mut self.transactions;
        let transaction = if packet.is_request() {
            exchange::ask(open, input, packet, TOO_MANY_TRANSACTIONS)
        } else {
            let fits = |asked: &Packet, answer: &Packet| asked.identifier == answer.identifier;
            let (transaction, asked) = exchange::answer(open, input, packet, TOO_MANY_TRANSACTIONS, fits);
            if !asked {
                transaction.core.raise(UNSOLICITED_RESPONSE);
            }
            transaction
        };
        if cut {
            transaction.core.raise(MALFORMED_DATA);
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}
