//! Names of MySQL's commands.

/// Commands.
pub(super) const COMMANDS: crate::Enumeration = &[
    ("quit", 1),
    ("init_db", 2),
    ("query", 3),
    ("field_list", 4),
    ("create_db", 5),
    ("drop_db", 6),
    ("refresh", 7),
    ("shutdown", 8),
    ("statistics", 9),
    ("process_info", 10),
    ("connect", 11),
    ("process_kill", 12),
    ("debug", 13),
    ("ping", 14),
    ("change_user", 17),
    ("binlog_dump", 18),
    ("table_dump", 19),
    ("connect_out", 20),
    ("register_replica", 21),
    ("stmt_prepare", 22),
    ("stmt_execute", 23),
    ("stmt_send_long_data", 24),
    ("stmt_close", 25),
    ("stmt_reset", 26),
    ("set_option", 27),
    ("stmt_fetch", 28),
    ("binlog_dump_gtid", 30),
    ("reset_connection", 31),
];

pub(super) fn command(number: u8) -> Option<&'static str> {
    COMMANDS.iter().find(|(_, known)| *known == u64::from(number)).map(|(name, _)| *name)
}
