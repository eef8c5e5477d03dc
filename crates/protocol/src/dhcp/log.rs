//! DHCP messages in EVE. Without `eve.dhcp.extended` only acknowledgements are recorded, and less of them is said.

use std::net::Ipv4Addr;

use json::Json;

use super::Dhcp;
use super::message::{
    CLIENT_ID, DNS_SERVERS, HOSTNAME, LEASE_TIME, MESSAGE_TYPE, Message, PARAMETERS, REBINDING_TIME,
    RENEWAL_TIME, REQUESTED_IP, ROUTERS, SUBNET_MASK, VENDOR_CLASS,
};
use crate::Scope;

const ACK: u8 = 5;

const TYPES: [&str; 9] =
    ["unknown", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"];

const PARAMETER_NAMES: &[(u8, &str)] = &[
    (1, "subnet_mask"),
    (3, "router"),
    (6, "dns_server"),
    (15, "domain"),
    (35, "arp_timeout"),
    (42, "ntp_server"),
    (66, "tftp_server_name"),
    (150, "tftp_server_ip"),
];

/// The record: only what the configuration wants.
pub(super) fn write_record(scope: &Scope<'_>, json: &mut Json) -> bool {
    let extended = scope.state::<Dhcp>().extended == Some(true);
    let acknowledges = scope.tx::<Message>().option(MESSAGE_TYPE).and_then(|data| data.first()) == Some(&ACK);
    (extended || acknowledges) && write(scope, json)
}

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let (message, extended) = (scope.tx::<Message>(), scope.state::<Dhcp>().extended == Some(true));
    json.object("dhcp").text("type", if message.opcode == 1 { "request" } else { "reply" });
    json.number("id", message.id).hex("client_mac", &message.mac, Some(b':'));
    json.display("assigned_ip", Ipv4Addr::from(message.your_ip));
    if extended {
        json.display("client_ip", Ipv4Addr::from(message.client_ip));
        if message.opcode == 2 {
            json.display("relay_ip", Ipv4Addr::from(message.relay_ip));
            json.display("next_server_ip", Ipv4Addr::from(message.server_ip));
        }
    }
    if let Some(kind) = message.option(MESSAGE_TYPE).and_then(|data| data.first()) {
        json.text("dhcp_type", TYPES.get(usize::from(*kind)).copied().unwrap_or("unknown"));
    }
    if let Some(id) = message.option(CLIENT_ID) {
        // The first byte says what kind of address it is.
        json.hex("client_id", id.get(1..).unwrap_or_default(), Some(b':'));
    }
    if let Some(seconds) = message.seconds(RENEWAL_TIME) {
        json.number("renewal_time", seconds);
    }
    if extended {
        write_extended(message, json);
    }
    json.end();
    true
}

fn write_extended(message: &Message, json: &mut Json) {
    for (code, key) in [(LEASE_TIME, "lease_time"), (REBINDING_TIME, "rebinding_time")] {
        if let Some(seconds) = message.seconds(code) {
            json.number(key, seconds);
        }
    }
    for (code, key) in [(SUBNET_MASK, "subnet_mask"), (REQUESTED_IP, "requested_ip")] {
        if let Some(address) = message.option(code).and_then(|data| data.first_chunk::<4>()) {
            json.display(key, Ipv4Addr::from(*address));
        }
    }
    for (code, key) in [(ROUTERS, "routers"), (DNS_SERVERS, "dns_servers")] {
        if let Some(data) = message.option(code) {
            json.array(key);
            for address in data.chunks_exact(4).filter_map(|chunk| chunk.first_chunk::<4>()) {
                json.display_item(Ipv4Addr::from(*address));
            }
            json.end();
        }
    }
    for (code, key) in [(HOSTNAME, "hostname"), (VENDOR_CLASS, "vendor_class_identifier")] {
        if let Some(text) = message.option(code) {
            json.bytes_text(key, text);
        }
    }
    if let Some(codes) = message.option(PARAMETERS) {
        json.array("params");
        for code in codes {
            if let Some((_, name)) = PARAMETER_NAMES.iter().find(|(known, _)| known == code) {
                json.text_item(name);
            }
        }
        json.end();
    }
}
