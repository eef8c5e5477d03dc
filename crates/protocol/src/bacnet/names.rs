//! Names in BACnet (ASHRAE 135, clauses 20 and 21).

use crate::Enumeration;

/// Functions of the link below the network layer (annex J.2).
pub(super) const FUNCTIONS: Enumeration = &[
    ("bvlc_result", 0),
    ("write_broadcast_distribution_table", 1),
    ("read_broadcast_distribution_table", 2),
    ("read_broadcast_distribution_table_ack", 3),
    ("forwarded_npdu", 4),
    ("register_foreign_device", 5),
    ("read_foreign_device_table", 6),
    ("read_foreign_device_table_ack", 7),
    ("delete_foreign_device_table_entry", 8),
    ("distribute_broadcast_to_network", 9),
    ("original_unicast_npdu", 10),
    ("original_broadcast_npdu", 11),
];

/// Messages of the network layer (clause 6.2.4).
pub(super) const NETWORK: Enumeration = &[
    ("who_is_router_to_network", 0),
    ("i_am_router_to_network", 1),
    ("i_could_be_router_to_network", 2),
    ("reject_message_to_network", 3),
    ("router_busy_to_network", 4),
    ("router_available_to_network", 5),
    ("initialize_routing_table", 6),
    ("initialize_routing_table_ack", 7),
    ("establish_connection_to_network", 8),
    ("disconnect_connection_to_network", 9),
    ("what_is_network_number", 18),
    ("network_number_is", 19),
];

/// Confirmed services.
pub(super) const CONFIRMED: Enumeration = &[
    ("acknowledge_alarm", 0),
    ("confirmed_cov_notification", 1),
    ("confirmed_event_notification", 2),
    ("get_alarm_summary", 3),
    ("get_enrollment_summary", 4),
    ("subscribe_cov", 5),
    ("atomic_read_file", 6),
    ("atomic_write_file", 7),
    ("add_list_element", 8),
    ("remove_list_element", 9),
    ("create_object", 10),
    ("delete_object", 11),
    ("read_property", 12),
    ("read_property_conditional", 13),
    ("read_property_multiple", 14),
    ("write_property", 15),
    ("write_property_multiple", 16),
    ("device_communication_control", 17),
    ("confirmed_private_transfer", 18),
    ("confirmed_text_message", 19),
    ("reinitialize_device", 20),
    ("vt_open", 21),
    ("vt_close", 22),
    ("vt_data", 23),
    ("authenticate", 24),
    ("request_key", 25),
    ("read_range", 26),
    ("life_safety_operation", 27),
    ("subscribe_cov_property", 28),
    ("get_event_information", 29),
];

/// Unconfirmed services.
pub(super) const UNCONFIRMED: Enumeration = &[
    ("i_am", 0),
    ("i_have", 1),
    ("unconfirmed_cov_notification", 2),
    ("unconfirmed_event_notification", 3),
    ("unconfirmed_private_transfer", 4),
    ("unconfirmed_text_message", 5),
    ("time_synchronization", 6),
    ("who_has", 7),
    ("who_is", 8),
    ("utc_time_synchronization", 9),
    ("write_group", 10),
];

/// Types of objects.
pub(super) const OBJECTS: Enumeration = &[
    ("analog_input", 0),
    ("analog_output", 1),
    ("analog_value", 2),
    ("binary_input", 3),
    ("binary_output", 4),
    ("binary_value", 5),
    ("calendar", 6),
    ("command", 7),
    ("device", 8),
    ("event_enrollment", 9),
    ("file", 10),
    ("group", 11),
    ("loop", 12),
    ("multi_state_input", 13),
    ("multi_state_output", 14),
    ("notification_class", 15),
    ("program", 16),
    ("schedule", 17),
    ("averaging", 18),
    ("multi_state_value", 19),
    ("trend_log", 20),
    ("life_safety_point", 21),
    ("life_safety_zone", 22),
    ("accumulator", 23),
    ("pulse_converter", 24),
    ("event_log", 25),
    ("access_door", 30),
    ("network_port", 56),
];

/// Properties that are met most.
pub(super) const PROPERTIES: Enumeration = &[
    ("all", 8),
    ("apdu_timeout", 11),
    ("application_software_version", 12),
    ("description", 28),
    ("device_address_binding", 30),
    ("event_state", 36),
    ("firmware_revision", 44),
    ("high_limit", 45),
    ("local_date", 56),
    ("local_time", 57),
    ("location", 58),
    ("low_limit", 59),
    ("max_apdu_length_accepted", 62),
    ("model_name", 70),
    ("object_identifier", 75),
    ("object_list", 76),
    ("object_name", 77),
    ("object_type", 79),
    ("out_of_service", 81),
    ("present_value", 85),
    ("priority", 86),
    ("priority_array", 87),
    ("protocol_version", 98),
    ("protocol_services_supported", 97),
    ("protocol_object_types_supported", 96),
    ("reliability", 103),
    ("relinquish_default", 104),
    ("segmentation_supported", 107),
    ("status_flags", 111),
    ("system_status", 112),
    ("units", 117),
    ("vendor_identifier", 120),
    ("vendor_name", 121),
];

/// Classes of errors (clause 18).
pub(super) const ERROR_CLASSES: Enumeration = &[
    ("device", 0),
    ("object", 1),
    ("property", 2),
    ("resources", 3),
    ("security", 4),
    ("services", 5),
    ("vt", 6),
    ("communication", 7),
];

pub(super) fn name(list: Enumeration, value: u32) -> Option<&'static str> {
    list.iter().find(|(_, known)| *known == u64::from(value)).map(|(name, _)| *name)
}
