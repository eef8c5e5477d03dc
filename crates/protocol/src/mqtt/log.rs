//! MQTT messages in EVE: one object per message of the transaction, under the name of its type.

use json::Json;

use super::message::{
    Connect, Content, FLAG_CLEAN, FLAG_PASSWORD, FLAG_USER, FLAG_WILL, FLAG_WILL_RETAIN, Message, Properties,
    Property,
};
use super::{Exchange, Mqtt};
use crate::Scope;

/// Writes `"mqtt": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let limit = scope.state::<Mqtt>().log_limit;
    json.object("mqtt");
    for message in &scope.tx::<Exchange>().messages {
        write_message(message, limit, json);
    }
    json.end();
    true
}

fn write_message(message: &Message, limit: usize, json: &mut Json) {
    let header = message.header;
    if matches!(message.content, Content::Unassigned) {
        return;
    }
    json.object(header.name()).number("qos", header.qos());
    json.boolean("retain", header.flags & 1 != 0).boolean("dup", header.flags & 8 != 0);
    match &message.content {
        Content::Connect(connect) => write_connect(connect, limit, json),
        Content::Connack { session_present, code, properties } => {
            json.boolean("session_present", *session_present).number("return_code", *code);
            write_properties(properties, limit, json);
        }
        Content::Publish { topic, id, message, properties } => {
            text(json, "topic", topic, limit);
            if let Some(id) = id {
                json.number("message_id", *id);
            }
            text(json, "message", message, limit);
            write_properties(properties, limit, json);
        }
        Content::Answer { id, code, properties } => {
            json.number("message_id", *id);
            write_reason(*code, properties, limit, json);
        }
        Content::Subscribe { id, topics, properties } => {
            json.number("message_id", *id).array("topics");
            for (topic, qos) in topics {
                json.object_item();
                text(json, "topic", topic, limit);
                json.number("qos", *qos).end();
            }
            json.end();
            write_properties(properties, limit, json);
        }
        Content::Suback { id, granted, properties } => {
            json.number("message_id", *id).array("qos_granted");
            for code in granted {
                json.number_item(*code);
            }
            json.end();
            write_properties(properties, limit, json);
        }
        Content::Unsubscribe { id, topics, properties } => {
            json.number("message_id", *id).array("topics");
            for topic in topics {
                json.bytes_item(&cut(topic, limit));
            }
            json.end();
            write_properties(properties, limit, json);
        }
        Content::Unsuback { id, codes, properties } => {
            json.number("message_id", *id);
            if let Some(codes) = codes {
                json.array("reason_codes");
                for code in codes {
                    json.number_item(*code);
                }
                json.end();
            }
            write_properties(properties, limit, json);
        }
        Content::Reason { code, properties } => write_reason(*code, properties, limit, json),
        Content::Truncated => {
            json.boolean("truncated", true).number("skipped_length", header.whole());
        }
        Content::Nothing | Content::Unassigned => {}
    }
    json.end();
}

fn write_reason(code: Option<u8>, properties: &Properties, limit: usize, json: &mut Json) {
    if let Some(code) = code {
        json.number("reason_code", code);
    }
    write_properties(properties, limit, json);
}

fn write_connect(connect: &Connect, limit: usize, json: &mut Json) {
    text(json, "protocol_string", &connect.protocol, limit);
    json.number("protocol_version", connect.version).object("flags");
    for (name, bit) in [
        ("username", FLAG_USER),
        ("password", FLAG_PASSWORD),
        ("will_retain", FLAG_WILL_RETAIN),
        ("will", FLAG_WILL),
        ("clean_session", FLAG_CLEAN),
    ] {
        json.boolean(name, connect.flags & bit != 0);
    }
    json.end();
    text(json, "client_id", &connect.client_id, limit);
    for (name, value) in [("username", &connect.user), ("password", &connect.password)] {
        if let Some(value) = value {
            text(json, name, value, limit);
        }
    }
    if connect.flags & FLAG_WILL != 0 {
        json.object("will");
        for (name, value) in [("topic", &connect.will_topic), ("message", &connect.will_message)] {
            if let Some(value) = value {
                text(json, name, value, limit);
            }
        }
        write_properties(&connect.will_properties, limit, json);
        json.end();
    }
    write_properties(&connect.properties, limit, json);
}

fn write_properties(properties: &Properties, limit: usize, json: &mut Json) {
    let Some(properties) = properties else { return };
    json.object("properties");
    for property in properties {
        match property {
            Property::Number(name, value) => {
                json.number(name, *value);
            }
            Property::Bytes(name, value) => text(json, name, value, limit),
            Property::User(name, value) => {
                let mut key = Vec::new();
                json::escape_into(&mut key, &cut(name, limit));
                text(json, &String::from_utf8_lossy(&key), value, limit);
            }
        }
    }
    json.end();
}

fn text(json: &mut Json, name: &str, value: &[u8], limit: usize) {
    json.bytes_text(name, &cut(value, limit));
}

/// `value`, or its beginning and how much was left out.
fn cut(value: &[u8], limit: usize) -> std::borrow::Cow<'_, [u8]> {
    match value.get(..limit) {
        Some(start) if value.len() > limit => {
            let mut shown = start.to_vec();
            let left = value.len() - limit;
            shown.extend_from_slice(format!("[truncated {left} additional bytes]").as_bytes());
            shown.into()
        }
        _ => value.into(),
    }
}
