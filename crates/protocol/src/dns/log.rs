//! DNS messages in EVE: version 3 of the `dns` object, and the plainer one of mDNS and LLMNR.

use std::net::{Ipv4Addr, Ipv6Addr};

use json::Json;

use super::message::{Data, Message, Name, Record, Span};
use super::names::{type_name, write_code, write_type};
use crate::Scope;

/// Kinds of data that are shown once more under `grouped`, keyed by type.
const GROUPS_MAX: usize = 16;

const FLAGS: [(u16, &str); 6] =
    [(0x8000, "qr"), (0x0400, "aa"), (0x0200, "tc"), (0x0100, "rd"), (0x0080, "ra"), (0x0040, "z")];

/// Writes `"dns": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let direction = scope.core.only.unwrap_or(model::Direction::ToServer);
    write_message(scope.tx::<Message>(), scope.core.id, direction, json);
    true
}

/// Writes `"dns": {…}` for a message, also for one inside another protocol.
pub(crate) fn write_message(message: &Message, tx: u64, direction: model::Direction, json: &mut Json) {
    let kind = if direction == model::Direction::ToClient { "response" } else { "request" };
    json.object("dns").number("version", 3).text("type", kind);
    json.number("tx_id", tx).number("id", message.id);
    json.plain_by("flags", |out| json::hex_into(out, message.flags.into()));
    for (bit, name) in FLAGS {
        if message.flags & bit != 0 {
            json.boolean(name, true);
        }
    }
    json.number("opcode", message.opcode());
    write_code(json, "rcode", message.rcode());
    if !message.queries.is_empty() {
        json.array("queries");
        for query in &message.queries {
            json.object_item();
            write_name(json, message, "rrname", query.name);
            write_type(json, "rrtype", query.rrtype);
            json.end();
        }
        json.end();
    }
    write_section(json, message, "answers", message.answers());
    if !message.answers().is_empty() {
        write_grouped(json, message);
    }
    write_section(json, message, "authorities", message.authorities());
    write_section(json, message, "additionals", message.additionals());
    json.end();
}

fn write_name(json: &mut Json, message: &Message, key: &str, name: Name) {
    json.bytes_text(key, message.name(name));
    if name.truncated {
        json.boolean(if key == "rrname" { "rrname_truncated" } else { "rdata_truncated" }, true);
    }
}

fn write_section(json: &mut Json, message: &Message, key: &str, records: &[Record]) {
    if records.is_empty() {
        return;
    }
    json.array(key);
    for record in records {
        match record.data {
            // Each string of a TXT record is shown as a record of its own.
            Data::Text(span) => {
                for text in message.strings(span) {
                    write_head(json, message, record);
                    json.bytes_text("rdata", text).end();
                }
            }
            _ => {
                write_head(json, message, record);
                write_data(json, message, &record.data);
                json.end();
            }
        }
    }
    json.end();
}

fn write_head(json: &mut Json, message: &Message, record: &Record) {
    json.object_item();
    write_name(json, message, "rrname", record.name);
    write_type(json, "rrtype", record.rrtype);
    json.number("ttl", record.ttl);
}

fn write_data(json: &mut Json, message: &Message, data: &Data) {
    match *data {
        Data::Address(span) => write_address(json, Some("rdata"), message.bytes(span)),
        Data::Name(name) => write_name(json, message, "rdata", name),
        Data::Null(span) => {
            json.bytes_text("rdata", message.bytes(span));
        }
        Data::Soa { .. } => {
            json.object("soa");
            write_members(json, message, data);
            json.end();
        }
        Data::Srv(..) => {
            json.object("srv");
            write_members(json, message, data);
            json.end();
        }
        Data::Sshfp(..) => {
            json.object("sshfp");
            write_members(json, message, data);
            json.end();
        }
        Data::Options(span) => write_options(json, message, span),
        Data::Text(_) | Data::Other => {}
    }
}

fn write_options(json: &mut Json, message: &Message, span: Span) {
    json.array("opt");
    for (code, data) in message.options(span) {
        json.object_item().number("code", code).hex("data", data, None).end();
    }
    json.end();
}

/// Members of the objects that SOA, SRV and SSHFP become.
fn write_members(json: &mut Json, message: &Message, data: &Data) {
    match *data {
        Data::Soa { mname, rname, numbers } => {
            json.bytes_text("mname", message.name(mname)).bytes_text("rname", message.name(rname));
            for (key, number) in ["serial", "refresh", "retry", "expire", "minimum"].into_iter().zip(numbers)
            {
                json.number(key, number);
            }
        }
        Data::Srv(numbers, name) => {
            for (key, number) in ["priority", "weight", "port"].into_iter().zip(numbers) {
                json.number(key, number);
            }
            json.bytes_text("name", message.name(name));
        }
        Data::Sshfp(algorithm, kind, span) => {
            json.hex("fingerprint", message.bytes(span), Some(b':'));
            json.number("algo", algorithm).number("type", kind);
        }
        Data::Address(_) | Data::Name(_) | Data::Text(_) | Data::Null(_) | Data::Options(_) | Data::Other => {
        }
    }
}

