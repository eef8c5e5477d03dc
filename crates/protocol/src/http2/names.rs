//! Names of numbers in HTTP/2 (RFC 9113 §6.5.2, §7, §11).

use crate::Enumeration;

/// Frame types for rules.
pub(super) const FRAMES: Enumeration = &[
    ("data", 0),
    ("headers", 1),
    ("priority", 2),
    ("rststream", 3),
    ("settings", 4),
    ("pushpromise", 5),
    ("ping", 6),
    ("goaway", 7),
    ("windowupdate", 8),
    ("continuation", 9),
];

/// Error codes for rules.
pub(super) const ERRORS: Enumeration = &[
    ("no_error", 0),
    ("protocol_error", 1),
    ("internal_error", 2),
    ("flow_control_error", 3),
    ("settings_timeout", 4),
    ("stream_closed", 5),
    ("frame_size_error", 6),
    ("refused_stream", 7),
    ("cancel", 8),
    ("compression_error", 9),
    ("connect_error", 10),
    ("enhance_your_calm", 11),
    ("inadequate_security", 12),
    ("http_1_1_required", 13),
];

/// Error codes in records.
pub(super) fn error(code: u32) -> Option<&'static str> {
    const NAMES: [&str; 14] = [
        "NOERROR",
        "PROTOCOLERROR",
        "INTERNALERROR",
        "FLOWCONTROLERROR",
        "SETTINGSTIMEOUT",
        "STREAMCLOSED",
        "FRAMESIZEERROR",
        "REFUSEDSTREAM",
        "CANCEL",
        "COMPRESSIONERROR",
        "CONNECTERROR",
        "ENHANCEYOURCALM",
        "INADEQUATESECURITY",
        "HTTP11REQUIRED",
    ];
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).copied()
}

/// Settings: their name in rules, in records, and their number.
pub(super) const SETTINGS: &[(&str, &str, u16)] = &[
    ("SETTINGS_HEADER_TABLE_SIZE", "SETTINGSHEADERTABLESIZE", 1),
    ("SETTINGS_ENABLE_PUSH", "SETTINGSENABLEPUSH", 2),
    ("SETTINGS_MAX_CONCURRENT_STREAMS", "SETTINGSMAXCONCURRENTSTREAMS", 3),
    ("SETTINGS_INITIAL_WINDOW_SIZE", "SETTINGSINITIALWINDOWSIZE", 4),
    ("SETTINGS_MAX_FRAME_SIZE", "SETTINGSMAXFRAMESIZE", 5),
    ("SETTINGS_MAX_HEADER_LIST_SIZE", "SETTINGSMAXHEADERLISTSIZE", 6),
];
