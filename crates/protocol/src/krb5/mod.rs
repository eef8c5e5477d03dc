//! Kerberos 5 (RFC 4120) over UDP and TCP: requests, tickets and errors, as far as they are in the clear.
//!
//! Each message is a transaction. Limits: messages of 64 KiB over TCP, names of 32 components.

mod fields;
mod message;
mod names;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::der;
use crate::session::bookkeeping;
use crate::{Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions};
use message::{Message, kind};

/// Bytes of a message over TCP; what is longer is read over.
const MESSAGE_MAX: usize = 64 * 1024;
/// Longest first message that is taken for Kerberos.
const FIRST_MAX: u32 = 16 * 1024;
/// Open transactions per flow; they are inspected and removed at once.
const TRANSACTIONS_MAX: usize = 256;
const PORTS: Ports = Ports::These(&[88]);
const TCP: u8 = 6;

const MALFORMED_DATA: u8 = 0;
const WEAK_ENCRYPTION: u8 = 1;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "krb5",
    help: "Kerberos 5.",
    probes: &[
        Probe {
            transport: 17,
            ports: PORTS,
            side: Side::Either,
            depth_min: 0,
            depth_max: 0,
            look: |bytes, _, _| look(bytes),
        },
        Probe {
            transport: TCP,
            ports: PORTS,
            side: Side::Either,
            depth_min: 4,
            depth_max: 0,
            look: |bytes, _, _| match bytes.split_first_chunk() {
                Some((length, rest)) if u32::from_be_bytes(*length) <= FIRST_MAX => look(rest),
                _ => ProbeAnswer::No,
            },
        },
    ],
    session: Some(|| Box::new(Krb5::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "weak_encryption"],
    logs: &[Log { event_type: "krb5", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

/// An application tag up to 30, a sequence, and the version number 5 in its first or second element.
fn look(bytes: &[u8]) -> ProbeAnswer {
    if bytes.len() <= 10 {
        return ProbeAnswer::More;
    }
    let plausible = || {
        let (&tag, (header, _)) = (bytes.first()?, der::header(bytes)?);
        let rest = bytes.get(header..)?;
        let (inner, _) = der::header(rest)?;
        let version = rest.get(inner + 2..inner + 5)?;
        (tag & 0xc0 == 0x40
            && tag & 0x1f <= 30
            && rest.first() == Some(&der::tag::SEQUENCE)
            && version == [2, 1, 5])
        .then_some(())
    };
    if plausible().is_some() { ProbeAnswer::Yes } else { ProbeAnswer::No }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Krb5 {
    transactions: Transactions<Box<Message>>,
    /// The request that waits for its answer: errors are told with it.
    request: Option<u8>,
    skip: [usize; 2],
}

impl Default for Krb5 {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), request: None, skip: [0; 2] }
    }
}

impl Session for Krb5 {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if input.endpoints.transport == TCP {
            return self.stream(input, bytes);
        }
        if self.message(input, bytes) { Fed::Used(bytes.len()) } else { Fed::Broken }
    }

    bookkeeping!(transactions);
}

impl Krb5 {
    fn stream(&mut self, input: &Input<'_>, bytes: &[u8]) -> Fed {
        let place = input.direction.index();
        let mut used = self.skip[place].min(bytes.len());
        self.skip[place] -= used;
        while let Some((length, rest)) = bytes.get(used..).and_then(|rest| rest.split_first_chunk()) {
            let length = u32::from_be_bytes(*length) as usize;
            if length > MESSAGE_MAX {
                self.skip[place] = length.saturating_sub(rest.len());
                used += 4 + length.min(rest.len());
                continue;
            }
            let Some(body) = rest.get(..length) else { return Fed::Need { used, needed: 4 + length } };
            used += 4 + length;
            if !self.message(input, body) {
                return Fed::Broken;
            }
        }
        if used == bytes.len() { Fed::Used(used) } else { Fed::Need { used, needed: 4 } }
    }

    /// Reads a message; false when it is not Kerberos at all.
    fn message(&mut self, input: &Input<'_>, bytes: &[u8]) -> bool {
        let Some((tag, _)) = bytes.first().zip(der::header(bytes)) else {
            self.open(input, Message::default(), Some(MALFORMED_DATA));
            return false;
        };
        if tag & 0xc0 != 0x40 {
            return bytes.is_empty();
        }
        let number = tag & 0x1f;
        let request = match number {
            kind::AS_REQ | kind::TGS_REQ | kind::AP_REQ => self.request.replace(number).and(None),
            kind::AS_REP | kind::TGS_REP | kind::AP_REP | kind::ERROR => self.request.take(),
            _ => return true,
        };
        let Some(mut message) = message::read(bytes) else { return true };
        if message.kind == kind::ERROR {
            message.failed = request;
        }
        let weak = message.encryption.is_some_and(names::is_weak).then_some(WEAK_ENCRYPTION);
        self.open(input, message, weak);
        true
    }

    fn open(&mut self, input: &Input<'_>, message: Message, event: Option<u8>) {
        if self.transactions.is_full() {
            return;
        }
        let transaction = self.transactions.open(input.time, input.packet, Box::new(message));
        transaction.core.only = Some(input.direction);
        for direction in Direction::BOTH {
            transaction.core.advance(direction, 1);
        }
        if let Some(code) = event {
            transaction.core.raise(code);
        }
    }
}
