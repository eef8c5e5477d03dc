//! LDAP in EVE.

use json::Json;

use super::Exchange;
use super::message::{Attribute, Content, Message};
use super::names::{OPERATIONS, RESULTS, name};
use crate::Scope;

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("ldap");
    if let Some(request) = &exchange.request {
        json.object("request");
        write_message(request, json);
        json.end();
    }
    if !exchange.responses.is_empty() {
        json.array("responses");
        for response in &exchange.responses {
            json.object_item();
            write_message(response, json);
            json.end();
        }
        json.end();
    }
    json.end();
    true
}

fn write_message(message: &Message, json: &mut Json) {
    let operation = name(OPERATIONS, message.operation.into());
    json.text("operation", operation).number("message_id", message.id);
    if message.content == Content::Nothing {
        return;
    }
    json.object(operation);
    write_content(message, json);
    json.end();
}

fn optional(key: &str, value: Option<&Vec<u8>>, json: &mut Json) {
    if let Some(value) = value {
        json.bytes_text(key, value);
    }
}

fn texts(key: &str, values: &[Vec<u8>], json: &mut Json) {
    json.array(key);
    for value in values {
        json.bytes_item(value);
    }
    json.end();
}

fn write_content(message: &Message, json: &mut Json) {
    match &message.content {
        Content::Nothing => {}
        Content::Bind { version, name, mechanism } => {
            json.number("version", *version).bytes_text("name", name);
            if let Some(mechanism) = mechanism {
                json.object("sasl").bytes_text("mechanism", mechanism).end();
            }
        }
        Content::Search(search) => {
            json.bytes_text("base_object", &search.base).number("scope", search.scope);
            json.number("deref_alias", search.aliases).number("size_limit", search.size_limit);
            json.number("time_limit", search.time_limit).boolean("types_only", search.types_only);
            texts("attributes", &search.attributes, json);
        }
        Content::Entry { base, attributes } => {
            let (base_key, name_key) =
                if message.operation == 8 { ("entry", "name") } else { ("base_object", "type") };
            json.bytes_text(base_key, base).array("attributes");
            for Attribute { name, values } in attributes {
                json.object_item().bytes_text(name_key, name);
                texts("values", values, json);
                json.end();
            }
            json.end();
        }
        Content::References(uris) => texts("uris", uris, json),
        Content::Modify { object, changes } => {
            json.bytes_text("object", object).array("changes");
            for (operation, attribute) in changes {
                let word = match operation {
                    0 => "add",
                    1 => "delete",
                    2 => "replace",
                    3 => "increment",
                    _ => "unknown",
                };
                json.object_item().text("operation", word).object("modification");
                json.bytes_text("attribute_type", &attribute.name);
                texts("attribute_values", &attribute.values, json);
                json.end().end();
            }
            json.end();
        }
        Content::Delete(dn) => {
            json.bytes_text("dn", dn);
        }
        Content::Rename { entry, new, delete_old, superior } => {
            json.bytes_text("entry", entry).bytes_text("new_rdn", new).boolean("delete_old_rdn", *delete_old);
            optional("new_superior", superior.as_ref(), json);
        }
        Content::Compare { entry, attribute, value } => {
            json.bytes_text("entry", entry).object("attribute_value_assertion");
            json.bytes_text("description", attribute).bytes_text("value", value).end();
        }
        Content::Abandon(id) => {
            json.number("message_id", *id);
        }
        Content::Extended { name, value } => {
            optional("name", name.as_ref(), json);
            optional("value", value.as_ref(), json);
        }
        Content::Outcome(outcome) => {
            json.text("result_code", name(RESULTS, outcome.code)).bytes_text("matched_dn", &outcome.matched);
            json.bytes_text("message", &outcome.message);
            optional("server_sasl_creds", outcome.credentials.as_ref(), json);
            optional("name", outcome.name.as_ref(), json);
            optional("value", outcome.value.as_ref(), json);
        }
    }
}
