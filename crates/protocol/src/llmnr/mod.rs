//! Link-Local Multicast Name Resolution (RFC 4795): DNS messages over UDP to everybody on the link, and over TCP.
//!
//! The messages and their limits are those of [`crate::dns`].

use crate::dns::{
    Dns, EVENTS, Variant, additional_name, answer_name, authority_name, name_field, query_name,
    response_name, tcp_probe, udp_probe, write_plain,
};
use crate::{Field, Log, LogWhen, Ports, Protocol};

const PORTS: Ports = Ports::These(&[5355]);

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "llmnr",
    help: "LLMNR: names on the local link.",
    probes: &[udp_probe(PORTS), tcp_probe(PORTS)],
    session: Some(|| Box::new(Dns::new(Variant::LinkLocal))),
    fields: FIELDS,
    events: EVENTS,
    logs: &[Log {
        event_type: "llmnr",
        when: LogWhen::Complete,
        write: |scope, json| write_plain(scope, json, "llmnr"),
        with_alert: true,
    }],
    accepts_gaps: true,
    one_sided: true,
    ..Protocol::EMPTY
};

const FIELDS: &[Field] = &[
    Field { fact: true, ..name_field("llmnr.queries.rrname", "Name in a question.", query_name) },
    name_field("llmnr.answers.rrname", "Owner name of an answer.", answer_name),
    name_field("llmnr.authorities.rrname", "Owner name in the authority section.", authority_name),
    name_field("llmnr.additionals.rrname", "Owner name in the additional section.", additional_name),
    Field {
        fact: true,
        ..name_field(
            "llmnr.response.rrname",
            "Owner names of all records, and the names in their data.",
            response_name,
        )
    },
];
