//! Records of ISO transport, S7comm, S7comm-plus and MMS.

use json::Json;

use super::s7::S7;
use super::s7_names::{AREAS, GROUPS, KINDS, RETURNS, TYPES, name, subfunction};
use super::{Connection, Message, mms::Mms, mms_names, plus, tpdu};
use crate::exchange::Exchange;
use crate::{Enumeration, Scope};

/// Writes a number and, when it has one, its name.
fn named(json: &mut Json, key: &str, list: Enumeration, value: u64) {
    match name(list, value) {
        Some(name) => json.plain(key, name.as_bytes()),
        None => json.number(key, value),
    };
}

/// Writes `request` and `response`, as far as they are there, with `side`.
fn sides<M>(exchange: &Exchange<M>, json: &mut Json, side: impl Fn(&M, &mut Json)) {
    for (key, message) in [("request", &exchange.request), ("response", &exchange.response)] {
        if let Some(message) = message {
            json.object(key);
            side(message, json);
            json.end();
        }
    }
}

fn exchange<'a>(scope: &Scope<'a>) -> &'a Exchange<Message> {
    scope.tx()
}

/// Writes `"cotp": {…}`.
pub(super) fn connection(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some(Message::Connection(first)) = exchange(scope).either() else { return false };
    json.object("cotp");
    let Connection { calling, called, size, .. } = first;
    json.hex("calling_tsap", calling, None).hex("called_tsap", called, None);
    if *size != 0 {
        json.number("tpdu_size", *size);
    }
    let answer = match &exchange(scope).response {
        Some(Message::Connection(answer)) => Some(answer),
        _ => None,
    };
    json.text(
        "status",
        match answer.map(|answer| answer.kind) {
            Some(tpdu::CONFIRM) => "confirmed",
            Some(tpdu::DISCONNECT) => "refused",
            Some(_) => "error",
            None => "unanswered",
        },
    );
    if let Some(reason) = answer.and_then(|answer| answer.reason) {
        json.number("reason", reason);
    }
    json.end();
    true
}

/// Writes `"s7comm": {…}`.
pub(super) fn s7comm(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some(Message::S7(first)) = exchange(scope).either() else { return false };
    json.object("s7comm").number("pdu_reference", first.reference);
    if let Some(act) = first.act() {
        json.plain("function", act.as_bytes());
    } else if let Some(function) = first.function {
        json.number("function", function);
    }
    sides(exchange(scope), json, |message, json| {
        if let Message::S7(message) = message {
            s7_side(message, json);
        }
    });
    json.end();
    true
}

fn s7_side(message: &S7, json: &mut Json) {
    named(json, "rosctr", KINDS, message.kind.into());
    if let Some((class, code)) = message.error {
        json.number("error_class", class).number("error_code", code);
    }
    if let Some(bytes) = message.unit_bytes {
        json.number("pdu_length", bytes);
    }
    if let Some(block) = &message.block {
        json.object("block").text("type", block.kind).number("number", block.number);
        json.bytes_text("filename", &block.file).end();
    }
    if !message.service.is_empty() {
        json.bytes_text("service", &message.service);
    }
    if !message.arguments.is_empty() {
        json.hex("arguments", &message.arguments, None);
    }
    if let Some(data) = message.userdata {
        json.object("userdata");
        named(json, "group", GROUPS, data.group.into());
        match subfunction(data.group, data.subfunction) {
            Some(name) => json.text("subfunction", name),
            None => json.number("subfunction", data.subfunction),
        };
        if let Some((id, index)) = data.szl {
            json.display("szl_id", format_args!("{id:#06x}")).number("szl_index", index);
        }
        if data.password {
            json.text("password", "***");
        }
        json.number("error_code", data.error).end();
    }
    items(message, json);
    if message.data_bytes != 0 {
        json.number("data_length", message.data_bytes);
    }
}

fn items(message: &S7, json: &mut Json) {
    if !message.items.is_empty() {
        json.array("items");
        for item in &message.items {
            json.object_item();
            if item.syntax == 0x10 {
                named(json, "area", AREAS, item.area.into());
                if matches!(item.area, 0x84 | 0x85) {
                    json.number("db", item.block);
                }
                json.number("address", item.address).number("bit", item.bit);
                named(json, "type", TYPES, item.kind.into());
                json.number("count", item.count);
            } else {
                json.number("syntax", item.syntax);
            }
            if !item.value.is_empty() {
                json.hex("value", &item.value, None);
            }
            json.end();
        }
        json.end();
    }
    if !message.returns.is_empty() {
        json.array("return_codes");
        for code in &message.returns {
            match name(RETURNS, (*code).into()) {
                Some(name) => json.text_item(name),
                None => json.number_item(*code),
            };
        }
        json.end();
    }
}

/// Writes `"s7comm_plus": {…}`.
pub(super) fn s7comm_plus(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some(Message::Plus(first)) = exchange(scope).either() else { return false };
    json.object("s7comm_plus").number("version", first.version);
    named(json, "operation", plus::OPERATIONS, first.operation.into());
    if let Some(function) = first.function {
        named(json, "function", plus::FUNCTIONS, function.into());
        json.number("sequence", first.sequence);
    }
    if first.session != 0 {
        json.display("session_id", format_args!("{:#010x}", first.session));
    }
    json.boolean("integrity", first.integrity);
    json.boolean("answered", exchange(scope).request.is_some() && exchange(scope).response.is_some());
    json.end();
    true
}

/// Writes `"mms": {…}`.
pub(super) fn mms(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some(Message::Mms(first)) = exchange(scope).either() else { return false };
    json.object("mms");
    named(json, "pdu", mms_names::PDUS, first.pdu.into());
    if let Some(service) = first.service_name() {
        json.text("service", service);
    }
    if let Some(invoke) = first.invoke.filter(|invoke| *invoke <= u32::MAX.into()) {
        json.number("invoke_id", invoke);
    }
    sides(exchange(scope), json, |message, json| {
        if let Message::Mms(message) = message {
            mms_side(message, json);
        }
    });
    json.end();
    true
}

fn mms_side(message: &Mms, json: &mut Json) {
    named(json, "pdu", mms_names::PDUS, message.pdu.into());
    if !message.names.is_empty() {
        json.array("names");
        for name in &message.names {
            json.bytes_item(name);
        }
        json.end();
    }
}
