//! Multicast DNS (RFC 6762): DNS messages to everybody on the link; responses need no request.
//!
//! The messages and their limits are those of [`crate::dns`].

use crate::dns::{
    Dns, EVENTS, Variant, additional_name, answer_name, authority_name, name_field, query_name,
    response_name, udp_probe, write_plain,
};
use crate::{Field, Log, LogWhen, Ports, Protocol};

const PORTS: Ports = Ports::These(&[5353]);

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mdns",
    help: "mDNS: names on the local link.",
    probes: &[udp_probe(PORTS)],
    session: Some(|| Box::new(Dns::new(Variant::Multicast))),
    fields: FIELDS,
    events: EVENTS,
    logs: &[Log {
        event_type: "mdns",
        when: LogWhen::Complete,
        write: |scope, json| write_plain(scope, json, "mdns"),
        with_alert: true,
    }],
    accepts_gaps: true,
    one_sided: true,
    ..Protocol::EMPTY
};

const FIELDS: &[Field] = &[
    Field { fact: true, ..name_field("mdns.queries.rrname", "Name in a question.", query_name) },
    name_field("mdns.answers.rrname", "Owner name of an answer.", answer_name),
    name_field("mdns.authorities.rrname", "Owner name in the authority section.", authority_name),
    name_field("mdns.additionals.rrname", "Owner name in the additional section.", additional_name),
    Field {
        fact: true,
        ..name_field(
            "mdns.response.rrname",
            "Owner names of all records, and the names in their data.",
            response_name,
        )
    },
];
