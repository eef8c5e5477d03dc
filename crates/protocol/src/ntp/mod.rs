//! NTP: one datagram, one transaction (RFC 5905 §7.3). Extension fields and authenticators are not read.

mod fields;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions};

/// Bytes of the fixed header.
const HEADER_BYTES: usize = 48;
/// Open transactions per flow; they are inspected and removed at once, so more means a stuck consumer.
const TRANSACTIONS_MAX: usize = 64;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    help: "Network Time Protocol.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[123]),
        side: Side::Either,
        depth_min: HEADER_BYTES,
        depth_max: HEADER_BYTES,
        look: |bytes, _, _| match read(bytes) {
            Some(_) => ProbeAnswer::Yes,
            None => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Ntp::default())),
    fields: fields::FIELDS,
    events: &["unsolicited_response", "malformed_data", "not_request", "not_response"],
    logs: &[Log { event_type: "ntp", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Ntp {
    transactions: Transactions<Message>,
}

impl Default for Ntp {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    version: u8,
    mode: u8,
    stratum: u8,
    reference_id: [u8; 4],
}

impl Session for Ntp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if let Some(message) = read(bytes)
            && !self.transactions.is_full()
        {
            let transaction = self.transactions.open(input.time, input.packet, message);
            transaction.core.only = Some(input.direction);
            transaction.core.advance(Direction::ToServer, 1);
            transaction.core.advance(Direction::ToClient, 1);
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}

fn read(bytes: &[u8]) -> Option<Message> {
    let header = bytes.get(..HEADER_BYTES)?;
    let [first, stratum, ..] = *header else { return None };
    let version = (first >> 3) & 7;
    let reference_id = *header.get(12..16)?.first_chunk()?;
    (1..=4).contains(&version).then_some(Message { version, mode: first & 7, stratum, reference_id })
}
