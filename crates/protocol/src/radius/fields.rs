//! Keywords, facts and records of RADIUS.

use json::Json;

use super::Exchange;
use super::packet::{CODES, Packet};
use crate::exchange::side;
use crate::{Field, Scope};

/// RFC 2866 §5.1.
const ACCOUNTING: crate::Enumeration =
    &[("start", 1), ("stop", 2), ("interim_update", 3), ("accounting_on", 7), ("accounting_off", 8)];

fn here<'a>(scope: &Scope<'a>) -> Option<&'a Packet> {
    side(scope)
}

pub(super) const FIELDS: &[Field] = &[
    Field::number("radius.code", "Kind of packet.", 8, CODES, |scope| Some(here(scope)?.code.into())),
    Field::bytes("radius.request", "Name of the kind of request.", |scope, _| {
        here(scope).map(|packet| code(packet.code).as_bytes())
    })
    .asked()
    .fact(),
    Field::bytes("radius.response", "Name of the kind of response.", |scope, _| {
        here(scope).map(|packet| code(packet.code).as_bytes())
    })
    .answered()
    .fact(),
    Field::bytes("radius.user", "Name of the user.", |scope, _| here(scope)?.user.as_deref()).fact(),
    Field::bytes("radius.nas_identifier", "Name of the machine that asks for the user.", |scope, _| {
        here(scope)?.nas_identifier.as_deref()
    })
    .asked()
    .fact(),
    Field::bytes("radius.calling_station", "Number or address that the user calls from.", |scope, _| {
        here(scope)?.calling.as_deref()
    })
    .asked()
    .fact(),
    Field::bytes("radius.reply_message", "Text that is shown to the user.", |scope, _| {
        here(scope)?.reply.as_deref()
    })
    .answered()
    .fact(),
    Field::number("radius.signed", "1 when the packet is signed as a whole.", 8, &[], |scope| {
        Some(here(scope)?.signed.into())
    })
    .fact(),
];

fn code(number: u8) -> &'static str {
    CODES.iter().find(|(_, known)| *known == u64::from(number)).map_or("unknown", |(name, _)| name)
}

/// Writes `"radius": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange<Packet>>();
    let Some(first) = exchange.either() else { return false };
    json.object("radius").number("identifier", first.identifier);
    if let Some(request) = &exchange.request {
        json.text("request", code(request.code));
        write_packet(request, json);
    }
    if let Some(response) = &exchange.response {
        json.text("response", code(response.code));
        if exchange.request.is_none() {
            write_packet(response, json);
        } else {
            if let Some(reply) = &response.reply {
                json.bytes_text("reply_message", reply);
            }
            if let Some(address) = response.framed_address {
                json.display("framed_ip", address);
            }
            json.boolean("response_signed", response.signed);
        }
    }
    json.end();
    true
}

fn write_packet(packet: &Packet, json: &mut Json) {
    for (key, value) in [
        ("user", &packet.user),
        ("nas_identifier", &packet.nas_identifier),
        ("called_station", &packet.called),
        ("calling_station", &packet.calling),
        ("session_id", &packet.session),
        ("reply_message", &packet.reply),
    ] {
        if let Some(value) = value {
            json.bytes_text(key, value);
        }
    }
    if let Some(proof) = packet.proof {
        json.text("authentication", proof);
    }
    for (key, address) in [("nas_ip", packet.nas_address), ("framed_ip", packet.framed_address)] {
        if let Some(address) = address {
            json.display(key, address);
        }
    }
    for (key, number) in [
        ("nas_port", packet.nas_port),
        ("nas_port_type", packet.nas_port_type),
        ("service_type", packet.service),
    ] {
        if let Some(number) = number {
            json.number(key, number);
        }
    }
    if let Some(number) = packet.accounting {
        let known = ACCOUNTING.iter().find(|(_, known)| *known == u64::from(number));
        json.text("accounting_status", known.map_or("unknown", |(name, _)| name));
    }
    json.boolean("signed", packet.signed);
}
