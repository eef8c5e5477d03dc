//! Keywords, facts and records of SOCKS.

use json::Json;

use super::Exchange;
use super::message::{Address, NO_METHOD};
use crate::{Enumeration, Field, Scope};

const COMMANDS: Enumeration = &[("connect", 1), ("bind", 2), ("udp_associate", 3)];
/// RFC 1928 §6, and codes of version 4 (from 90 on).
const REPLIES: Enumeration = &[
    ("succeeded", 0),
    ("general_failure", 1),
    ("not_allowed", 2),
    ("network_unreachable", 3),
    ("host_unreachable", 4),
    ("connection_refused", 5),
    ("ttl_expired", 6),
    ("command_not_supported", 7),
    ("address_type_not_supported", 8),
    ("granted", 90),
    ("rejected", 91),
    ("no_identd", 92),
    ("identd_differs", 93),
];

fn name(list: Enumeration, value: u8) -> Option<&'static str> {
    list.iter().find(|(_, known)| *known == u64::from(value)).map(|(name, _)| *name)
}

fn method(number: u8) -> &'static str {
    match number {
        0 => "none",
        1 => "gssapi",
        2 => "password",
        NO_METHOD => "no_acceptable",
        0x80.. => "private",
        _ => "other",
    }
}

impl Address {
    fn write_into(&self, out: &mut Vec<u8>) {
        match self {
            Address::Ip(ip) => out.extend_from_slice(ip.to_string().as_bytes()),
            Address::Name(name) => out.extend_from_slice(name),
        }
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field::number("socks.version", "Version of the protocol.", 8, &[], |scope| {
        Some(scope.tx::<Exchange>().version.into())
    })
    .asked()
    .fact(),
    Field::number("socks.command", "What the proxy is asked to do.", 8, COMMANDS, |scope| {
        Some(scope.tx::<Exchange>().asked.as_ref()?.command.into())
    })
    .asked()
    .fact(),
    Field::bytes("socks.host", "Name or address that the proxy is asked to reach.", |scope, scratch| {
        scope.tx::<Exchange>().asked.as_ref()?.address.write_into(scratch);
        Some(scratch)
    })
    .asked()
    .fact(),
    Field::number("socks.port", "Port that the proxy is asked to reach.", 16, &[], |scope| {
        Some(scope.tx::<Exchange>().asked.as_ref()?.port.into())
    })
    .asked()
    .fact(),
    Field::bytes("socks.user", "Name that the client gives.", |scope, _| {
        scope.tx::<Exchange>().user.as_deref()
    })
    .asked()
    .fact(),
    Field::number("socks.reply", "Code of the proxy's answer.", 8, REPLIES, |scope| {
        scope.tx::<Exchange>().answer.as_ref().map(|(code, _)| u64::from(*code))
    })
    .answered()
    .fact(),
    Field::number(
        "socks.authenticated",
        "1 when name and password were accepted, 0 when they were not.",
        8,
        &[],
        |scope| scope.tx::<Exchange>().proven.map(u64::from),
    )
    .answered()
    .fact(),
];

/// Writes `"socks": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("socks").number("version", exchange.version);
    if !exchange.methods.is_empty() {
        json.array("methods");
        for number in &exchange.methods {
            json.text_item(method(*number));
        }
        json.end();
    }
    if let Some(chosen) = exchange.method {
        json.text("method", method(chosen));
    }
    if let Some(user) = &exchange.user {
        json.bytes_text("user", user);
        if exchange.version == 5 {
            json.text("password", "***");
        }
    }
    if let Some(proven) = exchange.proven {
        json.text("authentication", if proven { "success" } else { "failure" });
    }
    let mut address = Vec::new();
    if let Some(asked) = &exchange.asked {
        asked.address.write_into(&mut address);
        json.text("command", name(COMMANDS, asked.command).unwrap_or("unknown"));
        json.bytes_text("host", &address).number("port", asked.port);
    }
    if let Some((code, bound)) = &exchange.answer {
        json.text("reply", name(REPLIES, *code).unwrap_or("unknown")).number("reply_code", *code);
        if let Some(bound) = bound {
            address.clear();
            bound.write_into(&mut address);
            json.bytes_text("bound", &address);
        }
    }
    json.end();
    true
}
