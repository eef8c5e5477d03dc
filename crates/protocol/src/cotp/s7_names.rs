//! Names in S7comm.

use crate::Enumeration;

/// Kinds of messages ("remote operating service control").
pub(super) const KINDS: Enumeration = &[("job", 1), ("ack", 2), ("ack_data", 3), ("userdata", 7)];

/// Functions of jobs.
pub(super) const FUNCTIONS: Enumeration = &[
    ("cpu_services", 0x00),
    ("read_variable", 0x04),
    ("write_variable", 0x05),
    ("request_download", 0x1a),
    ("download_block", 0x1b),
    ("download_ended", 0x1c),
    ("start_upload", 0x1d),
    ("upload", 0x1e),
    ("end_upload", 0x1f),
    ("plc_control", 0x28),
    ("plc_stop", 0x29),
    ("setup_communication", 0xf0),
];

/// Areas of memory.
pub(super) const AREAS: Enumeration = &[
    ("system_info", 0x03),
    ("system_flags", 0x05),
    ("analog_inputs", 0x06),
    ("analog_outputs", 0x07),
    ("counters", 0x1c),
    ("timers", 0x1d),
    ("iec_counters", 0x1e),
    ("iec_timers", 0x1f),
    ("peripherals", 0x80),
    ("inputs", 0x81),
    ("outputs", 0x82),
    ("flags", 0x83),
    ("data_block", 0x84),
    ("instance_data_block", 0x85),
    ("local_data", 0x86),
    ("previous_local_data", 0x87),
];

/// How a variable is addressed: its type.
pub(super) const TYPES: Enumeration = &[
    ("bit", 1),
    ("byte", 2),
    ("char", 3),
    ("word", 4),
    ("int", 5),
    ("dword", 6),
    ("dint", 7),
    ("real", 8),
    ("date", 9),
    ("time_of_day", 10),
    ("time", 11),
    ("s5time", 12),
    ("date_and_time", 15),
    ("counter", 28),
    ("timer", 29),
    ("iec_counter", 30),
    ("iec_timer", 31),
    ("hs_counter", 32),
];

/// What the answer says of each item.
pub(super) const RETURNS: Enumeration = &[
    ("reserved", 0x00),
    ("hardware_error", 0x01),
    ("access_denied", 0x03),
    ("invalid_address", 0x05),
    ("type_not_supported", 0x06),
    ("type_inconsistent", 0x07),
    ("object_does_not_exist", 0x0a),
    ("success", 0xff),
];

/// Kinds of blocks, by the two characters in a block's name.
pub(super) const BLOCKS: &[(&[u8; 2], &str)] = &[
    (b"08", "OB"),
    (b"0A", "DB"),
    (b"0B", "SDB"),
    (b"0C", "FC"),
    (b"0D", "SFC"),
    (b"0E", "FB"),
    (b"0F", "SFB"),
];

/// Groups of userdata.
pub(super) const GROUPS: Enumeration = &[
    ("mode_transition", 0),
    ("programmer", 1),
    ("cyclic", 2),
    ("block", 3),
    ("cpu", 4),
    ("security", 5),
    ("pbc", 6),
    ("time", 7),
    ("nc_programming", 0xf),
];

/// Functions of the groups of userdata.
const SUBFUNCTIONS: &[(u8, u8, &str)] = &[
    (1, 1, "request_diagnostic_data"),
    (1, 2, "variable_table"),
    (1, 0x0c, "erase"),
    (1, 0x0e, "read_diagnostic_data"),
    (1, 0x0f, "remove_diagnostic_data"),
    (1, 0x10, "force"),
    (2, 1, "cyclic_memory"),
    (2, 4, "cyclic_unsubscribe"),
    (2, 5, "cyclic_changes"),
    (3, 1, "list_blocks"),
    (3, 2, "list_blocks_of_type"),
    (3, 3, "block_info"),
    (4, 1, "read_szl"),
    (4, 2, "message_service"),
    (4, 3, "diagnostic_message"),
    (4, 5, "alarm_indication"),
    (4, 6, "notify_indication"),
    (4, 7, "alarm_lock"),
    (4, 8, "alarm_unlock"),
    (5, 1, "password"),
    (7, 1, "read_clock"),
    (7, 2, "set_clock"),
    (7, 3, "read_clock_following"),
    (7, 4, "set_clock"),
];

/// A name of an enumeration.
pub(super) fn name(list: Enumeration, value: u64) -> Option<&'static str> {
    list.iter().find(|(_, known)| *known == value).map(|(name, _)| *name)
}

pub(super) fn subfunction(group: u8, number: u8) -> Option<&'static str> {
    SUBFUNCTIONS.iter().find(|(of, known, _)| (*of, *known) == (group, number)).map(|(.., name)| *name)
}
