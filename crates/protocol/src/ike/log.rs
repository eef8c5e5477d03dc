//! EVE's `ike` object.

use json::Json;

use super::version1::{Attribute, Party};
use super::{Ike, Message, names};
use crate::Scope;
use json::hex;

/// Version of the record's form.
const FORM: u8 = 2;
/// Set in the flags of version 2 by whoever began.
const FLAG_INITIATOR: u8 = 0x08;

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message: &Message = scope.tx::<Box<Message>>();
    let ike: &Ike = scope.state();
    let header = &message.header;
    if !matches!(header.version, 1 | 2) {
        return false;
    }
    json.object("ike").number("_v", FORM);
    json.number("version_major", header.version).number("version_minor", header.minor);
    json.hex("init_spi", &header.initiator, None).hex("resp_spi", &header.responder, None);
    json.number("message_id", header.message).number("exchange_type", header.exchange);
    if header.version == 1 {
        if let Some(name) = names::exchange(header.exchange) {
            json.text("exchange_type_verbose", name);
        }
        write_version1(message, ike, json);
    } else {
        write_version2(message, ike, json);
    }
    json.end();
    true
}

fn write_payloads(message: &Message, json: &mut Json) {
    json.array("payload");
    for payload in &message.payloads {
        json.text_item(names::payload(*payload));
    }
    json.end();
}

fn write_version1(message: &Message, ike: &Ike, json: &mut Json) {
    let [client, server] = &ike.negotiation.sides;
    if let Some(chosen) = server.transforms.first() {
        write_attributes(chosen, json);
    }
    write_payloads(message, json);
    json.object("ikev1");
    if let Some(doi) = ike.negotiation.doi {
        json.number("doi", doi);
    }
    json.boolean("encrypted_payloads", message.encrypted);
    if !message.encrypted {
        json.object("client");
        write_values(client, json);
        json.array("proposals");
        for transform in &client.transforms {
            json.object_item();
            write_attributes(transform, json);
            json.end();
        }
        json.end().end();
        json.object("server");
        write_values(server, json);
        json.end();
        json.array("vendor_ids");
        for vendor in &message.vendors {
            json.text_item(vendor);
        }
        json.end();
    }
    json.end();
}

fn write_values(party: &Party, json: &mut Json) {
    if !party.key_exchange.is_empty() {
        json.hex("key_exchange_payload", &party.key_exchange, None);
        json.number("key_exchange_payload_length", party.key_exchange.len());
    }
    if !party.nonce.is_empty() {
        json.hex("nonce_payload", &party.nonce, None);
        json.number("nonce_payload_length", party.nonce.len());
    }
}

fn write_attributes(attributes: &[Attribute], json: &mut Json) {
    json.array("attributes");
    for attribute in attributes {
        json.object_item();
        json.text("key", names::attribute(attribute.kind));
        json.text("value", names::value(attribute.kind, attribute.number));
        match attribute.number {
            Some(number) => json.number("raw", number),
            None => json.text("raw", &hex(&attribute.bytes)),
        };
        json.end();
    }
    json.end();
}

fn write_version2(message: &Message, ike: &Ike, json: &mut Json) {
    let initiator = message.header.flags & FLAG_INITIATOR != 0;
    json.text("role", if initiator { "initiator" } else { "responder" });
    if !initiator {
        let choice = &ike.choice;
        let chosen = [
            ("alg_enc", choice.encryption.map(names::encryption)),
            ("alg_auth", choice.integrity.map(names::integrity)),
            ("alg_prf", choice.random.map(names::random)),
            ("alg_dh", choice.group.map(names::group)),
            ("alg_esn", choice.sequence.map(names::sequence)),
        ];
        for (key, name) in chosen {
            if let Some(name) = name {
                json.text(key, name);
            }
        }
    }
    write_payloads(message, json);
    json.object("ikev2").number("errors", message.errors).array("notify");
    for number in &message.notifications {
        json.text_item(names::notification(*number));
    }
    json.end().end();
}
