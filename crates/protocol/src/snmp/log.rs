//! SNMP messages in EVE.

use std::net::Ipv4Addr;

use json::Json;

use super::KINDS;
use super::message::Message;
use crate::Scope;

/// RFC 3416 §3, error-status.
const ERRORS: &[&str] = &[
    "NoError",
    "TooBig",
    "NoSuchName",
    "BadValue",
    "ReadOnly",
    "GenErr",
    "NoAccess",
    "WrongType",
    "WrongLength",
    "WrongEncoding",
    "WrongValue",
    "NoCreation",
    "InconsistentValue",
    "ResourceUnavailable",
    "CommitFailed",
    "UndoFailed",
    "AuthorizationError",
    "NotWritable",
    "InconsistentName",
];

/// RFC 1157 §4.1.6, generic-trap.
const TRAPS: &[&str] = &[
    "ColdStart",
    "WarmStart",
    "LinkDown",
    "LinkUp",
    "AuthenticationFailure",
    "EgpNeighborLoss",
    "EnterpriseSpecific",
];

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = scope.tx::<Message>();
    json.object("snmp").number("version", message.version);
    if message.encrypted {
        json.text("pdu_type", "encrypted");
    } else if let Some(pdu) = &message.pdu {
        let kind = KINDS.iter().find(|(_, value)| *value == u64::from(pdu.kind));
        json.text("pdu_type", kind.map_or("unknown", |(name, _)| name));
        if pdu.error != 0 {
            put_name(json, "error", ERRORS, pdu.error);
        }
        if let Some(trap) = &pdu.trap {
            put_name(json, "trap_type", TRAPS, trap.generic);
            json.text("trap_oid", &trap.object);
            match trap.address.first_chunk::<4>() {
                Some(address) => json.display("trap_address", Ipv4Addr::from(*address)),
                None => json.hex("trap_address", &trap.address, None),
            };
        }
        if !pdu.variables.is_empty() {
            json.array("vars");
            for variable in &pdu.variables {
                json.text_item(variable);
            }
            json.end();
        }
    }
    if let Some(community) = &message.community {
        json.bytes_text("community", community);
    }
    if let Some(user) = &message.user {
        json.bytes_text("usm", user);
    }
    json.end();
    true
}

fn put_name(json: &mut Json, key: &str, names: &[&str], value: i64) {
    match usize::try_from(value).ok().and_then(|value| names.get(value)) {
        Some(name) => json.text(key, name),
        None => json.display(key, format_args!("unknown({value})")),
    };
}
