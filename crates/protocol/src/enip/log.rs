//! EtherNet/IP exchanges in EVE.

use json::Json;

use super::Exchange;
use super::message::{Cip, Packet, SegmentKind};
use super::names::{self, CIP_STATUS, CLASSES, COMMANDS, DEVICES, SERVICES, STATUS, VENDORS};
use crate::Scope;

/// Writes `"enip": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("enip");
    for (name, packet) in [("request", &exchange.request), ("response", &exchange.response)] {
        if let Some(packet) = packet {
            json.object(name);
            write_packet(packet, json);
            json.end();
        }
    }
    json.end();
    true
}

fn write_packet(packet: &Packet, json: &mut Json) {
    names::write("command", COMMANDS, packet.command.into(), json);
    names::write("status", STATUS, packet.status.into(), json);
    if let Some((protocol, options)) = packet.register {
        json.object("register_session").number("protocol_version", protocol).number("options", options).end();
    }
    if let Some(services) = &packet.services {
        json.object("list_services").number("protocol_version", services.protocol);
        json.number("capabilities", services.capabilities).bytes_text("service_name", &services.name).end();
    }
    if let Some(identity) = &packet.identity {
        json.object("identity").number("protocol_version", identity.protocol);
        json.display("revision", format_args!("{}.{}", identity.revision.0, identity.revision.1));
        names::write("vendor_id", VENDORS, identity.vendor.into(), json);
        names::write("device_type", DEVICES, identity.device.into(), json);
        json.number("product_code", identity.product).number("status", identity.status);
        json.number("serial", identity.serial).bytes_text("product_name", &identity.name);
        json.number("state", identity.state).end();
    }
    if let Some((first, inner)) = packet.cip.split_first() {
        json.object("cip");
        write_cip(first, json);
        if !inner.is_empty() {
            json.array("multiple");
            for cip in inner {
                json.object_item();
                write_cip(cip, json);
                json.end();
            }
            json.end();
        }
        json.end();
    }
}

fn write_cip(cip: &Cip, json: &mut Json) {
    names::write("service", SERVICES, cip.service.into(), json);
    if let Some((status, extended)) = cip.status {
        names::write("status", CIP_STATUS, status.into(), json);
        if let Some(extended) = extended {
            json.number("status_extended", extended);
        }
    }
    if let Some(class) = cip.path.iter().find(|segment| segment.kind == SegmentKind::Class) {
        names::write("class_name", CLASSES, class.value.into(), json);
    }
    if !cip.path.is_empty() {
        json.array("path");
        for segment in &cip.path {
            json.object_item().plain("segment_type", segment.kind.name().as_bytes());
            json.number("value", segment.value).end();
        }
        json.end();
    }
}
