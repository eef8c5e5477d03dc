//! Names of EtherNet/IP and CIP values (The CIP Networks Library, volumes 1 and 2), each table in the order of the values.

use json::Json;

use crate::Enumeration;

pub(super) const COMMANDS: Enumeration = &[
    ("nop", 0),
    ("list_services", 4),
    ("list_identity", 0x63),
    ("list_interfaces", 0x64),
    ("register_session", 0x65),
    ("unregister_session", 0x66),
    ("send_rr_data", 0x6f),
    ("send_unit_data", 0x70),
    ("indicate_status", 0x72),
    ("cancel", 0x73),
];

pub(super) const STATUS: Enumeration = &[
    ("success", 0),
    ("invalid_cmd", 1),
    ("no_resources", 2),
    ("incorrect_data", 3),
    ("invalid_session", 0x64),
    ("invalid_length", 0x65),
    ("unsupported_protocol", 0x69),
    ("encapsulation_header_not_allowed", 0x6a),
];

pub(super) const SERVICES: Enumeration = &[
    ("get_attr_all", 1),
    ("set_attr_all", 2),
    ("get_attr_list", 3),
    ("set_attr_list", 4),
    ("reset", 5),
    ("start", 6),
    ("stop", 7),
    ("create", 8),
    ("delete", 9),
    ("multiple_service", 0x0a),
    ("apply_attr", 0x0d),
    ("get_attr_single", 0x0e),
    ("set_attr_single", 0x10),
    ("find_next_object_instance", 0x11),
    ("restore", 0x15),
    ("save", 0x16),
    ("no_op", 0x17),
    ("get_member", 0x18),
    ("set_member", 0x19),
    ("insert_member", 0x1a),
    ("remove_member", 0x1b),
    ("group_sync", 0x1c),
    ("kick_timer", 0x4b),
    ("read_tag", 0x4c),
    ("write_tag", 0x4d),
    ("forward_close", 0x4e),
    ("unconnected_send", 0x52),
    ("write_tag_fragmented", 0x53),
    ("forward_open", 0x54),
    ("get_instance_attr_list", 0x55),
    ("get_connection_data", 0x56),
    ("search_connection_data", 0x57),
    ("get_connection_owner", 0x5a),
    ("large_forward_open", 0x5b),
];

pub(super) const CIP_STATUS: Enumeration = &[
    ("success", 0),
    ("connection_failure", 1),
    ("resource_unavailable", 2),
    ("invalid_parameter_value", 3),
    ("path_segment_error", 4),
    ("path_destination_unknown", 5),
    ("partial_transfer", 6),
    ("connection_lost", 7),
    ("service_not_supported", 8),
    ("invalid_attribute_value", 9),
    ("attribute_list_error", 10),
    ("already_in_requested_mode", 11),
    ("object_state_conflict", 12),
    ("object_already_exists", 13),
    ("attribute_not_settable", 14),
    ("privilege_violation", 15),
    ("device_state_conflict", 16),
    ("reply_data_too_large", 17),
    ("not_enough_data", 19),
    ("attribute_not_supported", 20),
    ("too_much_data", 21),
    ("object_does_not_exist", 22),
    ("embedded_service_error", 30),
    ("vendor_specific_error", 31),
    ("invalid_parameter", 32),
    ("path_size_invalid", 38),
];

pub(super) const CLASSES: &[(&str, u64)] = &[
    ("Identity", 1),
    ("Message Router", 2),
    ("DeviceNet", 3),
    ("Assembly", 4),
    ("Connection", 5),
    ("Connection Manager", 6),
    ("Register", 7),
    ("Parameter", 0x0f),
    ("Parameter Group", 0x10),
    ("File", 0x37),
    ("PCCC", 0x67),
    ("Symbol", 0x6b),
    ("Template", 0x6c),
    ("Wall-Clock Time", 0x8b),
    ("ControlNet", 0xf0),
    ("Port", 0xf4),
    ("TCP/IP Interface", 0xf5),
    ("EtherNet Link", 0xf6),
];

pub(super) const VENDORS: &[(&str, u64)] = &[
    ("Rockwell Automation/Allen-Bradley", 1),
    ("Namco Controls Corp.", 2),
    ("Honeywell International Inc.", 3),
    ("Parker Hannifin Corporation", 4),
    ("Rockwell Automation/Reliance Elec.", 5),
    ("SMC Corporation", 7),
    ("Molex Incorporated", 8),
    ("Western Reserve Controls Corp.", 9),
    ("Advanced Micro Controls Inc. (AMCI)", 10),
    ("Festo Corporation", 26),
    ("WAGO Corporation", 40),
    ("Omron Corporation", 47),
    ("Turck", 48),
    ("HMS Industrial Networks AB", 90),
    ("Beckhoff Automation", 108),
    ("Schneider Automation, Inc.", 243),
    ("Hilscher GmbH", 283),
    ("Phoenix Contact", 562),
    ("SICK AG", 808),
    ("Siemens", 1251),
];

pub(super) const DEVICES: &[(&str, u64)] = &[
    ("Generic Device", 0),
    ("AC Drive", 2),
    ("Motor Overload", 3),
    ("Limit Switch", 4),
    ("Inductive Proximity Switch", 5),
    ("Photoelectric Sensor", 6),
    ("General Purpose Discrete I/O", 7),
    ("Resolver", 9),
    ("Communications Adapter", 0x0c),
    ("Programmable Logic Controller", 0x0e),
    ("Position Controller", 0x10),
    ("DC Drive", 0x13),
    ("Contactor", 0x15),
    ("Motor Starter", 0x16),
    ("Soft Start", 0x17),
    ("Human-Machine Interface", 0x18),
    ("Pneumatic Valve(s)", 0x1b),
    ("Vacuum Pressure Gauge", 0x1c),
    ("Process Control Valve", 0x1d),
    ("Encoder", 0x22),
    ("Safety Discrete I/O Device", 0x23),
    ("CIP Motion Drive", 0x25),
    ("Generic Device (keyable)", 0x2b),
    ("Managed Ethernet Switch", 0x2c),
];

/// The name of `value`.
pub(super) fn name(names: &[(&'static str, u64)], value: u64) -> Option<&'static str> {
    names.binary_search_by_key(&value, |(_, known)| *known).ok().map(|at| names[at].0)
}

/// Writes the name of `value`; its number when it has none.
pub(super) fn write(key: &str, names: &[(&'static str, u64)], value: u64, json: &mut Json) {
    match name(names, value) {
        Some(name) => json.plain(key, name.as_bytes()),
        None => json.plain_by(key, |out| {
            out.extend_from_slice(b"unknown-");
            json::decimal_into(out, value);
        }),
    };
}
