//! Keywords, facts and records of BACnet/IP.

use json::Json;

use super::Exchange;
use super::message::{Message, Pdu};
use super::names::{CONFIRMED, ERROR_CLASSES, FUNCTIONS, NETWORK, OBJECTS, PROPERTIES, UNCONFIRMED, name};
use crate::exchange::side;
use crate::{Enumeration, Field, Scope};

const PDUS: Enumeration = &[
    ("confirmed_request", 0),
    ("unconfirmed_request", 1),
    ("simple_ack", 2),
    ("complex_ack", 3),
    ("segment_ack", 4),
    ("error", 5),
    ("reject", 6),
    ("abort", 7),
];

impl Message {
    /// Name of the service, of the network's message, or of the link's function.
    fn act(&self) -> Option<&'static str> {
        match (self.service, self.network) {
            (Some(service), _) => name(self.services(), service.into()),
            (None, Some(network)) => name(NETWORK, network.into()),
            (None, None) => name(FUNCTIONS, self.function.into()),
        }
    }

    fn services(&self) -> Enumeration {
        if self.pdu == Some(Pdu::UnconfirmedRequest) { UNCONFIRMED } else { CONFIRMED }
    }
}

fn here<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    side(scope)
}

pub(super) const FIELDS: &[Field] = &[
    Field::number("bacnet.function", "Function of the link.", 8, FUNCTIONS, |scope| {
        Some(here(scope)?.function.into())
    }),
    Field::number("bacnet.pdu", "Kind of application PDU.", 8, PDUS, |scope| Some(here(scope)?.pdu? as u64)),
    Field::number("bacnet.service", "Number of the service of a confirmed PDU.", 8, CONFIRMED, |scope| {
        let message = here(scope)?;
        message.service.filter(|_| message.pdu != Some(Pdu::UnconfirmedRequest)).map(u64::from)
    }),
    Field::bytes(
        "bacnet.action",
        "Name of the service, or of the message of network or link.",
        |scope, _| here(scope)?.act().map(str::as_bytes),
    )
    .fact(),
    Field::numbers("bacnet.object_type", "Type of each object.", 16, OBJECTS, |scope, index| {
        here(scope)?.objects.get(index).map(|(kind, _)| u64::from(*kind))
    })
    .fact(),
    Field::numbers("bacnet.object_instance", "Instance of each object.", 32, &[], |scope, index| {
        here(scope)?.objects.get(index).map(|(_, instance)| u64::from(*instance))
    })
    .fact(),
    Field::numbers("bacnet.property", "Each property.", 32, PROPERTIES, |scope, index| {
        here(scope)?.properties.get(index).map(|number| u64::from(*number))
    })
    .fact(),
    Field::number("bacnet.priority", "Priority of what is written, 1 = highest.", 8, &[], |scope| {
        here(scope)?.priority.map(u64::from)
    })
    .fact(),
    Field::number("bacnet.state", "State that a device is put into.", 32, &[], |scope| {
        here(scope)?.state.map(u64::from)
    })
    .fact(),
    Field::number(
        "bacnet.error",
        "Code of an error, or reason of a rejection or abortion.",
        32,
        &[],
        |scope| here(scope)?.error.map(|(_, code)| code.into()),
    )
    .answered()
    .fact(),
];

/// Writes `"bacnet": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange<Message>>();
    let Some(first) = exchange.either() else { return false };
    json.object("bacnet");
    if let Some(function) = name(FUNCTIONS, first.function.into()) {
        json.text("bvlc_function", function);
    }
    for (key, network) in
        [("destination_network", first.destination_network), ("source_network", first.source_network)]
    {
        if let Some(network) = network {
            json.number(key, network);
        }
    }
    if let Some(network) = first.network {
        json.text("network_message", name(NETWORK, network.into()).unwrap_or("unknown"));
    }
    if let Some(pdu) = first.pdu {
        json.text("pdu", pdu.name());
    }
    if let Some(service) = first.service {
        match name(first.services(), service.into()) {
            Some(service) => json.text("service", service),
            None => json.number("service", service),
        };
    }
    if let Some(Pdu::ConfirmedRequest) = first.pdu {
        json.number("invoke_id", first.invoke);
    }
    write_arguments(first, json);
    if let (Some(_), Some(answer)) = (&exchange.request, &exchange.response) {
        json.text("answer", answer.pdu.map_or("unknown", Pdu::name));
    }
    let answer = exchange.response.as_ref().unwrap_or(first);
    if let Some((class, code)) = answer.error {
        json.object("error");
        if let Some(class) = class {
            json.text("class", name(ERROR_CLASSES, class).unwrap_or("unknown"));
        }
        json.number("code", code).end();
    }
    json.end();
    true
}

fn write_arguments(message: &Message, json: &mut Json) {
    if !message.objects.is_empty() {
        json.array("objects");
        for (kind, instance) in &message.objects {
            json.object_item();
            match name(OBJECTS, (*kind).into()) {
                Some(kind) => json.text("type", kind),
                None => json.number("type", *kind),
            };
            json.number("instance", *instance).end();
        }
        json.end();
    }
    if !message.properties.is_empty() {
        json.array("properties");
        for property in &message.properties {
            match name(PROPERTIES, *property) {
                Some(property) => json.text_item(property),
                None => json.number_item(*property),
            };
        }
        json.end();
    }
    if !message.value.is_empty() {
        json.hex("value", &message.value, None);
    }
    if let Some(priority) = message.priority {
        json.number("priority", priority);
    }
    if let Some(state) = message.state {
        json.number("state", state);
    }
    if message.password {
        json.text("password", "***");
    }
}
