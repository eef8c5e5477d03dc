//! PROFINET DCP (IEC 61158-6-10): who is there, what is his name and address, and the changing of both, in Ethernet
//! frames. Cyclic data of PROFINET has the same EtherType and is not told.
//!
//! Limits: 64 blocks of a frame.

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use json::Json;

use crate::wire::Wire;

/// What announces such a frame.
pub(crate) const ETHER_TYPE: u16 = 0x8892;
const BLOCKS_MAX: usize = 64;

const HELLO: u16 = 0xfefc;
const IDENTIFY_RESPONSE: u16 = 0xfeff;

/// Services.
const SERVICES: &[(u8, &str)] = &[(3, "get"), (4, "set"), (5, "identify"), (6, "hello")];
const SET: u8 = 4;

/// Options and suboptions.
const OPTIONS: &[(u8, u8, &str)] = &[
    (1, 1, "mac_address"),
    (1, 2, "ip_parameter"),
    (1, 3, "full_ip_suite"),
    (2, 1, "type_of_station"),
    (2, 2, "name_of_station"),
    (2, 3, "device_id"),
    (2, 4, "device_role"),
    (2, 5, "device_options"),
    (2, 6, "alias_name"),
    (2, 7, "device_instance"),
    (2, 8, "oem_device_id"),
    (3, 61, "dhcp_client_identifier"),
    (5, 1, "start_transaction"),
    (5, 2, "end_transaction"),
    (5, 3, "signal"),
    (5, 4, "response"),
    (5, 5, "factory_reset"),
    (5, 6, "reset_to_factory"),
    (6, 1, "device_initiative"),
    (0xff, 0xff, "all"),
];

/// Writes `"profinet_dcp": {…}`; false when the frame is none of DCP's.
pub(crate) fn write(bytes: &[u8], json: &mut Json) -> bool {
    let wire = &mut Wire::new(bytes);
    let Some(frame) = wire.be16().filter(|frame| (HELLO..=IDENTIFY_RESPONSE).contains(frame)) else {
        return false;
    };
    let (Some(service), Some(kind), Some(xid), Some(_delay), Some(length)) =
        (wire.byte(), wire.byte(), wire.be32(), wire.be16(), wire.be16())
    else {
        return false;
    };
    let Some(blocks) = wire.rest().get(..length.into()) else { return false };
    json.object("profinet_dcp").display("frame_id", format_args!("{frame:#06x}"));
    match SERVICES.iter().find(|(known, _)| *known == service) {
        Some((_, name)) => json.text("service", name),
        None => json.number("service", service),
    };
    let response = kind & 1 != 0;
    json.text(
        "type",
        match kind {
            0 => "request",
            1 => "response",
            5 => "response_not_supported",
            _ => "unknown",
        },
    );
    json.display("xid", format_args!("{xid:#010x}"));
    write_blocks(blocks, (service, response), json);
    json.end();
    true
}

fn write_blocks(bytes: &[u8], (service, response): (u8, bool), json: &mut Json) {
    let wire = &mut Wire::new(bytes);
    let mut open = false;
    for _ in 0..BLOCKS_MAX {
        let (Some(option), Some(suboption)) = (wire.byte(), wire.byte()) else { break };
        if !std::mem::replace(&mut open, true) {
            json.array("blocks");
        }
        json.object_item();
        match OPTIONS.iter().find(|(known, sub, _)| (*known, *sub) == (option, suboption)) {
            Some((.., name)) => json.text("option", name),
            None => json.display("option", format_args!("{option}.{suboption}")),
        };
        // What is only asked for is named without a value.
        let valued = service != 3 || response;
        let content = match valued {
            true => wire.be16().and_then(|length| {
                let content = wire.take(length.into());
                if length % 2 == 1 {
                    wire.byte();
                }
                content
            }),
            false => None,
        };
        if let Some(content) = content {
            // A qualifier or an information stands before the value, except in what is sought.
            let before = if response || service == SET || service == 6 { 2 } else { 0 };
            write_value(option, suboption, content.get(before..).unwrap_or_default(), json);
        }
        json.end();
    }
    if open {
        json.end();
    }
}

fn write_value(option: u8, suboption: u8, value: &[u8], json: &mut Json) {
    let address = |at: usize| {
        let bytes: Option<[u8; 4]> = value.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Ipv4Addr::from)
    };
    match (option, suboption) {
        (1, 2 | 3) => {
            for (key, at) in [("ip", 0), ("netmask", 4), ("gateway", 8)] {
                if let Some(address) = address(at) {
                    json.display(key, address);
                }
            }
        }
        (2, 1 | 2 | 6) => {
            json.bytes_text("value", value);
        }
        _ if value.is_empty() => {}
        _ => {
            json.hex("value", value.get(..32).unwrap_or(value), None);
        }
    }
}
