//! SNMP versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412): each message is a transaction of its own.
//!
//! Limits: 128 variables of a message, object identifiers of 128 arcs, 64 open transactions. Encrypted messages show sizes only.

mod ber;
mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Enumeration, Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session,
    Side, Transactions,
};
use message::Message;

const TRANSACTIONS_MAX: usize = 64;

/// Kinds of messages; the number is the tag in the message.
pub(crate) const KINDS: Enumeration = &[
    ("get_request", 0),
    ("get_next_request", 1),
    ("response", 2),
    ("set_request", 3),
    ("trap_v1", 4),
    ("get_bulk_request", 5),
    ("inform_request", 6),
    ("trap_v2", 7),
    ("report", 8),
];

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "snmp",
    help: "Simple Network Management Protocol.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[161, 162]),
        side: Side::Either,
        depth_min: 4,
        depth_max: 4,
        look: |bytes, _, _| match message::version(bytes) {
            Some(_) => ProbeAnswer::Yes,
            None => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Snmp::default())),
    fields: &[
        Field {
            name: "snmp.version",
            help: "Version: 1, 2 (which is 2c) or 3.",
            kind: FieldKind::Number {
                bits: 32,
                names: &[],
                get: |scope| Some(scope.tx::<Message>().version.into()),
            },
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "snmp.community",
            help: "Community, the password of versions 1 and 2c.",
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Message>().community.as_deref()),
            ..Field::EMPTY
        },
        Field {
            name: "snmp.usm",
            help: "User of version 3.",
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Message>().user.as_deref()),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "snmp.pdu_type",
            help: "Kind of the message.",
            kind: FieldKind::Number {
                bits: 32,
                names: KINDS,
                get: |scope| scope.tx::<Message>().pdu.as_ref().map(|pdu| pdu.kind.into()),
            },
            fact: true,
            ..Field::EMPTY
        },
    ],
    events: &["malformed_data", "unknown_security_model", "version_mismatch"],
    logs: &[Log { event_type: "snmp", when: LogWhen::Complete, write: log::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const UNKNOWN_SECURITY_MODEL: u8 = 1;
const VERSION_MISMATCH: u8 = 2;

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Snmp {
    transactions: Transactions<Message>,
    version: Option<u8>,
}

impl Default for Snmp {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), version: None }
    }
}

impl Session for Snmp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if bytes.is_empty() {
            return Fed::Used(0);
        }
        let Some(version) = message::version(bytes) else { return Fed::Broken };
        if self.transactions.is_full() {
            return Fed::Used(bytes.len());
        }
        let read = message::read(bytes);
        let malformed = read.is_none();
        let message = read.unwrap_or_else(|| Message::new(version));
        let model = message.security_model;
        let core = &mut self.transactions.open(input.time, input.packet, message).core;
        core.only = Some(input.direction);
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        if malformed {
            core.raise(MALFORMED_DATA);
        }
        if model.is_some_and(|model| model != message::USER_MODEL) {
            core.raise(UNKNOWN_SECURITY_MODEL);
        }
        if *self.version.get_or_insert(version) != version {
            core.raise(VERSION_MISMATCH);
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}
