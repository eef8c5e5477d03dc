//! DHCP over IPv4 (RFC 2131, RFC 2132): each message is a transaction of its own.
//!
//! Limits: 256 options per message, 64 open transactions.

mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Scope, Session, Side,
    Transactions,
};
use message::{LEASE_TIME, Message, REBINDING_TIME, RENEWAL_TIME};

const TRANSACTIONS_MAX: usize = 64;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    help: "Dynamic Host Configuration Protocol.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[67, 68]),
        side: Side::Either,
        depth_min: message::HEADER_BYTES,
        depth_max: message::HEADER_BYTES,
        look: |bytes, _, _| if message::read(bytes).is_some() { ProbeAnswer::Yes } else { ProbeAnswer::No },
    }],
    session: Some(|| Box::new(Dhcp::default())),
    fields: &[
        time("dhcp.leasetime", "Seconds of the lease.", |scope| seconds(scope, LEASE_TIME)),
        time("dhcp.rebinding_time", "Seconds until rebinding.", |scope| seconds(scope, REBINDING_TIME)),
        time("dhcp.renewal_time", "Seconds until renewal.", |scope| seconds(scope, RENEWAL_TIME)),
        Field {
            name: "dhcp.hostname",
            help: "Name of the client.",
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Message>().option(message::HOSTNAME)),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "dhcp.client_mac",
            help: "Hardware address of the client, raw.",
            kind: FieldKind::Bytes(|scope, _| Some(&scope.tx::<Message>().mac)),
            fact: true,
            ..Field::EMPTY
        },
    ],
    events: &["truncated_options", "malformed_options"],
    logs: &[
        Log { event_type: "dhcp", when: LogWhen::Complete, write: log::write_record, with_alert: false },
        Log { event_type: "dhcp", when: LogWhen::Never, write: log::write, with_alert: true },
    ],
    one_sided: true,
    ..Protocol::EMPTY
};

const TRUNCATED_OPTIONS: u8 = 0;
const MALFORMED_OPTIONS: u8 = 1;

const fn time(name: &'static str, help: &'static str, get: fn(&Scope<'_>) -> Option<u64>) -> Field {
    Field { name, help, kind: FieldKind::Number { bits: 64, names: &[], get }, ..Field::EMPTY }
}

fn seconds(scope: &Scope<'_>, code: u8) -> Option<u64> {
    scope.tx::<Message>().seconds(code).map(u64::from)
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Dhcp {
    transactions: Transactions<Message>,
    extended: Option<bool>,
}

impl Default for Dhcp {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), extended: None }
    }
}

impl Session for Dhcp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        self.extended
            .get_or_insert_with(|| matches!(input.config.setting("eve.dhcp.extended"), Some("true" | "yes")));
        if let Some(message) = message::read(bytes)
            && !self.transactions.is_full()
        {
            let (truncated, malformed) = (message.truncated, message.malformed);
            let core = &mut self.transactions.open(input.time, input.packet, message).core;
            core.only = Some(input.direction);
            core.advance(Direction::ToServer, 1);
            core.advance(Direction::ToClient, 1);
            for (holds, code) in [(truncated, TRUNCATED_OPTIONS), (malformed, MALFORMED_OPTIONS)] {
                if holds {
                    core.raise(code);
                }
            }
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}