/// Writes an address under `key`, or as an array item; bytes of another length become an empty string.
fn write_address(json: &mut Json, key: Option<&str>, bytes: &[u8]) {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        put(json, key, Ipv4Addr::from(octets));
    } else if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        put(json, key, Ipv6Text(octets));
    } else {
        put(json, key, "");
    }
}

/// An IPv6 address as eight groups, the way EVE writes addresses.
struct Ipv6Text([u8; 16]);

impl std::fmt::Display for Ipv6Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, group) in Ipv6Addr::from(self.0).segments().into_iter().enumerate() {
            if index > 0 {
                f.write_str(":")?;
            }
            write!(f, "{group:04x}")?;
        }
        Ok(())
    }
}

fn put(json: &mut Json, key: Option<&str>, value: impl std::fmt::Display) {
    match key {
        Some(key) => json.display(key, value),
        None => json.display_item(value),
    };
}

fn write_grouped(json: &mut Json, message: &Message) {
    json.object("grouped");
    let answers = message.answers();
    let mut done = [0_u16; GROUPS_MAX];
    let mut count = 0;
    for (index, first) in answers.iter().enumerate() {
        let grouped = !matches!(first.data, Data::Other | Data::Options(_));
        if !grouped || done.iter().take(count).any(|&rrtype| rrtype == first.rrtype) {
            continue;
        }
        let Some(place) = done.get_mut(count) else { break };
        *place = first.rrtype;
        count += 1;
        let Some(name) = type_name(first.rrtype) else { continue };
        let name = name.to_ascii_uppercase();
        json.array(&name);
        for record in answers.iter().skip(index).filter(|record| record.rrtype == first.rrtype) {
            write_item(json, message, &record.data);
        }
        json.end();
    }
    json.end();
}

fn write_item(json: &mut Json, message: &Message, data: &Data) {
    match *data {
        Data::Address(span) => write_address(json, None, message.bytes(span)),
        Data::Name(name) => {
            json.bytes_item(message.name(name));
        }
        Data::Text(span) => {
            for text in message.strings(span) {
                json.bytes_item(text);
            }
        }
        Data::Null(span) => {
            json.bytes_item(message.bytes(span));
        }
        Data::Soa { .. } | Data::Srv(..) | Data::Sshfp(..) => {
            json.object_item();
            write_members(json, message, data);
            json.end();
        }
        Data::Options(_) | Data::Other => {}
    }
}

/// Writes the object of mDNS and LLMNR under `key`: data stand under the record's type in lower case.
pub(crate) fn write_plain(scope: &Scope<'_>, json: &mut Json, key: &str) -> bool {
    let message = scope.tx::<Message>();
    json.object(key).text("type", if message.is_response() { "response" } else { "request" });
    json.number("id", message.id);
    json.number("opcode", message.opcode());
    if message.is_response() {
        write_code(json, "rcode", message.rcode());
    }
    if !message.queries.is_empty() {
        json.array("queries");
        for query in &message.queries {
            json.object_item();
            write_name(json, message, "rrname", query.name);
            match type_name(query.rrtype) {
                Some(name) => json.text("rrtype", name),
                None => json.display("rrtype", query.rrtype),
            };
            json.end();
        }
        json.end();
    }
    write_plain_section(json, message, "answers", message.answers());
    write_plain_section(json, message, "authorities", message.authorities());
    write_plain_section(json, message, "additionals", message.additionals());
    json.end();
    true
}

fn write_plain_section(json: &mut Json, message: &Message, key: &str, records: &[Record]) {
    if records.is_empty() {
        return;
    }
    json.array(key);
    for record in records {
        json.object_item();
        write_name(json, message, "rrname", record.name);
        let name = type_name(record.rrtype).unwrap_or("unknown");
        match record.data {
            Data::Address(span) => write_address(json, Some(name), message.bytes(span)),
            Data::Name(target) => {
                json.bytes_text(name, message.name(target));
            }
            Data::Null(span) => {
                json.bytes_text(name, message.bytes(span));
            }
            Data::Text(span) => {
                json.array(name);
                for text in message.strings(span) {
                    json.bytes_item(text);
                }
                json.end();
            }
            Data::Soa { .. } | Data::Srv(..) | Data::Sshfp(..) => {
                json.object(name);
                write_members(json, message, &record.data);
                json.end();
            }
            Data::Options(span) => write_options(json, message, span),
            Data::Other => {}
        }
        json.end();
    }
    json.end();
}
