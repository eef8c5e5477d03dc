//! BACnet/IP (ASHRAE 135, annex J): building automation over UDP. A confirmed request with its answer is one transaction,
//! every other message one of its own.
//!
//! Limits: 512 open transactions; 32 objects and 32 properties of a message are read. Segments behind the first carry no
//! service of their own and are told as they come.

mod fields;
mod message;
mod names;
#[cfg(test)]
mod tests;

use crate::exchange::{self, Exchange};
use crate::session::bookkeeping;
use crate::{Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions};
use message::{Message, Pdu};

const UDP: u8 = 17;
const TRANSACTIONS_MAX: usize = 512;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "bacnet",
    help: "BACnet/IP building automation.",
    probes: &[Probe {
        transport: UDP,
        ports: Ports::Any,
        side: Side::Either,
        depth_min: 6,
        depth_max: 0,
        // The length of the datagram stands in it, and what follows must be read as a whole.
        look: |bytes, _, _| match Message::read(bytes) {
            Some(message) if !message.is_cut => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Bacnet::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response"],
    logs: &[Log { event_type: "bacnet", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;
const UNSOLICITED_RESPONSE: u8 = 2;

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Bacnet {
    transactions: Transactions<Exchange<Message>>,
}

impl Default for Bacnet {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

impl Session for Bacnet {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        let Some(message) = Message::read(bytes).filter(|_| !bytes.is_empty()) else {
            return Fed::Used(bytes.len());
        };
        let cut = message.is_cut;
        let open = &mut self.transactions;
        let transaction = match message.pdu {
            Some(Pdu::ConfirmedRequest) => exchange::ask(open, input, message, TOO_MANY_TRANSACTIONS),
            Some(pdu) if pdu.is_answer() => {
                let fits = |asked: &Message, answer: &Message| asked.invoke == answer.invoke;
                let (transaction, asked) =
                    exchange::answer(open, input, message, TOO_MANY_TRANSACTIONS, fits);
                if !asked {
                    transaction.core.raise(UNSOLICITED_RESPONSE);
                }
                transaction
            }
            _ => exchange::tell(open, input, message, TOO_MANY_TRANSACTIONS),
        };
        if cut {
            transaction.core.raise(MALFORMED_DATA);
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}
